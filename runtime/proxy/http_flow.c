/* Bodies: from the buffer of one side into the queue of the other, by length, by chunks (RFC 9112 section 7.1),
 * to the end of the connection or through a tunnel. Data are queued where they lie; chunks are framed anew.
 * Nothing is decoded before what was decoded is sent, so that a slow reader holds one buffer and no more. A
 * flow belongs to its stream. */
#include "runtime/proxy/stream_trace.h"
#include "runtime/proxy/http_cache.h"
#include "runtime/proxy/http_fields.h"

#include <errno.h>

enum { BULK_READS = 2, BULK_BYTES = 65536, FILL_BYTES = 1 << 20 };

void http_flow_init(struct http_flow *f, struct conn *from, struct conn *to, struct buf *buf, uint64_t *bytes,
		    uint64_t *sent)
{
	f->from = from;
	f->to = to;
	f->buf = buf;
	f->bytes = bytes;
	f->sent = sent;
	f->most = UINT32_MAX;
}

struct h1_out *http_flow_out(struct http_stream *hs, struct http_flow *f)
{
	if (!f->out && (f->out = scratch_alloc(&hs->s.scratch, sizeof(*f->out))))
		h1_out_init(f->out, &hs->s.scratch);
	return f->out;
}

void http_flow_body(struct http_flow *f, const struct http_msg *m)
{
	f->body = m->body;
	f->left = m->content_length;
	f->state =
		m->body == HTTP_BODY_NONE || (m->body == HTTP_BODY_LENGTH && !f->left) ? FLOW_DONE : FLOW_BODY;
	h1_chunks_init(&f->chunks);
}

static inline bool is_muxed(const struct conn *c)
{
	return c && c->mux;
}

/* HTTP/1 has to be told in the head how a body ends that has no length. */
static bool needs_coding(struct http_msg *m)
{
	return m->body == HTTP_BODY_CHUNKED && m->version >= 20 && !http_find_id(m, HN_TRANSFER_ENCODING, NULL);
}

/* Of a response of a status below 100, which may not tell either, HAProxy lets the bytes go as they are. */
static bool is_early(const struct http_msg *m)
{
	return m->is_response && m->status < 200;
}

bool http_lacks_framing(const struct http_flow *f, struct http_msg *m)
{
	return f->state == FLOW_BODY && m->body == HTTP_BODY_LENGTH && m->edited && !is_early(m) &&
	       !http_find_id(m, HN_CONTENT_LENGTH, NULL) && !http_find_id(m, HN_TRANSFER_ENCODING, NULL);
}

bool http_flow_head(struct http_stream *hs, struct http_flow *f, struct http_msg *m, struct str connection,
		    bool last)
{
	struct h1_out *out;

	stream_trace(&hs->s, HEAD_SENT, f == &hs->up, m);
	if (is_muxed(f->to)) {
		f->told = last;
		*f->sent += m->counted;
		return f->to->mux->send_head(f->to, m, last);
	}
	out = http_flow_out(hs, f);
	f->recode = m->version >= 11 && http_lacks_framing(f, m);
	f->bare = is_early(m);
	if (!out || ((f->recode || needs_coding(m)) && !http_add(m, STR("transfer-encoding"), STR("chunked"))))
		return false;
	out->adjust = f == &hs->up ? http_case(hs, http_proxy(hs), PO_H1_CASE_ADJUST_SERVER)
				   : http_case(hs, http_frontend(hs), PO_H1_CASE_ADJUST_CLIENT);
	h1_write_head(out, m, connection);
	return !out->failed;
}

static bool at_end(const struct http_flow *f)
{
	return f->from && f->from->flags & (CONN_EOF | CONN_ERROR);
}

/* Bytes of the body at hand that are not queued yet. */
static struct str at_hand(const struct http_flow *f)
{
	return str_make(buf_at(f->buf, f->taken), f->buf->len - f->taken);
}

/* As much of them as may be taken. */
static struct str to_take(const struct http_flow *f)
{
	struct str data = at_hand(f);

	if (data.len > f->most)
		data.len = f->most;
	return data;
}

/* A piece of a body whose length is not known. */
static void queue_piece(struct http_flow *f, struct str data)
{
	bool framed = !is_muxed(f->to) && !f->bare;

	if (!data.len)
		return;
	if (framed)
		h1_out_chunk_size(f->out, data.len);
	h1_out_slice(f->out, data.ptr, data.len);
	if (framed)
		h1_out_copy(f->out, STR("\r\n"));
}

/* Data on their way through compression; *f->bytes counts what came in. */
static void queue_compressed(struct http_flow *f, struct str data)
{
	struct str out;

	if (!compress_push(f->compress, data, &out))
		f->out->failed = true;
	else
		queue_piece(f, out);
}

static void queue_data(struct http_flow *f, struct str data)
{
	*f->bytes += data.len;
	if (f->tap)
		http_cache_take(f->tap, data);
	if (f->compress && data.len)
		queue_compressed(f, data);
	else
		queue_piece(f, data);
}

static void compress_end(struct http_flow *f, bool finish)
{
	struct str out;

	if (!(finish ? compress_finish : compress_flush)(f->compress, &out))
		f->out->failed = true;
	else
		queue_piece(f, out);
}

/* The end of such a body. */
static void queue_trailers(struct http_flow *f, struct http_msg *trailers)
{
	f->trailers = trailers;
	*f->bytes += trailers ? trailers->counted + 1 : 0;
	if (f->compress)
		compress_end(f, true);
	if (is_muxed(f->to) || f->bare || (f->body != HTTP_BODY_CHUNKED && !f->compress && !f->recode))
		return;
	h1_out_copy(f->out, STR("0\r\n"));
	if (trailers)
		h1_write_trailers(f->out, trailers);
	else
		h1_out_copy(f->out, STR("\r\n"));
}

static enum flow_result take_plain(struct http_flow *f)
{
	struct str data = to_take(f);

	if (f->body == HTTP_BODY_LENGTH && data.len > f->left)
		data.len = f->left;
	f->taken += (uint32_t)data.len;
	if (f->compress || f->recode) {
		queue_data(f, data);
	} else {
		if (f->tap)
			http_cache_take(f->tap, data);
		h1_out_slice(f->out, data.ptr, data.len);
		*f->bytes += data.len;
	}
	if (f->body == HTTP_BODY_LENGTH && !(f->left -= data.len))
		f->state = FLOW_DONE;
	else if (f->body != HTTP_BODY_LENGTH && f->from->flags & CONN_EOF && f->buf->len == f->taken)
		f->state = FLOW_DONE;
	if ((f->compress || f->recode) && f->state == FLOW_DONE)
		queue_trailers(f, NULL);
	return f->out->failed ? FLOW_MEMORY : FLOW_HUNGRY;
}

/* option http-drop-request-trailers, http-drop-response-trailers */
static bool drops_trailers(const struct http_stream *hs, const struct http_flow *f)
{
	if (f == &hs->up)
		return proxy_option_is_set(http_proxy(hs), PO_HTTP_DROP_REQUEST_TRAILERS);
	return proxy_option_is_set(http_frontend(hs), PO_HTTP_DROP_RESPONSE_TRAILERS);
}

/* From a connection that frames bodies itself. */
static enum flow_result take_message(struct http_stream *hs, struct http_flow *f)
{
	struct str data = f->buf->len > f->taken ? to_take(f) : STR_NONE;

	f->taken += (uint32_t)data.len;
	if (f->body == HTTP_BODY_CHUNKED || f->compress || f->recode) {
		queue_data(f, data);
	} else {
		if (f->tap)
			http_cache_take(f->tap, data);
		h1_out_slice(f->out, data.ptr, data.len);
		*f->bytes += data.len;
	}
	if (f->buf->len == f->taken && f->from->mux->ended(f->from)) {
		f->state = FLOW_DONE;
		queue_trailers(f, drops_trailers(hs, f) ? NULL : f->from->mux->trailers(f->from));
	}
	return f->out->failed ? FLOW_MEMORY : FLOW_HUNGRY;
}

static enum flow_result take_chunks(struct http_stream *hs, struct http_flow *f)
{
	struct str data = to_take(f), body;
	uint32_t used;
	enum h1_chunk_result result =
		h1_chunks_decode(&f->chunks, (char *)(uintptr_t)data.ptr, (uint32_t)data.len, &body, &used);

	f->taken += used;
	if (result == H1_CHUNK_BAD)
		return FLOW_BAD;
	queue_data(f, body);
	if (result == H1_CHUNK_LAST) {
		f->state = FLOW_TRAILERS;
		f->trailers = scratch_alloc(&hs->s.scratch, sizeof(*f->trailers));
		if (!f->trailers)
			return FLOW_MEMORY;
		f->trailers->scratch = &hs->s.scratch;
		h1_parse_trailers_init(&f->parser, f->trailers, http_head_max_hdrs(hs));
	}
	return f->out->failed ? FLOW_MEMORY : FLOW_HUNGRY;
}

static enum flow_result take_trailers(struct http_stream *hs, struct http_flow *f)
{
	struct str data = at_hand(f);
	enum h1_result result =
		h1_parse(&f->parser, f->trailers, (char *)(uintptr_t)data.ptr, (uint32_t)data.len);

	if (result == H1_MORE)
		return data.len < f->buf->cap ? FLOW_HUNGRY : FLOW_BAD;
	if (result != H1_DONE)
		return result == H1_MEMORY ? FLOW_MEMORY : FLOW_BAD;
	queue_trailers(f, drops_trailers(hs, f) ? NULL : f->trailers);
	f->taken += f->parser.pos;
	f->state = FLOW_DONE;
	return f->out->failed ? FLOW_MEMORY : FLOW_HUNGRY;
}

/* Is what is at hand behind a head bad already? Then nothing of the message is to go on. */
bool http_flow_is_bad(struct http_stream *hs, const struct http_flow *f, const char *data, uint32_t len)
{
	struct http_msg trailers = {.scratch = &hs->s.scratch};
	struct h1_parser p;
	uint32_t used;

	if (f->state != FLOW_BODY || f->body != HTTP_BODY_CHUNKED || !len)
		return false;
	if (h1_chunks_are_bad(&f->chunks, data, len, &used))
		return true;
	h1_parse_trailers_init(&p, &trailers, http_head_max_hdrs(hs));
	return used < len && h1_parse(&p, &trailers, (char *)(uintptr_t)data + used, len - used) == H1_BAD;
}

/* What is at hand of the body, in its coding. */
static enum flow_result take_body(struct http_stream *hs, struct http_flow *f)
{
	if (is_muxed(f->from) && f->body != HTTP_BODY_TUNNEL)
		return take_message(hs, f);
	return f->body == HTTP_BODY_CHUNKED ? take_chunks(hs, f) : take_plain(f);
}

/* The same as far as limits let it pass. */
static enum flow_result take_piece(struct http_stream *hs, struct http_flow *f)
{
	uint64_t now = http_worker(hs)->now, bytes = *f->bytes;
	size_t queued = f->out->bytes;
	uint32_t n = f->buf->len - f->taken, wait;
	struct str data = f->buf->len ? at_hand(f) : STR_NONE;
	enum flow_result result;

	if (n && !(f->most = bandwidth_allows(f->limits, n, now, &wait))) {
		f->paced_until = now + wait;
		f->most = UINT32_MAX;
		return FLOW_HUNGRY;
	}
	result = take_body(hs, f);
	f->most = UINT32_MAX;
	data.len = n - (f->buf->len - f->taken);
	bandwidth_passed(f->limits, data, (uint32_t)(*f->bytes - bytes), (uint32_t)(f->out->bytes - queued),
			 now);
	return result;
}

/* A piece may be framing alone: then there is nothing to send, and more at hand. */
static enum flow_result take_limited(struct http_stream *hs, struct http_flow *f)
{
	size_t queued = f->out->bytes;
	enum flow_result result;

	f->paced_until = 0;
	do {
		result = take_piece(hs, f);
	} while (result == FLOW_HUNGRY && f->state == FLOW_BODY && !f->paced_until && f->out->bytes == queued &&
		 f->buf->len > f->taken);
	return result;
}

/* Queues what is at hand of the body. */
static enum flow_result take(struct http_stream *hs, struct http_flow *f)
{
	enum flow_result result = f->bad ? FLOW_BAD : FLOW_HUNGRY;

	if (f->bad)
		return result;
	if (f->compress) {
		if (f->pieces && !h1_out_empty(f->out))
			return result; /* they are still in its buffer */
		f->pieces = true;
		compress_begin(f->compress);
		f->out->failed |= f == &hs->down && !http_compress_pace(hs);
	}
	if (f->state == FLOW_BODY)
		result = f->limits ? take_limited(hs, f) : take_body(hs, f);
	if (result == FLOW_HUNGRY && f->state == FLOW_TRAILERS)
		result = take_trailers(hs, f);
	if (f->compress && result == FLOW_HUNGRY && f->state == FLOW_BODY)
		compress_end(f, false);
	if (f->compress && f == &hs->down)
		http_compress_count(hs);
	f->bad = result == FLOW_BAD;
	if (f->tap && f->state == FLOW_DONE)
		http_cache_end(f->tap);
	return result;
}

/* All queued bytes are sent: their place in the buffer is free again. An incomplete trailer section stays. */
static void eat(struct http_stream *hs, struct http_flow *f)
{
	const char *before;

	if (!f->taken || (f->keep && f->state == FLOW_DONE))
		return;
	if (f->keep && !hs->let_go)
		http_request_let_go(hs);
	before = f->buf->data + f->buf->off + f->taken;
	buf_eat(f->buf, f->taken);
	f->taken = 0;
	if (f->state != FLOW_TRAILERS || !f->buf->len)
		return;
	buf_pack(f->buf);
	h1_parse_moved(f->trailers, before, f->buf->data + f->buf->off);
}

/* Writing counts as activity of the side that takes it. */
static void note_activity(struct http_stream *hs, struct http_flow *f)
{
	if (f->independent) {
		f->wrote = http_worker(hs)->now;
		return;
	}
	*(f == &hs->up ? &hs->server_seen : &hs->client_seen) = http_worker(hs)->now;
}

/* The client's connection is shut as soon as this is sent: the end may travel with the data. */
static bool end_follows(const struct http_stream *hs, const struct http_flow *f)
{
	const struct http_flow *up = &hs->up;

	return f == &hs->down && f->state == FLOW_DONE && !hs->client_keep &&
	       f->to->transport == &transport_raw && up->state == FLOW_DONE &&
	       (!up->out || h1_out_empty(up->out)) && !up->pipe;
}

static enum flow_result send_queue(struct http_stream *hs, struct http_flow *f)
{
	ssize_t n;

	if (f->blocked)
		return FLOW_BLOCKED;
	n = conn_sendv(f->to, f->out->iov + f->out->first, f->out->n - f->out->first, end_follows(hs, f));
	if (n < 0 && errno != EAGAIN)
		return FLOW_BROKEN;
	if (n > 0) {
		h1_out_sent(f->out, (size_t)n);
		*f->sent += (size_t)n;
		note_activity(hs, f);
	}
	f->blocked = !h1_out_empty(f->out);
	return f->blocked ? FLOW_BLOCKED : FLOW_HUNGRY;
}

/* Bytes that the pipe holds, to the other side. */
static enum flow_result send_pipe(struct http_stream *hs, struct http_flow *f)
{
	while (f->pipe->len && !f->blocked) {
		ssize_t n = pipe_drain(f->pipe, f->to, f->left > 0 && f->body == HTTP_BODY_LENGTH);

		note_activity(hs, f);
		*f->sent += n > 0 ? (size_t)n : 0;
		if (n >= 0)
			continue;
		if (errno != EAGAIN)
			return FLOW_BROKEN;
		f->blocked = true;
	}
	if (f->blocked)
		return FLOW_BLOCKED;
	if (f->state == FLOW_DONE || f->limits || (f->body == HTTP_BODY_LENGTH && f->left < BULK_BYTES)) {
		pipe_put(f->to->worker, f->pipe);
		f->pipe = NULL;
	}
	return FLOW_HUNGRY;
}

static enum flow_result ended(struct http_flow *f)
{
	if (f->state == FLOW_DONE) {
		if (is_muxed(f->to) && !f->told) {
			f->told = true;
			f->to->mux->end(f->to, f->trailers);
		}
		return FLOW_SENT;
	}
	if (f->paced_until)
		return FLOW_BLOCKED;
	return at_end(f) ? FLOW_CUT : FLOW_HUNGRY;
}

enum flow_result http_flow_run(struct http_stream *hs, struct http_flow *f)
{
	enum flow_result result;

	if (f->pipe) {
		result = send_pipe(hs, f);
		return result == FLOW_HUNGRY ? ended(f) : result;
	}
	if (!http_flow_out(hs, f))
		return FLOW_MEMORY;
	for (;;) {
		result = f->buf->len > f->taken || at_end(f) || f->bad || is_muxed(f->from) ? take(hs, f)
											    : FLOW_HUNGRY;
		if (result != FLOW_HUNGRY && result != FLOW_BAD)
			return result;
		if (h1_out_empty(f->out)) {
			eat(hs, f);
			return result == FLOW_BAD ? result : ended(f);
		}
		if (!f->to)
			return FLOW_BLOCKED;
		result = send_queue(hs, f);
		if (result != FLOW_HUNGRY)
			return result;
		eat(hs, f);
		if (f->state == FLOW_DONE || f->buf->len == f->taken)
			return ended(f);
	}
}

static bool source_ended(const struct http_flow *f)
{
	return is_muxed(f->from) && f->from->mux->ended(f->from);
}

void http_flow_drain(struct http_stream *hs, struct http_flow *f)
{
	struct h1_out *out = http_flow_out(hs, f);
	uint32_t taken;
	uint8_t state;

	if (!out)
		return;
	do { /* an incomplete trailer section stays */
		taken = f->taken;
		state = f->state;
		if (state == FLOW_DONE || !(f->buf->len > taken || source_ended(f)) ||
		    take(hs, f) != FLOW_HUNGRY)
			break;
		h1_out_init(out, &hs->s.scratch);
	} while (f->taken != taken || f->state != state);
	h1_out_init(out, &hs->s.scratch);
}

/* Bulk with an empty buffer and an empty queue: the next bytes go through a pipe. */
static bool wants_pipe(const struct http_flow *f)
{
	if (f->compress || f->recode || f->tap || f->limits || f->full_reads < BULK_READS ||
	    f->state != FLOW_BODY || f->body == HTTP_BODY_CHUNKED || !f->to || f->buf->len)
		return false;
	if (f->body == HTTP_BODY_LENGTH && f->left < BULK_BYTES)
		return false;
	return f->from->transport->splice && f->to->transport->splice && h1_out_empty(f->out);
}

static ssize_t read_pipe(struct http_flow *f)
{
	size_t most = f->body == HTTP_BODY_LENGTH && f->left < FILL_BYTES ? (size_t)f->left : FILL_BYTES;
	ssize_t n = pipe_fill(f->pipe, f->from, most);

	if (n > 0) {
		*f->bytes += (uint64_t)n;
		if (f->body == HTTP_BODY_LENGTH && !(f->left -= (uint64_t)n))
			f->state = FLOW_DONE;
	} else if (n == 0 && f->body != HTTP_BODY_LENGTH) {
		f->state = FLOW_DONE;
	}
	return n;
}

ssize_t http_flow_read(struct http_flow *f)
{
	ssize_t n;

	if (f->pipe || (wants_pipe(f) && (f->pipe = pipe_get(f->from->worker))))
		return read_pipe(f);
	n = conn_recv(f->from, f->buf);
	f->full_reads = n > 0 && f->buf->len == f->buf->cap
				? (uint8_t)(f->full_reads + (f->full_reads < BULK_READS))
				: 0;
	return n;
}

bool http_flow_goes_on(const struct http_flow *f)
{
	return f->full_reads == BULK_READS && !f->pipe && !f->blocked && f->state == FLOW_BODY && f->to &&
	       !(f->from->flags & (CONN_EOF | CONN_ERROR)) && h1_out_empty(f->out) && !wants_pipe(f);
}

void http_flow_drop(struct http_flow *f, struct worker *w)
{
	if (f->compress)
		http_compress_drop(f, w);
	if (f->limits)
		bandwidth_end(&f->limits);
	if (f->pipe)
		pipe_put(w, f->pipe);
	f->pipe = NULL;
}
