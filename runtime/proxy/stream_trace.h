/* What traces (log/trace.h) are told about sessions and streams: beginnings, heads, faults, ends. One look at a flag
 * each while nothing is traced. On the session's worker. */
#ifndef LB_PROXY_STREAM_TRACE_H
#define LB_PROXY_STREAM_TRACE_H

#include "runtime/core/process.h"
#include "runtime/proxy/session.h"
#include "runtime/proxy/stream.h"

enum stream_moment {
	STREAM_BEGINS, STREAM_ENDS,
	HEAD_RECEIVED, /* and parsed */
	HEAD_SENT,     /* is on its way */
	HEAD_REFUSED   /* it is not what it should be */
};

void stream_trace_tell(const struct stream *s, enum stream_moment moment, bool back, const struct http_msg *message);
void session_trace_tell(struct session *s, bool ends);

/* back: on the server's side. message: of a head; its start line may be told, too; NULL: none. */
static inline void stream_trace(const struct stream *s, enum stream_moment moment, bool back, const struct http_msg *message)
{
	if (__builtin_expect(atomic_load_explicit(&s->session->conn.worker->process->tracing, memory_order_relaxed) != 0, 0))
		stream_trace_tell(s, moment, back, message);
}
/* Of the session of a client's connection. */
static inline void session_trace(struct session *s, bool ends)
{
	if (__builtin_expect(atomic_load_explicit(&s->conn.worker->process->tracing, memory_order_relaxed) != 0, 0))
		session_trace_tell(s, ends);
}

#endif
