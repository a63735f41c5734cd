/* `log` lines of the global section and of proxies: target, length, format, sampling, facility and levels
 * (manual, keyword "log"). Works on the state of one walk; targets go to the model. One thread. */
#include "grammar/address.h"
#include "grammar/check_finish.h"
#include "grammar/check_rows.h"

#define FACILITIES                                                                                             \
	"kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|auth2|ftp|ntp|audit|alert|cron2|local0|local1|"  \
	"local2|local3|local4|local5|local6|local7"
#define LEVELS "emerg|alert|crit|err|warning|notice|info|debug"
#define FORMATS "local|rfc3164|rfc5424|priority|short|timed|iso|raw"

typedef VEC(struct log_target) log_list;

static log_list *list_get(const struct keyword_use *use)
{
	if (use->draft)
		return (log_list *)&use->draft->px->log_targets;
	if (use->k->named && use->k->named->forward)
		return (log_list *)&use->k->named->forward->px->log_targets;
	return use->k->place == PLACE_GLOBAL ? (log_list *)&use->k->m->global.log_targets
					     : (log_list *)&use->k->log_elsewhere;
}

static bool log_length(const struct keyword_use *use, uint32_t *i, struct log_target *t)
{
	const struct word *w;
	int64_t value;
	struct diag *g;

	if (*i >= use->n || !str_is(use->words[*i].text, "len"))
		return true;
	if (*i + 1 == use->n) {
		check_missing(use, "a length behind `len`");
		return false;
	}
	w = &use->words[*i + 1];
	*i += 2;
	if (str_to_i64(w->text, &value) && value >= 80 && value <= 65535) {
		t->max_len = (uint32_t)value;
		return true;
	}
	g = diag_add(use->k->d, D_OUT_OF_RANGE, w->span, "`%.*s` is no length for log lines", STR_ARG(w->text));
	diag_label(use->k->d, g, "between 80 and 65535");
	diag_haproxy(use->k->d, g, "log : invalid log length '%.*s', must be between 80 and 65535",
		     STR_ARG(w->text));
	return false;
}

static bool log_format(const struct keyword_use *use, uint32_t *i, struct log_target *t)
{
	int64_t value;

	if (*i >= use->n || !str_is(use->words[*i].text, "format"))
		return true;
	if (*i + 1 == use->n) {
		check_missing(use, "a format behind `format`");
		return false;
	}
	*i += 2;
	if (!check_choice(use, &use->words[*i - 1], FORMATS, &value))
		return false;
	t->proto = (enum log_proto)value;
	t->proto_given = true;
	return true;
}

/* "1,3-5:10": which of every ten lines. */
static bool sample_valid(struct str s)
{
	size_t colon = str_chr(s, ':'), i = 0;
	uint64_t size, last = 0, value = 0;

	if (colon == s.len || !str_to_u64(str_tail(s, colon + 1), &size))
		return false;
	while (i < colon) {
		size_t start = i;

		while (i < colon && s.ptr[i] >= '0' && s.ptr[i] <= '9')
			i++;
		if (i == start || !str_to_u64(str_sub(s, start, i - start), &value) || value <= last ||
		    value > size)
			return false;
		last = value - (i < colon && s.ptr[i] == '-');
		if (i < colon && s.ptr[i] != '-' && s.ptr[i] != ',')
			return false;
		i += i < colon;
	}
	return value > 0;
}

static bool log_sample(const struct keyword_use *use, uint32_t *i, struct log_target *t)
{
	const struct word *w;
	struct diag *g;

	if (*i >= use->n || !str_is(use->words[*i].text, "sample"))
		return true;
	if (*i + 1 == use->n) {
		check_missing(use, "ranges and a size behind `sample`");
		return false;
	}
	w = &use->words[*i + 1];
	*i += 2;
	t->sample = check_keep(use->k, w->text);
	if (sample_valid(w->text))
		return true;
	g = diag_add(use->k->d, D_BAD_ARGUMENT, w->span, "`%.*s` does not say which lines to log",
		     STR_ARG(w->text));
	diag_help(use->k->d, g, "write growing ranges, a colon and the size of the cycle, as in `1,3-5:10`");
	return false;
}

static bool log_choice(const struct keyword_use *use, uint32_t at, const char *choices, const char *what,
		       uint8_t *field)
{
	const struct word *w = &use->words[at];
	int64_t value;
	struct diag *g;
	uint32_t before = use->k->d->list.n;

	if (check_choice(use, w, choices, &value)) {
		*field = (uint8_t)value;
		return true;
	}
	g = use->k->d->list.v[before];
	g->message = arena_printf(use->k->scratch, "`%.*s` is no log %s", STR_ARG(w->text), what);
	diag_haproxy(use->k->d, g, "log : unknown %slog %s '%.*s'",
		     *what == 'f' ? ""
		     : at > 2     ? "optional minimum "
				  : "optional ",
		     what, STR_ARG(w->text));
	return false;
}

static bool log_levels(const struct keyword_use *use, uint32_t i, struct log_target *t)
{
	struct diag *g;

	t->max_level = 7;
	t->min_level = 0;
	if (i == use->n) {
		g = check_missing(use, "a facility such as `local0` behind the target");
		diag_haproxy(use->k->d, g, "log : expects <address> and <facility>%s as arguments",
			     use->draft ? " or global" : " ");
		return false;
	}
	if (!log_choice(use, i, FACILITIES, "facility", &t->facility))
		return false;
	if (i + 1 < use->n && !log_choice(use, i + 1, LEVELS, "level", &t->max_level))
		return false;
	if (i + 2 < use->n && !log_choice(use, i + 2, LEVELS, "level", &t->min_level))
		return false;
	if (i + 3 < use->n) {
		g = check_extra(use, i + 3);
		diag_haproxy(use->k->d, g, "log : cannot handle unexpected argument '%.*s'",
			     STR_ARG(use->words[i + 3].text));
		return false;
	}
	return true;
}

static bool log_profile(const struct keyword_use *use, uint32_t *i, struct log_target *t)
{
	if (use->k->compat < 301 || *i >= use->n || !str_is(use->words[*i].text, "profile"))
		return true;
	if (*i + 1 == use->n) {
		check_missing(use, "the name of a log profile");
		return false;
	}
	t->profile_name = check_keep(use->k, use->words[*i + 1].text);
	*i += 2;
	return true;
}

static bool log_target(const struct keyword_use *use, struct log_target *t)
{
	const struct word *w = &use->words[0];
	bool out = str_is(w->text, "stdout");

	if (out || str_is(w->text, "stderr")) {
		t->addr.kind = ADDR_FD;
		t->addr.fd = out ? 1 : 2;
		t->addr.text = check_keep(use->k, w->text);
		return true;
	}
	if (str_starts(w->text, STR("ring@")) ||
	    (str_starts(w->text, STR("backend@")) && use->k->compat >= 300)) {
		t->ring = check_keep(use->k, str_tail(w->text, str_chr(w->text, '@') + 1));
		t->addr.text = check_keep(use->k, w->text);
		return true;
	}
	if (!address_parse_word(use->k->c, w,
				ADDRESS_PORT | ADDRESS_FD | ADDRESS_DATAGRAM | ADDRESS_STREAM | ADDRESS_HOST,
				"log", &t->addr))
		return false;
	if (!t->addr.port_given &&
	    (t->addr.kind == ADDR_INET || t->addr.kind == ADDR_INET6 || t->addr.kind == ADDR_NAME))
		t->addr.port = t->addr.port_end = 514;
	t->addr.datagram = !t->addr.stream;
	return true;
}

/* `log global`: those of the global section so far, each once. */
static bool log_global(const struct keyword_use *use)
{
	struct checker *k = use->k;
	log_list *list = list_get(use);
	struct diag *g;

	if (k->place == PLACE_GLOBAL) {
		g = diag_add(k->d, D_MISPLACED_KEYWORD, use->words[0].span,
			     "`log global` cannot stand in the global section");
		diag_haproxy(k->d, g, "log : 'global' is not supported for a global syslog server");
		return false;
	}
	if (use->n > 1) {
		g = diag_add(k->d, D_EXTRA_WORDS, check_words_span(use->words, 1, use->n),
			     "`log global` takes no argument");
		diag_haproxy(k->d, g, "log : 'log global' does not expect arguments");
		return false;
	}
	vec_each (t, &k->m->global.log_targets) {
		bool there = false;

		vec_each (mine, list)
			there |= mine->pos.line == t->pos.line && mine->pos.source == t->pos.source;
		if (!there)
			*vec_push(k->a, list) = *t;
	}
	return true;
}

bool check_log(const struct keyword_use *use)
{
	struct log_target t = {.max_len = 1024};
	log_list *list = list_get(use);
	uint32_t i = 1;

	if (use->no) {
		list->n = 0;
		list->cap = 0;
		list->v = NULL;
		return check_arity(use, 0, 0);
	}
	if (use->n && str_is(use->words[0].text, "global"))
		return log_global(use);
	if (use->n < 1) {
		struct diag *g = check_missing(use, "a target and a facility");

		diag_haproxy(use->k->d, g, "log : expects <address> and <facility>%s as arguments",
			     use->draft ? " or global" : " ");
		return false;
	}
	t.pos = check_pos(use->k, use->line);
	if (!log_target(use, &t) || !log_length(use, &i, &t) || !log_format(use, &i, &t) ||
	    !log_sample(use, &i, &t) || !log_profile(use, &i, &t) || !log_levels(use, i, &t))
		return false;
	check_resolve(use->k, use->words[0].span, &t.addr, "log");
	if (!t.addr.datagram && !t.ring.len && t.addr.kind != ADDR_FD && t.addr.kind != ADDR_NONE)
		check_ring_implicit(use->k, &t, use->line);
	*vec_push(use->k->a, list) = t;
	return true;
}

/* In peers and log-forward sections: checked, nothing is kept. */
bool check_log_elsewhere(const struct keyword_use *use)
{
	return check_log(use);
}
