/* What traces are told about sessions and streams: which source it concerns, and in what words. stream_trace.h
 * says the rest. */
#include "runtime/proxy/stream_trace.h"

#include "runtime/log/trace.h"

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

static void tell_h1(struct worker *w, enum stream_moment moment, const char *what,
		    const struct trace_about *about)
{
	switch (moment) {
	case STREAM_BEGINS:
		TRACE(w, H1, TRACE_BIT(H1, H1S_NEW) | TRACE_BIT(H1, STRM_NEW), TRACE_STATE, *about,
		      "new H1 stream");
		break;
	case STREAM_ENDS:
		TRACE(w, H1, TRACE_BIT(H1, H1S_END) | TRACE_BIT(H1, STRM_END), TRACE_STATE, *about,
		      "end of H1 stream");
		break;
	case HEAD_RECEIVED:
		TRACE(w, H1, TRACE_BIT(H1, RX_DATA) | TRACE_BIT(H1, RX_HEADERS), TRACE_USER, *about,
		      "rcvd H1 %s headers", what);
		break;
	case HEAD_SENT:
		TRACE(w, H1, TRACE_BIT(H1, TX_DATA) | TRACE_BIT(H1, TX_HEADERS), TRACE_USER, *about,
		      "sending %s headers", what);
		break;
	case HEAD_REFUSED:
		TRACE(w, H1, TRACE_BIT(H1, RX_DATA) | TRACE_BIT(H1, H1S_ERR), TRACE_ERROR, *about,
		      "rejected H1 %s", what);
		break;
	}
}

static void tell_h2(struct worker *w, enum stream_moment moment, const char *what,
		    const struct trace_about *about)
{
	switch (moment) {
	case STREAM_BEGINS:
		TRACE(w, H2, TRACE_BIT(H2, H2S_NEW) | TRACE_BIT(H2, STRM_NEW), TRACE_STATE, *about,
		      "new H2 stream");
		break;
	case STREAM_ENDS:
		TRACE(w, H2, TRACE_BIT(H2, H2S_END) | TRACE_BIT(H2, STRM_END), TRACE_STATE, *about,
		      "end of H2 stream");
		break;
	case HEAD_RECEIVED:
		TRACE(w, H2, TRACE_BIT(H2, RX_FRAME) | TRACE_BIT(H2, RX_HDR), TRACE_USER, *about,
		      "rcvd H2 %s headers", what);
		break;
	case HEAD_SENT:
		TRACE(w, H2, TRACE_BIT(H2, TX_FRAME) | TRACE_BIT(H2, TX_HDR), TRACE_USER, *about,
		      "sent H2 %s headers", what);
		break;
	case HEAD_REFUSED:
		TRACE(w, H2, TRACE_BIT(H2, RX_HDR) | TRACE_BIT(H2, H2S_ERR), TRACE_ERROR, *about,
		      "rejected H2 %s", what);
		break;
	}
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
	struct trace_about about = about_stream(s, back);
	const char *what = back == (moment == HEAD_SENT) ? "request" : "response";
	char line[LINE_MOST];

	about.detail = start_line(message, line);
	if (!s->session->is_http)
		tell_pt(w, moment, &about);
	else if (is_h2(s, back))
		tell_h2(w, moment, what, &about);
	else
		tell_h1(w, moment, what, &about);
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
