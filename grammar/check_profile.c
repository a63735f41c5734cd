/* Log profiles (manual 3.4, section 8.3.6 "Log profiles"): what targets write at the steps of a stream, and the
 * steps at which a frontend logs at all. Works on the state of one walk; who names a profile finds it at the
 * end. */
#include "grammar/check_finish.h"
#include "grammar/check_rows.h"
#include "grammar/lang.h"
#include "grammar/lint.h"
#include "grammar/model_log.h"
#include "grammar/rows.h"

#define STREAM_STEPS "accept|request|connect|response|close"
#define ALL_STEPS                                                                                              \
	"any|" STREAM_STEPS "|error|quic-init|tcp-req-conn|tcp-req-sess|tcp-req-cont|tcp-res-cont|http-req|"   \
	"http-res|http-after-res"

void check_profile_begin(struct checker *k, struct named_section *named)
{
	struct log_profile_conf *p = ARENA_NEW(k->a, struct log_profile_conf);

	p->name = named->name ? check_keep(k, named->name->text) : STR("");
	p->pos = check_pos(k, named->header);
	named->profile = p;
	*vec_push(k->a, &k->m->log_profiles) = p;
}

bool check_profile_tag(const struct keyword_use *use)
{
	use->k->named->profile->tag = check_keep(use->k, use->words[0].text);
	return true;
}

/* on <step> [drop] [format <format>] [sd <format>] */
bool check_profile_on(const struct keyword_use *use)
{
	const struct lang_scope scope = {.where = "log-profile", .format = FORMAT_LOG};
	struct log_profile_step s = {.set = true};
	int64_t step;

	if (!use->n) {
		check_missing(use, "a step");
		return false;
	}
	if (!check_choice(use, &use->words[0], ALL_STEPS, &step))
		return false;
	for (uint32_t i = 1; i < use->n; i++) {
		struct str word = use->words[i].text;
		bool format = str_is(word, "format");
		const struct logfmt **into = format ? &s.fmt : &s.sd;

		if (str_is(word, "drop")) {
			s.drop = true;
			continue;
		}
		if (!format && !str_is(word, "sd")) {
			check_extra(use, i);
			return false;
		}
		if (++i == use->n) {
			check_missing(use, "a format");
			return false;
		}
		*into = logfmt_parse(use->k->c, &use->words[i], &scope);
		if (!*into)
			return false;
	}
	use->k->named->profile->step[step] = s;
	return true;
}

/* log-steps all|<step>[,<step>...] */
bool check_log_steps(const struct keyword_use *use)
{
	static const char *const names[] = {"accept", "request", "connect", "response", "close"};
	struct str rest;
	uint8_t steps = 0;

	if (!check_arity(use, 1, 1))
		return false;
	rest = use->words[0].text;
	while (rest.len) {
		size_t end = str_chr(rest, ',');
		struct str one = str_sub(rest, 0, end);
		uint8_t found = str_is(one, "all") ? LOG_STEPS_ALL : 0;

		for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (str_is(one, names[i]))
				found = (uint8_t)(1u << (LSTEP_ACCEPT + i));
		if (!found) {
			diag_add(use->k->d, D_BAD_CHOICE, use->words[0].span,
				 "`%.*s` is no step: all, accept, request, connect, response, close",
				 STR_ARG(one));
			return false;
		}
		steps |= found;
		rest = str_tail(rest, end + 1);
	}
	use->draft->px->log_steps = steps;
	return true;
}

/* --- the end of the walk */

static const struct log_profile_conf *profile_find(struct checker *k, struct str name, struct conf_pos pos)
{
	vec_each (p, &k->m->log_profiles)
		if (str_eq((*p)->name, name))
			return *p;
	diag_add(k->d, D_NO_SUCH_SECTION, lint_span(k, pos), "there is no log-profile section named `%.*s`",
		 STR_ARG(name));
	return NULL;
}

static void finish_targets(struct checker *k, struct log_target *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (v[i].profile_name.len)
			v[i].profile = profile_find(k, v[i].profile_name, v[i].pos);
}

/* What a do-log rule is called in a profile. */
static uint8_t step_of(int set)
{
	static const uint8_t steps[RS_COUNT] = {
		[RS_TCP_REQ_CONN] = LSTEP_TCP_REQ_CONN,    [RS_TCP_REQ_SESS] = LSTEP_TCP_REQ_SESS,
		[RS_TCP_REQ_CONT] = LSTEP_TCP_REQ_CONT,    [RS_HTTP_REQ] = LSTEP_HTTP_REQ,
		[RS_TCP_RES_CONT] = LSTEP_TCP_RES_CONT,    [RS_HTTP_RES] = LSTEP_HTTP_RES,
		[RS_HTTP_AFTER_RES] = LSTEP_HTTP_AFTER_RES};

	return steps[set];
}

static void finish_rules(struct checker *k, const struct proxy_conf *px)
{
	for (int set = 0; set < RS_COUNT; set++) {
		struct rule *rules = (struct rule *)px->rules[set].v;

		for (uint32_t i = 0; i < px->rules[set].n; i++) {
			if (rules[i].action != ACTION_DO_LOG)
				continue;
			rules[i].num = step_of(set);
			if (rules[i].name.len)
				rules[i].profile = profile_find(k, rules[i].name, rules[i].pos);
		}
	}
}

void check_finish_profiles(struct checker *k)
{
	finish_targets(k, k->m->global.log_targets.v, k->m->global.log_targets.n);
	for (uint32_t i = 0; i < k->drafts.n; i++) {
		struct proxy_conf *px = k->drafts.v[i]->px;

		finish_targets(k, px->log_targets.v, px->log_targets.n);
		finish_rules(k, px);
	}
}
