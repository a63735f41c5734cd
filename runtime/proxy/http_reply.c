/* Our own answers: stored pages, those that the configuration describes (return, deny, errorfile, http-error),
 * redirections, requests for credentials, statistics. Each becomes hs->res, goes through the
 * http-after-response rules and then out like a response of a server. A connection to a server that the stream
 * may hold ends first. */
#include "runtime/proxy/http_stream.h"

#include "runtime/http/reply.h"
#include "runtime/proxy/http_count.h"
#include "runtime/proxy/session_count.h"
#include "runtime/stick/track.h"
#include "runtime/stats/stats_http.h"

enum { CLOSE_COST = sizeof("connection") - 1 + sizeof("close") - 1 };

static void eval_here(struct http_stream *hs, struct eval *e)
{
	bool response = hs->phase == HTTP_EXCHANGE || hs->phase == HTTP_CACHED;

	if (hs->s.backend)
		http_eval(hs, e, response ? AT(BE_RES_HDR) : AT(BE_REQ_HDR));
	else
		http_eval(hs, e, response ? AT(FE_RES_HDR) : AT(FE_REQ_HDR));
}

/* What a server may still be doing for this request is of no interest any more. */
static void leave_server(struct http_stream *hs)
{
	if (hs->requested)
		srv_request_cancel(&hs->s.server);
	hs->requested = false;
	if (hs->s.server.conn)
		http_server_finish(hs, hs->spent);
}

/* Responses that end with their head (RFC 9112 section 6.3). */
static bool has_no_body(const struct http_msg *m)
{
	return m->method == HTTP_M_HEAD || m->status < 200 || m->status == 204 || m->status == 304;
}

/* Rules, keep-alive, and into the queue. The body's memory lasts as long as the stream. */
static enum http_next reply_send(struct http_stream *hs, const struct reply *r)
{
	struct http_msg *m = &hs->res;
	struct h1_out *out = http_flow_out(hs, &hs->down);

	leave_server(hs);
	*m = r->msg;
	m->method = hs->req.method;
	hs->s.res = m;
	http_rules_after_response(hs);
	reply_count(m);
	http_flow_drain(hs, &hs->up);
	hs->client_keep = hs->client_keep && !r->close && hs->up.state == FLOW_DONE;
	if (!out)
		return HTTP_CLOSE;
	if (h1_out_empty(out)) /* no interim response is still to be sent */
		h1_out_init(out, &hs->s.scratch);
	http_head_strip(m);
	hs->down.state = FLOW_DONE;
	if (!http_flow_head(hs, &hs->down, m, http_connection_response(hs), has_no_body(m) || !r->body.len))
		return HTTP_CLOSE;
	hs->s.log.bytes_out += m->counted + (r->close ? CLOSE_COST : 0);
	if (!has_no_body(m)) {
		h1_out_slice(out, r->body.ptr, r->body.len);
		hs->s.log.bytes_out += r->body.len;
	}
	hs->down.taken = 0;
	hs->down.blocked = false;
	hs->responding = true;
	hs->phase = HTTP_REPLY;
	http_count_response(hs, m->status);
	return out->failed ? HTTP_CLOSE : HTTP_AGAIN;
}

enum http_next http_reply_error(struct http_stream *hs, unsigned status)
{
	struct reply r;
	struct eval e;

	hs->s.log.status = (uint16_t)status;
	eval_here(hs, &e);
	return reply_status(&r, &e, status) ? reply_send(hs, &r) : HTTP_CLOSE;
}

enum http_next http_reply_failure(struct http_stream *hs, unsigned status, char cause, char state)
{
	stream_end(&hs->s, cause, state);
	return http_reply_error(hs, status);
}

enum http_next http_reply_rule(struct http_stream *hs, const struct rule *rule, enum verdict verdict)
{
	struct reply r;
	struct eval e;

	eval_here(hs, &e);
	if (!reply_rule(&r, &e, rule, verdict))
		return http_reply_error(hs, 500);
	if (verdict == V_REDIRECT && hs->req.body != HTTP_BODY_NONE)
		r.close = true;
	hs->s.log.status = rule->reply && rule->reply->status ? rule->reply->status : r.msg.status;
	return reply_send(hs, &r);
}

enum http_next http_reply_moved(struct http_stream *hs, struct str prefix)
{
	struct reply r;

	stream_end(&hs->s, 'L', 'C');
	if (!reply_moved(&r, &hs->s.scratch, prefix, http_uri_pathq(hs->req.uri)))
		return http_reply_error(hs, 500);
	hs->s.log.status = r.msg.status;
	return reply_send(hs, &r);
}

void http_note_service(struct http_stream *hs)
{
	struct log_record *log = &hs->s.log;

	log->t_queue = log->t_connect = log->t_response = 0;
	log->by_service = true;
}

/* All of it is here, and would be with the room that rewriting reserves (seen with HAProxy 2.6). */
static bool form_is_whole(const struct http_stream *hs)
{
	const struct global_conf *g = &hs->s.session->generation->model->global;

	return hs->req.body_complete &&
	       hs->head_len + hs->req.body_seen.len + g->tune_maxrewrite <= g->tune_bufsize;
}

enum http_next http_reply_stats(struct http_stream *hs, struct proxy *px)
{
	struct reply r = {.msg = {.scratch = &hs->s.scratch, .is_response = true, .method = HTTP_M_GET}};
	struct h1_parser p;
	size_t head_len = 0;
	unsigned status = 0;
	enum http_next next;
	struct eval e;

	stream_end(&hs->s, 'L', 'R');
	hs->s.log.server = STR("<STATS>");
	http_note_service(hs);
	next = http_rules_service(hs);
	if (next != HTTP_AGAIN || hs->phase == HTTP_REPLY)
		return next;
	eval_here(hs, &e);
	hs->page = out_growing(SIZE_MAX / 2);
	stats_reply(http_worker(hs), px, &e, form_is_whole(hs) ? &hs->req.body_seen : NULL, &hs->page,
		    &head_len, &status);
	h1_parse_init(&p, &r.msg, http_head_max_hdrs(hs), UINT32_MAX);
	if (hs->page.truncated || h1_parse(&p, &r.msg, hs->page.buf, (uint32_t)head_len) != H1_DONE)
		return http_reply_error(hs, 500);
	hs->s.log.status = (uint16_t)status;
	r.body = str_tail(out_get(&hs->page), head_len);
	return reply_send(hs, &r);
}

enum http_next http_reply_page(struct http_stream *hs, const char *type)
{
	struct reply r;

	if (!reply_document(&r, &hs->s.scratch, 200, str_from(type), out_get(&hs->page)))
		return http_reply_error(hs, 500);
	hs->s.log.status = 200;
	return reply_send(hs, &r);
}

/* Garbage, and nothing behind it? What is behind it is of no interest any more. */
static bool client_left(struct http_stream *hs)
{
	struct conn *c = &hs->s.session->conn;
	char sink[4096];

	while (c->transport->recv(c, sink, sizeof(sink)) == sizeof(sink))
		;
	return c->flags & CONN_EOF;
}

/* The bytes for what is not a request. */
static bool queue_early(struct http_stream *hs, unsigned status)
{
	struct h1_out *out = http_flow_out(hs, &hs->down);
	struct out early = out_growing(1 << 20);

	reply_early(&early, http_frontend(hs), status);
	if (out)
		h1_out_copy(out, out_get(&early));
	out_free(&early);
	return out && !out->failed && out->bytes;
}

enum http_next http_reply_raw(struct http_stream *hs, unsigned status, char cause, char state)
{
	stream_end(&hs->s, cause == 'P' && client_left(hs) ? 'C' : cause, state);
	SESSION_COUNT(hs->s.session, failed_req);
	hs->s.log.bad_request = true;
	hs->s.log.status = (uint16_t)status;
	hs->s.log.t_request = -1;
	hs->refused = true;
	hs->s.seen_bytes = hs->s.session->in.len > 0;
	hs->client_keep = false;
	http_count_request(hs);
	stream_count(&hs->s, STICK_REQUEST);
	if (status != 408)
		stream_count(&hs->s, STICK_ERROR);
	http_count_response(hs, status);
	if (hs->s.session->conn.mux)
		return http_reply_error(hs, status);
	if (!queue_early(hs, status))
		return HTTP_CLOSE;
	hs->down.state = FLOW_DONE;
	hs->phase = HTTP_REPLY;
	return HTTP_AGAIN;
}

enum http_next http_reply_run(struct http_stream *hs)
{
	switch (http_flow_run(hs, &hs->down)) {
	case FLOW_BLOCKED:
		return HTTP_WAIT;
	case FLOW_SENT:
		return hs->client_keep ? HTTP_KEEP : HTTP_CLOSE;
	default:
		return HTTP_CLOSE;
	}
}
