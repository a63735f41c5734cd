/* What debug mode shows of traffic (management manual, section 3, option -d): on standard output, a line for each connection that is
 * accepted, each start line and header field as it comes, and each end. On the session's worker. */
#ifndef LB_PROXY_STREAM_EVENTS_H
#define LB_PROXY_STREAM_EVENTS_H

#include "runtime/proxy/stream_trace.h"

/* moment, back, message: as of stream_trace(). Lines come out whole, those of one moment together. */
void stream_event_show(const struct stream *s, enum stream_moment moment, bool back, const struct http_msg *message);

#endif
