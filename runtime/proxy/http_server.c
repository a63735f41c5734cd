/* A server for the request: asked for, waited for, tried again, given back. A request may be sent a second time
 * as long as all of it still lies in the buffer and nothing of an answer has come. */
#include "runtime/proxy/http_fields.h"
#include "runtime/proxy/http_wait.h"
#include "runtime/core/log_moment.h"

#include <errno.h>

#include "runtime/backend/balance.h"
#include "runtime/proxy/http_count.h"
#include "runtime/stats/counters.h"
#include "runtime/stick/track.h"
#include "runtime/health/observe.h"

static void server_ready(struct conn *c, int revents);

/* Of its connection: streams of HTTP/2 never are, for HAProxy. */
static bool is_first(const struct http_stream *hs)
{
	return hs->s.session->requests == 1 && !hs->s.session->parent;
}

static enum http_next failed(struct http_stream *hs, enum srv_outcome outcome)
{
	static const char letters[][3] = {
		[SRV_NO_SERVER] = "SC",      [SRV_QUEUE_TIMEOUT] = "sQ",   [SRV_QUEUE_FULL] = "SQ",
		[SRV_CONNECT_FAILED] = "SC", [SRV_CONNECT_TIMEOUT] = "sC", [SRV_RESOURCES] = "RC",
		[SRV_INTERNAL] = "IC",
	};

	/* As in HAProxy the client of another request than the first is not told, it may ask again. */
	if (outcome == SRV_CONNECT_TIMEOUT && !is_first(hs)) {
		stream_end(&hs->s, 's', 'C');
		hs->s.log.status = 503;
		return HTTP_CLOSE;
	}
	return http_reply_failure(hs, outcome == SRV_INTERNAL ? 500 : 503, letters[outcome][0],
				  letters[outcome][1]);
}

/* The field with the server's name comes last, behind Connection, as HAProxy writes it. */
static bool queue_head(struct http_stream *hs)
{
	struct str connection = http_connection_request(hs);
	struct http_msg *m = &hs->req;
	bool last = hs->up.state == FLOW_DONE, told = connection.len && !hs->up.to->mux, ok;
	uint16_t n;

	if (!http_proxy(hs)->send_name_header.len)
		return http_flow_head(hs, &hs->up, m, connection, last);
	n = m->nhdrs;
	if (told && !http_add(m, STR("connection"), connection))
		return false;
	ok = http_send_name(hs) && http_flow_head(hs, &hs->up, m, STR_NONE, last);
	if (told)
		http_del(m, &m->hdrs[n]); /* the next server is told anew */
	return ok;
}

/* The head, as it is now, into the queue; the body follows it. */
static bool queue_request(struct http_stream *hs)
{
	struct http_flow *up = &hs->up;
	struct h1_out *out = http_flow_out(hs, up);

	if (!out)
		return false;
	h1_out_init(out, &hs->s.scratch);
	http_te_filter(&hs->req);
	if (hs->req.method == HTTP_M_CONNECT)
		http_connect_strip(&hs->req);
	up->taken = hs->head_len;
	up->blocked = false;
	http_flow_body(up, &hs->req);
	hs->s.log.bytes_in = hs->req.counted;
	if ((http_frontend(hs)->compression.request || http_proxy(hs)->compression.request) &&
	    !http_compress_body(hs))
		return false;
	return queue_head(hs);
}

static enum http_next connected(struct http_stream *hs)
{
	struct srv_request *r = &hs->s.server;
	struct conn *c = &r->conn->conn;

	c->ready = server_ready;
	hs->up.to = hs->down.from = c;
	hs->up_broken = false; /* of a connection before this one */
	hs->server_seen = hs->client_seen = hs->up.wrote = http_worker(hs)->now;
	hs->up.independent = proxy_option_is_set(http_proxy(hs), PO_INDEPENDENT_STREAMS);
	if (hs->s.log.cookie_cli == 'V' && hs->s.cookie_server != r->server)
		hs->s.log.cookie_cli = 'D'; /* it could not be reached */
	hs->s.log.t_connect = (int32_t)(r->connected - r->assigned);
	stream_connected(&hs->s);
	if (http_frontend(hs)->log_steps)
		stream_log_step(&hs->s, LSTEP_CONNECT);
	hs->wait = HTTP_NO_WAIT;
	hs->rule = 0;
	hs->content = http_proxy(hs)->rules[RS_TCP_RES_CONT].n;
	hs->s.res = hs->content ? NULL : &hs->res;
	hs->res.is_response = true;
	hs->res.method = hs->req.method;
	http_head_begin(hs, &hs->down.parser);
	hs->early_end = hs->s.session->conn.flags & CONN_EOF;
	hs->phase = HTTP_EXCHANGE;
	return queue_request(hs) ? HTTP_AGAIN : http_reply_failure(hs, 500, 'I', 'C');
}

static enum http_next outcome_next(struct http_stream *hs, enum srv_outcome outcome)
{
	struct srv_request *r = &hs->s.server;

	hs->requested = outcome == SRV_PENDING;
	if (hs->requested) {
		hs->phase = HTTP_SERVER;
		return HTTP_WAIT;
	}
	if (r->assigned)
		hs->s.log.t_queue = (int32_t)(r->assigned - r->started);
	if (outcome == SRV_REDIRECTED)
		return http_reply_moved(hs, server_conf_rare(r->server->conf)->redir);
	return outcome == SRV_CONNECTED ? connected(hs) : failed(hs, outcome);
}

static void server_done(struct srv_request *r, enum srv_outcome outcome)
{
	struct http_stream *hs = http_stream_of_request(r);
	enum http_next next = outcome_next(hs, outcome);

	http_session_settle(hs->s.session, next == HTTP_AGAIN ? http_stream_run(hs) : next);
}

/* The server went down, or active ones came back (on-marked-down, on-marked-up). */
static void server_killed(struct srv_request *r, char cause)
{
	struct http_stream *hs = http_stream_of_request(r);

	enum http_next next = HTTP_CLOSE;

	if (hs->responding)
		stream_end(&hs->s, cause, '-'); /* as HAProxy: nobody was waited for */
	else
		next = http_reply_failure(hs, 502, cause, 'H');
	http_session_settle(hs->s.session, next == HTTP_AGAIN ? http_stream_run(hs) : next);
}

/* Whether an idle connection will do (manual, keyword "http-reuse"): it may turn out to be closed, and only a
 * client that has had a response on its connection expects that. */
static void reuse_setup(struct http_stream *hs)
{
	struct srv_request *r = &hs->s.server;
	bool first = session_root(hs->s.session)->requests == 1;

	switch (hs->s.backend->conf->reuse) {
	case REUSE_NEVER:
	case REUSE_SAFE:
		r->reuse_ok = !first;
		break;
	case REUSE_AGGRESSIVE:
		r->reuse_ok = true;
		r->proven_only = first;
		break;
	case REUSE_ALWAYS:
		r->reuse_ok = true;
		break;
	}
}

/* Manual, "max-keep-alive-queue": 0 means that nobody shall wait. */
static bool queue_is_short(const struct server *s)
{
	int32_t max = s->proxy->conf->max_keep_alive_queue;

	if (max == 0)
		return server_has_room(s);
	return max < 0 || atomic_load_explicit(&s->queued, memory_order_relaxed) < (uint32_t)max;
}

/* Does a list of challenges have one of the schemes that concern the connection, not the request (Negotiate,
 * RFC 4559, and NTLM)? HAProxy looks at four letters. */
static bool challenges_bind(struct http_msg *m, struct str field)
{
	for (struct http_hdr *h = http_find(m, field, NULL); h; h = http_find(m, field, h)) {
		struct str list = str_make(h->value, h->value_len);

		while (list.len) {
			struct str scheme = str_sub(str_trim(str_cut(&list, ',')), 0, 4);

			if (str_ieq(scheme, STR("nego")) || str_ieq(scheme, STR("ntlm")))
				return true;
		}
	}
	return false;
}

void http_server_challenges(struct http_stream *hs)
{
	struct str field = hs->res.status == 401 ? STR("www-authenticate") : STR("proxy-authenticate");

	if (!challenges_bind(&hs->res, field))
		return;
	hs->s.server.conn->bound = true;
	session_root(hs->s.session)->prefers_last = true;
}

/* option prefer-last-server, and after a challenge as above: where this client still has a connection of its
 * own, unless it matters to balancing where it goes. */
static void prefer_last(struct http_stream *hs)
{
	struct srv_request *r = &hs->s.server;
	struct server *last;

	if (r->server || balance_is_fixed(r->backend) || hs->s.session->requests == 1)
		return;
	last = srv_owner_server(r->worker, r->owner, r->backend);
	if (last && server_is_usable(last) && queue_is_short(last))
		r->server = last;
}

enum http_next http_server_start(struct http_stream *hs)
{
	struct srv_request *r = &hs->s.server;

	r->owner = session_root(hs->s.session);
	r->owner_max = http_frontend(hs)->max_session_conns;
	r->done = server_done;
	r->killed = server_killed;
	r->data_follows = true;
	r->websocket = hs->req.websocket;
	r->redirects = (hs->req.method == HTTP_M_GET || hs->req.method == HTTP_M_HEAD) &&
		       http_uri_pathq(hs->req.uri).len;
	reuse_setup(hs);
	if (proxy_option_is_set(hs->s.backend->conf, PO_PREFER_LAST_SERVER) ||
	    session_root(hs->s.session)->prefers_last)
		prefer_last(hs);
	stream_balance(&hs->s);
	stream_server_setup(&hs->s);
	if (hs->s.session->frontend->log_moment == LOG_AT_REQUEST)
		stream_log(&hs->s);
	return outcome_next(hs, srv_request_start(r));
}

/* The client has ended before its request was complete. */
static bool request_is_cut(struct http_stream *hs)
{
	return hs->up.from->flags & (CONN_EOF | CONN_ERROR) && hs->up.state != FLOW_DONE &&
	       !http_request_is_at_hand(hs);
}

/* While it is waited for, the client may go (option abortonclose). */
enum http_next http_server_wait(struct http_stream *hs)
{
	const struct conn *c = &hs->s.session->conn;
	bool gone = c->flags & (CONN_EOF | CONN_ERROR) && http_aborts(hs);

	if (c->flags & CONN_ERROR && c->mux)
		gone = true;
	if (!gone && !request_is_cut(hs))
		return HTTP_WAIT;
	counters_be(http_worker(hs), hs->s.backend->index)->cli_aborts++;
	hs->s.log.t_queue = (int32_t)((hs->s.server.assigned ? hs->s.server.assigned : http_worker(hs)->now) -
				      hs->s.server.started);
	hs->s.log.bytes_in += http_body_counted(hs, false);
	stream_end(&hs->s, 'C', hs->s.server.assigned ? 'C' : 'Q');
	return HTTP_CLOSE;
}

static bool is_idempotent(const struct http_stream *hs)
{
	uint8_t m = hs->req.method;

	return m != HTTP_M_OTHER && m != HTTP_M_POST && m != HTTP_M_PATCH && m != HTTP_M_CONNECT;
}

/* All of the request is still there, and none of a response. */
static bool may_resend(const struct http_stream *hs)
{
	return hs->s.server.conn && !hs->let_go && hs->req.body != HTTP_BODY_CHUNKED && !hs->responding &&
	       !hs->down.taken;
}

static uint32_t retries(const struct http_stream *hs)
{
	const struct rule_settings *set = hs->s.settings;

	return set && set->has & SET_RETRIES ? set->retries : http_proxy(hs)->retries;
}

/* The server has not looked at it (RFC 9113 section 8.7). */
static bool was_refused(const struct http_stream *hs)
{
	const struct conn *c = &hs->s.server.conn->conn;

	return c->mux && c->mux->refused(c);
}

bool http_server_retry(struct http_stream *hs, uint32_t cause, enum http_next *next)
{
	bool reused = hs->s.server.conn && !hs->s.server.conn->fresh;
	bool race = hs->s.server.conn && cause == RETRY_ON_EMPTY_RESPONSE &&
		    ((reused && is_idempotent(hs)) || was_refused(hs));
	enum srv_outcome outcome;

	if (!may_resend(hs) || (!race && !(http_proxy(hs)->retry_on & cause)))
		return false;
	if (hs->s.settings && hs->s.settings->has & SET_NO_L7_RETRY)
		return false;
	if (!race && hs->s.server.retries >= retries(hs))
		return false;
	hs->up.to = hs->down.from = NULL;
	buf_drop(http_worker(hs), &hs->in);
	http_head_again(hs, &hs->down.parser, &hs->res);
	outcome = srv_request_retry(&hs->s.server);
	if (outcome == SRV_CONNECT_FAILED)
		return false;
	*next = outcome_next(hs, outcome);
	return true;
}

enum http_next http_server_lost(struct http_stream *hs, bool junk)
{
	bool reused = hs->s.server.conn && !hs->s.server.conn->fresh;
	bool muxed = hs->s.server.conn && hs->s.server.conn->conn.mux;
	enum http_next next;

	if (!reused)
		observe(http_worker(hs), hs->s.server.server, junk ? OBSERVED_JUNK : OBSERVED_CLOSE);
	if (http_server_retry(hs, junk ? RETRY_ON_JUNK_RESPONSE : RETRY_ON_EMPTY_RESPONSE, &next))
		return next;
	stream_count(&hs->s, STICK_FAILURE);
	http_count_failed_response(hs);
	if (!junk && !is_first(hs) && !muxed) {
		/* The client has to expect that its connection ends between two requests (RFC 9112
		 * section 9.5), and may send again; a stream is refused (RFC 9113 section 8.7). */
		hs->silent = true;
		return HTTP_CLOSE;
	}
	return http_reply_failure(hs, 502, junk ? 'P' : 'S', 'H');
}

/* The end is ours: no need for the server to wait for it (RFC 9293 section 3.6.1). */
void http_server_finish(struct http_stream *hs, bool reusable)
{
	struct conn *c = &hs->s.server.conn->conn;

	bool reset = !reusable || http_proxy(hs)->reuse == REUSE_NEVER;

	if (reset && !hs->no_reset && (hs->up.state == FLOW_DONE || !hs->early_end) &&
	    !(c->flags & (CONN_EOF | CONN_WR_SHUT)))
		c->flags |= CONN_RESET;
	hs->up.to = hs->down.from = NULL;
	srv_request_finish(&hs->s.server, reusable);
}

static void server_ready(struct conn *c, int revents)
{
	struct http_stream *hs = http_stream_of_request(((struct srv_conn *)c)->user);

	if (revents & EV_READ || !hs->up.independent)
		hs->server_seen = c->worker->now;
	if (revents & EV_WRITE)
		hs->up.blocked = false;
	http_session_settle(hs->s.session, revents & EV_READ && !hs->down.blocked
						   ? http_stream_read(hs, &hs->down)
						   : http_stream_run(hs));
}
