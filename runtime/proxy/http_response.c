/* The exchange with a server: the request goes up, interim responses and the response come down, bodies flow
 * both ways, or a tunnel opens (RFC 9110 sections 7.8, 9.3.6 and 15.2). */
#include "runtime/proxy/http_cache.h"
#include "runtime/proxy/http_wait.h"
#include "runtime/core/log_moment.h"
#include "runtime/proxy/filter_trace.h"
#include "runtime/proxy/http_count.h"
#include "runtime/proxy/http_fields.h"

#include "runtime/backend/balance_response.h"
#include "runtime/health/observe.h"
#include "runtime/http/websocket.h"
#include "runtime/stats/counters.h"
#include "runtime/stick/track.h"
#include "runtime/proxy/error_capture.h"
#include "runtime/proxy/stream_trace.h"

static enum http_next aborted(struct http_stream *hs, char cause, char state)
{
	http_count_abort(hs, cause != 'S');
	if (cause == 'S' && hs->responding) /* the response began, and does not end as it should */
		http_count_failed_response(hs);
	stream_end(&hs->s, cause, state);
	return HTTP_CLOSE;
}

enum http_next http_client_reset(struct http_stream *hs)
{
	switch ((enum http_phase)hs->phase) {
	case HTTP_SERVER:
		return http_server_wait(hs);
	case HTTP_EXCHANGE:
		if (hs->up.state == FLOW_DONE && hs->responding && hs->down.state == FLOW_DONE) {
			http_count_abort(hs, true);
			return HTTP_CLOSE;
		}
		return aborted(hs, 'C', 'D');
	case HTTP_TARPIT:
		return http_tarpit_run(hs);
	case HTTP_REPLY:
		return HTTP_CLOSE;
	default:
		stream_end(&hs->s, 'C', 'R');
		return HTTP_CLOSE;
	}
}

/* The client has left (option abortonclose): nobody waits for the rest. */
static enum http_next client_left(struct http_stream *hs)
{
	if (hs->responding || hs->s.session->conn.flags & CONN_ERROR)
		return aborted(hs, 'C', 'D');
	http_count_abort(hs, true);
	return http_reply_failure(hs, 400, 'C', 'H');
}

static bool client_has_left(const struct http_stream *hs)
{
	const struct conn *c = &hs->s.session->conn;

	return c->flags & (CONN_EOF | CONN_ERROR) && !c->mux && !hs->early_end &&
	       hs->down.body != HTTP_BODY_TUNNEL && hs->up.state == FLOW_DONE && http_aborts(hs);
}

/* An interim response goes to the client as it is, also while content rules still wait for the final one. */
static enum http_next interim(struct http_stream *hs)
{
	if (hs->content)
		hs->s.res = NULL;
	hs->s.log.bytes_out += hs->res.counted;
	http_head_strip(&hs->res);
	http_te_filter(&hs->res);
	if (!http_flow_head(hs, &hs->down, &hs->res, STR_NONE, false))
		return http_reply_failure(hs, 500, 'I', 'H');
	hs->down.taken += hs->down.parser.pos;
	http_head_again(hs, &hs->down.parser, &hs->res);
	hs->down.parser.relaxed = false; /* as in HAProxy the option is for the first head of a response */
	return HTTP_AGAIN;
}

/* The key is ours where the client has none (HTTP/2): so is looking at the answer to it (RFC 6455 section 4.1).
 */
static bool accept_is_wrong(struct http_stream *hs)
{
	struct http_hdr *key = http_find(&hs->req, STR("sec-websocket-key"), NULL);
	struct http_hdr *accept = http_find(&hs->res, STR("sec-websocket-accept"), NULL);
	struct str right;

	if (!hs->s.session->conn.mux || !hs->req.websocket || !key || !accept)
		return false;
	right = websocket_accept(&hs->s.scratch, str_make(key->value, key->value_len));
	return !str_eq(right, str_make(accept->value, accept->value_len));
}

/* Both sides have agreed on another protocol. */
static bool switch_agreed(struct http_stream *hs)
{
	return !accept_is_wrong(hs) && hs->req.upgrade && hs->res.conn_upgrade &&
	       (!hs->req.websocket || hs->res.websocket);
}

/* Counted as HAProxy does: what it notices while it reads is not. */
static enum http_next switch_refused(struct http_stream *hs)
{
	if (hs->req.websocket && hs->res.conn_upgrade)
		hs->no_reset = true;
	else
		hs->s.log.bytes_out += hs->res.counted + hs->in.len - hs->down.taken - hs->down.parser.pos;
	return http_reply_failure(hs, 502, 'P', 'H');
}

static bool body_is_bad(struct http_stream *hs)
{
	uint32_t at = hs->down.taken + hs->down.parser.pos;

	http_flow_body(&hs->down, &hs->res);
	if (hs->res.body != HTTP_BODY_CHUNKED || hs->down.from->mux)
		return false;
	return http_flow_is_bad(hs, &hs->down, buf_at(&hs->in, at), hs->in.len - at);
}

static void tunnel_open(struct http_stream *hs)
{
	http_request_let_go(hs);
	hs->up.keep = false;
	hs->up.body = HTTP_BODY_TUNNEL;
	hs->up.state = FLOW_BODY;
	hs->opened = true;
}

/* Into the queue, as the client is to see it. */
static enum http_next response_forward(struct http_stream *hs)
{
	if (proxy_option_is_set(http_proxy(hs), PO_CHECKCACHE) && http_checkcache_refuses(hs))
		return http_checkcache_refuse(hs);
	if (http_frontend(hs)->capture_cookie.len && hs->res.status >= 200)
		http_cookie_capture(hs, true); /* what rules have left of it */
	if (!http_cookie_response(hs))
		return http_reply_failure(hs, 500, 'I', 'H');
	if (!http_rules_after_response(hs))
		return http_reply_failure(hs, 500, 'P', 'H');
	if (hs->compress && !http_compress_response(hs))
		return http_reply_failure(hs, 500, 'I', 'H');
	hs->s.log.status = hs->res.status ? hs->res.status : LOG_STATUS_ZERO;
	http_count_response(hs, hs->res.status);
	http_head_strip(&hs->res);
	http_te_filter(&hs->res);
	if (!http_flow_head(hs, &hs->down, &hs->res, http_connection_response(hs), hs->down.state == FLOW_DONE))
		return HTTP_CLOSE;
	hs->down.taken += hs->down.parser.pos;
	if (hs->down.tap && hs->down.state == FLOW_DONE)
		http_cache_end(hs->down.tap);
	hs->responding = true;
	if (proxy_option_is_set(http_frontend(hs), PO_LOGASAP) ||
	    hs->s.session->frontend->log_moment == LOG_AT_RESPONSE)
		stream_log(&hs->s);
	if (http_frontend(hs)->log_steps)
		stream_log_step(&hs->s, LSTEP_RESPONSE);
	if (hs->res.body == HTTP_BODY_TUNNEL)
		tunnel_open(hs);
	return HTTP_AGAIN;
}

/* Rules, which may wait: the body stays where it is meanwhile. */
static enum http_next response_rules(struct http_stream *hs)
{
	enum http_next next = http_rules_response(hs);

	if (hs->wait != HTTP_NO_WAIT)
		hs->down.state = FLOW_NONE;
	if (next != HTTP_AGAIN || hs->phase == HTTP_REPLY)
		return next;
	if (hs->down.state == FLOW_NONE)
		http_flow_body(&hs->down, &hs->res);
	return response_forward(hs);
}

/* Statuses that `retry-on` may name. */
static uint32_t retry_cause(unsigned status)
{
	static const struct {
		uint16_t status;
		uint32_t cause;
	} causes[] = {
		{401, RETRY_ON_401}, {403, RETRY_ON_403}, {404, RETRY_ON_404}, {408, RETRY_ON_408},
		{425, RETRY_ON_425}, {429, RETRY_ON_429}, {500, RETRY_ON_500}, {501, RETRY_ON_501},
		{502, RETRY_ON_502}, {503, RETRY_ON_503}, {504, RETRY_ON_504}, {421, RETRY_ON_421},
	};

	for (size_t i = 0; status > 400 && i < sizeof(causes) / sizeof(*causes); i++)
		if (causes[i].status == status)
			return causes[i].cause;
	return 0;
}

/* What the status says of client and server, for the counters that are tracked. */
static void count_status(struct http_stream *hs)
{
	const struct limits_conf *limits = &hs->s.session->generation->model->global.limits;
	unsigned status = hs->res.status;

	if (status_set_has(&limits->errors, status))
		stream_count(&hs->s, STICK_ERROR);
	if (status_set_has(&limits->failures, status))
		stream_count(&hs->s, STICK_FAILURE);
}

/* The head of the response is complete. */
static enum http_next response_head(struct http_stream *hs)
{
	enum http_next next;

	stream_trace(&hs->s, HEAD_RECEIVED, true, &hs->res);
	response_note(hs->s.server.server, http_worker(hs)->now_us - hs->s.server.connected_us,
		      http_worker(hs)->now);
	if (http_is_interim(&hs->res))
		return interim(hs);
	hs->s.log.t_response = (int32_t)(http_worker(hs)->now - hs->s.server.connected);
	if (hs->res.status == 101 && !switch_agreed(hs))
		return switch_refused(hs);
	if (body_is_bad(hs) || (hs->res.glitches && http_glitches(hs, &hs->res, hs->down.from))) {
		hs->s.log.t_response = -1;
		return http_server_lost(hs, true);
	}
	observe(http_worker(hs), hs->s.server.server, observed_status(hs->res.status));
	if (http_server_retry(hs, retry_cause(hs->res.status), &next))
		return next;
	count_status(hs);
	http_count_server_response(hs, hs->res.status);
	hs->s.log.bytes_out += hs->res.counted;
	hs->s.log.status = hs->s.log.server_status = hs->res.status;
	if (hs->res.status == 401 || hs->res.status == 407)
		http_server_challenges(hs);
	if (!hs->res.keep_alive)
		hs->server_close = true;
	if (hs->down.limits)
		filter_trace_head(hs->down.limits, &hs->res);
	if (http_frontend(hs)->capture_response_n)
		http_capture(hs, true);
	return response_rules(hs);
}

/* A head that is wrong; `show errors` tells where. */
static enum http_next refuse(struct http_stream *hs)
{
	struct buf *in = &hs->in;
	uint32_t taken = hs->down.taken;

	stream_trace(&hs->s, HEAD_REFUSED, true, NULL);
	if (hs->down.out &&
	    !h1_out_empty(hs->down.out)) { /* as in HAProxy what came right before does not count */
		h1_out_init(hs->down.out, &hs->s.scratch);
		hs->s.log.bytes_out = hs->continued ? HTTP_CONTINUE_COUNTED : 0;
	}
	if (!hs->down.from->mux && in->len > taken)
		error_capture(hs->s.session, true, hs->s.backend, hs->s.server.server,
			      str_make(in->data + in->off + taken, in->len - taken), in->cap);
	return http_server_lost(hs, true);
}

/* Nothing, or less than a head, and no more to come; or too much. */
static enum http_next response_more(struct http_stream *hs)
{
	struct buf *in = &hs->in;
	char *before = in->data ? in->data + in->off : NULL;

	if (hs->down.from->flags & CONN_ERROR && hs->up.state != FLOW_DONE)
		return aborted(hs, 'S',
			       'D'); /* as HAProxy: it would have taken more, and nobody knows why not */
	if (hs->down.from->flags & (CONN_EOF | CONN_ERROR))
		return http_server_lost(hs, false);
	if (!in->data || buf_room(in) > in->cap / 2 || hs->down.from->mux)
		return HTTP_WAIT;
	if (in->off && !hs->down.taken) {
		buf_pack(in);
		h1_parse_moved(&hs->res, before, in->data + in->off);
	}
	return buf_room(in) ? HTTP_WAIT : refuse(hs);
}

static enum h1_result receive_head(struct http_stream *hs)
{
	struct conn *c = hs->down.from;
	struct buf *in = &hs->in;
	uint32_t taken = hs->down.taken;

	if (c->mux)
		return c->mux->head(c, &hs->res);
	if (in->len <= taken)
		return H1_MORE;
	return h1_parse(&hs->down.parser, &hs->res, in->data + in->off + taken, in->len - taken);
}

/* Content rules that wait for a response look at what has come. */
static enum http_next inspect(struct http_stream *hs, enum h1_result r)
{
	bool over = hs->down.from->flags & (CONN_EOF | CONN_ERROR);
	enum http_next next;

	if (r == H1_DONE)
		hs->s.res = &hs->res;
	next = http_rules_content(hs, r == H1_MORE ? over : r != H1_DONE);
	if (next != HTTP_AGAIN || hs->phase != HTTP_EXCHANGE)
		return next;
	hs->s.res = &hs->res;
	return HTTP_AGAIN;
}

/* What came of looking for a head. Content rules that still wait may let it lie. */
static enum http_next head_result(struct http_stream *hs, enum h1_result r)
{
	enum http_next next = hs->content ? inspect(hs, r) : HTTP_AGAIN;

	if (next == HTTP_CLOSE || hs->phase != HTTP_EXCHANGE)
		return next;
	if (next == HTTP_WAIT && r == H1_DONE && !http_is_interim(&hs->res))
		return next;
	if (r == H1_DONE)
		return response_head(hs);
	return r == H1_MORE ? response_more(hs) : refuse(hs);
}

/* Heads, until that of the final response is through. */
static enum http_next receive_heads(struct http_stream *hs)
{
	enum http_next next = HTTP_AGAIN;

	while (!hs->responding && hs->phase == HTTP_EXCHANGE && next == HTTP_AGAIN) {
		if (hs->content)
			next = head_result(hs, hs->s.res ? H1_DONE : receive_head(hs));
		else
			next = hs->wait != HTTP_NO_WAIT ? response_rules(hs)
							: head_result(hs, receive_head(hs));
	}
	return next;
}

/* Both messages are complete, or what is left of the request cannot be sent. */
static enum http_next exchange_end(struct http_stream *hs)
{
	const struct conn *c = hs->down.from;
	bool complete = hs->up.state == FLOW_DONE && hs->up.body != HTTP_BODY_TUNNEL && !hs->up_broken;
	bool reusable = complete && !hs->server_close && !(c->flags & (CONN_EOF | CONN_ERROR)) && !hs->in.len;

	hs->s.log.t_data = (int32_t)(http_worker(hs)->now - hs->s.server.connected) - hs->s.log.t_response;
	http_server_finish(hs, reusable);
	return hs->client_keep && complete ? HTTP_KEEP : HTTP_CLOSE;
}

/* A tunnel passes the end of one side on to the other. */
static void tunnel_shut(struct http_flow *f)
{
	if (f->body != HTTP_BODY_TUNNEL || f->shut)
		return;
	f->shut = true;
	conn_shut(f->to);
}

static enum http_next send_request(struct http_stream *hs)
{
	switch (http_flow_run(hs, &hs->up)) {
	case FLOW_SENT:
		tunnel_shut(&hs->up);
		return HTTP_AGAIN;
	case FLOW_HUNGRY:
	case FLOW_BLOCKED:
		return HTTP_AGAIN;
	case FLOW_BROKEN:
		/* It may have answered before it closed. */
		hs->up_broken = true;
		http_flow_read(&hs->down);
		return HTTP_AGAIN;
	case FLOW_BAD:
		hs->no_reset = true;
		return hs->responding ? aborted(hs, 'P', 'D') : http_reply_failure(hs, 400, 'P', 'H');
	case FLOW_CUT:
		return aborted(hs, 'C', hs->early_end ? 'L' : 'D');
	case FLOW_MEMORY:
		break;
	}
	return hs->responding ? HTTP_CLOSE : http_reply_failure(hs, 500, 'I', 'D');
}

static enum http_next send_response(struct http_stream *hs)
{
	switch (http_flow_run(hs, &hs->down)) {
	case FLOW_SENT:
		tunnel_shut(&hs->down);
		if (hs->up_broken && hs->up.body == HTTP_BODY_TUNNEL)
			return aborted(hs, 'S', 'D');
		return hs->up_broken || (hs->up.state == FLOW_DONE && h1_out_empty(hs->up.out) && !hs->up.pipe)
			       ? exchange_end(hs)
			       : HTTP_WAIT;
	case FLOW_HUNGRY:
	case FLOW_BLOCKED:
		return HTTP_WAIT;
	case FLOW_BROKEN:
		return aborted(hs, 'C', 'D');
	case FLOW_BAD:
		hs->no_reset = true;
		return aborted(hs, 'S', 'D');
	case FLOW_CUT:
		return aborted(hs, 'S', 'D');
	case FLOW_MEMORY:
		break;
	}
	return HTTP_CLOSE;
}

enum http_next http_exchange(struct http_stream *hs)
{
	enum http_next next = hs->up_broken ? HTTP_AGAIN : send_request(hs);
	uint32_t tries = hs->s.server.retries;

	if (next != HTTP_AGAIN || hs->phase != HTTP_EXCHANGE)
		return next;
	next = receive_heads(hs);
	if (hs->s.server.retries !=
	    tries) /* on a new connection, perhaps at once: the request goes out first */
		return next == HTTP_WAIT && hs->phase == HTTP_EXCHANGE ? HTTP_AGAIN : next;
	if (next != HTTP_CLOSE && hs->phase == HTTP_EXCHANGE && client_has_left(hs))
		return client_left(hs);
	if (hs->phase != HTTP_EXCHANGE || (next != HTTP_AGAIN && !hs->down.taken))
		return next;
	next = send_response(hs);
	if (next == HTTP_WAIT && hs->opened) {
		hs->opened = false; /* what the client has sent ahead */
		return HTTP_AGAIN;
	}
	return next;
}
