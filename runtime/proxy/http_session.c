/* Sessions in mode http: what the loop tells about the client's connection, one stream after the other on it,
 * and the end. Only the functions here end a session or a stream, and only after everything below them has
 * returned. Between two requests a session holds no stream, no buffer and no scratch memory. */
#include "runtime/proxy/http_cache.h"
#include "runtime/proxy/http_wait.h"

#include <errno.h>
#include <sys/socket.h>

#include "runtime/core/spread.h"
#include "runtime/proxy/http_count.h"
#include "runtime/proxy/http_fields.h"
#include "runtime/proxy/http_h2.h"
#include "runtime/proxy/stream_trace.h"
#include "runtime/reload/renew.h"
#include "runtime/stats/counters.h"

enum { BULK_TURNS = 8 /* reads in a row, so that others get their turn */ };
_Static_assert(sizeof(struct http_stream) <= WORKER_STREAM_SIZE, "fits a piece of the pool");

/* Everything that the stream holds; its letters are noted already, or all was well. */
static void stream_release(struct http_stream *hs)
{
	struct worker *w = http_worker(hs);
	struct buf *in = &hs->s.session->in;
	uint32_t taken = hs->up.taken;

	stream_trace(&hs->s, STREAM_ENDS, false, NULL);
	if (hs->requested)
		srv_request_cancel(&hs->s.server);
	http_cache_drop(hs);
	http_flow_drop(&hs->up, w);
	http_flow_drop(&hs->down, w);
	if (hs->s.server.conn)
		http_server_finish(hs, false);
	if (hs->silent)
		hs->s.log.log_level = -1;
	http_count_end(hs);
	stream_finish(&hs->s);
	buf_drop(w, &hs->in);
	out_free(&hs->page);
	if (taken)
		buf_eat(in, taken < in->len ? taken : in->len);
	pool_put(&w->streams, hs);
}

/* session_free() ends it: whatever state it is in. */
static void stream_abort(struct stream *s)
{
	struct http_stream *hs = (struct http_stream *)s;

	if (hs->phase != HTTP_REPLY && !hs->refused)
		stream_end(s, 'K',
			   hs->phase == HTTP_HEAD || hs->phase == HTTP_STEPS ? 'R'
			   : hs->phase == HTTP_SERVER                        ? 'C'
			   : hs->responding                                  ? '-'
									     : 'D');
	stream_release(hs);
}

static struct http_stream *stream_new(struct session *s)
{
	struct worker *w = s->conn.worker;
	struct http_stream *hs = pool_get(&w->streams);

	if (!hs)
		return NULL;
	memset((char *)hs + sizeof(hs->s), 0, sizeof(*hs) - sizeof(hs->s));
	stream_init(&hs->s, s, NULL);
	hs->s.abort = stream_abort;
	hs->s.req = &hs->req;
	hs->s.log.request_date = w->wall;
	http_flow_init(&hs->up, &s->conn, NULL, &s->in, &hs->s.log.bytes_in, &hs->s.log.sent_in);
	http_flow_init(&hs->down, NULL, &s->conn, &hs->in, &hs->s.log.bytes_out, &hs->s.log.sent_out);
	hs->down.independent = stream_client_is_apart(s);
	hs->req.scratch = hs->res.scratch = &hs->s.scratch;
	http_head_begin(hs, &hs->up.parser);
	hs->client_seen = hs->server_seen = w->now;
	if (s->switched && !s->requests)
		hs->step = http_step_switched();
	if (!s->requests && s->frontend->conf->log_steps)
		stream_log_step(&hs->s, LSTEP_ACCEPT);
	hs->s.log.t_idle = (int32_t)(hs->s.begun - s->idle_since);
	s->requests++;
	stream_trace(&hs->s, STREAM_BEGINS, false, NULL);
	return hs;
}

enum http_next http_stream_run(struct http_stream *hs)
{
	enum http_next next = HTTP_AGAIN;

	stream_called(&hs->s);
	while (next == HTTP_AGAIN) {
		switch ((enum http_phase)hs->phase) {
		case HTTP_HEAD:
			next = http_request_head(hs);
			break;
		case HTTP_STEPS:
			next = http_steps_run(hs);
			break;
		case HTTP_TARPIT:
			next = http_tarpit_run(hs);
			break;
		case HTTP_SERVER:
			next = http_server_wait(hs);
			break;
		case HTTP_EXCHANGE:
			next = http_exchange(hs);
			break;
		case HTTP_CACHED:
			next = http_cache_run(hs);
			break;
		case HTTP_REPLY:
			next = http_reply_run(hs);
			break;
		}
	}
	return next;
}

enum http_next http_stream_read(struct http_stream *hs, struct http_flow *f)
{
	enum http_next next;

	for (unsigned left = BULK_TURNS;; left--) {
		ssize_t n = http_flow_read(f);

		next = http_stream_run(hs);
		if (n <= 0 || next != HTTP_WAIT || left == 1 || !http_flow_goes_on(f))
			return next;
	}
}

bool http_client_has_room(const struct http_stream *hs)
{
	const struct buf *in = &hs->s.session->in;

	return !in->data || buf_room(in) > 0;
}

/* Its request is complete, and what it sends from now on is for later: a client that has not been watched so
 * far need not be (most connections of a single request never are). */
static bool client_may_rest(const struct http_stream *hs)
{
	bool complete = hs->up.state == FLOW_DONE || (hs->req.body == HTTP_BODY_NONE && !hs->responding);

	return complete && (hs->requested || hs->up.to) && !hs->s.session->conn.wants && !hs->down.blocked &&
	       !http_aborts(hs);
}

/* The client is watched for bytes while there is room for them, also for its end, and for room while it is
 * slow. */
static void watch(struct http_stream *hs)
{
	struct conn *c = &hs->s.session->conn;
	bool read = !(c->flags & (CONN_EOF | CONN_ERROR)) && !hs->up.blocked && !hs->up.paced_until &&
		    http_client_has_room(hs);

	if (!client_may_rest(hs))
		conn_want(c, (read ? EV_READ : 0) | (hs->down.blocked ? EV_WRITE : 0));
	c = hs->up.to;
	if (c)
		read = !(c->flags & (CONN_EOF | CONN_ERROR)) && !hs->down.blocked && !hs->down.paced_until;
	if (c)
		conn_want(c, (read ? EV_READ : 0) | (hs->up.blocked ? EV_WRITE : 0));
	http_timer_update(hs);
}

/* Closes without an RST that could overtake our last words: what the client still sends is read and dropped,
 * once. */
static void close_client(struct session *s)
{
	char sink[4096];

	if (!(s->conn.flags & (CONN_EOF | CONN_ERROR | CONN_RESET)) && s->conn.io.fd >= 0) {
		conn_shut(&s->conn);
		while (s->conn.transport->recv(&s->conn, sink, sizeof(sink)) == sizeof(sink))
			;
	}
	session_free(s);
}

/* A soft stop is under way: an idle connection ends a little earlier than its time-out says. */
static void idle_spread(struct session *s)
{
	struct worker *w = s->conn.worker;
	uint64_t at = spread_idle(w);

	if (at != SPREAD_NEVER && (!deadline_is_set(&s->deadline) || at < s->deadline.at))
		deadline_set(w, &s->deadline, at);
}

static void idle(struct session *s)
{
	struct worker *w = s->conn.worker;

	buf_drop(w, &s->in);
	s->idle_since = w->now;
	if (s->conn.flags & (CONN_EOF | CONN_ERROR) || (w->stopping && spread_idle(w) == SPREAD_NOW)) {
		session_free(s);
		return;
	}
	conn_want(&s->conn, EV_READ);
	http_timer_idle(s);
	if (w->stopping)
		idle_spread(s);
}

static void child_settle(struct session *s, enum http_next next)
{
	if (next == HTTP_WAIT) {
		watch(http_stream_of(s));
		return;
	}
	stream_release(http_stream_of(s));
	session_free(s);
}

void http_session_settle(struct session *s, enum http_next next)
{
	if (s->parent) {
		child_settle(s, next);
		return;
	}
	while (next == HTTP_KEEP) {
		struct http_stream *hs;

		stream_release(http_stream_of(s));
		if (!s->in.len) {
			idle(s);
			return;
		}
		s->idle_since = s->conn.worker->now;
		session_renew(s);
		hs = stream_new(s);
		next = hs ? http_stream_run(hs) : HTTP_CLOSE;
	}
	if (next == HTTP_WAIT) {
		watch(http_stream_of(s));
		return;
	}
	if (s->stream)
		stream_release(http_stream_of(s));
	close_client(s);
}

/* The first bytes of a connection may be those of HTTP/2. True: they are, or more of them is needed. */
static bool begin_h2(struct session *s)
{
	if (s->requests || s->in.data[s->in.off] != 'P' ||
	    proxy_option_is_set(s->frontend->conf, PO_DISABLE_H2_UPGRADE))
		return false;
	switch (http_h2_preface(s->in.data + s->in.off, s->in.len)) {
	case H2_PREFACE_YES:
		http_h2_begin(s);
		return true;
	case H2_PREFACE_PART:
		return true;
	default:
		return false;
	}
}

static void begin_request(struct session *s)
{
	struct http_stream *hs;

	session_renew(s);
	hs = stream_new(s);

	http_session_settle(s, hs ? http_stream_run(hs) : HTTP_CLOSE);
}

/* The client has left, or has been silent for too long, between two requests or before the first one. Only the
 * latter is told and logged. */
static void idle_ended(struct session *s, unsigned status, char cause)
{
	struct http_stream *hs;

	if (s->requests || proxy_option_is_set(s->frontend->conf, PO_HTTP_IGNORE_PROBES) ||
	    !(hs = stream_new(s))) {
		session_free(s);
		return;
	}
	hs->s.begun = s->accepted;
	hs->s.log.t_idle = 0;
	http_session_settle(s, http_reply_raw(hs, status, cause, 'R') == HTTP_AGAIN ? http_stream_run(hs)
										    : HTTP_CLOSE);
}

static void idle_ready(struct session *s)
{
	ssize_t n = conn_recv(&s->conn, &s->in);

	if (n > 0 && !begin_h2(s))
		begin_request(s);
	else if (n == 0 || (n < 0 && errno != EAGAIN))
		idle_ended(s, 400, 'C');
	else if (!s->h2)
		conn_want(&s->conn, EV_READ);
}

static void client_ready(struct conn *c, int revents)
{
	struct session *s = session_of(c);
	struct http_stream *hs = http_stream_of(s);

	if (!hs) {
		idle_ready(s);
		return;
	}
	if (c->mux && c->flags & CONN_ERROR) {
		http_session_settle(s, http_client_reset(hs));
		return;
	}
	if (revents & EV_READ || !hs->down.independent)
		hs->client_seen = c->worker->now;
	if (revents & EV_WRITE)
		hs->down.blocked = false;
	http_session_settle(s, revents & EV_READ && !hs->up.blocked && http_client_has_room(hs)
				       ? http_stream_read(hs, &hs->up)
				       : http_stream_run(hs));
}

static void deadline_expired(struct worker *w, struct deadline *d)
{
	struct session *s = LIST_OF(d, struct session, deadline);
	struct http_stream *hs = http_stream_of(s);
	enum http_next next;

	if (!hs && w->stopping && s->requests) {
		session_free(s);
		return;
	}
	if (!hs) {
		idle_ended(s, 408, 'c');
		return;
	}
	next = http_timer_expired(hs);
	http_session_settle(s, next == HTTP_AGAIN ? http_stream_run(hs) : next);
}

void http_session_begin_stream(struct session *s)
{
	struct http_stream *hs;

	s->conn.ready = client_ready;
	s->deadline.expired = deadline_expired;
	hs = stream_new(s);
	if (hs)
		http_session_settle(s, http_stream_run(hs));
	else
		session_free(s);
}

void http_session_begin(struct session *s)
{
	const struct bind_conf *bind = s->listener->conf;

	if (bind->mux == MUX_H2 || (bind->mux == MUX_AUTO && str_is(conn_alpn(&s->conn), "h2"))) {
		http_h2_begin(s);
		return;
	}
	s->conn.ready = client_ready;
	s->deadline.expired = deadline_expired;
	session_trace(s, false);
	if (s->listener->tls)
		conn_want(&s->conn, EV_READ);
	else
		conn_try(&s->conn);
	http_timer_idle(s);
}

void http_session_switch(struct session *s, struct str proto)
{
	s->conn.ready = client_ready;
	s->deadline.expired = deadline_expired;
	s->idle_since = s->conn.worker->now;
	s->is_http = s->switched = true;
	if (str_is(proto, "h2")) {
		http_h2_begin(s);
		return;
	}
	conn_want(&s->conn, EV_READ);
	http_timer_idle(s);
	if (s->in.len && (str_is(proto, "h1") || !begin_h2(s)))
		begin_request(s);
}

/* Who has sent a request that we have not read yet would see a reset instead of an answer. */
static bool request_waits(const struct session *s)
{
	char byte;

	return recv(s->conn.io.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* Idle connections end. New ones keep their right to one answer: the backlog may hold many of them. */
void http_session_soft_stop(struct session *s)
{
	if (s->parent)
		return;
	if (s->h2) {
		http_h2_soft_stop(s);
		return;
	}
	if (proxy_option_is_set(s->frontend->conf, PO_IDLE_CLOSE_ON_RESPONSE))
		return;
	if (s->stream || !s->requests)
		return;
	if (spread_idle(s->conn.worker) != SPREAD_NOW)
		idle_spread(s);
	else if (!request_waits(s))
		session_free(s);
}
