/* Servers once everything is read: whom they track, where their checks go, and what the host names of their
 * addresses mean on this machine. Works on the state of one walk; looks names up with the C library unless
 * offline. One thread. */
#include "grammar/check_finish.h"
#include "grammar/check_names.h"
#include "grammar/lint.h"
#include "grammar/rows.h"
#include "grammar/suggest.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

/* A name is looked up once per compilation; when the resolver is this slow in all, the rest stays unresolved.
 */
enum { RESOLVE_SECONDS = 5 };

struct answer {
	bool found;
	struct addr_conf addr; /* kind and ip only */
};

static struct diag *server_haproxy(struct checker *k, struct diag *g, const struct server_conf *s,
				   const char *words)
{
	return diag_haproxy(k->d, g, "'server %.*s/%.*s' : %s", STR_ARG(s->proxy->name), STR_ARG(s->name),
			    words);
}

static void report_track(struct checker *k, const struct server_ref *ref, struct str wanted, const char *what,
			 const struct draft *in)
{
	const struct word *w = check_line_word(ref->line, 2, ref->server->track);
	struct span span = !w   ? ref->line->span
			   : in ? word_span(w, w->text.len - wanted.len, wanted.len)
				: word_span(w, 0, wanted.len);
	struct diag *g = diag_add(k->d, D_NO_SUCH_SERVER, span,
				  "`track` names a %s that does not exist: `%.*s`", what, STR_ARG(wanted));
	struct suggest s;
	char buf[256];

	suggest_start(&s, wanted);
	for (uint32_t i = 0; in && i < in->px->servers.n; i++)
		suggest_offer(&s, in->px->servers.v[i]->name);
	for (uint32_t i = 0; !in && i < k->drafts.n; i++)
		suggest_offer(&s, k->drafts.v[i]->px->name);
	if (s.n)
		diag_help(k->d, g, "did you mean %s?", suggest_text(&s, buf, sizeof(buf)));
	if (s.n && w)
		diag_fix(k->d, g, FIX_LIKELY, span, s.names[0], "track `%.*s`", STR_ARG(s.names[0]));
	server_haproxy(k, g, ref->server,
		       arena_printf(k->scratch, "unable to find required %s '%.*s' for tracking.",
				    in ? "server" : "proxy", STR_ARG(wanted))
			       .ptr);
}

static void track_find(struct checker *k, struct server_ref *ref)
{
	struct str track = ref->server->track;
	size_t slash = str_chr(track, '/');
	struct draft *d = slash < track.len ? map_get(&k->backends, str_sub(track, 0, slash)) : ref->draft;
	struct str name = slash < track.len ? str_tail(track, slash + 1) : track;

	if (!d) {
		report_track(k, ref, str_sub(track, 0, slash), "backend", NULL);
		return;
	}
	ref->server->track_server = check_server_find(d, name);
	if (!ref->server->track_server)
		report_track(k, ref, name, "server", d);
}

/* Chains of tracking must end at a server that is checked. */
static void track_verify(struct checker *k, const struct server_ref *ref)
{
	const struct server_conf *s = ref->server->track_server, *slow = s;
	struct diag *g;
	uint32_t steps = 0;

	while (s && s->track_server && s != ref->server) {
		s = s->track_server;
		slow = steps++ & 1 ? slow->track_server : slow;
		if (s == slow)
			break;
	}
	if (!s || (s->check || s->agent_check))
		return;
	if (s == ref->server || s->track_server) {
		g = diag_add(k->d, D_CONFLICT, ref->line->span, "this server tracks itself in the end");
		server_haproxy(
			k, g, ref->server,
			arena_printf(
				k->scratch,
				"unable to track %.*s/%.*s as it belongs to a tracking chain looping back to "
				"%.*s/%.*s.",
				STR_ARG(s->proxy->name), STR_ARG(s->name), STR_ARG(s->proxy->name),
				STR_ARG(s->name))
				.ptr);
		return;
	}
	if (s->track.len)
		return; /* reported where it stands */
	g = diag_add(k->d, D_SETTING_MISSING, ref->line->span,
		     "the tracked server `%.*s/%.*s` is not checked itself", STR_ARG(s->proxy->name),
		     STR_ARG(s->name));
	diag_help(k->d, g, "add `check` to that server");
	server_haproxy(
		k, g, ref->server,
		arena_printf(
			k->scratch,
			"unable to use %.*s/%.*s for tracking as it does not have any check nor agent enabled.",
			STR_ARG(s->proxy->name), STR_ARG(s->name))
			.ptr);
}

/* A connect step that names a port serves all servers. */
static bool check_names_port(const struct check_conf *check)
{
	for (uint32_t i = 0; i < check->nsteps; i++)
		if (check->steps[i].kind == HC_CONNECT && (check->steps[i].port || check->steps[i].port_expr))
			return true;
	return false;
}

static bool port_known(const struct server_conf *s)
{
	const struct addr_conf *a = s->check_addr ? s->check_addr : &s->addr;

	/* A service record (RFC 2782) tells the port as well. */
	if (s->resolvers.len && a->kind == ADDR_NAME && a->path.ptr[0] == '_')
		return true;
	if (s->check_port || a->kind == ADDR_UNIX || a->kind == ADDR_ABSTRACT || a->kind == ADDR_SOCKPAIR ||
	    a->kind == ADDR_NONE || a->kind == ADDR_REVERSE)
		return true;
	return s->addr.port_given && !s->addr.port_relative && s->addr.port != 0;
}

/* Protocols of HTTP serve proxies of mode http, and checks by HTTP. */
static void verify_protocol(struct checker *k, const struct draft *d, uint32_t i)
{
	const struct server_conf *s = d->px->servers.v[i];
	const struct line *line = d->server_lines.v[i];
	struct diag *g;

	if (d->px->mode == MODE_TCP && (s->mux == MUX_H1 || s->mux == MUX_H2)) {
		g = diag_add(k->d, D_MODE_MISMATCH, line->words[1].span,
			     "`proto` of the server `%.*s` is for mode http, and this is mode tcp",
			     STR_ARG(s->name));
		diag_haproxy_unplaced(
			k->d, g, "%s '%.*s' : MUX protocol '%s' is not usable for server '%.*s' at [%.*s:%u].",
			check_proxy_kind(d), STR_ARG(d->px->name), s->mux == MUX_H1 ? "h1" : "h2",
			STR_ARG(s->name), STR_ARG(sources_get(k->c->sources, line->span.source)->name),
			sources_position(k->c->sources, line->span.source, line->span.off).line);
	}
	if (s->check && model_check(k->m, s)->kind != CHECK_HTTP &&
	    (s->check_mux == MUX_H1 || s->check_mux == MUX_H2)) {
		g = diag_add(k->d, D_CONFLICT, line->words[1].span,
			     "`check-proto` of the server `%.*s` is for checks by HTTP", STR_ARG(s->name));
		diag_help(k->d, g, "add `option httpchk`, or leave `check-proto` out");
		diag_haproxy_unplaced(
			k->d, g,
			"config: %s '%.*s': server '%.*s' uses an incompatible MUX protocol for the "
			"selected check type",
			check_proxy_kind(d), STR_ARG(d->px->name), STR_ARG(s->name));
	}
}

/* The same of a listener. */
static void verify_listener(struct checker *k, const struct draft *d, const struct bind_conf *b)
{
	struct span span = lint_span(k, b->pos);
	struct diag *g;

	if (d->px->mode != MODE_TCP || (b->mux != MUX_H1 && b->mux != MUX_H2))
		return;
	g = diag_add(k->d, D_MODE_MISMATCH, span,
		     "`proto` of this listener is for mode http, and this is mode tcp");
	diag_haproxy_unplaced(k->d, g,
			      "%s '%.*s' : MUX protocol '%s' is not usable for 'bind %.*s' at [%.*s:%u].",
			      check_proxy_kind(d), STR_ARG(d->px->name), b->mux == MUX_H1 ? "h1" : "h2",
			      STR_ARG(b->addr.text), STR_ARG(sources_get(k->c->sources, span.source)->name),
			      sources_position(k->c->sources, span.source, span.off).line);
}

static void verify_server(struct checker *k, const struct draft *d, uint32_t i)
{
	const struct server_conf *s = d->px->servers.v[i];
	const struct line *line = d->server_lines.v[i];
	struct diag *g;

	if (s->check && !port_known(s) && !check_names_port(model_check(k->m, s))) {
		g = diag_add(k->d, D_SETTING_MISSING, line->words[1].span,
			     "the server `%.*s` is checked, but no port is known for that", STR_ARG(s->name));
		diag_help(k->d, g, "give its address a port, or add `port <number>`");
		diag_haproxy_unplaced(
			k->d, g, "config: %s '%.*s': server '%.*s' has neither service port nor check port.",
			check_proxy_kind(d), STR_ARG(d->px->name), STR_ARG(s->name));
	}
	if (s->agent_check && !s->agent_port) {
		g = diag_add(k->d, D_SETTING_MISSING, line->words[1].span, "`agent-check` needs `agent-port`");
		server_haproxy(
			k, g, s,
			arena_printf(k->scratch,
				     "server %.*s does not have agent port. Agent check has been disabled.",
				     STR_ARG(s->name))
				.ptr);
	}
	if ((s->ssl || s->check_ssl) && !server_conf_tls(s)->conf.ca_file.len && s->ssl_verify != 1 &&
	    k->m->global.ssl_server_verify != 1) {
		g = diag_add(k->d, D_SETTING_MISSING, line->words[1].span,
			     "the certificate of the server `%.*s` cannot be verified without `ca-file`",
			     STR_ARG(s->name));
		diag_help(k->d, g, "add `ca-file <file>` or, where the network is trusted, `verify none`");
		server_haproxy(k, g, s,
			       s->ssl_verify == 2 ? "verify is enabled but no CA file specified."
						  : "verify is enabled by default but no CA file specified. If "
						    "you're running on a LAN where you're certain to "
						    "trust the server's certificate, please set an explicit "
						    "'verify none' statement on the 'server' line, or "
						    "use 'ssl-server-verify none' in the global section to "
						    "disable server-side verifications by default.");
	}
	if (s->resolvers.len && !map_get(&k->others[PLACE_RESOLVERS], s->resolvers) &&
	    !str_is(s->resolvers, "default")) {
		const struct word *w = check_line_word(line, 3, s->resolvers);

		g = w ? check_no_section(k, w, PLACE_RESOLVERS)
		      : diag_add(k->d, D_NO_SUCH_SECTION, line->words[1].span,
				 "no `resolvers` section is named `%.*s`", STR_ARG(s->resolvers));
		diag_haproxy_unplaced(k->d, g,
				      "proxy '%.*s', server '%.*s': unable to find required resolvers '%.*s'",
				      STR_ARG(d->px->name), STR_ARG(s->name), STR_ARG(s->resolvers));
	}
}

static void answer_set(struct answer *answer, const struct addrinfo *ai)
{
	if (ai->ai_family == AF_INET) {
		answer->addr.kind = ADDR_INET;
		memcpy(answer->addr.ip, &((const struct sockaddr_in *)(const void *)ai->ai_addr)->sin_addr, 4);
		answer->found = true;
	} else if (ai->ai_family == AF_INET6) {
		answer->addr.kind = ADDR_INET6;
		memcpy(answer->addr.ip, &((const struct sockaddr_in6 *)(const void *)ai->ai_addr)->sin6_addr,
		       16);
		answer->found = true;
	}
}

/* The first address of a name, as HAProxy takes it. */
static const struct answer *resolve(struct checker *k, struct str name, enum addr_kind family)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	struct answer *answer = map_get(&k->answers, name);
	time_t start = time(NULL);

	if (answer)
		return answer;
	answer = ARENA_NEW(k->scratch, struct answer);
	map_put(k->scratch, &k->answers, name, answer);
	hints.ai_family = family == ADDR_INET ? AF_INET : family == ADDR_INET6 ? AF_INET6 : AF_UNSPEC;
	if (k->resolve_seconds < RESOLVE_SECONDS &&
	    getaddrinfo(arena_str(k->scratch, name).ptr, NULL, &hints, &list) == 0)
		answer_set(answer, list);
	if (list)
		freeaddrinfo(list);
	k->resolve_seconds += time(NULL) - start;
	return answer;
}

static bool address_resolve(struct checker *k, const struct addr_conf *a, struct addr_conf *out)
{
	const struct answer *answer = resolve(k, a->path, ADDR_NONE);

	if (!answer->found)
		return false;
	*out = *a;
	out->kind = answer->addr.kind;
	memcpy(out->ip, answer->addr.ip, sizeof(out->ip));
	return true;
}

static struct diag *report_unresolved(struct checker *k, struct span span, struct str name, const char *haproxy)
{
	struct diag *g = diag_add(k->d, D_HOST_UNRESOLVED, span, "the host name `%.*s` cannot be resolved here",
				  STR_ARG(name));

	check_environment(k, g);
	return diag_haproxy(k->d, g, "%s", haproxy);
}

/* Words other than `libc` in init-addr let a server start without an address. */
static bool starts_without(const struct server_conf *s)
{
	struct str words = server_conf_rare(s)->init_addr;

	return words.len && str_is(str_tail(words, words.len >= 4 ? words.len - 4 : 0), "none");
}

/* The C library is not asked for services (RFC 2782), nor where init-addr does not name it. */
static bool is_service(const struct server_conf *s)
{
	return s->resolvers.len && s->addr.path.len && s->addr.path.ptr[0] == '_';
}

static bool asks_library(const struct server_conf *s)
{
	struct str rest = server_conf_rare(s)->init_addr, word;

	if (!rest.len)
		return true;
	while (rest.len) {
		word = str_sub(rest, 0, str_chr(rest, ','));
		rest = str_tail(rest, word.len + 1);
		if (str_is(word, "libc"))
			return true;
		if (str_is(word, "none"))
			return false;
	}
	return false;
}

static void check_addr_resolve(struct checker *k, const struct draft *d, uint32_t i, struct server_conf *s)
{
	struct addr_conf *a = ARENA_NEW(k->a, struct addr_conf);

	if (address_resolve(k, s->check_addr, a))
		s->check_addr = a;
	else
		report_unresolved(
			k, d->server_lines.v[i]->span, s->check_addr->path,
			arena_printf(k->scratch,
				     "'server %.*s/%.*s' : 'addr' : invalid address: '%.*s' in '%.*s'.",
				     STR_ARG(d->px->name), STR_ARG(s->name), STR_ARG(s->check_addr->path),
				     STR_ARG(s->check_addr->text))
				.ptr);
}

static void server_resolve(struct checker *k, const struct draft *d, uint32_t i)
{
	struct server_conf *s = (struct server_conf *)d->px->servers.v[i];
	struct addr_conf *a;
	struct diag *g;

	if (k->c->options->offline)
		return;
	if (s->check_addr && s->check_addr->kind == ADDR_NAME)
		check_addr_resolve(k, d, i, s);
	check_finish_resolvers(k, s);
	if (s->addr.kind != ADDR_NAME || is_service(s))
		return;
	a = ARENA_NEW(k->a, struct addr_conf);
	if (asks_library(s) && address_resolve(k, &s->addr, a)) {
		s->resolved = a;
		return;
	}
	if (starts_without(s))
		return;
	g = report_unresolved(k, d->server_lines.v[i]->words[2].span, s->addr.path,
			      arena_printf(k->scratch,
					   "'server %.*s/%.*s' : could not resolve address '%.*s'%s.",
					   STR_ARG(d->px->name), STR_ARG(s->name), STR_ARG(s->addr.path),
					   k->c->options->unresolved_ok ? ", disabling server" : "")
				      .ptr);
	if (k->c->options->unresolved_ok)
		check_severity(k, g, SEV_WARNING);
}

void check_resolve(struct checker *k, struct span span, struct addr_conf *a, const char *what)
{
	if (a->kind != ADDR_NAME || k->c->options->offline)
		return;
	if (address_resolve(k, a, a))
		return;
	report_unresolved(k, span, a->path,
			  arena_printf(k->scratch, "%s : invalid address: '%.*s' in '%.*s'", what,
				       STR_ARG(a->path), STR_ARG(a->text))
				  .ptr);
}

/* "backend/server" */
static const struct server_conf *server_named(const struct checker *k, struct str name)
{
	struct str backend = str_sub(name, 0, str_chr(name, '/'));

	vec_each (px, &k->m->proxies)
		vec_each (s, &(*px)->servers)
			if (str_eq((*px)->name, backend) && str_eq((*s)->name, str_tail(name, backend.len + 1)))
				return *s;
	return NULL;
}

/* attach-srv BACKEND/SERVER: one that connections may come to. */
static void verify_attach(struct checker *k, const struct rule *rule)
{
	const struct server_conf *s = server_named(k, rule->name);
	struct diag *g;

	if (!s) {
		diag_add(k->d, D_NO_SUCH_SERVER, lint_span(k, rule->pos), "no server is named `%.*s`",
			 STR_ARG(rule->name));
	} else if (s->addr.kind != ADDR_REVERSE) {
		g = diag_add(k->d, D_BAD_ARGUMENT, lint_span(k, rule->pos),
			     "the server `%.*s` goes to an address", STR_ARG(rule->name));
		diag_help(k->d, g, "connections are attached to servers whose address is `rhttp@`");
	}
}

void check_finish_attached(struct checker *k)
{
	vec_each (px, &k->m->proxies) {
		const struct rules *rules = &(*px)->rules[RS_TCP_REQ_SESS];

		for (uint32_t i = 0; i < rules->n; i++)
			if (rules->v[i].action == ACTION_ATTACH_SRV)
				verify_attach(k, &rules->v[i]);
	}
}

void check_finish_servers(struct checker *k)
{
	for (uint32_t i = 0; i < k->tracks.n; i++)
		if (!k->tracks.v[i]->draft->px->disabled)
			track_find(k, k->tracks.v[i]);
	for (uint32_t i = 0; i < k->tracks.n; i++)
		if (!k->tracks.v[i]->draft->px->disabled)
			track_verify(k, k->tracks.v[i]);
	for (uint32_t i = 0; i < k->drafts.n; i++) {
		if (k->drafts.v[i]->px->disabled)
			continue;
		vec_each (b, &k->drafts.v[i]->px->binds)
			verify_listener(k, k->drafts.v[i], *b);
		for (uint32_t j = 0; j < k->drafts.v[i]->px->servers.n; j++) {
			verify_server(k, k->drafts.v[i], j);
			verify_protocol(k, k->drafts.v[i], j);
			server_resolve(k, k->drafts.v[i], j);
		}
	}
}
