/* A small client: one request, one answer of at most 64 KiB, closed. The connection is ours (net/conn.h). A
 * name is looked up by getaddrinfo() on a thread that shares nothing with us but `struct lookup`, counted, and
 * an eventfd; so a slow resolver outlives us harmlessly. Worker thread only. */
#include "runtime/tls/http_get.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "runtime/core/thread.h"
#include "runtime/http/http_text.h"
#include "runtime/net/address.h"
#include "runtime/net/conn.h"

struct lookup {
	atomic_uint users;
	int event; /* readable when done */
	char host[256], port[8];
	union addr addr;
	atomic_bool found;
};

struct http_get {
	struct conn conn; /* first member */
	ev_io resolved;
	struct lookup *lookup;
	struct deadline deadline;
	struct out request;
	size_t sent;
	char *answer;
	size_t len;
	struct http_text text; /* what the answer says of itself */
	void (*done)(void *arg, int status, struct str body, const char *why);
	void *arg;
	struct str accept;
};

/* --- names */

static void lookup_release(struct lookup *l)
{
	if (!l || atomic_fetch_sub(&l->users, 1) > 1)
		return;
	close(l->event);
	free(l);
}

static bool resolve(struct lookup *l, int flags)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags}, *list = NULL;
	struct sockaddr_storage ss = {0};
	bool ok = getaddrinfo(l->host, l->port, &hints, &list) == 0 && list->ai_addrlen <= sizeof(ss);

	if (ok) {
		memcpy(&ss, list->ai_addr, list->ai_addrlen);
		address_pack(&l->addr, &ss);
	}
	if (list)
		freeaddrinfo(list);
	return ok;
}

static void *lookup_run(void *arg)
{
	struct lookup *l = arg;
	uint64_t one = 1;

	atomic_store(&l->found, resolve(l, 0));
	if (write(l->event, &one, sizeof(one)) < 0)
		atomic_store(&l->found, false);
	lookup_release(l);
	return NULL;
}

static bool lookup_start(struct lookup *l)
{
	atomic_fetch_add(&l->users, 1);
	if (thread_detached(lookup_run, l))
		return true;
	lookup_release(l);
	return false;
}

/* --- the exchange */

void http_get_cancel(struct http_get **gp)
{
	struct http_get *g = *gp;

	*gp = NULL;
	if (!g)
		return;
	conn_close(&g->conn, false);
	if (ev_is_active(&g->resolved))
		ev_io_stop(g->conn.worker->loop, &g->resolved);
	lookup_release(g->lookup);
	deadline_clear(&g->deadline);
	out_free(&g->request);
	free(g->answer);
	free(g);
}

static void finish(struct http_get *g, int status, struct str body, const char *why)
{
	g->done(g->arg, status, body, why);
	http_get_cancel(&g);
}

static void late(struct worker *w, struct deadline *d)
{
	(void)w;
	finish(LIST_OF(d, struct http_get, deadline), 0, STR_NONE, "Timeout");
}

static void deliver(struct http_get *g)
{
	struct str text = str_make(g->answer, g->len), type = http_text_field(&g->text, text, "content-type");
	struct out body = out_growing(HTTP_GET_LIMIT);

	http_text_body(&g->text, text, &body);
	if (body.truncated)
		finish(g, 0, STR_NONE, "Out of memory");
	else
		finish(g, (int)g->text.status, out_get(&body),
		       str_ieq(type, g->accept) ? NULL : "Another type");
	out_free(&body);
}

/* Is the answer there? At its end (`closed`) it has to be. */
static void judge(struct http_get *g, bool closed)
{
	struct http_text *t = &g->text;
	enum http_text_state state = http_text_look(t, str_make(g->answer, g->len));
	bool over = closed || g->len >= HTTP_GET_LIMIT;

	if (state == HTTP_TEXT_BAD || (t->has_length && t->length > HTTP_GET_LIMIT))
		finish(g, 0, STR_NONE, "Malformed answer");
	else if (state == HTTP_TEXT_WHOLE || (closed && http_text_may_end(t)))
		deliver(g);
	else if (over)
		finish(g, 0, STR_NONE,
		       !t->body || (closed && t->chunked) ? "Malformed answer" : "Truncated answer");
}

static void receive(struct http_get *g)
{
	ssize_t n;

	if (!g->answer && !(g->answer = malloc(HTTP_GET_LIMIT))) {
		finish(g, 0, STR_NONE, "Out of memory");
		return;
	}
	n = g->conn.transport->recv(&g->conn, g->answer + g->len, HTTP_GET_LIMIT - g->len);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0)
		g->len += (size_t)n;
	judge(g, n <= 0);
}

static void send_rest(struct http_get *g)
{
	struct iovec rest = {g->request.buf + g->sent, g->request.len - g->sent};
	ssize_t n = conn_sendv(&g->conn, &rest, 1, false);

	if (n < 0 && g->conn.flags & CONN_ERROR) {
		finish(g, 0, STR_NONE, "Connection error");
		return;
	}
	if (n > 0)
		g->sent += (size_t)n;
	conn_want(&g->conn, g->sent < g->request.len ? EV_WRITE : EV_READ);
}

static void ready(struct conn *c, int revents)
{
	struct http_get *g = (struct http_get *)c;

	if (c->flags & CONN_CONNECTING) {
		int error = conn_connect_result(c, revents);

		if (error == EINPROGRESS)
			return;
		if (error) {
			finish(g, 0, STR_NONE, "Connection error");
			return;
		}
	}
	if (g->sent < g->request.len)
		send_rest(g);
	else
		receive(g);
}

static void connect_to(struct http_get *g)
{
	struct worker *w = g->conn.worker;

	if (!atomic_load(&g->lookup->found))
		finish(g, 0, STR_NONE, "Unable to resolve the host");
	else if (conn_connect(&g->conn, w, &g->lookup->addr, address_len(&g->lookup->addr), NULL, ready))
		finish(g, 0, STR_NONE, "Connection error");
}

static void resolved(struct ev_loop *loop, ev_io *io, int revents)
{
	struct http_get *g = (struct http_get *)((char *)io - offsetof(struct http_get, resolved));

	(void)revents;
	ev_io_stop(loop, io);
	connect_to(g);
}

static bool request_write(struct http_get *g, const struct http_get_request *r)
{
	g->request = out_growing(HTTP_GET_LIMIT);
	out_printf(&g->request, "%s %s HTTP/1.1\r\nhost: %s\r\nuser-agent: lbd\r\nconnection: close\r\n",
		   r->type ? "POST" : "GET", r->target, r->authority);
	if (r->type)
		out_printf(&g->request, "content-type: %s\r\ncontent-length: %zu\r\n", r->type, r->body.len);
	out_puts(&g->request, "\r\n");
	if (r->type)
		out_bytes(&g->request, r->body.ptr, r->body.len);
	return !g->request.truncated;
}

static struct lookup *lookup_new(const struct http_get_request *r)
{
	struct lookup *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	atomic_init(&l->users, 1);
	snprintf(l->host, sizeof(l->host), "%s", r->host);
	snprintf(l->port, sizeof(l->port), "%s", r->port);
	l->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->event >= 0)
		return l;
	free(l);
	return NULL;
}

struct http_get *http_get_start(struct worker *w, const struct http_get_request *r,
				void (*done)(void *arg, int status, struct str body, const char *why),
				void *arg)
{
	struct http_get *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	conn_init(&g->conn, w, -1, ready);
	ev_init(&g->resolved, resolved);
	deadline_init(&g->deadline, late);
	g->done = done;
	g->arg = arg;
	g->accept = r->accept;
	g->lookup = lookup_new(r);
	if (!g->lookup || !request_write(g, r)) {
		http_get_cancel(&g);
		return NULL;
	}
	ev_io_set(&g->resolved, g->lookup->event, EV_READ);
	ev_io_start(w->loop, &g->resolved);
	deadline_set(w, &g->deadline, w->now + r->timeout);
	/* An address needs no thread, and comes back through the loop all the same. */
	if (resolve(g->lookup, AI_NUMERICHOST | AI_NUMERICSERV)) {
		uint64_t one = 1;

		atomic_store(&g->lookup->found, true);
		if (write(g->lookup->event, &one, sizeof(one)) == sizeof(one))
			return g;
	} else if (lookup_start(g->lookup)) {
		return g;
	}
	http_get_cancel(&g);
	return NULL;
}
