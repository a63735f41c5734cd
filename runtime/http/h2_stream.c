/* One stream as a connection: bodies through its transport, all else through its mux_ops. What has arrived is
 * kept in pieces, never more than the window that was granted, and the window opens again as they are read;
 * what is to be sent waits in one buffer. A stream lives until both its user and nghttp2 are done with it.
 * Worker thread only. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/http/h2.h"

struct h2_piece {
	struct h2_piece *next;
	uint32_t off, len, cap;
	char data[];
};

static const struct transport transport;
static const struct mux_ops mux;

bool conn_is_h2(const struct conn *c)
{
	return c->transport == &transport;
}

struct h2_stream *h2_stream_new(struct h2_conn *h, int32_t id)
{
	struct h2_stream *st = pool_get(h2_desk_pool(h->carrier->worker));

	if (!st)
		return NULL;
	memset(st, 0, sizeof(*st));
	st->h2 = h;
	st->id = id;
	list_init(&st->ready);
	list_append(&h->streams, &st->node);
	h->nstreams++;
	h2_conn_count(h, H2_OPEN_STREAMS);
	if (!h->server)
		h2_conn_count(h, H2_TOTAL_STREAMS);
	scratch_init(&st->scratch, &h->carrier->worker->scratch);
	return st;
}

static void rx_drop(struct h2_stream *st)
{
	while (st->rx) {
		struct h2_piece *p = st->rx;

		st->rx = p->next;
		pool_put(&st->h2->carrier->worker->buffers, p);
	}
}

void h2_stream_free(struct h2_stream *st)
{
	struct h2_conn *h = st->h2;

	if (!st->closed && st->id)
		nghttp2_session_set_stream_user_data(h->ng, st->id, NULL);
	if (st->conn)
		h->nattached--;
	h->nstreams--;
	h->granted -= st->granted;
	h2_conn_uncount(h, H2_OPEN_STREAMS);
	list_remove(&st->node);
	list_remove(&st->ready);
	rx_drop(st);
	buf_drop(h->carrier->worker, &st->tx);
	scratch_reset(&st->scratch);
	pool_put(h2_desk_pool(h->carrier->worker), st);
}

void h2_stream_attach(struct h2_stream *st, struct conn *c, void (*ready)(struct conn *, int))
{
	conn_init(c, st->h2->carrier->worker, -1, ready);
	c->transport = &transport;
	c->transport_state = st;
	c->mux = &mux;
	st->conn = c;
	st->told_new = true;
	st->h2->nattached++;
}

void h2_stream_refuse(struct h2_stream *st, uint32_t code)
{
	st->told_new = true;
	list_remove(&st->ready);
	if (!st->closed)
		nghttp2_submit_rst_stream(st->h2->ng, NGHTTP2_FLAG_NONE, st->id, code);
	h2_desk_dirty(st->h2);
}

/* --- what arrives */

static struct h2_piece *piece_new(struct h2_stream *st)
{
	struct pool *pool = &st->h2->carrier->worker->buffers;
	struct h2_piece *p = pool_get(pool);

	if (!p)
		return NULL;
	p->next = NULL;
	p->off = p->len = 0;
	p->cap = (uint32_t)(pool->size - offsetof(struct h2_piece, data));
	if (st->rx)
		st->rx_last->next = p;
	else
		st->rx = p;
	st->rx_last = p;
	return p;
}

bool h2_stream_take(struct h2_stream *st, const uint8_t *data, size_t len)
{
	while (len) {
		struct h2_piece *p = st->rx ? st->rx_last : NULL;
		uint32_t room = p ? p->cap - p->off - p->len : 0;
		size_t n;

		if (!room) {
			p = piece_new(st);
			if (!p)
				return false;
			room = p->cap;
		}
		n = len < room ? len : room;
		memcpy(p->data + p->off + p->len, data, n);
		p->len += (uint32_t)n;
		data += n;
		len -= n;
	}
	return true;
}

static size_t rx_read(struct h2_stream *st, char *to, size_t size)
{
	size_t done = 0;

	while (st->rx && done < size) {
		struct h2_piece *p = st->rx;
		size_t n = p->len < size - done ? p->len : size - done;

		memcpy(to + done, p->data + p->off, n);
		p->off += (uint32_t)n;
		p->len -= (uint32_t)n;
		done += n;
		if (p->len)
			break;
		st->rx = p->next;
		pool_put(&st->h2->carrier->worker->buffers, p);
	}
	return done;
}

static ssize_t stream_recv(struct conn *c, void *data, size_t size)
{
	struct h2_stream *st = h2_stream_of(c);
	size_t n = st ? rx_read(st, data, size) : 0;

	if (n) {
		if (!st->closed && !st->rx_end) {
			nghttp2_session_consume_stream(st->h2->ng, st->id, n);
			h2_desk_dirty(st->h2);
		}
		return (ssize_t)n;
	}
	if (!st || st->failed) {
		errno = ECONNRESET;
		return conn_failed(c);
	}
	if (st->rx_end && st->tunnel) {
		c->flags |= CONN_EOF;
		st->rx_told = true;
		return 0;
	}
	errno = EAGAIN;
	return -1;
}

/* --- what is sent */

static ssize_t stream_sendv(struct conn *c, const struct iovec *iov, int n, bool more)
{
	struct h2_stream *st = h2_stream_of(c);
	size_t done = 0;
	bool all = true;

	(void)more;
	if (!st || st->closed || st->failed || st->tx_end) {
		errno = EPIPE;
		return conn_failed(c);
	}
	if (!buf_take(c->worker, &st->tx)) {
		errno = ENOMEM;
		return conn_failed(c);
	}
	for (int i = 0; i < n && all; i++) {
		size_t len = iov[i].iov_len;

		if (buf_room(&st->tx) < len)
			buf_pack(&st->tx);
		if (len > buf_room(&st->tx))
			len = buf_room(&st->tx);
		if (len)
			memcpy(st->tx.data + st->tx.off + st->tx.len, iov[i].iov_base, len);
		st->tx.len += (uint32_t)len;
		done += len;
		all = len == iov[i].iov_len;
	}
	st->tx_full = !all;
	if (st->deferred) {
		st->deferred = false;
		nghttp2_session_resume_data(st->h2->ng, st->id);
	}
	h2_desk_dirty(st->h2);
	if (done)
		return (ssize_t)done;
	errno = EAGAIN;
	return -1;
}

static void tx_finish(struct h2_stream *st, struct http_msg *trailers)
{
	if (st->tx_end || st->closed)
		return;
	st->tx_end = true;
	if (trailers && trailers->nhdrs)
		st->tx_trailers = trailers;
	if (st->deferred) {
		st->deferred = false;
		nghttp2_session_resume_data(st->h2->ng, st->id);
	}
	h2_desk_dirty(st->h2);
}

static void stream_shut(struct conn *c)
{
	struct h2_stream *st = h2_stream_of(c);

	if (st)
		tx_finish(st, NULL);
}

/* A reset of what is not complete. Our complete message is to get through first: on_frame_send() goes on. */
static void reset_rest(struct h2_stream *st)
{
	struct h2_conn *h = st->h2;
	uint32_t code = h->server && !st->tx_begun ? NGHTTP2_REFUSED_STREAM : NGHTTP2_CANCEL;

	if (!st->tx_end || (!h->server && !st->rx_end))
		nghttp2_submit_rst_stream(h->ng, NGHTTP2_FLAG_NONE, st->id, code);
}

/* A rule rejects the client, and not only this stream of it. */
static void connection_reset(struct h2_stream *st)
{
	nghttp2_session *ng = st->h2->ng;

	nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, st->id, NGHTTP2_ENHANCE_YOUR_CALM);
	nghttp2_session_terminate_session(ng, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void stream_close(struct conn *c)
{
	struct h2_stream *st = h2_stream_of(c);
	struct h2_conn *h;

	if (!st)
		return;
	h = st->h2;
	c->transport_state = NULL;
	c->wants = 0;
	st->conn = NULL;
	h->nattached--;
	list_remove(&st->ready);
	rx_drop(st);
	if (st->closed || !st->id)
		h2_stream_free(st);
	else if (h->server && c->flags & CONN_RESET)
		connection_reset(st);
	else
		reset_rest(st);
	h2_desk_dirty(h);
}

/* --- telling */

static bool readable(const struct h2_stream *st)
{
	return st->rx || st->heads || (st->rx_end && !st->rx_told);
}

static bool writable(const struct h2_stream *st)
{
	return !st->tx.data || st->tx.len <= st->tx.cap / 2;
}

void h2_stream_wake(struct h2_stream *st)
{
	const struct conn *c = st->conn;

	if (!c ? !st->told_new && st->heads
	       : st->failed || (c->wants & EV_READ && readable(st)) || (c->wants & EV_WRITE && writable(st)))
		h2_desk_ready(st);
}

static void stream_want(struct conn *c, int events)
{
	struct h2_stream *st = h2_stream_of(c);

	if (st && events)
		h2_stream_wake(st);
}

void h2_stream_closed(struct h2_stream *st, uint32_t code)
{
	if (st->closed)
		return;
	st->closed = true;
	st->error = code;
	if (!st->conn) {
		h2_stream_free(st);
		return;
	}
	st->failed = !st->rx_end || code != NGHTTP2_NO_ERROR || st->malformed;
	h2_stream_wake(st);
}

void h2_stream_tell(struct h2_stream *st)
{
	struct conn *c = st->conn;
	int events = 0;

	if (!c) {
		st->told_new = true;
		st->h2->owner->opened(st->h2, st);
		return;
	}
	if (st->failed && !(c->flags & CONN_ERROR)) {
		c->flags |= CONN_ERROR;
		c->error = ECONNRESET;
		events = EV_READ | EV_WRITE;
	}
	if (c->wants & EV_READ && readable(st))
		events |= EV_READ;
	if (c->wants & EV_WRITE && writable(st))
		events |= EV_WRITE;
	if (!events)
		return;
	if (st->rx)
		h2_desk_ready(st); /* some of it may be left */
	else
		st->rx_told = st->rx_end;
	c->ready(c, events);
}

/* --- messages */

static enum h1_result mux_head(struct conn *c, struct http_msg *m)
{
	struct h2_stream *st = h2_stream_of(c);
	struct h2_head *head = st ? st->heads : NULL;
	struct scratch *scratch = m->scratch;
	uint8_t method = m->method;

	if (!head)
		return H1_MORE;
	st->heads = head->next;
	*m = head->msg;
	m->scratch = scratch;
	if (head->refused)
		return H1_BAD;
	if (m->is_response)
		m->method = method;
	return H1_DONE;
}

static bool mux_ended(const struct conn *c)
{
	const struct h2_stream *st = h2_stream_of(c);

	return st && st->rx_end && !st->rx;
}

static struct http_msg *mux_trailers(struct conn *c)
{
	struct h2_stream *st = h2_stream_of(c);

	return st ? st->trailers : NULL;
}

static bool mux_send_head(struct conn *c, struct http_msg *m, bool last)
{
	struct h2_stream *st = h2_stream_of(c);
	bool final = !m->is_response || m->status >= 200 || m->status == 101;

	if (!st || st->closed || st->failed)
		return true; /* its user will hear of it */
	if (!h2_head_submit(st, m, last))
		return false;
	st->tx_begun = st->tx_begun || final;
	st->tx_end = st->tx_end || (last && (m->is_response || !st->tunnel));
	h2_desk_dirty(st->h2);
	return true;
}

static bool trailers_copy(struct h2_stream *st, const struct http_msg *from, struct http_msg **to)
{
	struct http_msg *m = scratch_alloc(&st->scratch, sizeof(*m));

	if (!m)
		return false;
	*m = (struct http_msg){.scratch = &st->scratch};
	for (const struct http_hdr *h = from->hdrs; h < http_hdrs_end(from); h++) {
		struct str name = scratch_dup(&st->scratch, str_make(h->name, h->name_len));
		struct str value = scratch_dup(&st->scratch, str_make(h->value, h->value_len));

		if (!h->deleted && (!name.ptr || !value.ptr || !http_add(m, name, value)))
			return false;
	}
	*to = m;
	return true;
}

static void mux_end(struct conn *c, struct http_msg *trailers)
{
	struct h2_stream *st = h2_stream_of(c);
	struct http_msg *copy = NULL;

	if (!st)
		return;
	if (trailers && trailers->nhdrs && !trailers_copy(st, trailers, &copy))
		copy = NULL;
	tx_finish(st, copy);
}

static bool mux_refused(const struct conn *c)
{
	const struct h2_stream *st = h2_stream_of(c);

	return st && st->closed && st->error == NGHTTP2_REFUSED_STREAM;
}

static int64_t mux_ask(const struct conn *c, enum eval_mux what)
{
	const struct h2_stream *st = h2_stream_of(c);
	const struct h2_conn *h = st ? st->h2 : NULL;

	if (what == EVAL_MUX_MAJOR || !h)
		return h ? 2 : -1;
	switch (what) {
	case EVAL_MUX_STREAMS:
		return h->nstreams;
	case EVAL_MUX_GLITCHES:
		return h->glitches;
	case EVAL_MUX_ID:
		return st->id;
	case EVAL_MUX_RESET:
		return st->closed && st->error != NGHTTP2_NO_ERROR ? (int64_t)st->error : -1;
	case EVAL_MUX_ABORTED:
		return st->closed && st->error != NGHTTP2_NO_ERROR;
	default:
		return h->server ? h->settings.max_streams
				 : nghttp2_session_get_remote_settings(h->ng,
								       NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
	}
}

static struct conn *mux_carrier(const struct conn *c)
{
	const struct h2_stream *st = h2_stream_of(c);

	return st ? st->h2->carrier : (struct conn *)(uintptr_t)c;
}

static const struct transport transport = {
	.recv = stream_recv,
	.sendv = stream_sendv,
	.shut = stream_shut,
	.close = stream_close,
	.want = stream_want,
};

static const struct mux_ops mux = {
	.version = 20,
	.head = mux_head,
	.ended = mux_ended,
	.trailers = mux_trailers,
	.send_head = mux_send_head,
	.end = mux_end,
	.refused = mux_refused,
	.carrier = mux_carrier,
	.ask = mux_ask,
};
