/* The life of a stream in mode tcp: content rules, a server, then bytes both ways until both sides have ended.
 * Every function below the loop's callbacks only says what happened; the callbacks end the session. The session
 * owns the stream, the worker's pool its memory. */
#include "runtime/proxy/tcp_stream.h"
#include "runtime/core/log_moment.h"
#include "runtime/proxy/filter_trace.h"
#include "runtime/proxy/stream_stick.h"
#include "runtime/proxy/stream_trace.h"

#include <errno.h>

#include "runtime/stats/counters.h"

static void client_ready(struct conn *c, int revents);
static void server_ready(struct conn *c, int revents);

static struct tcp_stream *of_request(struct srv_request *r)
{
	return LIST_OF(r, struct tcp_stream, s.server);
}

/* What each side is watched for follows from the flows. */
static void watch(struct tcp_stream *t)
{
	conn_want(&t->s.session->conn,
		  (t->up.paused ? 0 : EV_READ) | (tcp_flow_wants_room(&t->down) ? EV_WRITE : 0));
	if (t->up.to)
		conn_want(t->up.to,
			  (t->down.paused ? 0 : EV_READ) | (tcp_flow_wants_room(&t->up) ? EV_WRITE : 0));
	tcp_timer_update(t);
}

/* Everything goes; the letters are noted already, or all was well. */
static void stream_abort(struct stream *s)
{
	struct tcp_stream *t = (struct tcp_stream *)s;
	struct worker *w = s->session->conn.worker;
	bool connected = t->up.to != NULL;

	if (s->server.assigned || (t->requested && s->log.cause == 'C')) /* who left a queue has waited, too */
		s->log.t_queue = (int32_t)((s->server.assigned ? s->server.assigned : w->now) - s->begun);
	if (t->requested)
		srv_request_cancel(&t->s.server);
	if (connected && tcp_flow_pending(&t->up)) /* a cut request must not look like a whole one */
		t->up.to->flags |= CONN_RESET;
	tcp_flow_drop(&t->up, w);
	tcp_flow_drop(&t->down, w);
	if (connected)
		srv_request_finish(&t->s.server, false);
	stream_trace(&t->s, STREAM_ENDS, false, NULL);
	stream_finish(&t->s);
	pool_put(&w->tcp_streams, t);
}

static void end(struct tcp_stream *t)
{
	session_free(t->s.session);
}

/* For backend and server: who ended the stream before its time, by leaving or by silence. */
static void count_abort(struct tcp_stream *t, bool client)
{
	struct worker *w = t->s.session->conn.worker;

	if (t->s.counted_backend && client)
		counters_be(w, t->s.backend->index)->cli_aborts++;
	else if (t->s.counted_backend)
		counters_be(w, t->s.backend->index)->srv_aborts++;
	if (t->s.server.server && client)
		counters_srv(w, t->s.server.server->index)->cli_aborts++;
	else if (t->s.server.server)
		counters_srv(w, t->s.server.server->index)->srv_aborts++;
}

static void end_counted(struct tcp_stream *t, bool client)
{
	count_abort(t, client);
	end(t);
}

/* A side is broken. The server of a client that is gone hears so, unless it has ended itself. */
static void end_broken(struct tcp_stream *t, bool client)
{
	struct worker *w = t->s.session->conn.worker;

	if (t->state == TCP_REQ_RULES)
		tcp_rules_give_up(t);
	if (client && t->up.to && !t->down.eof)
		t->up.to->flags |= CONN_RESET;
	if (!client) {
		counters_be(w, t->s.backend->index)->failed_resp++;
		counters_srv(w, t->s.server.server->index)->failed_resp++;
	}
	stream_end(&t->s, client ? 'C' : 'S', t->state == TCP_REQ_RULES ? 'R' : 'D');
	end_counted(t, client);
}

static void failed(struct tcp_stream *t, enum srv_outcome outcome)
{
	static const char letters[][3] = {
		[SRV_NO_SERVER] = "SC",      [SRV_QUEUE_TIMEOUT] = "sQ",   [SRV_QUEUE_FULL] = "SQ",
		[SRV_CONNECT_FAILED] = "SC", [SRV_CONNECT_TIMEOUT] = "sC", [SRV_RESOURCES] = "RC",
		[SRV_INTERNAL] = "IC",
	};

	stream_end(&t->s, letters[outcome][0], letters[outcome][1]);
	end(t);
}

static bool wants_splice(const struct tcp_stream *t, enum proxy_option option)
{
	return proxy_option_is_set(t->s.session->frontend->conf, option) ||
	       proxy_option_is_set(t->s.backend->conf, option);
}

static void splice_setup(struct tcp_stream *t)
{
	bool allowed = !t->s.session->generation->model->global.nosplice;

	t->up.splice = t->down.splice = allowed;
	t->up.splice_eager = wants_splice(t, PO_SPLICE_REQUEST);
	t->down.splice_eager = wants_splice(t, PO_SPLICE_RESPONSE);
}

/* Has it ended, and everything is delivered? */
static bool is_through(const struct tcp_flow *f)
{
	return f->eof && !tcp_flow_pending(f);
}

/* Moves what can be moved after an event. Ends the session when there is nothing more to expect. */
static void go_on(struct tcp_stream *t)
{
	if (!tcp_flow_write(&t->up, is_through(&t->down)))
		end_broken(t, false);
	else if (!tcp_flow_write(&t->down, is_through(&t->up)))
		end_broken(t, true);
	else if (is_through(&t->up) && is_through(&t->down))
		end(t);
	else
		watch(t);
}

static void response_rules(struct tcp_stream *t)
{
	switch (tcp_rules_response(t)) {
	case TCP_GO_ON:
		t->state = TCP_OPEN;
		t->down.held = false;
		if (stream_sticks(&t->s))
			tcp_rules_stick(t);
		go_on(t);
		break;
	case TCP_WAIT:
		tcp_rules_arm(t);
		if (tcp_flow_write(&t->up, false))
			watch(t);
		else
			end_broken(t, false);
		break;
	case TCP_SWITCH:
	case TCP_END:
		end(t);
		break;
	}
}

static void connected(struct tcp_stream *t)
{
	struct srv_request *r = &t->s.server;
	struct conn *c = &r->conn->conn;
	struct worker *w = r->worker;

	t->s.log.t_queue = (int32_t)(r->assigned - t->s.begun);
	t->s.log.t_connect = (int32_t)(r->connected - r->assigned);
	c->ready = server_ready;
	t->up.to = t->down.from = c;
	t->client_seen = t->server_seen = t->up.wrote = t->down.wrote = w->now;
	if (proxy_option_is_set(t->s.backend->conf, PO_INDEPENDENT_STREAMS))
		t->up.to_seen = &t->up.wrote;
	t->timer_shape = 0;
	splice_setup(t);
	stream_connected(&t->s);
	stream_log_step(&t->s, LSTEP_CONNECT);
	if (proxy_option_is_set(t->s.session->frontend->conf, PO_LOGASAP) ||
	    t->s.session->frontend->log_moment != LOG_AT_END)
		stream_log(&t->s);
	t->state = t->s.backend->conf->rules[RS_TCP_RES_CONT].n ? TCP_RES_RULES : TCP_OPEN;
	t->down.held = t->state == TCP_RES_RULES;
	if (t->down.held)
		response_rules(t); /* which decide at once when there is no delay to wait for bytes */
	else {
		if (stream_sticks(&t->s))
			tcp_rules_stick(t);
		go_on(t);
	}
}

static void server_done(struct srv_request *r, enum srv_outcome outcome)
{
	struct tcp_stream *t = of_request(r);

	t->requested = false;
	stream_called(&t->s);
	deadline_clear(&t->s.session->deadline);
	if (outcome == SRV_CONNECTED)
		connected(t);
	else
		failed(t, outcome);
}

/* The server went down, or active ones came back (on-marked-down, on-marked-up). */
static void server_killed(struct srv_request *r, char cause)
{
	struct tcp_stream *t = of_request(r);

	stream_end(&t->s, cause, t->state == TCP_CONNECT ? 'C' : '-');
	end(t);
}

static void find_server(struct tcp_stream *t)
{
	enum srv_outcome outcome;

	t->state = TCP_CONNECT;
	stream_log_step(&t->s, LSTEP_REQUEST);
	t->s.server.done = server_done;
	t->s.server.killed = server_killed;
	stream_balance(&t->s);
	stream_server_setup(&t->s);
	outcome = srv_request_start(&t->s.server);
	t->requested = outcome == SRV_PENDING;
	if (t->requested) {
		tcp_timer_connecting(t);
		watch(t);
	} else
		server_done(&t->s.server, outcome);
}

/* What the rules decided was that this is HTTP: another kind of stream begins with the bytes at hand. */
static void become_http(struct tcp_stream *t)
{
	const struct rule *rule = t->s.last_rule;
	struct session *s = t->s.session;

	stream_discard(&t->s);
	pool_put(&s->conn.worker->tcp_streams, t);
	deadline_clear(&s->deadline);
	http_session_switch(s, rule ? rule->name : STR_NONE);
}

static void request_rules(struct tcp_stream *t)
{
	switch (tcp_rules_request(t)) {
	case TCP_GO_ON:
		find_server(t);
		break;
	case TCP_WAIT:
		tcp_rules_arm(t);
		watch(t);
		break;
	case TCP_SWITCH:
		become_http(t);
		break;
	case TCP_END:
		end(t);
		break;
	}
}

void tcp_stream_resolved(struct tcp_stream *t)
{
	request_rules(t);
}

/* The client has ended while a server is being found: no use in going on for a request without a byte, nor for
 * any with option abortonclose. */
static void client_left(struct tcp_stream *t)
{
	if (t->up.buf->len && !proxy_option_is_set(t->s.backend->conf, PO_ABORTONCLOSE)) {
		watch(t);
		return;
	}
	stream_end(&t->s, 'C', t->s.server.assigned ? 'C' : 'Q');
	end(t);
}

static void client_ready(struct conn *c, int revents)
{
	struct tcp_stream *t = tcp_stream_of(session_of(c));

	*(revents & EV_READ ? &t->client_seen : t->down.to_seen) = c->worker->now;
	stream_called(&t->s);
	if (revents & EV_READ && !t->up.paused && !tcp_flow_read(&t->up)) {
		end_broken(t, true);
		return;
	}
	if (t->contstats)
		stream_count_bytes(&t->s);
	if (t->state == TCP_OPEN && revents == EV_READ && tcp_flow_forward(&t->up))
		return;
	if (t->state == TCP_REQ_RULES)
		request_rules(t);
	else if (t->state != TCP_CONNECT)
		go_on(t);
	else if (t->up.eof)
		client_left(t);
	else
		watch(t);
}

static void server_ready(struct conn *c, int revents)
{
	struct tcp_stream *t = of_request(((struct srv_conn *)c)->user);

	*(revents & EV_READ ? &t->server_seen : t->up.to_seen) = c->worker->now;
	stream_called(&t->s);
	if (revents & EV_READ && !t->down.paused && !tcp_flow_read(&t->down)) {
		end_broken(t, false);
		return;
	}
	if (t->contstats)
		stream_count_bytes(&t->s);
	if (t->state == TCP_OPEN && revents == EV_READ && tcp_flow_forward(&t->down))
		return;
	if (t->state == TCP_RES_RULES)
		response_rules(t);
	else
		go_on(t);
}

static bool is_paced(const struct tcp_stream *t)
{
	return (t->up.paused | t->down.paused) & PAUSE_RATE;
}

static void deadline_expired(struct worker *w, struct deadline *d)
{
	struct session *s = LIST_OF(d, struct session, deadline);
	struct tcp_stream *t = tcp_stream_of(s);

	(void)w;
	stream_called(&t->s);
	if (t->state == TCP_CONNECT && tcp_timer_connecting(t))
		end_counted(t, true);
	else if (t->state == TCP_REQ_RULES && tcp_rules_client_silent(t))
		end_counted(t, true);
	else if (t->state == TCP_REQ_RULES)
		request_rules(t);
	else if (t->up.to && tcp_timer_expired(t))
		end_counted(t, t->s.log.cause == 'c');
	else if (t->state == TCP_OPEN && is_paced(t))
		go_on(t);
	else if (t->state == TCP_RES_RULES)
		response_rules(t);
}

static void flows_init(struct tcp_stream *t, struct session *s)
{
	t->up = (struct tcp_flow){
		.from = &s->conn, .buf = &s->in, .bytes = &t->s.log.bytes_in, .to_seen = &t->server_seen};
	t->down = (struct tcp_flow){
		.to = &s->conn, .buf = &t->in, .bytes = &t->s.log.bytes_out, .to_seen = &t->client_seen};
	if (stream_client_is_apart(s))
		t->down.to_seen = &t->down.wrote;
	t->in = (struct buf){0};
	t->client_seen = t->server_seen = s->accepted;
	t->inspect_until = 0;
	t->rule = 0;
	t->state = TCP_REQ_RULES;
	t->backend_rules = false;
	t->requested = false;
	t->timer_shape = 0;
	t->contstats = proxy_option_is_set(s->frontend->conf, PO_CONTSTATS);
}

void tcp_session_begin(struct session *s)
{
	struct tcp_stream *t = pool_get(&s->conn.worker->tcp_streams);

	if (!t) {
		session_free(s);
		return;
	}
	stream_init(&t->s, s, NULL);
	t->s.abort = stream_abort;
	t->s.log.request_counter = atomic_fetch_add(&s->conn.worker->process->unique_id, 1);
	flows_init(t, s);
	stream_called(&t->s);
	session_trace(s, false);
	stream_trace(&t->s, STREAM_BEGINS, false, NULL);
	if (s->frontend->conf->nfilters)
		filter_trace_attach(&t->s, &t->up.limits, &t->down.limits, s->frontend->conf);
	s->conn.ready = client_ready;
	s->deadline.expired = deadline_expired;
	stream_log_step(&t->s, LSTEP_ACCEPT);
	if (!s->frontend->conf->log_format && !s->frontend->conf->log_steps)
		stream_log(&t->s);
	request_rules(t);
}
