/* Lints: health checks that nobody runs, cookies that name no server, a statistics page that anybody may use to
 * stop servers. One thread. */
#include "grammar/lint.h"

static void lint_checks(struct checker *k, const struct draft *d)
{
	const struct line *line = d->httpchk_line;
	struct diag *g;

	if (line && d->from && d->from->httpchk_line == line)
		return; /* of the defaults, for those that want it */
	if (!line || !d->px->servers.n)
		return;
	vec_each (s, &d->px->servers)
		if ((*s)->check || (*s)->track.len)
			return;
	g = diag_add(k->d, D_INERT_CHECK, line->span, "no server of `%.*s` is checked", STR_ARG(d->px->name));
	diag_also(k->d, g, lint_span(k, d->px->servers.v[0]->pos), "`check` is missing here");
	diag_help(k->d, g, "write `check` on the server lines, or on `default-server` above them");
}

static void lint_cookie(struct checker *k, const struct draft *d)
{
	const struct line *line = check_proxy_line(d, "cookie", false);
	struct diag *g;

	if (!line || !d->px->servers.n || d->px->cookie.dynamic || d->px->cookie.mode == COOKIE_NONE)
		return;
	vec_each (s, &d->px->servers)
		if ((*s)->cookie.len)
			return;
	g = diag_add(k->d, D_INERT_COOKIE, line->span, "no server of `%.*s` has a `cookie` value",
		     STR_ARG(d->px->name));
	diag_also(k->d, g, lint_span(k, d->px->servers.v[0]->pos), "as this line");
	diag_note(k->d, g,
		  "without one the cookie is neither set nor followed: clients do not stay with their server");
}

static void lint_admin(struct checker *k, const struct draft *d)
{
	const struct stats_conf *stats = &d->px->stats;
	const struct line *line = check_proxy_line(d, "stats admin", false);
	struct diag *g;

	if (!line || !stats->admin || stats->auths.n || d->stats_rules.n || stats->admin->unless ||
	    stats->admin->n != 1 || stats->admin->ors[0].n != 1 || stats->admin->ors[0].terms[0].negated ||
	    !str_is(stats->admin->ors[0].terms[0].acl->name, "TRUE") || d->rules[RS_HTTP_REQ].n)
		return;
	vec_each (b, &d->px->binds)
		if ((*b)->addr.kind != ADDR_INET && (*b)->addr.kind != ADDR_INET6)
			return;
	if (d->px->binds.n && d->px->binds.v[0]->addr.ip[0] == 127)
		return;
	g = diag_add(k->d, D_OPEN_ADMIN, line->span, "whoever reaches this page may stop servers");
	diag_help(k->d, g,
		  "ask for a name with `stats auth`, or let the condition say who: `if { src 192.0.2.0/24 }`");
}

void lint_servers(struct checker *k, const struct draft *d)
{
	lint_checks(k, d);
	lint_cookie(k, d);
	lint_admin(k, d);
}
