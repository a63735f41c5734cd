/* HTTP/2 from clients. The session of the connection owns an h2_conn and runs no stream itself; each request of
 * the client becomes a session and a stream of mode http of its own (session_child), which know nothing of
 * frames. The connection is timed here: idle between streams, and silent while one of them is sent (manual:
 * timeout http-keep-alive, http-request, client, client-fin). Worker thread only. */
#include "runtime/core/spread.h"
#include "runtime/proxy/http_h2.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/http/h2.h"
#include "runtime/proxy/http_stream.h"
#include "runtime/proxy/session_log.h"
#include "runtime/proxy/stream_trace.h"
#include "runtime/reload/renew.h"
#include "runtime/stats/counters.h"
#include "runtime/stick/track.h"

struct h2_front {
	struct session *session;
	struct h2_conn *h2;
	uint32_t glitches;      /* so many were counted in what the session tracks */
	bool ending;            /* freed from within */
	bool told;              /* the log, that the connection is broken */
	struct deadline spread; /* during a soft stop: when the client is told to go */
};

enum h2_preface http_h2_preface(const char *data, uint32_t len)
{
	uint32_t n = len < NGHTTP2_CLIENT_MAGIC_LEN ? len : NGHTTP2_CLIENT_MAGIC_LEN;

	if (memcmp(data, NGHTTP2_CLIENT_MAGIC, n) != 0)
		return H2_PREFACE_NO;
	return n < NGHTTP2_CLIENT_MAGIC_LEN ? H2_PREFACE_PART : H2_PREFACE_YES;
}

static uint32_t first_of(uint32_t a, uint32_t b, uint32_t c)
{
	return a ? a : b ? b : c;
}

/* Since when nothing has happened, and how long that may last; 0: for ever. */
static uint32_t patience(const struct h2_front *f, uint64_t *since)
{
	const struct session *s = f->session;
	const uint32_t *t = s->frontend->conf->timeout;
	const struct h2_conn *h = f->h2;

	*since = h->active > s->idle_since ? h->active : s->idle_since;
	if (h->draining && t[TMO_CLIENT_FIN])
		return t[TMO_CLIENT_FIN];
	if (h->nstreams)
		return t[TMO_CLIENT];
	return first_of(s->requests ? t[TMO_HTTP_KEEP_ALIVE] : 0, t[TMO_HTTP_REQUEST], t[TMO_CLIENT]);
}

/* Streams with users are timed by themselves. */
static void timer_update(struct h2_front *f)
{
	struct session *s = f->session;
	uint32_t ping = s->listener->conf->idle_ping, ms;
	uint64_t since;

	ms = patience(f, &since);
	if (f->h2->nattached || (!ms && !ping)) {
		deadline_clear(&s->deadline);
		return;
	}
	deadline_set(s->conn.worker, &s->deadline, since + (ping && (!ms || ping < ms) ? ping : ms));
}

/* Violations belong to the connection: to what its own rules track. */
static void glitches_count(struct h2_front *f)
{
	uint32_t n = f->h2->glitches - f->glitches;

	f->glitches += n;
	if (f->session->track)
		stick_count(f->session->track, STICK_GLITCHES, f->session->conn.worker->now, n);
}

static void opened(struct h2_conn *h, struct h2_stream *st)
{
	struct h2_front *f = h->user;
	struct session *parent = f->session, *s;

	if (h->glitches != f->glitches)
		glitches_count(f);
	session_renew(parent);
	s = session_child(parent);
	if (!s) {
		h2_stream_refuse(st, NGHTTP2_REFUSED_STREAM);
		return;
	}
	if (h->nattached)
		s->idle_since = s->conn.worker->now;
	parent->requests++;
	h2_stream_attach(st, &s->conn, NULL);
	http_session_begin_stream(s);
	timer_update(f);
}

/* What never becomes a stream makes a line of its own (manual 3.4, keyword "tune.h2.log-errors"). */
static void bad_log(struct h2_front *f)
{
	struct h2_conn *h = f->h2;
	uint8_t which = f->session->generation->model->global.h2.log_errors;
	uint32_t n = which == H2_LOG_PRESET || which == H2_LOG_STREAM ? h->bad : 0;

	if (h->broken && !f->told && which != H2_LOG_NONE) {
		f->told = true;
		n++;
	}
	h->bad = 0;
	while (n--)
		session_log_bad(f->session);
}

static void changed(struct h2_conn *h)
{
	struct h2_front *f = h->user;
	struct session *s = f->session;

	if (f->ending)
		return;
	if (h->glitches != f->glitches)
		glitches_count(f);
	if (h->bad || h->broken)
		bad_log(f);
	if (!h->nattached && (h->dead || (h->draining && !h->nstreams && !h->out.len))) {
		session_free(s);
		return;
	}
	timer_update(f);
}

static const struct h2_owner owner = {.opened = opened, .changed = changed};

static void ready(struct conn *c, int revents)
{
	h2_conn_ready(session_of(c)->h2->h2, revents);
}

/* An idle client is told; one that takes nothing any more is not. */
static void expired(struct worker *w, struct deadline *d)
{
	struct session *s = LIST_OF(d, struct session, deadline);
	struct h2_front *f = s->h2;
	uint64_t since;
	uint32_t ms = patience(f, &since);

	if ((!ms || w->now < since + ms) && h2_conn_ping(f->h2)) {
		h2_conn_flush(f->h2);
		timer_update(f);
		return;
	}
	if (!f->h2->draining && !f->h2->nstreams) {
		h2_conn_shutdown(f->h2, NGHTTP2_NO_ERROR);
		h2_conn_flush(f->h2);
	}
	session_free(s);
}

static struct h2_settings settings_of(const struct session *s)
{
	const struct global_conf *g = &s->generation->model->global;
	uint32_t reserve = g->tune_maxrewrite < g->tune_bufsize / 2 ? g->tune_maxrewrite : g->tune_bufsize / 2;

	return (struct h2_settings){
		.header_table_size = g->h2.header_table_size,
		.initial_window = g->h2.fe_initial_window ? g->h2.fe_initial_window : g->h2.initial_window,
		.max_streams = g->h2.fe_max_streams ? g->h2.fe_max_streams : g->h2.max_streams,
		.max_frame = g->h2.max_frame < g->tune_bufsize ? g->h2.max_frame : g->tune_bufsize,
		.max_total_streams = g->h2.fe_max_total_streams,
		.head_size = g->tune_bufsize - reserve,
		.max_hdrs = g->tune_http_maxhdr,
		.glitches_threshold = g->h2.fe_glitches_threshold,
		.glitches_cpu = g->limits.glitches_cpu,
		.rxbuf = g->h2.fe_rxbuf,
		.max_frames_at_once = g->h2.fe_frames_at_once,
		.max_rst_at_once = g->h2.fe_rst_at_once,
	};
}

static void spread_over(struct worker *w, struct deadline *d)
{
	struct h2_front *f = LIST_OF(d, struct h2_front, spread);

	(void)w;
	h2_conn_shutdown(f->h2, NGHTTP2_NO_ERROR);
}

void http_h2_begin(struct session *s)
{
	struct h2_settings settings = settings_of(s);
	struct h2_front *f = calloc(1, sizeof(*f));

	if (f)
		f->h2 = h2_conn_new(&s->conn, true, &settings, &owner, f,
				    &counters_fe(s->conn.worker, s->frontend->index)->h2_headers_rcvd);
	if (!f || !f->h2) {
		free(f);
		session_free(s);
		return;
	}
	f->session = s;
	session_trace(s, false);
	deadline_init(&f->spread, spread_over);
	f->h2->bad_client = s->generation->model->global.h2.bogus_websockets;
	s->h2 = f;
	s->conn.ready = ready;
	s->deadline.expired = expired;
	if (s->in.len)
		h2_conn_feed(f->h2, s->in.data + s->in.off, s->in.len);
	buf_drop(s->conn.worker, &s->in);
	conn_want(&s->conn, EV_READ);
	timer_update(f);
}

void http_h2_soft_stop(struct session *s)
{
	uint64_t at = spread_idle(s->conn.worker);

	if (at == SPREAD_NOW) {
		h2_conn_shutdown(s->h2->h2, NGHTTP2_NO_ERROR);
	} else if (at != SPREAD_NEVER) {
		s->h2->spread.expired = spread_over;
		deadline_set(s->conn.worker, &s->h2->spread, at);
	}
}

void http_h2_end(struct session *s)
{
	struct h2_front *f = s->h2;
	struct list *node, *next;

	f->ending = true;
	deadline_clear(&f->spread);
	for (node = f->h2->streams.next; node != &f->h2->streams; node = next) {
		struct h2_stream *st = LIST_OF(node, struct h2_stream, node);

		next = node->next;
		if (st->conn)
			session_free(session_of(st->conn));
	}
	s->h2 = NULL;
	h2_conn_free(&f->h2);
	free(f);
}
