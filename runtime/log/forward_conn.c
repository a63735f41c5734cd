/* Log lines over TCP, one connection: RFC 6587's two framings, told apart by the first byte of each message. A
 * digit begins a length, "<" a line; anything else, a length that is none or does not fit into a buffer, and a
 * line that does not, end the connection. Only callbacks of the loop end it; on the worker that accepted it. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/core/process.h"
#include "runtime/log/forward_state.h"
#include "runtime/tls/tls.h"

struct forward_conn {
	struct conn conn; /* first member */
	struct list node; /* forwards->conns of its worker */
	struct forward *forward;
	struct listener *listener;
	union addr from;
	struct buf in;
	struct deadline deadline;
	bool secured;
};

static void conn_end(struct forward_conn *c)
{
	struct worker *w = c->conn.worker;

	conn_close(&c->conn, false);
	deadline_clear(&c->deadline);
	list_remove(&c->node);
	buf_drop(w, &c->in);
	listener_release(w, c->listener);
	free(c);
	worker_job_end(w);
}

/* Hands over what is whole. False: the connection cannot go on. */
static bool messages_take(struct forward_conn *c)
{
	enum syslog_framing frame;
	struct str message;
	size_t taken;

	for (;;) {
		struct str in = str_make(c->in.data ? c->in.data + c->in.off : NULL, c->in.len);

		frame = syslog_frame(in, c->forward->conf->assume_ntf, &message, &taken);
		if (frame != SYSLOG_WHOLE)
			break;
		forward_message(c->conn.worker, c->forward, message, &c->from);
		buf_eat(&c->in, (uint32_t)taken);
	}
	if (!c->in.len)
		buf_drop(c->conn.worker, &c->in);
	else
		buf_pack(&c->in);
	return frame == SYSLOG_MORE &&
	       (!c->in.data || (buf_room(&c->in) && taken <= c->in.len + buf_room(&c->in)));
}

/* --- the loop's side */

static void conn_receive(struct forward_conn *c)
{
	struct worker *w = c->conn.worker;
	ssize_t n = conn_recv(&c->conn, &c->in);
	uint32_t patience = c->forward->conf->timeout_client;

	if (n < 0 && errno == EAGAIN && !(c->conn.flags & CONN_ERROR)) {
		if (!c->in.len)
			buf_drop(w, &c->in);
		return;
	}
	if (n <= 0 || !messages_take(c)) {
		conn_end(c);
		return;
	}
	if (patience)
		deadline_set(w, &c->deadline, w->now + patience);
}

static void conn_secure(struct forward_conn *c)
{
	switch (tls_handshake(&c->conn)) {
	case TLS_AGAIN:
		return;
	case TLS_FAILED:
		conn_end(c);
		return;
	case TLS_DONE:
		c->secured = true;
		conn_want(&c->conn, EV_READ);
		return;
	}
}

static void conn_ready(struct conn *conn, int revents)
{
	struct forward_conn *c = (struct forward_conn *)conn;

	(void)revents;
	if (c->secured)
		conn_receive(c);
	else
		conn_secure(c);
}

static void conn_late(struct worker *w, struct deadline *d)
{
	(void)w;
	conn_end(LIST_OF(d, struct forward_conn, deadline));
}

void forward_accept(struct worker *w, struct listener *l, int fd, const union addr *from)
{
	struct forward_conn *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		listener_release(w, l);
		return;
	}
	c->forward = LIST_OF(l->proxy, struct forward, px);
	c->listener = l;
	c->from = *from;
	c->secured = !l->tls;
	list_append(&w->process->forwards->conns[w->id], &c->node);
	deadline_init(&c->deadline, conn_late);
	if (c->forward->conf->timeout_client)
		deadline_set(w, &c->deadline, w->now + c->forward->conf->timeout_client);
	conn_init(&c->conn, w, fd, conn_ready);
	worker_job_begin(w);
	if (l->tls && !tls_conn_accept(&c->conn, l->tls)) {
		conn_end(c);
		return;
	}
	conn_want(&c->conn, EV_READ);
}

void forwards_stop(struct worker *w)
{
	struct forwards *all = w->process->forwards;

	forwards_unwatch(w);
	while (all && !list_empty(&all->conns[w->id]))
		conn_end(LIST_OF(all->conns[w->id].next, struct forward_conn, node));
}
