/* `show sess`, `shutdown session` and `shutdown sessions server`: sessions belong to their workers, so these
 * commands visit each one. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "runtime/cli/cli_call.h"
#include "runtime/proxy/session.h"
#include "runtime/proxy/stream.h"

static void put_address(struct out *out, const union addr *a)
{
	char text[INET6_ADDRSTRLEN];

	if (a->family == AF_INET && inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof(text)))
		out_printf(out, "%s:%u", text, ntohs(a->in.sin_port));
	else if (a->family == AF_INET6 && inet_ntop(AF_INET6, &a->in6.sin6_addr, text, sizeof(text)))
		out_printf(out, "%s:%u", text, ntohs(a->in6.sin6_port));
	else
		out_puts(out, "unix:1");
}

static const char *proto_name(const union addr *a)
{
	return a->family == AF_INET ? "tcpv4" : a->family == AF_INET6 ? "tcpv6" : "unix_stream";
}

static void put_name(struct out *out, const char *key, const struct str *name, const char *otherwise)
{
	out_printf(out, " %s=", key);
	if (name)
		out_str(out, *name);
	else
		out_puts(out, otherwise);
}

static void put_session(struct worker *w, const struct session *s, struct out *out)
{
	const struct stream *st = s->stream;
	const struct server *srv = st ? st->server.server : NULL;
	int back = st && st->server.conn ? st->server.conn->conn.io.fd : -1;

	out_printf(out, "%p: proto=%s src=", (const void *)s, proto_name(&s->src));
	put_address(out, &s->src);
	put_name(out, "fe", &s->frontend->conf->name, "");
	put_name(out, "be", st && st->backend ? &st->backend->conf->name : NULL, "<NONE>");
	put_name(out, "srv", srv ? &srv->conf->name : NULL, "<none>");
	out_printf(out,
		   " ts=00 epoch=0 age=%llus calls=%u rate=0 cpu=0 lat=0 rq[f=0h,i=%u,an=00h,rx=,wx=,ax=] "
		   "rp[f=0h,i=0,an=00h,rx=,wx=,ax=] scf=[8,0h,fd=%d] scb=[8,0h,fd=%d] exp= rc=%u c_exp=\n",
		   (unsigned long long)((w->now - s->accepted) / 1000), s->requests, s->in.len, s->conn.io.fd,
		   back, st ? st->server.retries : 0);
}

static void show_here(struct worker *w, struct cli_visit *v)
{
	for (struct list *node = w->sessions_list.next; node != &w->sessions_list; node = node->next) {
		const struct session *s = LIST_OF(node, struct session, node);

		if (!v->pointer || v->pointer == s)
			put_session(w, s, &v->text);
	}
}

/* 0x...; NULL for anything else. */
static const void *pointer_parse(struct str text)
{
	char word[32] = "";

	memcpy(word, text.ptr ? text.ptr : "", text.len < sizeof(word) ? text.len : sizeof(word) - 1);
	return (const void *)(uintptr_t)strtoull(word, NULL, 16);
}

void cmd_show_sess(struct cli_call *c)
{
	struct cli_visit v = {.fn = show_here};

	if (c->words[2].len && !str_is(c->words[2], "all")) {
		v.pointer = pointer_parse(c->words[2]);
		if (!v.pointer)
			return;
	}
	cli_visit(c, &v);
}

/* --- shutdown
 * ---------------------------------------------------------------------------------------------------- */

static bool is_meant(const struct cli_visit *v, const struct session *s)
{
	return v->all ? s->stream && s->stream->server.server == v->server : (const void *)s == v->pointer;
}

static void kill_here(struct worker *w, struct cli_visit *v)
{
	struct list *node, *next;

	for (node = w->sessions_list.next; node != &w->sessions_list; node = next) {
		struct session *s = LIST_OF(node, struct session, node);

		next = node->next;
		if (!is_meant(v, s))
			continue;
		v->found++;
		session_free(s);
	}
}

static void kill_report(struct cli_visit *v)
{
	struct cli_call c = {.session = v->session, .out = &v->text};

	if (v->session && !v->all && !v->found)
		cli_say(&c, CLI_ERR, "No such session (use 'show sess').");
}

void cmd_shutdown_session(struct cli_call *c)
{
	struct cli_visit v = {.fn = kill_here, .home_fn = kill_report};

	v.pointer = c->words[2].len ? pointer_parse(c->words[2]) : NULL;
	if (c->words[2].len)
		cli_visit(c, &v);
	else
		cli_say(c, CLI_ERR, "Session pointer expected (use 'show sess').");
}

void cmd_shutdown_sessions_server(struct cli_call *c)
{
	struct server *s = cli_server(c, 3);
	struct cli_visit v = {.fn = kill_here};

	if (!s)
		return;
	v.all = true;
	v.server = s;
	cli_visit(c, &v);
}
