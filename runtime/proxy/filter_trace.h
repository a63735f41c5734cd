/* `filter trace` (manual, section 9.1): says on stderr what passes, and may cut it into random pieces, so that
 * one sees what other filters and peers make of that. Its entries stand in the lists of limits (bandwidth.h).
 * Worker thread only. */
#ifndef LB_PROXY_FILTER_TRACE_H
#define LB_PROXY_FILTER_TRACE_H

#include "runtime/proxy/bandwidth.h"

struct http_msg;

/* The stream meets a proxy: the traces of its filters begin. */
void filter_trace_attach(struct stream *s, struct bandwidth **up, struct bandwidth **down,
			 const struct proxy_conf *px);
/* A head of a message has come. */
void filter_trace_head(const struct bandwidth *list, const struct http_msg *m);
/* How many of `want` bytes (not 0) are to pass. */
uint32_t filter_trace_allows(const struct bandwidth *b, uint32_t want);
void filter_trace_passed(const struct bandwidth *b, struct str data);
/* The stream is over. */
void filter_trace_detach(const struct bandwidth *list);

#endif
