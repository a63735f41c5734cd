/* What the statistics count of requests and responses. On the stream's worker. */
#ifndef LB_PROXY_HTTP_COUNT_H
#define LB_PROXY_HTTP_COUNT_H

#include "runtime/proxy/http_stream.h"

void http_count_request(struct http_stream *hs);
void http_count_response(struct http_stream *hs, unsigned status);
/* As it came from the server, whatever becomes of it. */
void http_count_server_response(struct http_stream *hs, unsigned status);
/* At the stream's end: a request without an answer counts as one of no class. */
void http_count_end(struct http_stream *hs);
/* Rewrites that failed in a list of rules; fatal: the message ends with that. */
void http_count_rewrites(struct http_stream *hs, const struct eval *e, bool fatal, bool response);

#endif
