/* The head of a request: received, parsed, noted for the log. What is no request is answered with a stored
 * message, without more ado. */
#include "runtime/proxy/http_fields.h"
#include "runtime/proxy/filter_trace.h"

#include "runtime/stats/counters.h"
#include "runtime/proxy/error_capture.h"
#include "runtime/proxy/http_count.h"
#include "runtime/proxy/stream_trace.h"
#include "runtime/stick/track.h"

enum { MAX_HDRS = 101, BUFSIZE = 16384, MAXREWRITE = 1024, LINE_REST = 10 /* " " and " HTTP/1.1" */ };

uint16_t http_head_max_hdrs(const struct http_stream *hs)
{
	uint32_t max = hs->s.session->generation->model->global.tune_http_maxhdr;

	return max ? (uint16_t)max : MAX_HDRS;
}

static uint32_t head_size(const struct http_stream *hs)
{
	const struct global_conf *global = &hs->s.session->generation->model->global;
	uint32_t size = global->tune_bufsize ? global->tune_bufsize : BUFSIZE;
	uint32_t reserve = global->tune_maxrewrite ? global->tune_maxrewrite : MAXREWRITE;

	return size - (reserve < size / 2 ? reserve : size / 2);
}

/* The side's options to let malformed messages pass. */
static bool accepts_invalid(const struct http_stream *hs, const struct h1_parser *p)
{
	bool response = p == &hs->down.parser;
	const struct proxy_conf *px = response ? http_proxy(hs) : http_frontend(hs);

	return proxy_option_is_set(px, response ? PO_ACCEPT_INVALID_RESPONSE : PO_ACCEPT_INVALID_REQUEST) ||
	       proxy_option_is_set(px, response ? PO_ACCEPT_UNSAFE_RESPONSE : PO_ACCEPT_UNSAFE_REQUEST);
}

static void head_options(const struct http_stream *hs, struct h1_parser *p)
{
	p->relaxed = accepts_invalid(hs, p);
	p->keeps_ambiguous = hs->s.session->generation->model->global.limits.h1_keep_insecure;
}

void http_head_begin(const struct http_stream *hs, struct h1_parser *p)
{
	h1_parse_limit(p, http_head_max_hdrs(hs), head_size(hs));
	head_options(hs, p);
}

void http_head_again(const struct http_stream *hs, struct h1_parser *p, struct http_msg *m)
{
	h1_parse_init(p, m, http_head_max_hdrs(hs), head_size(hs));
	head_options(hs, p);
}

static void note_request(struct http_stream *hs)
{
	struct log_record *log = &hs->s.log;
	struct session *s = hs->s.session;
	uint32_t limit = s->generation->model->global.tune_http_logurilen;

	log->method = hs->req.method_name;
	log->uri = hs->req.uri;
	log->version = hs->req.version;
	log->version_text = hs->req.version_text;
	if (log->method.len + log->uri.len + LINE_REST > limit)
		log_record_cut(log, limit);
	if (s->frontend->conf->log_targets.n) {
		log->path = http_uri_path(log->uri);
		log->query = http_uri_query(log->uri);
	}
	log->t_request = (int32_t)(http_worker(hs)->now - hs->s.begun);
	log->t_idle = (int32_t)(hs->s.begun - s->idle_since);
	log->bytes_in = hs->req.counted;
}

/* tune.h1.fe.glitches-threshold, tune.h1.be.glitches-threshold: from three quarters of it on the connection is
 * not used again. */
bool http_glitches(struct http_stream *hs, struct http_msg *m, struct conn *c)
{
	const struct limits_conf *limits = &hs->s.session->generation->model->global.limits;
	uint64_t most = m->is_response ? limits->h1_be_glitches : limits->h1_fe_glitches;

	if (c->mux)
		return false;
	c->glitches += m->glitches;
	if (!m->is_response && hs->s.session->track)
		stick_count(hs->s.session->track, STICK_GLITCHES, c->worker->now, m->glitches);
	if (!most)
		return false;
	if (c->glitches >= most * 3 / 4)
		m->keep_alive = false;
	return c->glitches >= most && atomic_load(&c->worker->cpu_usage) >= limits->glitches_cpu;
}

/* HTTP/1.0 does not say that these may have bodies: who stands in between may take one for the next request
 * (manual, keyword "h1-accept-payload-with-any-method"). */
static bool payload_is_doubtful(const struct http_stream *hs)
{
	const struct http_msg *m = &hs->req;

	if (m->version > 10 || m->body == HTTP_BODY_NONE || (m->body == HTTP_BODY_LENGTH && !m->content_length))
		return false;
	return (m->method == HTTP_M_GET || m->method == HTTP_M_HEAD || m->method == HTTP_M_DELETE) &&
	       !hs->s.session->generation->model->global.h1_any_payload;
}

/* The method of HTTP/2's preface (RFC 9113 section 11.6). */
static enum http_next refuse_preface(struct http_stream *hs)
{
	hs->s.log.bytes_in = hs->req.counted;
	return http_reply_failure(hs, 400, 'P', 'R');
}

/* The head is complete. */
static enum http_next head_done(struct http_stream *hs)
{
	struct http_flow *up = &hs->up;
	struct buf *in = up->buf;

	hs->head_len = up->parser.pos;
	if (hs->req.glitches && http_glitches(hs, &hs->req, &hs->s.session->conn)) {
		hs->s.session->conn.flags |= CONN_RESET;
		stream_end(&hs->s, 'P', 'R');
		return HTTP_CLOSE;
	}
	if (payload_is_doubtful(hs))
		return http_reply_raw(hs, 413, 'P', 'R');
	http_flow_body(up, &hs->req);
	if (up->body == HTTP_BODY_CHUNKED &&
	    http_flow_is_bad(hs, up, buf_at(in, hs->head_len), in->len - hs->head_len))
		return http_reply_raw(hs, 400, 'P', 'R');
	up->taken = hs->head_len;
	up->keep = true;
	if (hs->req.method == HTTP_M_OTHER && str_is(hs->req.method_name, "PRI"))
		return refuse_preface(hs);
	note_request(hs);
	http_count_request(hs);
	stream_trace(&hs->s, HEAD_RECEIVED, false, &hs->req);
	if (http_frontend(hs)->capture_request_n)
		http_capture(hs, false);
	if (http_frontend(hs)->capture_response_n)
		http_capture_prepare(hs, http_frontend(hs)->capture_response_n);
	if (!http_frontend(hs)->log_format && !http_frontend(hs)->log_steps)
		stream_log(&hs->s);
	if (http_frontend(hs)->log_steps)
		stream_log_step(&hs->s, LSTEP_REQUEST);
	hs->client_keep = true;
	if (http_frontend(hs)->nfilters) {
		filter_trace_attach(&hs->s, &up->limits, &hs->down.limits, http_frontend(hs));
		filter_trace_head(up->limits, &hs->req);
	}
	hs->phase = HTTP_STEPS;
	return HTTP_AGAIN;
}

/* 400 for a head that is wrong; `show errors` tells where. */
static enum http_next refuse(struct http_stream *hs)
{
	struct session *s = hs->s.session;

	stream_trace(&hs->s, HEAD_REFUSED, false, NULL);
	if (s->conn.mux)
		http_flow_body(&hs->up, &hs->req); /* nobody wants the rest of it */
	else if (s->in.len)
		error_capture(s, false, hs->s.backend, NULL, str_make(s->in.data + s->in.off, s->in.len),
			      s->in.cap);
	return http_reply_raw(hs, 400, 'P', 'R');
}

/* More is needed: room for it, or it is too much. */
static enum http_next head_more(struct http_stream *hs)
{
	struct session *s = hs->s.session;
	struct buf *in = &s->in;

	if (s->conn.flags & (CONN_EOF | CONN_ERROR))
		return http_reply_raw(hs, 400, 'C', 'R');
	if (!in->data || buf_room(in) > in->cap / 2)
		return HTTP_WAIT;
	if (in->off) {
		char *before = in->data + in->off;

		buf_pack(in);
		h1_parse_moved(&hs->req, before, in->data + in->off);
	}
	return buf_room(in) ? HTTP_WAIT : refuse(hs);
}

static enum h1_result receive_head(struct http_stream *hs)
{
	struct buf *in = &hs->s.session->in;
	struct conn *c = &hs->s.session->conn;

	if (c->mux)
		return c->mux->head(c, &hs->req);
	return in->len ? h1_parse(&hs->up.parser, &hs->req, in->data + in->off, in->len) : H1_MORE;
}

enum http_next http_request_head(struct http_stream *hs)
{
	switch (receive_head(hs)) {
	case H1_DONE:
		return head_done(hs);
	case H1_MORE:
		return head_more(hs);
	case H1_UNSUPPORTED:
		return http_reply_raw(hs, payload_is_doubtful(hs) ? 413 : 422, 'P', 'R');
	case H1_MEMORY:
		return http_reply_raw(hs, 500, 'I', 'R');
	default:
		return refuse(hs);
	}
}

static struct str kept(struct http_stream *hs, struct str text)
{
	return text.len ? scratch_dup(&hs->s.scratch, text) : STR_NONE;
}

void http_request_let_go(struct http_stream *hs)
{
	struct log_record *log = &hs->s.log;

	hs->let_go = true;
	log->method = kept(hs, log->method);
	log->uri = kept(hs, log->uri);
	log->version_text = kept(hs, log->version_text);
	if (log->path.ptr || log->query.ptr) {
		log->path = http_uri_path(log->uri);
		log->query = http_uri_query(log->uri);
	}
	hs->req.method_name = kept(hs, hs->req.method_name);
	hs->req.uri = kept(hs, hs->req.uri);
	hs->req.head = STR_NONE;
	hs->req.nhdrs = 0;
}
