/* Lints: lines of one section that undo each other: a setting given twice, options that exclude each other,
 * header fields that are added twice, timeouts that contradict each other. One thread. */
#include <string.h>

#include "grammar/lint.h"
#include "grammar/rows.h"

/* Settings of which the last line holds. Timeouts have a warning of their own. */
static bool row_is_single(const struct keyword *row)
{
	static const char *const names[] = {"mode",       "balance",    "default_backend",  "maxconn",
					    "retries",    "cookie",     "hash-type",        "fullconn",
					    "http-reuse", "log-format", "unique-id-format", "retry-on",
					    "backlog"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(row->name, names[i]) == 0)
			return true;
	return false;
}

static void lint_twice(struct checker *k, const struct draft *d)
{
	for (uint32_t i = 1; i < d->seen.n; i++) {
		const struct seen_row *later = &d->seen.v[i], *first = NULL;
		struct diag *g;

		if (!row_is_single(later->row))
			continue;
		for (uint32_t j = i; j-- > 0 && !first;)
			if (d->seen.v[j].row == later->row)
				first = &d->seen.v[j];
		if (!first || first->line == later->line)
			continue;
		g = diag_add(k->d, D_SET_TWICE, later->line->span, "`%s` was set in this section already",
			     later->row->name);
		diag_also(k->d, g, first->line->span, "this one no longer holds");
	}
}

/* Options of which the last line holds, within one section. */
static void lint_rivals(struct checker *k, const struct draft *d, const char *const *rivals)
{
	const struct line *first = NULL;
	const char *held = NULL;

	vec_each (entry, &d->section->lines) {
		const struct line *line = *entry;
		struct diag *g;

		if (line->nwords < 2 || !str_is(line->words[0].text, "option"))
			continue;
		for (const char *const *name = rivals; *name; name++) {
			if (!str_is(line->words[1].text, *name))
				continue;
			if (held && held != *name) {
				g = diag_add(k->d, D_RIVAL_OPTION, line->span, "`%s` replaces `%s`", *name,
					     held);
				diag_also(k->d, g, first->span, "this one no longer holds");
			}
			first = line;
			held = *name;
		}
	}
}

/* option forwardfor appends X-Forwarded-For; a rule that sets it does so before. */
static void lint_forwarded(struct checker *k, const struct draft *d)
{
	const struct line *line = check_proxy_line(d, "option forwardfor", true);

	if (!line || !proxy_option_is_set(d->px, PO_FORWARDFOR) ||
	    proxy_option_is_set(d->px, PO_FORWARDFOR_IF_NONE) || d->px->fwdfor_header.len)
		return;
	vec_each (r, &d->rules[RS_HTTP_REQ]) {
		struct diag *g;

		if ((r->action != ACTION_SET_HEADER && r->action != ACTION_ADD_HEADER) ||
		    !str_ieq(r->name, STR("x-forwarded-for")))
			continue;
		g = diag_add(k->d, D_FORWARDED_TWICE, lint_span(k, r->pos),
			     "servers get X-Forwarded-For twice");
		diag_also(k->d, g, line->span, "this line appends it as well");
		diag_help(k->d, g, "one of the two is enough, or `option forwardfor if-none`");
		return;
	}
}

static void lint_timeouts(struct checker *k, const struct draft *d)
{
	const struct proxy_conf *px = d->px;
	const struct line *line = check_proxy_line(d, "timeout tunnel", true);
	struct diag *g;

	if (line && px->timeout[TMO_TUNNEL] && px->timeout[TMO_SERVER] &&
	    px->timeout[TMO_TUNNEL] < px->timeout[TMO_SERVER]) {
		g = diag_add(k->d, D_ODD_TIMEOUT, line->span, "tunnels end sooner than ordinary requests");
		diag_note(k->d, g,
			  "`timeout tunnel` replaces client and server timeouts once both sides talk freely");
	}
	line = check_proxy_line(d, "timeout http-request", true);
	if (line && px->timeout[TMO_HTTP_REQUEST] > 300000) {
		g = diag_add(k->d, D_ODD_TIMEOUT, line->span,
			     "a request may take more than five minutes to arrive");
		diag_note(k->d, g, "until then it holds a connection: slow clients can use all of them up");
	}
}

void lint_lines(struct checker *k, const struct draft *d)
{
	static const char *const ends[] = {"httpclose", "http-server-close", "http-keep-alive", NULL};
	static const char *const checks[] = {"httpchk",        "tcp-check",   "ssl-hello-chk", "smtpchk",
					     "mysql-check",    "pgsql-check", "redis-check",   "ldap-check",
					     "external-check", NULL};

	lint_twice(k, d);
	lint_rivals(k, d, ends);
	lint_rivals(k, d, checks);
	lint_forwarded(k, d);
	lint_timeouts(k, d);
}
