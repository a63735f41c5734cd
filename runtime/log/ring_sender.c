/* Sending a ring's lines to a server over TCP or a unix stream socket, framed as RFC 6587 has it: each line
 * behind its length ("octet-count") or in front of a line feed ("legacy"). Lines are taken from the ring in
 * batches; of a batch that a lost connection interrupts, the lines that were not wholly handed over are sent
 * again. The ring keeps what was not taken. Only callbacks of the loop come here, on worker 0. */
#include "runtime/log/ring_sender.h"

#include <errno.h>
#include <string.h>

#include "runtime/core/process.h"
#include "runtime/net/address.h"
#include "runtime/tls/tls.h"

static struct ring_sender *sender_of(struct conn *c)
{
	return (struct ring_sender *)c;
}

static void sender_connect(struct ring_sender *s);

/* --- the batch */

static void batch_add(struct ring_sender *s)
{
	if (s->conf->log_proto)
		out_printf(&s->batch, "%zu ", s->line.len);
	out_str(&s->batch, out_get(&s->line));
	if (!s->conf->log_proto)
		out_char(&s->batch, '\n');
	s->ends[s->nlines++] = s->batch.len;
}

/* True: there is something to send. */
static bool batch_fill(struct ring_sender *s)
{
	if (s->sent < s->batch.len)
		return true;
	s->sent = s->batch.len = 0;
	s->nlines = 0;
	while (s->nlines < RING_BATCH && s->batch.len < RING_BATCH_BYTES && ring_next(&s->reader, &s->line))
		batch_add(s);
	return s->batch.len > 0;
}

/* Back to the beginning of the line that was interrupted. */
static void batch_rewind(struct ring_sender *s)
{
	size_t start = 0;

	for (uint32_t i = 0; i < s->nlines && s->ends[i] <= s->sent; i++)
		start = s->ends[i];
	s->sent = start;
}

/* --- the connection */

static void sender_close(struct ring_sender *s)
{
	conn_close(&s->conn, false);
	deadline_clear(&s->deadline);
	batch_rewind(s);
	s->state = SENDER_IDLE;
}

/* Who has taken lines gets the next ones at once, others are left alone for a while. */
static void sender_lost(struct ring_sender *s)
{
	bool at_once = s->delivered;

	sender_close(s);
	s->delivered = false;
	deadline_set(s->worker, &s->deadline, s->worker->now + (at_once ? 1 : RING_RETRY_MS));
}

static void sender_send(struct ring_sender *s)
{
	bool pending = batch_fill(s);

	if (pending) {
		struct iovec iov = {s->batch.buf + s->sent, s->batch.len - s->sent};
		ssize_t n = conn_sendv(&s->conn, &iov, 1, false);

		if (n < 0 && s->conn.flags & CONN_ERROR) {
			sender_lost(s);
			return;
		}
		if (n > 0) {
			s->sent += (size_t)n;
			s->delivered = true;
			deadline_clear(&s->deadline);
		}
		pending = batch_fill(s);
	}
	if (pending && s->timeout_server && !deadline_is_set(&s->deadline))
		deadline_set(s->worker, &s->deadline, s->worker->now + s->timeout_server);
	conn_want(&s->conn, EV_READ | (pending ? EV_WRITE : 0));
}

static void sender_open(struct ring_sender *s)
{
	deadline_clear(&s->deadline);
	s->state = SENDER_OPEN;
	sender_send(s);
}

static void sender_secure(struct ring_sender *s)
{
	switch (tls_handshake(&s->conn)) {
	case TLS_AGAIN:
		return;
	case TLS_FAILED:
		sender_lost(s);
		return;
	case TLS_DONE:
		sender_open(s);
		return;
	}
}

static void sender_connected(struct ring_sender *s)
{
	if (!s->tls) {
		sender_open(s);
		return;
	}
	if (!tls_conn_connect(&s->conn, s->tls, STR_NONE, STR_NONE)) {
		sender_lost(s);
		return;
	}
	s->state = SENDER_SECURING;
	conn_want(&s->conn, EV_READ | EV_WRITE);
}

/* Receivers say nothing that matters to us; only that they end does. False: it has ended. */
static bool sender_listen(struct ring_sender *s)
{
	char noise[4096];
	ssize_t n = s->conn.transport->recv(&s->conn, noise, sizeof(noise));

	return n > 0 || (n < 0 && !(s->conn.flags & (CONN_ERROR | CONN_EOF)));
}

static void sender_ready(struct conn *c, int revents)
{
	struct ring_sender *s = sender_of(c);
	int error;

	switch (s->state) {
	case SENDER_CONNECTING:
		error = conn_connect_result(c, revents);
		if (error && error != EINPROGRESS)
			sender_lost(s);
		else if (!error)
			sender_connected(s);
		break;
	case SENDER_SECURING:
		sender_secure(s);
		break;
	case SENDER_OPEN:
		if (revents & EV_READ && !sender_listen(s))
			sender_lost(s);
		else if (revents & EV_WRITE)
			sender_send(s);
		break;
	default:
		break;
	}
}

static void sender_late(struct worker *w, struct deadline *d)
{
	struct ring_sender *s = LIST_OF(d, struct ring_sender, deadline);

	(void)w;
	if (s->state == SENDER_IDLE)
		sender_connect(s);
	else
		sender_lost(s);
}

static void sender_woken(struct ev_loop *loop, ev_async *async, int revents)
{
	struct ring_sender *s = async->data;

	(void)loop;
	(void)revents;
	if (s->state == SENDER_OPEN && !(s->conn.wants & EV_WRITE))
		sender_send(s);
}

static void sender_connect(struct ring_sender *s)
{
	struct sockaddr_storage ss;
	socklen_t len;

	s->state = SENDER_CONNECTING;
	if (!address_from_conf(&s->conf->addr, s->conf->addr.port, &ss, &len) ||
	    conn_connect(&s->conn, s->worker, (union addr *)&ss, len, NULL, sender_ready)) {
		sender_lost(s);
		return;
	}
	if (s->timeout_connect)
		deadline_set(s->worker, &s->deadline, s->worker->now + s->timeout_connect);
}

/* --- life */

void ring_sender_init(struct ring_sender *s, struct ring *ring, const struct server_conf *conf,
		      uint32_t timeout_connect, uint32_t timeout_server)
{
	s->ring = ring;
	s->conf = conf;
	s->timeout_connect = timeout_connect;
	s->timeout_server = timeout_server;
	s->conn.io.fd = -1;
	s->line = out_growing(ring->max_len + 1);
	s->batch = out_growing(RING_BATCH_BYTES + ring->max_len + 64);
	deadline_init(&s->deadline, sender_late);
}

void ring_sender_start(struct ring_sender *s, struct worker *w)
{
	s->worker = w;
	s->tls = tls_back_of(w->process->generation->tls, s->conf);
	ring_attach(s->ring, &s->reader, w->loop, false, true, sender_woken, s);
	sender_connect(s);
}

void ring_sender_stop(struct ring_sender *s)
{
	struct iovec iov;
	ssize_t n = 1;

	if (!s->reader.ring)
		return;
	while (s->state == SENDER_OPEN && n > 0 && batch_fill(s)) {
		iov = (struct iovec){s->batch.buf + s->sent, s->batch.len - s->sent};
		n = conn_sendv(&s->conn, &iov, 1, false);
		s->sent += n > 0 ? (size_t)n : 0;
	}
	ring_detach(&s->reader);
	sender_close(s);
}

void ring_sender_free(struct ring_sender *s)
{
	out_free(&s->line);
	out_free(&s->batch);
}
