/* What the proxy itself does to the fields of messages on their way (manual, section 4.2). Worker thread only. */
#ifndef LB_PROXY_HTTP_FIELDS_H
#define LB_PROXY_HTTP_FIELDS_H

#include "runtime/proxy/http_stream.h"

/* http_forward.c. Fields that tell the server who the client is. False: no memory. */
bool http_forward_add(struct http_stream *hs);

/* http_compress.c. What the client takes: notes it, before the request goes on. */
void http_compress_request(struct http_stream *hs);
/* A response whose client takes it (hs->compress), or a request: compresses it if it may be. False: no memory. */
bool http_compress_response(struct http_stream *hs);
/* The same for a body of that many bytes that goes through the flow at once. */
bool http_compress_cached(struct http_stream *hs, size_t len);
bool http_compress_body(struct http_stream *hs);
/* Before each part of a response: nothing is compressed while maxcomprate or maxcompcpuusage is reached. False: the library refused. */
bool http_compress_pace(struct http_stream *hs);
/* After it: what compression took and gave, for the statistics and maxcomprate. */
void http_compress_count(struct http_stream *hs);
/* Ends the compression of that flow. */
void http_compress_drop(struct http_flow *f, struct worker *w);

/* http_names.c. Names outside letters, digits and hyphens (option http-restrict-req-hdr-names): HTTP_AGAIN, or a refusal. */
enum http_next http_names_restrict(struct http_stream *hs, const struct proxy_conf *px);
/* http-send-name-header, for the server that the request goes to. False: no memory. */
bool http_send_name(struct http_stream *hs);
/* Letter case of names towards a side whose proxy has the option, or NULL. */
static inline const struct map *http_case(const struct http_stream *hs, const struct proxy_conf *px, enum proxy_option option)
{
	return proxy_option_is_set(px, option) ? &hs->s.session->generation->model->global.h1_case : NULL;
}

/* http_cookie_log.c. Notes the cookie of `capture cookie` for the log. */
void http_cookie_capture(struct http_stream *hs, bool response);
/* http_cookie.c. Might a cache keep the response, with a cookie in it? */
bool http_cookie_is_cacheable(struct http_stream *hs);
/* option checkcache: may a cache keep this response with its cookie? */
bool http_checkcache_refuses(struct http_stream *hs);
enum http_next http_checkcache_refuse(struct http_stream *hs);

/* http_cookie.c. Takes the blanks around the equals signs of cookies away, as HAProxy does whenever it looks at them. */
void http_cookie_tidy(struct http_stream *hs, struct http_msg *m);

/* A response 401 or 407: whether the server knows clients by their connections from now on. http_server.c */
void http_server_challenges(struct http_stream *hs);

#endif
