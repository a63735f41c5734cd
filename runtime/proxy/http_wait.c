/* What rules wait for in the middle of a list: a body or its beginning (wait-for-body, option
 * http-buffer-request), some time (pause), a name (do-resolve), more bytes (inspect-delay); and what they say
 * to the client meanwhile (early-hint). A list that waits goes on where it stood. Worker thread only. */
#include "runtime/eval/engine.h"
#include "runtime/eval/field_value.h"
#include "runtime/proxy/http_cache.h"
#include "runtime/proxy/http_wait.h"
#include "runtime/proxy/stream_lookup.h"

/* --- bodies at hand */

/* A chunked body at hand, decoded aside: the original is still to be sent. */
static void body_decode(struct http_stream *hs, struct http_msg *m, uint32_t cap, struct str data)
{
	struct http_msg trailers = {.scratch = &hs->s.scratch};
	uint32_t len = (uint32_t)data.len, used;
	struct h1_chunks chunks;
	struct h1_parser p;
	bool last;

	if (!hs->body_copy && !(hs->body_copy = scratch_alloc(&hs->s.scratch, cap)))
		return;
	if (len)
		memcpy(hs->body_copy, data.ptr, len);
	h1_chunks_init(&chunks);
	last = h1_chunks_decode(&chunks, hs->body_copy, len, &m->body_seen, &used) == H1_CHUNK_LAST;
	m->chunk_left = chunks.left;
	if (!last)
		return;
	h1_parse_trailers_init(&p, &trailers, http_head_max_hdrs(hs));
	m->body_complete = h1_parse(&p, &trailers, hs->body_copy + used, len - used) != H1_MORE;
}

/* A mux has taken the coding off already. */
static void body_look_muxed(struct http_msg *m, const struct conn *from, const struct buf *in)
{
	m->body_seen = in->len ? str_make(in->data + in->off, in->len) : STR("");
	m->body_complete = m->body == HTTP_BODY_NONE || from->mux->ended(from);
}

/* data: what lies behind the head. */
static void body_look(struct http_stream *hs, struct http_msg *m, uint32_t cap, struct str data)
{
	switch ((enum http_body)m->body) {
	case HTTP_BODY_CHUNKED:
		body_decode(hs, m, cap, data);
		return;
	case HTTP_BODY_LENGTH:
		if (data.len > m->content_length)
			data.len = m->content_length;
		m->body_seen = data;
		m->body_complete = data.len == m->content_length;
		return;
	case HTTP_BODY_UNTIL_CLOSE:
		m->body_seen = data;
		return;
	case HTTP_BODY_TUNNEL: /* what the other side says at once */
		m->body_seen = data;
		m->body_complete = true;
		return;
	default:
		m->body_seen = STR("");
		m->body_complete = true;
	}
}

static void request_look(struct http_stream *hs)
{
	struct buf *in = &hs->s.session->in;

	if (hs->up.from->mux)
		body_look_muxed(&hs->req, hs->up.from, in);
	else
		body_look(hs, &hs->req, in->cap, str_make(buf_at(in, hs->up.taken), in->len - hs->up.taken));
}

bool http_request_is_at_hand(struct http_stream *hs)
{
	request_look(hs);
	return hs->req.body_complete;
}

/* The field whose first word wants that, or NULL; nobody knew it before HTTP/1.1. */
static struct http_hdr *wants_to_be_asked(struct http_msg *m)
{
	struct http_hdr *h = m->version >= 11 ? http_find_id(m, HN_EXPECT, NULL) : NULL;
	struct str word;
	uint32_t off = 0;

	if (!h || !field_value_next(str_make(h->value, h->value_len), &off, &word))
		return NULL;
	return str_ieq(word, STR("100-continue")) ? h : NULL;
}

/* We ask for the body ourselves, as HAProxy does even where all of it is there already; the server will not
 * have to (RFC 9110 section 10.1.1). */
static void body_ask(struct http_stream *hs, struct http_hdr *h)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct iovec iov = {(void *)(uintptr_t)go_on, sizeof(go_on) - 1};
	struct http_msg interim = {.is_response = true, .status = 100};
	struct conn *c = &hs->s.session->conn;
	struct str value = str_make(h->value, h->value_len);
	size_t comma = str_chr(value, ',');

	hs->continued = true;
	if (comma < value.len)
		http_set_value(&hs->req, h, str_tail(value, comma + 1));
	else
		http_del(&hs->req, h);
	if (c->mux)
		c->mux->send_head(c, &interim, false);
	else
		conn_sendv(c, &iov, 1, false);
	hs->s.log.bytes_out += HTTP_CONTINUE_COUNTED;
}

enum http_next http_body_wait(struct http_stream *hs, uint64_t enough)
{
	struct session *s = hs->s.session;
	struct http_hdr *expect = NULL;

	request_look(hs);
	if (hs->req.expects && !hs->continued && hs->req.body != HTTP_BODY_NONE)
		expect = wants_to_be_asked(&hs->req);
	if (expect)
		body_ask(hs, expect);
	if (hs->req.body_complete || !http_client_has_room(hs) || s->conn.flags & (CONN_EOF | CONN_ERROR))
		return HTTP_AGAIN;
	return enough && hs->req.body_seen.len >= enough ? HTTP_AGAIN : HTTP_WAIT;
}

static void response_look(struct http_stream *hs)
{
	struct buf *in = &hs->in;
	uint32_t head = hs->down.taken + hs->down.parser.pos;

	if (hs->down.from->mux)
		body_look_muxed(&hs->res, hs->down.from, in);
	else
		body_look(hs, &hs->res, in->cap, str_make(buf_at(in, head), in->len - head));
}

uint64_t http_body_counted(struct http_stream *hs, bool response)
{
	const struct http_msg *m = response ? &hs->res : &hs->req;

	if (!response && hs->s.session->in.data)
		request_look(hs);
	else if (response && !m->body_seen.ptr && hs->down.from)
		response_look(hs);
	return m->body_seen.len + (m->body == HTTP_BODY_CHUNKED && m->body_complete);
}

static enum http_next response_wait(struct http_stream *hs, uint64_t enough)
{
	struct buf *in = &hs->in;
	bool ended;

	if (!hs->down.from) /* out of a cache: all of it is there */
		return HTTP_AGAIN;
	ended = hs->down.from->flags & (CONN_EOF | CONN_ERROR);
	response_look(hs);
	if (hs->res.body == HTTP_BODY_UNTIL_CLOSE)
		hs->res.body_complete = ended;
	if (hs->res.body_complete || ended || (in->data && !buf_room(in)) ||
	    (enough && hs->res.body_seen.len >= enough))
		return HTTP_AGAIN;
	return HTTP_WAIT;
}

/* --- waiting */

enum http_next http_body_never_comes(struct http_stream *hs)
{
	hs->s.log.bytes_in += hs->req.body_seen.len;
	hs->s.log.t_request = (int32_t)(http_worker(hs)->now - hs->s.begun);
	stream_end(&hs->s, 'C', 'R');
	return HTTP_CLOSE;
}

static bool request_body_is_bad(struct http_stream *hs)
{
	const struct buf *in = &hs->s.session->in;
	uint32_t at = hs->up.taken;

	return hs->req.body == HTTP_BODY_CHUNKED && !hs->up.from->mux && in->len > at &&
	       http_flow_is_bad(hs, &hs->up, buf_at(in, at), in->len - at);
}

enum http_next http_body_buffer(struct http_stream *hs)
{
	enum http_next next = http_body_wait(hs, 0);

	if (next == HTTP_WAIT && request_body_is_bad(hs)) {
		hs->s.log.t_request = -1;
		return http_reply_failure(hs, 400, 'P', 'R');
	}
	if (next == HTTP_AGAIN && !hs->req.body_complete && hs->s.session->conn.flags & (CONN_EOF | CONN_ERROR))
		return http_body_never_comes(hs);
	return next;
}

static enum http_next body_due(struct http_stream *hs, bool response)
{
	const struct session *s = hs->s.session;
	enum http_next next = response ? response_wait(hs, hs->wait_bytes) : http_body_wait(hs, hs->wait_bytes);

	if (next == HTTP_AGAIN && !response && !hs->req.body_complete &&
	    s->conn.flags & (CONN_EOF | CONN_ERROR))
		return http_body_never_comes(hs);
	if (next != HTTP_WAIT || http_worker(hs)->now < hs->wait_until)
		return next;
	hs->wait = HTTP_NO_WAIT;
	if (!response) {
		hs->s.log.t_request = -1;
		return http_reply_failure(hs, 408, 'c', 'R');
	}
	hs->s.log.bytes_out += hs->res.body_seen.len;
	hs->s.log.t_response = -1;
	return http_reply_failure(hs, 504, 's', 'R');
}

enum http_next http_wait_look(struct http_stream *hs, bool response)
{
	enum http_next next = HTTP_AGAIN;

	if (hs->wait == HTTP_WAIT_PAUSE && http_worker(hs)->now < hs->wait_until)
		return HTTP_WAIT;
	if (hs->wait == HTTP_WAIT_NAME && stream_lookup_waits(&hs->s) && http_worker(hs)->now < hs->wait_until)
		return HTTP_WAIT;
	if (hs->wait == HTTP_WAIT_BODY)
		next = body_due(hs, response);
	if (next == HTTP_AGAIN)
		hs->wait = HTTP_NO_WAIT;
	return next;
}

void http_wait_begin(struct http_stream *hs, const struct eval *e)
{
	hs->wait = e->wait.kind == EW_PAUSE  ? HTTP_WAIT_PAUSE
		   : e->wait.kind == EW_NAME ? HTTP_WAIT_NAME
					     : HTTP_WAIT_BODY;
	hs->wait_until = http_worker(hs)->now + e->wait.ms;
	hs->wait_bytes = e->wait.bytes;
}

/* --- ahead of the response */

static bool hints_send(struct http_stream *hs)
{
	struct conn *c = &hs->s.session->conn;
	struct http_msg *m = hs->hints;
	struct h1_out out;

	hs->hints = NULL;
	m->counted = 20 + 8 + 3 + (uint32_t)m->reason.len;
	for (uint16_t i = 0; i < m->nhdrs; i++)
		m->counted += m->hdrs[i].name_len + m->hdrs[i].value_len;
	hs->s.log.bytes_out += m->counted + 1;
	if (c->mux) {
		hs->s.log.bytes_out += m->counted + 1;
		return c->mux->send_head(c, m, false);
	}
	h1_out_init(&out, &hs->s.scratch);
	h1_write_head(&out, m, STR_NONE);
	if (out.failed)
		return false;
	/* Nothing else is under way to the client: what does not fit into its socket has a client that does not
	 * read. */
	if (conn_sendv(c, out.iov, out.n, false) != (ssize_t)out.bytes)
		c->flags |= CONN_ERROR;
	return true;
}

static bool early_hint(void *ctx, struct str name, struct str value, bool last)
{
	struct http_stream *hs = ctx;

	if (hs->req.version < 11)
		return true;
	if (!hs->hints) {
		hs->hints = scratch_alloc(&hs->s.scratch, sizeof(*hs->hints));
		if (!hs->hints)
			return false;
		*hs->hints = (struct http_msg){.scratch = &hs->s.scratch,
					       .is_response = true,
					       .version = 11,
					       .status = 103,
					       .reason = STR("Early Hints"),
					       .edited = true,
					       .start_edited = true};
	}
	return http_add(hs->hints, name, value) && (!last || hints_send(hs));
}

static void log_now(void *ctx, const struct rule *rule)
{
	stream_log_now(&((struct http_stream *)ctx)->s, rule);
}

static bool cache_use(void *ctx, const struct rule *rule)
{
	return http_cache_use(ctx, rule);
}

static void cache_store(void *ctx, const struct rule *rule)
{
	http_cache_store(ctx, rule);
}

/* What is decoded aside stays. */
static void see_body(void *ctx, struct eval *e, bool response)
{
	struct http_stream *hs = ctx;

	e->engine->kept++;
	if (!response && hs->phase == HTTP_STEPS)
		request_look(hs);
	else if (response && hs->phase == HTTP_EXCHANGE && hs->down.from && !hs->responding)
		response_look(hs);
}

void http_body_again(struct http_stream *hs)
{
	if (hs->phase == HTTP_STEPS && hs->req.body_seen.ptr)
		request_look(hs);
	else if (hs->phase == HTTP_EXCHANGE && hs->res.body_seen.ptr && hs->down.from && !hs->responding)
		response_look(hs);
}

static void limit(void *ctx, struct eval *e, const struct rule *rule)
{
	struct http_stream *hs = ctx;

	bandwidth_begin(&hs->s, &hs->up.limits, &hs->down.limits, e, rule);
}

static void resolved(void *stream)
{
	struct http_stream *hs = stream;

	http_session_settle(hs->s.session, http_stream_run(hs));
}

/* Content rules wait no longer than their inspect delay allows, and without one not at all. */
static int resolve(void *ctx, struct eval *e, const struct rule *rule)
{
	struct http_stream *hs = ctx;
	bool content = e->place & (AT(FE_CONTENT) | AT(BE_CONTENT));
	uint64_t left = hs->wait_until - http_worker(hs)->now;
	int v;

	if (content && !e->may_wait)
		return V_CONTINUE;
	v = stream_lookup_begin(&hs->s, e, rule, resolved);
	if (content && v == V_WAIT && e->wait.kind == EW_NAME && left < e->wait.ms)
		e->wait.ms = left;
	return v;
}

static const struct eval_live http_live = {.early_hint = early_hint,
					   .log = log_now,
					   .see_body = see_body,
					   .cache_use = cache_use,
					   .cache_store = cache_store,
					   .limit = limit,
					   .resolve = resolve};

void http_eval(struct http_stream *hs, struct eval *e, uint32_t place)
{
	stream_eval(&hs->s, e, place);
	e->live = &http_live;
	e->live_ctx = hs;
}
