/* What traces are told about sessions and streams: which source it concerns, and in what words. stream_trace.h
 * says the rest. */
#include "runtime/proxy/stream_trace.h"

#include "runtime/log/trace.h"
#include "runtime/proxy/stream_events.h"

enum { LINE_MOST = 256 };

static struct trace_about about_session(const struct session *s)
{
	return (struct trace_about){.by = {[LOCK_CONNECTION] = &s->conn,
					   [LOCK_FRONTEND] = s->frontend,
					   [LOCK_LISTENER] = s->listener,
					   [LOCK_SESSION] = s->parent ? s->parent : s}};
}

static struct trace_about about_stream(const struct stream *s, bool back)
{
	struct trace_about about = about_session(s->session);

	about.by[LOCK_BACKEND] = s->backend;
	about.by[LOCK_SERVER] = s->server.server;
	about.by[LOCK_STREAM] = about.by[LOCK_OWN] = s;
	about.back = back;
	if (back && s->server.conn)
		about.by[LOCK_CONNECTION] = s->server.conn;
	return about;
}

static struct str start_line(const struct http_msg *m, char *line)
{
	struct out out = out_fixed(line, LINE_MOST);

	if (!m)
		return STR_NONE;
	if (m->is_response)
		out_printf(&out, "%u %.*s", m->status, STR_ARG(m->reason));
	else
		out_printf(&out, "%.*s %.*s", STR_ARG(m->method_name), STR_ARG(m->uri));
	return out_get(&out);
}

static bool is_h2(const struct stream *s, bool back)
{
	return back ? s->server.conn && s->server.conn->conn.mux : s->session->parent != NULL;
}

/* What either multiplexer tells of a moment: words before and behind the name of the message, if it is about
 * one. */
struct told {
	uint64_t events;
	enum trace_level level;
	const char *before, *behind;
};

#define H1(a, b) (TRACE_BIT(H1, a) | TRACE_BIT(H1, b))
#define H2(a, b) (TRACE_BIT(H2, a) | TRACE_BIT(H2, b))

static const struct told told_h1[] = {
	[STREAM_BEGINS] = {H1(H1S_NEW, STRM_NEW), TRACE_STATE, "new H1 stream", NULL},
	[STREAM_ENDS] = {H1(H1S_END, STRM_END), TRACE_STATE, "end of H1 stream", NULL},
	[HEAD_RECEIVED] = {H1(RX_DATA, RX_HEADERS), TRACE_USER, "rcvd H1 ", " headers"},
	[HEAD_SENT] = {H1(TX_DATA, TX_HEADERS), TRACE_USER, "sending ", " headers"},
	[HEAD_REFUSED] = {H1(RX_DATA, H1S_ERR), TRACE_ERROR, "rejected H1 ", ""},
};

static const struct told told_h2[] = {
	[STREAM_BEGINS] = {H2(H2S_NEW, STRM_NEW), TRACE_STATE, "new H2 stream", NULL},
	[STREAM_ENDS] = {H2(H2S_END, STRM_END), TRACE_STATE, "end of H2 stream", NULL},
	[HEAD_RECEIVED] = {H2(RX_FRAME, RX_HDR), TRACE_USER, "rcvd H2 ", " headers"},
	[HEAD_SENT] = {H2(TX_FRAME, TX_HDR), TRACE_USER, "sent H2 ", " headers"},
	[HEAD_REFUSED] = {H2(RX_HDR, H2S_ERR), TRACE_ERROR, "rejected H2 ", ""},
};

static void tell_http(struct worker *w, bool h2, enum stream_moment moment, const char *what,
		      const struct trace_about *about)
{
	const struct told *t = h2 ? &told_h2[moment] : &told_h1[moment];
	enum trace_source source = h2 ? TRACE_H2 : TRACE_H1;

	if (trace_is_on(w, source))
		trace_emit(w, source, t->events, t->level, about, TRACE_WHERE, __func__, "%s%s%s", t->before,
			   t->behind ? what : "", t->behind ? t->behind : "");
}

static void tell_pt(struct worker *w, enum stream_moment moment, const struct trace_about *about)
{
	if (moment == STREAM_BEGINS)
		TRACE(w, PT, TRACE_BIT(PT, PT_CONN_NEW) | TRACE_BIT(PT, STRM_NEW), TRACE_USER, *about,
		      "new PT connection");
	else
		TRACE(w, PT, TRACE_BIT(PT, PT_CONN_END) | TRACE_BIT(PT, STRM_END), TRACE_USER, *about,
		      "end of PT connection");
}

static void tell_stream(struct worker *w, enum stream_moment moment, const struct trace_about *about)
{
	switch (moment) {
	case STREAM_BEGINS:
		TRACE(w, STREAM, TRACE_BIT(STREAM, STRM_NEW), TRACE_STATE, *about, "new stream");
		break;
	case STREAM_ENDS:
		TRACE(w, STREAM, TRACE_BIT(STREAM, STRM_FREE), TRACE_STATE, *about, "releasing stream");
		break;
	case HEAD_RECEIVED:
		TRACE(w, STREAM, TRACE_BIT(STREAM, STRM_ANA) | TRACE_BIT(STREAM, HTTP_ANA), TRACE_STATE, *about,
		      "analysing headers");
		break;
	case HEAD_REFUSED:
		TRACE(w, STREAM, TRACE_BIT(STREAM, STRM_ERR) | TRACE_BIT(STREAM, HTTP_ERR), TRACE_ERROR, *about,
		      "headers are refused");
		break;
	case HEAD_SENT:
		break;
	}
}

void stream_trace_tell(const struct stream *s, enum stream_moment moment, bool back,
		       const struct http_msg *message)
{
	struct worker *w = s->session->conn.worker;
	unsigned tracing = atomic_load_explicit(&w->process->tracing, memory_order_relaxed);
	struct trace_about about = about_stream(s, back);
	const char *what = back == (moment == HEAD_SENT) ? "request" : "response";
	char line[LINE_MOST];

	if (tracing & TRACING_SHOWN)
		stream_event_show(s, moment, back, message);
	if (tracing == TRACING_SHOWN)
		return;
	about.detail = start_line(message, line);
	if (!s->session->is_http)
		tell_pt(w, moment, &about);
	else
		tell_http(w, is_h2(s, back), moment, what, &about);
	tell_stream(w, moment, &about);
}

void session_trace_tell(struct session *s, bool ends)
{
	struct worker *w = s->conn.worker;
	struct trace_about about = about_session(s);

	if (s->parent)
		return;
	if (ends)
		TRACE(w, SESSION, TRACE_BIT(SESSION, SESS_END), TRACE_USER, about, "end of session");
	else
		TRACE(w, SESSION, TRACE_BIT(SESSION, SESS_NEW), TRACE_USER, about, "new session");
	if (!s->is_http || s->h2)
		return;
	if (ends)
		TRACE(w, H1, TRACE_BIT(H1, H1C_END), TRACE_STATE, about, "end of H1 connection");
	else
		TRACE(w, H1, TRACE_BIT(H1, H1C_NEW), TRACE_STATE, about, "new H1 connection");
}
