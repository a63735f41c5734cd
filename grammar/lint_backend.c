/* Lints: where requests end that nobody can answer, servers that are spoken to in the wrong way, limits that
 * limit nothing, words that wait for another word. One thread. */
#include <string.h>

#include "grammar/lint.h"
#include "grammar/lint_cover.h"
#include "grammar/rows.h"

/* Whether the rules of a proxy answer at least some requests themselves. */
static bool answers(const struct draft *d)
{
	const struct proxy_conf *px = d->px;

	return d->rules[RS_HTTP_REQ].n || d->rules[RS_TCP_REQ_CONN].n || d->rules[RS_TCP_REQ_SESS].n ||
	       d->rules[RS_TCP_REQ_CONT].n || d->redirects.n || px->stats.enabled || px->monitor_uri.len ||
	       d->errors_own || px->monitor_fail || d->filters;
}

static void lint_no_backend(struct checker *k, const struct draft *d)
{
	struct diag *g;

	if (d->place != PLACE_FRONTEND || d->px->mode > MODE_HTTP || d->px->default_backend ||
	    d->px->use_backend.n || answers(d) || !d->px->binds.n)
		return;
	g = diag_add(k->d, D_NO_BACKEND, d->name->span, "`%.*s` has nowhere to send requests",
		     STR_ARG(d->px->name));
	diag_note(k->d, g, "each of them gets the response 503");
	diag_help(k->d, g, "`default_backend` names who serves them");
}

static void lint_no_server(struct checker *k, const struct draft *d)
{
	struct diag *g;

	if (d->place != PLACE_BACKEND || !d->referenced || d->px->servers.n || answers(d) ||
	    d->px->mode > MODE_HTTP || check_proxy_line(d, "dispatch", true) ||
	    check_proxy_line(d, "server-template", true) || check_proxy_line(d, "use-fcgi-app", true) ||
	    proxy_option_is_set(d->px, PO_TRANSPARENT))
		return;
	g = diag_add(k->d, D_NO_SERVER, d->name->span, "`%.*s` has no server", STR_ARG(d->px->name));
	diag_note(k->d, g, "each request that gets here has the response 503");
}

static void lint_none_usable(struct checker *k, const struct draft *d)
{
	struct diag *g;

	if (!d->px->servers.n || check_proxy_line(d, "dispatch", true))
		return;
	vec_each (s, &d->px->servers)
		if (!(*s)->disabled && (*s)->weight)
			return;
	g = diag_add(k->d, D_NO_USABLE_SERVER, lint_span(k, d->px->servers.v[0]->pos),
		     "no server of `%.*s` takes requests at start", STR_ARG(d->px->name));
	diag_note(k->d, g, "all are disabled or have the weight 0");
}

static bool line_has(const struct line *line, const char *const *words, const char **which)
{
	for (uint32_t i = 3; line && i < line->nwords; i++)
		for (const char *const *w = words; *w; w++)
			if (str_is(line->words[i].text, *w)) {
				*which = *w;
				return true;
			}
	return false;
}

/* Words of a server line that wait for another word. */
static void lint_waiting_words(struct checker *k, const struct server_conf *s, const struct line *line)
{
	static const char *const checks[] = {"inter", "fastinter", "downinter", "rise",
					     "fall",  "observe",   "slowstart", NULL};
	static const char *const tls[] = {"sni",  "verify",  "verifyhost", "ca-file",
					  "alpn", "ciphers", "crt",        NULL};
	const char *word;
	struct diag *g;

	if (!s->check && !s->agent_check && !s->track.len && line_has(line, checks, &word)) {
		g = diag_add(k->d, D_INERT_CHECK_WORD, lint_span(k, s->pos),
			     "`%s` waits for a check that nobody makes", word);
		diag_help(k->d, g, "add `check`");
	}
	if (!s->ssl && !s->check_ssl && line_has(line, tls, &word)) {
		g = diag_add(k->d, D_INERT_TLS_WORD, lint_span(k, s->pos),
			     "`%s` waits for TLS that nobody speaks", word);
		diag_help(k->d, g, "add `ssl`");
	}
}

static void lint_server_tls(struct checker *k, const struct server_conf *s)
{
	const struct tls_server_conf *tls = server_conf_tls(s);
	struct diag *g;

	if (!s->ssl || s->ssl_verify != 2 || tls->sni || tls->verifyhost.len)
		return;
	g = diag_add(k->d, D_VERIFY_ANY_NAME, lint_span(k, s->pos),
		     "any certificate of the authority will do, whatever its name");
	diag_help(k->d, g, "add `verifyhost` with the name, or `sni`");
}

static void lint_limits(struct checker *k, const struct server_conf *s)
{
	struct diag *g;

	if (!s->maxconn || s->minconn <= s->maxconn)
		return;
	g = diag_add(k->d, D_MINCONN, lint_span(k, s->pos), "`minconn` %u is above `maxconn` %u", s->minconn,
		     s->maxconn);
	diag_note(
		k->d, g,
		"the limit grows from the first to the second with the load, so the first is the smaller one");
}

static void lint_frontend_limit(struct checker *k, const struct draft *d)
{
	const struct line *line = check_proxy_line(d, "maxconn", false);
	struct diag *g;

	if (!line || !k->m->global.maxconn || d->px->maxconn <= k->m->global.maxconn ||
	    !(d->px->role & ROLE_FRONTEND))
		return;
	g = diag_add(k->d, D_MAXCONN_ABOVE, line->span, "more than the %u connections of the whole process",
		     k->m->global.maxconn);
	diag_help(k->d, g, "raise `maxconn` in the global section, or lower this one");
}

static bool bind_reaches(const struct bind_conf *b, const struct addr_conf *a)
{
	static const uint8_t any[16];

	return b->addr.kind == ADDR_INET && a->kind == ADDR_INET && a->port && b->addr.port <= a->port &&
	       a->port <= b->addr.port_end &&
	       (memcmp(b->addr.ip, a->ip, 4) == 0 || (a->ip[0] == 127 && memcmp(b->addr.ip, any, 4) == 0));
}

/* A server that is the proxy itself. Rules may tell the second passage from the first, so they excuse it. */
static void lint_loop(struct checker *k, const struct draft *d)
{
	const struct proxy_conf *be = d->px->default_backend ? d->px->default_backend : d->px;

	if (!(d->px->role & ROLE_FRONTEND) || d->px->use_backend.n || answers(d) || !d->px->binds.n ||
	    be->use_server.n)
		return;
	vec_each (s, &be->servers)
		vec_each (b, &d->px->binds) {
			struct diag *g;

			if (!bind_reaches(*b, &(*s)->addr) || (*s)->disabled)
				continue;
			g = diag_add(k->d, D_LOOP, lint_span(k, (*s)->pos), "this server is the proxy itself");
			diag_also(k->d, g, lint_span(k, (*b)->pos), "it listens here");
			diag_note(k->d, g, "each request comes back until the connections are used up");
			return;
		}
}

static void lint_redirect_loop(struct checker *k, const struct draft *d, const struct rule *r)
{
	struct diag *g;

	if (r->action != ACTION_REDIRECT || r->redirect != REDIR_SCHEME || !cond_is_always(r->cond) ||
	    !r->fmt || !str_is(r->fmt->text, "https") || !d->px->binds.n)
		return;
	vec_each (b, &d->px->binds)
		if (!(*b)->ssl)
			return;
	g = diag_add(k->d, D_REDIRECT_LOOP, lint_span(k, r->pos), "who comes by https is sent to https again");
	diag_also(k->d, g, lint_span(k, d->px->binds.v[0]->pos), "all connections have TLS");
	diag_help(k->d, g, "add `unless { ssl_fc }`");
}

static void lint_server_cookies(struct checker *k, const struct draft *d)
{
	struct diag *g;

	if (d->px->cookie.mode != COOKIE_NONE || d->px->cookie.name.len || d->px->mode != MODE_HTTP ||
	    check_proxy_line(d, "cookie", true))
		return;
	vec_each (s, &d->px->servers) {
		if (!(*s)->cookie.len)
			continue;
		g = diag_add(k->d, D_INERT_COOKIE, lint_span(k, (*s)->pos),
			     "the cookie value of this server is never set");
		diag_help(
			k->d, g,
			"`cookie NAME insert indirect nocache` in `%.*s` makes clients stay with their server",
			STR_ARG(d->px->name));
		return;
	}
}

/* HTTP/1.1 without Host: a server must refuse it (RFC 9112, section 3.2). */
static void lint_check_host(struct checker *k, const struct draft *d)
{
	const struct check_conf *check = &d->px->check;

	if (check->kind != CHECK_HTTP || !d->httpchk_line)
		return;
	for (uint32_t i = 0; i < check->nsteps; i++) {
		const struct hc_step *step = &check->steps[i];
		bool host = false;
		struct diag *g;

		if (step->kind != HC_SEND || !str_is(step->version, "HTTP/1.1"))
			continue;
		for (uint32_t h = 0; h < step->nheaders; h++)
			host |= str_ieq(step->headers[h].name, STR("host"));
		if (host || (step->raw_tail.len && memmem(step->raw_tail.ptr, step->raw_tail.len, "ost:", 4)))
			continue;
		g = diag_add(k->d, D_CHECK_HOST, d->httpchk_line->span,
			     "a request of HTTP/1.1 needs a Host field");
		diag_note(k->d, g, "servers answer 400 (RFC 9112, section 3.2), and count as down");
		diag_help(k->d, g, "`http-check send hdr Host www.example.com`");
		return;
	}
}

void lint_backends(struct checker *k, const struct draft *d)
{
	lint_no_backend(k, d);
	lint_no_server(k, d);
	lint_none_usable(k, d);
	lint_frontend_limit(k, d);
	lint_loop(k, d);
	lint_server_cookies(k, d);
	lint_check_host(k, d);
	vec_each (r, &d->rules[RS_HTTP_REQ])
		lint_redirect_loop(k, d, r);
	vec_each (r, &d->redirects)
		lint_redirect_loop(k, d, r);
	for (uint32_t i = 0; i < d->px->servers.n; i++) {
		const struct server_conf *s = d->px->servers.v[i];

		if (i && s->pos.line == d->px->servers.v[i - 1]->pos.line &&
		    s->pos.source == d->px->servers.v[i - 1]->pos.source)
			continue; /* a server-template makes many */
		lint_waiting_words(k, s, i < d->server_lines.n ? d->server_lines.v[i] : NULL);
		lint_server_tls(k, s);
		lint_limits(k, s);
	}
}
