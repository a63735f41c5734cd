/* `show sess`, `shutdown session` and `shutdown sessions server`: sessions belong to their workers, so these
 * commands visit each one. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/cli/cli_anon.h"
#include "runtime/cli/cli_call.h"
#include "runtime/net/address.h"
#include "runtime/proxy/session.h"
#include "runtime/proxy/stream.h"

static const char *proto_name(const union addr *a)
{
	return a->family == AF_INET ? "tcpv4" : a->family == AF_INET6 ? "tcpv6" : "unix_stream";
}

static void put_name(struct cli_visit *v, const char *key, const struct str *name, const char *otherwise)
{
	char text[CLI_ANON_TEXT];

	out_printf(&v->text, " %s=%s", key, name ? cli_anon(v->anon_key, *name, text) : otherwise);
}

static int server_fd(const struct stream *st)
{
	return st && st->server.conn ? st->server.conn->conn.io.fd : -1;
}

static void put_session(struct worker *w, const struct session *s, struct cli_visit *v)
{
	const struct stream *st = s->stream;
	const struct server *srv = st ? st->server.server : NULL;
	struct out *out = &v->text;

	out_printf(out, "%p: proto=%s src=", (const void *)s, proto_name(&s->src));
	address_put(out, &s->src);
	put_name(v, "fe", &s->frontend->conf->name, "");
	put_name(v, "be", st && st->backend ? &st->backend->conf->name : NULL, "<NONE>");
	put_name(v, "srv", srv ? &srv->conf->name : NULL, "<none>");
	out_printf(out,
		   " ts=00 epoch=0 age=%llus calls=%u rate=0 cpu=0 lat=0 rq[f=0h,i=%u,an=00h,rx=,wx=,ax=] "
		   "rp[f=0h,i=0,an=00h,rx=,wx=,ax=] scf=[8,0h,fd=%d] scb=[8,0h,fd=%d] exp= rc=%u c_exp=\n",
		   (unsigned long long)((w->now - s->accepted) / 1000), s->requests, s->in.len, s->conn.io.fd,
		   server_fd(st), st ? st->server.retries : 0);
}

/* --- everything about one: lines of HAProxy's layout with what lbd has of them */

static void put_proxy(struct cli_visit *v, const char *what, const struct proxy *px)
{
	char name[CLI_ANON_TEXT];

	if (px)
		out_printf(&v->text, "  %s=%s (id=%u mode=%s)", what,
			   cli_anon(v->anon_key, px->conf->name, name), px->conf->id,
			   px->conf->mode == MODE_HTTP ? "http" : "tcp");
	else
		out_printf(&v->text, "  %s=<NONE> (id=-1 mode=-)", what);
}

static void put_server(struct cli_visit *v, const struct server *s)
{
	char name[CLI_ANON_TEXT];

	if (!s) {
		out_puts(&v->text, "  server=<NONE> (id=-1)\n");
		return;
	}
	out_printf(&v->text, "  server=%s (id=%u) addr=", cli_anon(v->anon_key, s->conf->name, name),
		   s->conf->id);
	address_put(&v->text, server_addr(s));
	out_char(&v->text, '\n');
}

/* What HAProxy tells of its own insides and lbd has no counterpart of is zero, or "<NEVER>". */
static void put_conn(struct worker *w, struct cli_visit *v, const char *side, const struct conn *c,
		     const union addr *peer, const char *target, const void *whose)
{
	const char *control = c->io.fd < 0 ? "NONE" : proto_name(peer);

	out_printf(&v->text,
		   "      %s=%p ctrl=%s xprt=%s mux=%s data=STRM target=%s:%p\n"
		   "      flags=0x%08x fd=%d fd.state=%02x updt=0 fd.tmask=0x%llx\n",
		   side, (const void *)c, control, c->transport == &transport_raw ? "RAW" : "SSL",
		   c->mux ? "H2" : "PASS", target, whose, c->flags, c->io.fd, (unsigned)c->wants,
		   1ULL << (w->id % 64));
}

/* Bytes in all, and what of them is at hand. */
static void put_channel(struct cli_visit *v, const char *name, const void *owner, uint64_t total,
			uint32_t at_hand)
{
	out_printf(&v->text,
		   "  %s=%p (f=0x0 an=0x0 pipe=0 tofwd=0 total=%llu)\n"
		   "      an_exp=<NEVER> rex=<NEVER> wex=<NEVER>\n"
		   "      buf=%p data=(nil) o=0 p=0 i=%u size=0\n",
		   name, owner, (unsigned long long)total, owner, at_hand);
}

static const char *message_state(bool there)
{
	return there ? "MSG_DONE" : "MSG_RPBEFORE";
}

static void put_stream(struct worker *w, const struct session *s, const struct stream *st, struct cli_visit *v)
{
	const struct srv_request *r = &st->server;
	const struct conn *c = r->conn ? &r->conn->conn : NULL;
	int status = st->res ? (int)st->res->status : -1;

	put_server(v, r->server);
	out_printf(&v->text, "  task=%p (state=0x00 nice=0 calls=%u rate=0 exp=%s tmask=0x%llx age=%llus)\n",
		   (const void *)st, st->log.calls, s->deadline.at ? "0s" : "<NEVER>", 1ULL << (w->id % 64),
		   (unsigned long long)((w->now - s->accepted) / 1000));
	if (s->is_http)
		out_printf(&v->text,
			   "  txn=%p flags=0x0 meth=%d status=%d req.st=%s rsp.st=%s req.f=0x00 rsp.f=0x00\n",
			   (const void *)st, st->req ? (int)st->req->method : 0, status > 0 ? status : -1,
			   message_state(st->req != NULL), message_state(status > 0));
	out_printf(&v->text, "  scf=%p flags=0x00000000 state=EST endp=CONN,%p,0x00000000 sub=1\n",
		   (const void *)s, (const void *)s);
	put_conn(w, v, "co0", &s->conn, &s->src, "LISTENER", s->listener);
	out_printf(&v->text, "  scb=%p flags=0x00000000 state=%s endp=%s,%p,0x00000000 sub=%d\n",
		   (const void *)r,
		   c           ? "EST"
		   : r->server ? "REQ"
			       : "INI",
		   c ? "CONN" : "NONE", (const void *)c, c != NULL);
	if (c)
		put_conn(w, v, "co1", c, server_addr(r->server), "SERVER", r->server);
	put_channel(v, "req", st->req ? (const void *)st->req : st, st->log.bytes_in, s->in.len);
	put_channel(v, "res", st->res ? (const void *)st->res : st, st->log.bytes_out, 0);
}

/* Where a connection to a server begins. */
static void put_local(struct out *out, int fd)
{
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);
	union addr local;

	if (getsockname(fd, (struct sockaddr *)&ss, &len))
		return;
	address_pack(&local, &ss);
	out_puts(out, " addr=");
	address_put(out, &local);
}

static void put_whole(struct worker *w, const struct session *s, struct cli_visit *v)
{
	const struct stream *st = s->stream;
	struct out *out = &v->text;
	char date[40];
	struct tm tm;

	localtime_r(&s->accept_date.tv_sec, &tm);
	strftime(date, sizeof(date), "%d/%b/%Y:%H:%M:%S", &tm);
	out_printf(out, "%p: [%s.%06ld] id=%u proto=%s source=", (const void *)s, date,
		   (long)s->accept_date.tv_usec, s->requests, proto_name(&s->src));
	address_put(out, &s->src);
	out_printf(out,
		   "\n  flags=0x%x, conn_retries=%u, conn_exp=<NEVER> conn_et=0x000 srv_conn=%p, pend_pos=%p "
		   "waiting=%d "
		   "epoch=0\n",
		   s->conn.flags, st->server.retries, (const void *)st->server.server,
		   st->server.granted_at ? (const void *)st : NULL, st->server.granted_at != 0);
	put_proxy(v, "frontend", s->frontend);
	out_printf(out, ", listener=%.*s (id=%u) addr=",
		   s->listener->conf->name.len ? (int)s->listener->conf->name.len : 1,
		   s->listener->conf->name.len ? s->listener->conf->name.ptr : "?", s->listener->conf->id);
	address_put(out, s->dst_known ? &s->dst : &s->src);
	out_char(out, '\n');
	put_proxy(v, "backend", st->backend);
	if (st->server.conn)
		put_local(out, st->server.conn->conn.io.fd);
	out_char(out, '\n');
	put_stream(w, s, st, v);
}

/* --- sessions of the control socket, which HAProxy has in the same list */

/* Stats sockets are numbered in the order of their lines. */
static uint32_t cli_listener_id(const struct worker *w, const struct listener *l)
{
	uint32_t n = 0;

	vec_each (b, &w->process->generation->model->global.stats_sockets) {
		n++;
		if (*b == l->conf)
			return n;
	}
	return 0;
}

static void put_cli(struct worker *w, const struct cli_session *s, struct cli_visit *v, bool whole)
{
	struct sockaddr_storage peer = {0};
	socklen_t len = sizeof(peer);
	union addr from = {.family = AF_UNIX};
	uint32_t id = cli_listener_id(w, s->listener);

	if (!getpeername(s->conn.io.fd, (struct sockaddr *)&peer, &len) && peer.ss_family != AF_UNIX)
		address_pack(&from, &peer);
	out_printf(&v->text, "%p: %sproto=%s %s=", (const void *)s, whole ? "[] id=0 " : "", proto_name(&from),
		   whole ? "source" : "src");
	if (from.family == AF_UNIX)
		out_printf(&v->text, "unix:%u", id);
	else
		address_put(&v->text, &from);
	if (whole)
		out_printf(&v->text,
			   "\n  frontend=GLOBAL (id=0 mode=tcp), listener=? (id=%u)\n  backend=<NONE> (id=-1 "
			   "mode=-)\n"
			   "  server=<NONE> (id=-1)\n",
			   id);
	else
		out_printf(&v->text,
			   " fe=GLOBAL be=<NONE> srv=<none> ts=00 epoch=0 age=0s calls=1 rate=0 cpu=0 lat=0 "
			   "rq[f=0h,i=%u,an=00h,rx=,wx=,ax=] rp[f=0h,i=0,an=00h,rx=,wx=,ax=] scf=[8,0h,fd=%d] "
			   "scb=[8,0h,fd=-1] exp= "
			   "rc=0 c_exp=\n",
			   s->in.len, s->conn.io.fd);
}

static void put_clis(struct worker *w, struct cli_visit *v, bool whole)
{
	for (struct list *node = w->clis.next; node && node != &w->clis; node = node->next) {
		const struct cli_session *s = LIST_OF(node, struct cli_session, node);

		if (v->pointer && v->pointer != s)
			continue;
		v->found++;
		put_cli(w, s, v, whole);
	}
}

/* Options of newer versions; what is empty or NULL does not matter. */
struct sess_filter {
	const struct proxy *frontend, *backend;
	const struct server *server;
	uint64_t older_ms;
	bool whole, uri, suspicious;
};

/* Asks for anything else than everybody. */
static bool is_selective(const struct sess_filter *f)
{
	return f->frontend || f->backend || f->server || f->older_ms || f->suspicious;
}

/* Old, and nothing will ever end it. */
static bool is_suspicious(const struct session *s, const struct worker *w)
{
	return s->stream && !s->deadline.at && w->now - s->accepted > 60000;
}

static bool is_wanted(const struct sess_filter *f, const struct session *s, const struct worker *w)
{
	const struct stream *st = s->stream;

	return st && (!f->frontend || s->frontend == f->frontend) &&
	       (!f->backend || st->backend == f->backend) && (!f->server || st->server.server == f->server) &&
	       w->now - s->accepted >= f->older_ms && (!f->suspicious || is_suspicious(s, w));
}

static void put_uri(const struct session *s, struct cli_visit *v)
{
	const struct http_msg *m = s->stream ? s->stream->req : NULL;

	if (!m || !m->uri.len)
		return;
	v->text.len--; /* on the same line */
	out_printf(&v->text, " uri=\"%.*s\"\n", STR_ARG(m->uri));
}

static void show_here(struct worker *w, struct cli_visit *v)
{
	const struct sess_filter *f = v->filter;

	for (struct list *node = w->sessions_list.next; node != &w->sessions_list; node = node->next) {
		const struct session *s = LIST_OF(node, struct session, node);

		if ((v->pointer && v->pointer != s) || !is_wanted(f, s, w))
			continue;
		v->found++;
		if (f->whole || v->pointer) {
			put_whole(w, s, v);
			continue;
		}
		put_session(w, s, v);
		if (f->uri)
			put_uri(s, v);
	}
	if (!is_selective(f))
		put_clis(w, v, f->whole || v->pointer);
}

static void show_report(struct cli_visit *v)
{
	if (v->pointer && !v->found)
		out_puts(&v->text, "Session not found.\n");
	free(v->filter);
}

/* Digits of base 16, 8 or 10 as C writes them; NULL for anything else. */
static const void *pointer_parse(struct str text)
{
	char word[32] = "";

	memcpy(word, text.ptr ? text.ptr : "", text.len < sizeof(word) ? text.len : sizeof(word) - 1);
	return (const void *)(uintptr_t)strtoull(word, NULL, 0);
}

static void put_sess_help(struct cli_call *c)
{
	out_puts(c->out, "Usage: show sess [<id> | all | help] [<options>*]\n"
			 "Dumps active streams (formerly called 'sessions'). Available selectors:\n"
			 "   <id>         dump only this stream identifier (0x...)\n"
			 "   all          dump all streams in large format\n"
			 "   help         show this message\n"
			 "Available options:\n"
			 "   backend <b>  only display streams attached to this backend\n"
			 "   frontend <f> only display streams attached to this frontend\n"
			 "   older <age>  only display streams older than <age> seconds\n"
			 "   server <b/s> only show streams attached to this backend+server\n"
			 "   show-uri     dump the transaction URI, as captured during the request\n"
			 "   susp         only show streams considered as suspicious\n");
}

/* The option at word *i. False: a message was given. */
static bool sess_option(struct cli_call *c, struct sess_filter *f, uint32_t *i)
{
	struct str word = c->words[*i];

	if (str_is(word, "show-uri")) {
		f->uri = true;
	} else if (str_is(word, "susp")) {
		f->suspicious = true;
	} else if (str_is(word, "older")) {
		if (!cli_time(c->words[++*i], 1000000, &f->older_ms)) {
			cli_say(c, CLI_ERR, "Invalid age '%.*s'.", STR_ARG(c->words[*i]));
			return false;
		}
	} else if (str_is(word, "frontend")) {
		return (f->frontend = cli_frontend(c, ++*i)) != NULL;
	} else if (str_is(word, "backend")) {
		f->backend = cli_backend(c, ++*i);
		if (!f->backend)
			cli_say(c, CLI_ERR, "No such backend.");
		return f->backend != NULL;
	} else if (str_is(word, "server")) {
		return (f->server = cli_server(c, ++*i)) != NULL;
	} else {
		cli_say(c, CLI_ERR, "Unsupported option '%.*s', try 'help' for more info.", STR_ARG(word));
		return false;
	}
	return true;
}

/* [<id> | all | help] [<options>...]: options are of newer versions. */
void cmd_show_sess(struct cli_call *c)
{
	struct cli_visit v = {.fn = show_here, .home_fn = show_report};
	struct sess_filter filter = {.whole = str_is(c->words[2], "all")}, *own;
	bool selects = filter.whole || str_starts(c->words[2], STR("0x")) || c->process->compat <= 206;

	if (str_is(c->words[2], "help") && c->process->compat > 206) {
		put_sess_help(c);
		return;
	}
	if (selects && !filter.whole && c->words[2].len)
		v.pointer = pointer_parse(c->words[2]);
	for (uint32_t i = selects ? 3 : 2; c->process->compat > 206 && i < c->n; i++)
		if (!sess_option(c, &filter, &i))
			return;
	own = malloc(sizeof(*own));
	if (!own) {
		cli_say(c, CLI_ERR, "Out of memory.");
		return;
	}
	*own = filter;
	v.filter = own;
	if (!cli_visit(c, &v))
		free(own);
}

/* --- shutdown */

static bool is_meant(const struct cli_visit *v, const struct session *s)
{
	return v->all ? s->stream && s->stream->server.server == v->server : (const void *)s == v->pointer;
}

static void kill_one(struct session *s, void *arg)
{
	struct cli_visit *v = arg;

	if (!is_meant(v, s))
		return;
	v->found++;
	if (s->stream && !s->is_http && s->stream->server.conn)
		stream_end(s->stream, 'K', '-');
	session_free(s);
}

static void kill_here(struct worker *w, struct cli_visit *v)
{
	sessions_each(w, kill_one, v);
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
	if (v.pointer)
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
