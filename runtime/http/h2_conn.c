/* One HTTP/2 connection: nghttp2's session between the socket's bytes and the streams. Its callbacks only leave
 * marks (see h2.h); frames that are to go out are collected in one buffer and sent together. Worker thread
 * only. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/http/h2.h"
#include "runtime/http/h2_callbacks.h"
#include "runtime/http/h2_turn.h"
#include "runtime/log/trace.h"

enum {
	FRAME_HEAD = 9,
	READ_SIZE = 16384,
	READS_AT_ONCE = 4,
	DEFAULT_WINDOW = 65535,
	DEFAULT_FRAME = 16384,
	DEFAULT_TABLE = 4096
};

static struct h2_stream *stream_find(nghttp2_session *ng, int32_t id)
{
	return nghttp2_session_get_stream_user_data(ng, id);
}

/* --- out */

/* Sends what is collected. */
static void push(struct h2_conn *h)
{
	if (h->blocked || h->dead || !h->out.len)
		return;
	if (conn_send(h->carrier, &h->out, false) < 0) {
		if (errno == EAGAIN)
			h->blocked = true;
		else
			h->dead = true;
		return;
	}
	h->active = h->carrier->worker->now;
	h->blocked = h->out.len > 0;
}

/* Room for n bytes, after sending if need be. */
static bool make_room(struct h2_conn *h, size_t n)
{
	if (!buf_take(h->carrier->worker, &h->out))
		return false;
	if (buf_room(&h->out) >= n)
		return true;
	push(h);
	buf_pack(&h->out);
	return buf_room(&h->out) >= n;
}

static void out_add(struct h2_conn *h, const void *data, size_t len)
{
	memcpy(h->out.data + h->out.off + h->out.len, data, len);
	h->out.len += (uint32_t)len;
}

static ssize_t on_send(nghttp2_session *ng, const uint8_t *data, size_t len, int flags, void *user)
{
	struct h2_conn *h = user;

	(void)ng, (void)flags;
	if (h->preface_out) {
		len = len < h->preface_out ? len : h->preface_out;
		h->preface_out = (uint8_t)(h->preface_out - len);
		return (ssize_t)len;
	}
	if (!make_room(h, len) && !make_room(h, 1))
		return h->dead || !h->out.data ? NGHTTP2_ERR_CALLBACK_FAILURE : NGHTTP2_ERR_WOULDBLOCK;
	if (len > buf_room(&h->out))
		len = buf_room(&h->out);
	out_add(h, data, len);
	return (ssize_t)len;
}

/* A DATA frame: its head, and the bytes from where the stream holds them. */
static int on_send_data(nghttp2_session *ng, nghttp2_frame *frame, const uint8_t *head, size_t len,
			nghttp2_data_source *source, void *user)
{
	struct h2_conn *h = user;
	struct h2_stream *st = source->ptr;

	(void)ng, (void)frame;
	if (!make_room(h, FRAME_HEAD + len))
		return h->dead || !h->out.data ? NGHTTP2_ERR_CALLBACK_FAILURE : NGHTTP2_ERR_WOULDBLOCK;
	out_add(h, head, FRAME_HEAD);
	if (len) {
		out_add(h, st->tx.data + st->tx.off, len);
		buf_eat(&st->tx, (uint32_t)len);
	}
	if (!st->tx.len)
		buf_drop(h->carrier->worker, &st->tx);
	if (st->tx_full && st->tx.len <= st->tx.cap / 2)
		h2_stream_wake(st);
	return 0;
}

ssize_t h2_stream_data(nghttp2_session *ng, int32_t id, uint8_t *buf, size_t length, uint32_t *flags,
		       nghttp2_data_source *source, void *user)
{
	struct h2_conn *h = user;
	struct h2_stream *st = source->ptr;
	size_t n = st->tx.len, most = h->carrier->worker->buffers.size - FRAME_HEAD;

	(void)ng, (void)id, (void)buf;
	if (!n && !st->tx_end) {
		st->deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	n = n < length ? n : length;
	n = n < most ? n : most;
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (st->tx_end && n == st->tx.len) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		if (st->tx_trailers) {
			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
			h2_trailers_submit(st, st->tx_trailers);
		}
	}
	return (ssize_t)n;
}

static void count_sent(struct h2_conn *h, const nghttp2_frame *frame)
{
	if (frame->hd.type == NGHTTP2_RST_STREAM)
		h2_conn_count(h, H2_RST_SENT);
	if (frame->hd.type != NGHTTP2_GOAWAY)
		return;
	h2_conn_count(h, H2_GOAWAY_SENT);
	if (frame->goaway.error_code == NGHTTP2_NO_ERROR)
		return;
	h2_conn_count(h, H2_CONN_ERRORS);
	h->broken = true;
}

static void count_received(struct h2_conn *h, const nghttp2_frame *frame)
{
	static const uint8_t counts[] = {
		[NGHTTP2_DATA] = H2_DATA_RCVD + 1,
		[NGHTTP2_RST_STREAM] = H2_RST_RCVD + 1,
		[NGHTTP2_SETTINGS] = H2_SETTINGS_RCVD + 1,
		[NGHTTP2_GOAWAY] = H2_GOAWAY_RCVD + 1,
	};

	if (frame->hd.type < sizeof(counts) && counts[frame->hd.type])
		h2_conn_count(h, counts[frame->hd.type] - 1);
}

/* By type of frame (RFC 9113, section 6). */
static const struct {
	const char *name;
	uint64_t received, sent;
} traced[] = {
	{"DATA", TRACE_BIT(H2, RX_DATA), TRACE_BIT(H2, TX_DATA)},
	{"HEADERS", TRACE_BIT(H2, RX_HDR), TRACE_BIT(H2, TX_HDR)},
	{"PRIORITY", TRACE_BIT(H2, RX_PRIO), TRACE_BIT(H2, TX_PRIO)},
	{"RST_STREAM", TRACE_BIT(H2, RX_RST) | TRACE_BIT(H2, RX_EOI),
	 TRACE_BIT(H2, TX_RST) | TRACE_BIT(H2, TX_EOI)},
	{"SETTINGS", TRACE_BIT(H2, RX_SETTINGS), TRACE_BIT(H2, TX_SETTINGS)},
	{"PUSH_PROMISE", TRACE_BIT(H2, RX_PUSH), TRACE_BIT(H2, TX_PUSH)},
	{"PING", TRACE_BIT(H2, RX_PING), TRACE_BIT(H2, TX_PING)},
	{"GOAWAY", TRACE_BIT(H2, RX_GOAWAY), TRACE_BIT(H2, TX_GOAWAY)},
	{"WINDOW_UPDATE", TRACE_BIT(H2, RX_WU), TRACE_BIT(H2, TX_WU)},
};

static void trace_frame(const struct h2_conn *h, const nghttp2_frame *frame, bool sent)
{
	size_t type = frame->hd.type;

	if (!trace_is_on(h->carrier->worker, TRACE_H2) || type >= sizeof(traced) / sizeof(*traced))
		return;
	TRACE(h->carrier->worker, H2,
	      sent ? traced[type].sent | TRACE_BIT(H2, TX_FRAME)
		   : traced[type].received | TRACE_BIT(H2, RX_FRAME),
	      TRACE_PROTO, trace_conn(h->carrier, !h->server), "%s H2 %s frame: stream=%d flags=0x%02x len=%zu",
	      sent ? "sent" : "rcvd", traced[type].name, frame->hd.stream_id, frame->hd.flags,
	      frame->hd.length);
}

/* Our message is out; who has no more use for the rest of the peer's says so (RFC 9113 section 8.1). */
static int on_frame_send(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct h2_conn *h = user;
	struct h2_stream *st;

	trace_frame(h, frame, true);
	count_sent(h, frame);
	if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) ||
	    (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS))
		return 0;
	st = stream_find(ng, frame->hd.stream_id);
	if (st && !st->conn && !st->rx_end)
		nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, st->id,
					  h->server && !st->tunnel ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
	return 0;
}

/* --- in */

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct h2_conn *h = user;
	struct h2_stream *st;

	if (frame->hd.type != NGHTTP2_HEADERS)
		return 0;
	h2_conn_count(h, H2_HEADERS_RCVD);
	if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
		st = h2_stream_new(h, frame->hd.stream_id);
		if (!st)
			return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
		nghttp2_session_set_stream_user_data(ng, frame->hd.stream_id, st);
		if (++h->total == h->settings.max_total_streams) /* this one is the last (manual,
								    tune.h2.fe.max-total-streams) */
			h2_conn_shutdown(h, NGHTTP2_NO_ERROR);
	} else {
		st = stream_find(ng, frame->hd.stream_id);
	}
	if (st && !h2_head_new(st))
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	return 0;
}

/* Nobody is told of it (RFC 9113 section 8.1.1), or its user is, that it is broken. */
static void malformed(struct h2_conn *h, struct h2_stream *st)
{
	h2_conn_glitch(h);
	h->bad += !st->told_new;
	st->malformed = true;
	h2_stream_refuse(st, NGHTTP2_PROTOCOL_ERROR);
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
		     const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct h2_stream *st = stream_find(ng, frame->hd.stream_id);

	(void)flags;
	if (!st || !st->coming ||
	    h2_head_field(st, str_make((const char *)name, name_len), str_make((const char *)value, value_len)))
		return 0;
	st->coming = NULL;
	malformed(user, st);
	return 0;
}

static void head_received(struct h2_conn *h, struct h2_stream *st, bool last)
{
	st->rx_end = st->rx_end || last;
	if (!h2_head_done(st, last)) {
		malformed(h, st);
		return;
	}
	if (h->server && !st->trailers)
		h2_conn_count(h, H2_TOTAL_STREAMS);
	h2_stream_wake(st);
}

static int on_frame_recv(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct h2_conn *h = user;
	struct h2_stream *st = frame->hd.stream_id ? stream_find(ng, frame->hd.stream_id) : NULL;
	bool last = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;

	trace_frame(h, frame, false);
	count_received(h, frame);
	if (frame->hd.type == NGHTTP2_GOAWAY)
		h->draining = true;
	if (frame->hd.type == NGHTTP2_PING && frame->hd.flags & NGHTTP2_FLAG_ACK)
		h->pinging = false;
	if (frame->hd.type == NGHTTP2_SETTINGS)
		h->settled = true;
	if (!st)
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS && st->coming) {
		head_received(h, st, last);
	} else if (frame->hd.type == NGHTTP2_DATA && last) {
		if (st->rx_left && st->rx_left != UINT64_MAX)
			malformed(h, st);
		st->rx_end = true;
		h2_stream_wake(st);
	}
	return 0;
}

/* The window of the connection is as wide as can be: streams have their own. With the first body, as HAProxy
 * does. */
static void window_open(nghttp2_session *ng, struct h2_conn *h)
{
	if (h->opened)
		return;
	h->opened = true;
	nghttp2_session_set_local_window_size(ng, NGHTTP2_FLAG_NONE, 0, INT32_MAX);
}

/* A body gets its share of what is left for wider windows, once (manual, tune.h2.fe.rxbuf): few long ones
 * become fast, many cannot take more memory than that. */
static void window_widen(nghttp2_session *ng, struct h2_conn *h, struct h2_stream *st)
{
	uint32_t share = h->settings.rxbuf / (h->nstreams ? h->nstreams : 1),
		 left = h->settings.rxbuf - h->granted;
	uint32_t grant = share < left ? share : left;
	int32_t now = nghttp2_session_get_stream_effective_local_window_size(ng, st->id);

	if (st->granted || !grant || now <= 0 || grant > (uint32_t)(INT32_MAX - now))
		return;
	st->granted = grant;
	h->granted += grant;
	nghttp2_session_set_local_window_size(ng, NGHTTP2_FLAG_NONE, st->id, now + (int32_t)grant);
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *user)
{
	struct h2_stream *st = stream_find(ng, id);

	window_open(ng, user);
	nghttp2_session_consume_connection(ng, len);
	if (!st || (st->told_new && !st->conn))
		return 0; /* nobody waits for it */
	if (!(flags & NGHTTP2_FLAG_END_STREAM))
		window_widen(ng, user, st);
	if (len > st->rx_left) {
		h2_conn_count(user, H2_STREAM_ERRORS);
		malformed(user, st);
		return 0;
	}
	if (st->rx_left != UINT64_MAX)
		st->rx_left -= len;
	if (!h2_stream_take(st, data, len))
		nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
	else
		h2_stream_wake(st);
	return 0;
}

static int on_stream_close(nghttp2_session *ng, int32_t id, uint32_t code, void *user)
{
	struct h2_stream *st = stream_find(ng, id);

	(void)user;
	if (st)
		h2_stream_closed(st, code);
	return 0;
}

static int on_invalid_frame(nghttp2_session *ng, const nghttp2_frame *frame, int error, void *user)
{
	(void)ng, (void)frame, (void)error;
	h2_conn_glitch(user);
	return 0;
}

nghttp2_session_callbacks *h2_callbacks_new(void)
{
	nghttp2_session_callbacks *cb;

	if (nghttp2_session_callbacks_new(&cb))
		return NULL;
	nghttp2_session_callbacks_set_send_callback(cb, on_send);
	nghttp2_session_callbacks_set_send_data_callback(cb, on_send_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_send);
	nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(cb, on_invalid_frame);
	return cb;
}

static void feed(struct h2_conn *h, const void *data, size_t len)
{
	h->active = h->carrier->worker->now;
	if (nghttp2_session_mem_recv(h->ng, data, len) < 0) {
		nghttp2_session_send(h->ng);
		push(h);
		h->broken = true;
		h2_conn_kill(h);
	}
	h2_desk_dirty(h);
}

/* Nothing else differs: each side's SETTINGS are the ones that the other waits for. */
void h2_conn_reverse(struct h2_conn *h)
{
	h->preface_in = h->preface_out = NGHTTP2_CLIENT_MAGIC_LEN;
}

/* The client's preface; false: it is not. */
static bool preface_take(struct h2_conn *h, const char **data, size_t *len)
{
	static const char magic[] = NGHTTP2_CLIENT_MAGIC;
	size_t n = *len < h->preface_in ? *len : h->preface_in;

	if (memcmp(*data, &magic[NGHTTP2_CLIENT_MAGIC_LEN - h->preface_in], n) != 0)
		return false;
	h->preface_in = (uint8_t)(h->preface_in - n);
	*data += n;
	*len -= n;
	return true;
}

void h2_conn_feed(struct h2_conn *h, const void *bytes, size_t len)
{
	const char *data = bytes;

	if (h->preface_in && !preface_take(h, &data, &len)) {
		h->broken = true;
		h2_conn_kill(h);
		h2_desk_dirty(h);
		return;
	}
	if (len)
		feed(h, data, h->turn ? h2_turn_take(h, data, len) : len);
}

bool h2_conn_ping(struct h2_conn *h)
{
	if (h->pinging)
		return false;
	h->pinging = true;
	nghttp2_submit_ping(h->ng, NGHTTP2_FLAG_NONE, NULL);
	h2_desk_dirty(h);
	return true;
}

/* Records of TLS that have arrived together are read together, so that a request meets its body where both came
 * in one packet: at most a few at a time. False: nothing more now. */
static bool receive(struct h2_conn *h)
{
	char data[READ_SIZE];
	ssize_t n = h->carrier->transport->recv(h->carrier, data, sizeof(data));

	if (n > 0)
		h2_conn_feed(h, data, (size_t)n);
	else if (n == 0 || errno != EAGAIN)
		h2_conn_kill(h);
	return n > 0 && !h->dead && h->carrier->flags & CONN_PENDING && !h2_turn_is_over(h);
}

void h2_conn_ready(struct h2_conn *h, int revents)
{
	int left = READS_AT_ONCE;

	if (revents & EV_WRITE) {
		h->blocked = false;
		h2_desk_dirty(h);
	}
	if (!(revents & EV_READ) || h2_turn_is_over(h))
		return;
	while (receive(h) && --left)
		;
	if (left < READS_AT_ONCE && !(h->carrier->flags & CONN_PENDING))
		ev_clear_pending(h->carrier->worker->loop, &h->carrier->io); /* what told of it */
}

/* --- life */

static uint32_t settings_of(const struct h2_conn *h, nghttp2_settings_entry *iv)
{
	const struct h2_settings *s = &h->settings;
	uint32_t n = 0;

	if (!h->server)
		iv[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
	else if (!h->bad_client)
		iv[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1};
	if (s->header_table_size && s->header_table_size != DEFAULT_TABLE)
		iv[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, s->header_table_size};
	if (s->initial_window && s->initial_window != DEFAULT_WINDOW)
		iv[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, s->initial_window};
	iv[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, s->max_streams};
	if (s->max_frame && s->max_frame != DEFAULT_FRAME)
		iv[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_FRAME_SIZE, s->max_frame};
	return n;
}

static bool session_begin(struct h2_conn *h)
{
	nghttp2_session_callbacks *cb = h2_desk_callbacks(h->carrier->worker);
	nghttp2_settings_entry iv[6];
	nghttp2_option *o;
	int error;

	if (!cb || nghttp2_option_new(&o))
		return false;
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_option_set_no_http_messaging(o, 1);
	nghttp2_option_set_no_closed_streams(o, 1);
	error = h->server ? nghttp2_session_server_new3(&h->ng, cb, h, o, h2_desk_mem(h->carrier->worker))
			  : nghttp2_session_client_new3(&h->ng, cb, h, o, h2_desk_mem(h->carrier->worker));
	nghttp2_option_del(o);
	if (error)
		return false;
	return !nghttp2_submit_settings(h->ng, NGHTTP2_FLAG_NONE, iv, settings_of(h, iv));
}

struct h2_conn *h2_conn_new(struct conn *carrier, bool server, const struct h2_settings *settings,
			    const struct h2_owner *owner, void *user, uint64_t *counts)
{
	struct h2_conn *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->carrier = carrier;
	h->server = server;
	h->settings = *settings;
	h->owner = owner;
	h->user = user;
	h->counts = counts;
	h->active = carrier->worker->now;
	list_init(&h->streams);
	list_init(&h->dirty);
	if (!h2_turn_begin(h) || !session_begin(h)) {
		nghttp2_session_del(h->ng);
		h2_turn_free(h);
		free(h);
		return NULL;
	}
	h2_conn_count(h, H2_OPEN_CONNS);
	h2_conn_count(h, H2_TOTAL_CONNS);
	h2_desk_dirty(h);
	TRACE(carrier->worker, H2, TRACE_BIT(H2, H2C_NEW), TRACE_STATE, trace_conn(carrier, !server),
	      "new H2 connection");
	return h;
}

void h2_conn_free(struct h2_conn **hp)
{
	struct h2_conn *h = *hp;

	if (!h)
		return;
	*hp = NULL;
	TRACE(h->carrier->worker, H2, TRACE_BIT(H2, H2C_END), TRACE_STATE, trace_conn(h->carrier, !h->server),
	      "end of H2 connection");
	while (!list_empty(&h->streams)) {
		struct h2_stream *st = LIST_OF(h->streams.next, struct h2_stream, node);

		if (st->conn)
			st->conn->transport_state = NULL;
		h2_stream_free(st);
	}
	list_remove(&h->dirty);
	h2_conn_uncount(h, H2_OPEN_CONNS);
	nghttp2_session_del(h->ng);
	h2_turn_free(h);
	buf_drop(h->carrier->worker, &h->out);
	free(h);
}

void h2_conn_kill(struct h2_conn *h)
{
	struct list *node, *next;

	h->dead = h->draining = true;
	conn_want(h->carrier, 0);
	for (node = h->streams.next; node != &h->streams; node = next) {
		next = node->next;
		h2_stream_closed(LIST_OF(node, struct h2_stream, node), NGHTTP2_CANCEL);
	}
	h2_desk_dirty(h);
}

void h2_conn_shutdown(struct h2_conn *h, uint32_t code)
{
	if (h->dead)
		return;
	h->draining = true;
	nghttp2_submit_goaway(h->ng, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h->ng), code,
			      NULL, 0);
	h2_desk_dirty(h);
}

void h2_conn_flush(struct h2_conn *h)
{
	if (!h->dead && !h->blocked && nghttp2_session_send(h->ng))
		h->dead = true;
	push(h);
	if (h->out.data && !h->out.len)
		buf_drop(h->carrier->worker, &h->out);
	if (!h->dead && !h->out.len && !nghttp2_session_want_read(h->ng) && !nghttp2_session_want_write(h->ng))
		h->dead = true;
	if (h->dead) {
		h2_conn_kill(h);
		list_remove(&h->dirty);
		return;
	}
	conn_want(h->carrier, EV_READ | (h->blocked ? EV_WRITE : 0));
}

void h2_conn_glitch(struct h2_conn *h)
{
	uint32_t most = h->settings.glitches_threshold;

	if (++h->glitches >= most && most && !h->dead &&
	    atomic_load(&h->carrier->worker->cpu_usage) >= h->settings.glitches_cpu)
		nghttp2_session_terminate_session(h->ng, NGHTTP2_ENHANCE_YOUR_CALM);
}

bool h2_conn_has_room(const struct h2_conn *h)
{
	uint32_t most = h->settings.max_streams,
		 theirs = nghttp2_session_get_remote_settings(h->ng, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);

	return !h->dead && !h->draining && h->nstreams < (theirs < most ? theirs : most) &&
	       nghttp2_session_get_next_stream_id(h->ng) < INT32_MAX - 1;
}
