/* Lines of the small sections and of global whose values HAProxy judges by rules of their own: sizes
 * of variables, names of nodes, mailers (manual, sections 3.1, 3.6, 3.8, 10). Works on the state
 * of one walk; one thread. */
#include <ctype.h>
#include <stdlib.h>

#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/model_cache.h"

/* tune.vars.*: HAProxy 2.6 wants bytes, without unit. */
bool check_vars_size(const struct keyword_use *use)
{
	struct str text = use->n ? use->words[0].text : STR("0");
	struct diag *g;

	for (size_t i = 0; i < text.len; i++) {
		if (isdigit((unsigned char)text.ptr[i]) || use->k->compat > 206)
			continue;
		g = diag_add(use->k->d, D_BAD_SIZE, use->words[0].span,
			     "`%s` wants a number of bytes without a unit", use->row->name);
		diag_haproxy(use->k->d, g, "%s: '%.*s' is an invalid size", use->row->name, STR_ARG(text));
		return false;
	}
	return !use->n || !use->row->size || check_store(use);
}

/* httpclient.resolvers.id <name> */
bool check_client_resolvers(const struct keyword_use *use)
{
	if (use->k->compat <= 206)
		check_want_section(use->k, &use->words[0], PLACE_RESOLVERS,
				   "Proxy '<HTTPCLIENT>': Can't find resolvers section");
	return true;
}

/* node <name> */
bool check_node(const struct keyword_use *use)
{
	struct str text = use->words[0].text;
	size_t bad = str_word_run(text, "._-");
	struct diag *g;

	if (bad == text.len)
		return true;
	g = diag_add(use->k->d, D_BAD_NAME, word_span(&use->words[0], bad, 1),
		     "`%c` is not permitted in the name of a node", text.ptr[bad]);
	diag_help(use->k->d, g, "names are made of letters, digits and `-`, `_` or `.`");
	diag_haproxy(use->k->d, g, "%s", use->row->expects);
	return false;
}

/* process-vary on|off: without a word HAProxy warns and leaves it off. */
bool check_process_vary(const struct keyword_use *use)
{
	const char *haproxy = ": 'process-vary' expects \"on\" or \"off\" (enable or disable vary processing).";
	struct diag *g;

	if (!check_arity(use, 0, 1))
		return false;
	if (use->n && (str_eq(use->words[0].text, STR("on")) || str_eq(use->words[0].text, STR("off")))) {
		use->k->named->cache->process_vary = str_is(use->words[0].text, "on");
		return true;
	}
	if (use->n)
		g = diag_add(use->k->d, D_BAD_CHOICE, use->words[0].span, "`process-vary` is on or off");
	else
		g = check_missing(use, "on|off");
	diag_haproxy(use->k->d, check_severity(use->k, g, SEV_WARNING), "%s", haproxy);
	return true;
}

/* email-alert mailers <name>: looked up when the alerts are complete; HAProxy ignores them otherwise. */
void check_finish_mailers(struct checker *k, struct draft *d)
{
	const struct line *line = check_proxy_line(d, "email-alert mailers", true);

	if (!line || line->nwords < 3 || !check_proxy_line(d, "email-alert from", true) ||
	    !check_proxy_line(d, "email-alert to", true))
		return;
	for (uint32_t i = 0; i + 1 < line->nwords; i++)
		if (str_eq(line->words[i].text, STR("mailers")))
			check_want_section(k, &line->words[i + 1], PLACE_MAILERS, "unable to find mailers");
}

/* The word behind `name` on a filter line, or NULL. */
static const struct word *filter_word(const struct line *line, const char *name)
{
	for (uint32_t i = 2; i + 1 < line->nwords; i++)
		if (str_is(line->words[i].text, name))
			return &line->words[i + 1];
	return NULL;
}

/* send-spoe-group <engine> <group>: a `filter spoe` line must bring the engine. Its file is read now. */
void check_finish_spoe(struct checker *k, struct draft *d)
{
	bool found = d->px->disabled;
	struct diag *g;

	vec_each (line, &d->section->lines) {
		const struct word *file, *engine;

		if ((*line)->nwords < 4 || !str_is((*line)->words[0].text, "filter") ||
		    !str_is((*line)->words[1].text, "spoe") || d->px->disabled)
			continue;
		file = filter_word(*line, "config");
		engine = filter_word(*line, "engine");
		found |= !engine || (d->spoe_engine && str_eq(engine->text, d->spoe_engine->text));
		if (file)
			check_spoe_file(k, d, engine ? engine->text : STR_NONE, file);
	}
	if (!d->spoe_engine || found)
		return;
	g = diag_add(k->d, D_SETTING_MISSING, d->spoe_engine->span,
		     "no `filter spoe` line of this proxy brings the engine `%.*s`",
		     STR_ARG(d->spoe_engine->text));
	diag_haproxy_unplaced(k->d, g, "Proxy '%.*s': unable to find SPOE engine '%.*s'", STR_ARG(d->px->name),
			      STR_ARG(d->spoe_engine->text));
}

/* thread-groups <number>: HAProxy 2.6 is built for one. */
bool check_thread_groups(const struct keyword_use *use)
{
	int64_t n;
	struct diag *g;

	if (!check_number(use, &use->words[0], 1, 64, &n) || n == 1 || use->k->compat > 206)
		return true;
	g = diag_add(use->k->d, D_OUT_OF_RANGE, use->words[0].span,
		     "HAProxy 2.6 has one group of threads unless it was built for more");
	diag_haproxy(use->k->d, g, "'thread-groups' value must be between 1 and 1 (was %lld)", (long long)n);
	return false;
}

/* thread-group <group> [<threads>...] */
bool check_thread_group(const struct keyword_use *use)
{
	struct str text = use->words[0].text;
	int64_t n;
	struct diag *g;

	if (use->k->compat > 206 || (str_to_i64(text, &n) && n == 1))
		return true;
	g = diag_add(use->k->d, D_OUT_OF_RANGE, use->words[0].span,
		     "HAProxy 2.6 has one group of threads, 1, unless it was built for more");
	if (str_to_i64(text, &n))
		diag_haproxy(use->k->d, g,
			     "'thread-group' thread-group number must be between 1 and 1 (was %lld)",
			     (long long)n);
	else
		diag_haproxy(use->k->d, g,
			     "'thread-group' passed a missing or unparsable integer value in '%.*s'",
			     STR_ARG(text));
	return false;
}

/* tune.listener.multi-queue: `fair` came later. */
bool check_multi_queue(const struct keyword_use *use)
{
	struct diag *g;

	use->k->m->global.single_queue = str_is(use->words[0].text, "off");
	if (use->k->compat > 206 || !str_is(use->words[0].text, "fair"))
		return true;
	g = diag_add(use->k->d, D_BAD_CHOICE, use->words[0].span, "HAProxy 2.6 knows `on` and `off` here");
	diag_haproxy(use->k->d, g, "'tune.listener.multi-queue' expects either 'on' or 'off' but got 'fair'.");
	return false;
}

/* stats bind-process {all|odd|even|1}...: does nothing any more, but its words are read. */
bool check_stats_process(const struct keyword_use *use)
{
	for (uint32_t i = 0; i < use->n; i++) {
		struct str text = use->words[i].text;
		struct diag *g;

		if (str_is(text, "all") || str_is(text, "odd") || str_is(text, "even") || str_is(text, "1"))
			continue;
		g = diag_add(use->k->d, D_BAD_NUMBER, use->words[i].span,
			     "`all`, `odd`, `even` or 1 is expected: there is one process");
		diag_haproxy(use->k->d, g, "'stats bind-process' : '%.*s' is not a valid number/range.",
			     STR_ARG(text));
		return false;
	}
	return true;
}

/* close-spread-time <time>|infinite */
bool check_spread_time(const struct keyword_use *use)
{
	int64_t value;

	if (str_is(use->words[0].text, "infinite"))
		value = UINT32_MAX;
	else if (!check_time(use, &use->words[0], UNIT_MS, &value))
		return false;
	use->k->m->global.close_spread_time = (uint32_t)value;
	return true;
}

/* external-check command <file>: found by its own path, or by `external-check path`. */
void check_finish_command(struct checker *k, struct draft *d)
{
	struct str command = d->px->check.command;
	const struct line *line = check_proxy_line(d, "external-check command", true);
	struct diag *g;

	if (!line || !command.len || command.ptr[0] == '/' || d->px->check.path.len ||
	    !(d->px->role & ROLE_BACKEND))
		return;
	g = diag_add(k->d, D_SETTING_MISSING, line->span,
		     "`%.*s` is no absolute path, and no `external-check path` says where it is",
		     STR_ARG(command));
	diag_haproxy_unplaced(
		k->d, g,
		"Proxy '%.*s': 'external-check command' does not have a leading '/' and 'external-check path' "
		"is not set.",
		STR_ARG(d->px->name));
}
