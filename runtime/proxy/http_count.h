/* What the statistics count of requests and responses. On the stream's worker. */
#ifndef LB_PROXY_HTTP_COUNT_H
#define LB_PROXY_HTTP_COUNT_H

#include "runtime/proxy/http_stream.h"

/* A request is complete enough to count: its frontend's, and the process's number of it (%rt). */
void http_count_request(struct http_stream *hs);
/* The status that the client gets, once a stream: the first one counts. */
void http_count_response(struct http_stream *hs, unsigned status);
/* As it came from the server, whatever becomes of it. */
void http_count_server_response(struct http_stream *hs, unsigned status);
/* Who ended the exchange before its time, for its backend and server. */
void http_count_abort(struct http_stream *hs, bool client);
/* A response that did not come, or not wholly; for the same. */
void http_count_failed_response(struct http_stream *hs);
/* At the stream's end: a request without an answer counts as one of no class. */
void http_count_end(struct http_stream *hs);
/* Rewrites that failed in a list of rules; fatal: the message ends with that. */
void http_count_rewrites(struct http_stream *hs, const struct eval *e, bool fatal, bool response);

#endif
