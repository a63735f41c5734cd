/* What rules and steps wait for: bodies, time, names (http_wait.c). Worker thread only. */
#ifndef LB_PROXY_HTTP_WAIT_H
#define LB_PROXY_HTTP_WAIT_H

#include "runtime/proxy/http_stream.h"

/* option abortonclose: HAProxy listens to a client that waits where its frontend has it too (a `listen`, defaults). */
static inline bool http_aborts(const struct http_stream *hs)
{
	return proxy_option_is_set(http_proxy(hs), PO_ABORTONCLOSE) &&
	       (hs->s.session->conn.mux || proxy_option_is_set(http_frontend(hs), PO_ABORTONCLOSE));
}

/* A response ahead of the final one (RFC 9110 section 15.2). */
static inline bool http_is_interim(const struct http_msg *res)
{
	return res->status >= 100 && res->status < 200 && res->status != 101;
}

/* Until the body of the request, or `enough` bytes of it (0: all), or as much as a buffer holds, is there. */
enum http_next http_body_wait(struct http_stream *hs, uint64_t enough);
/* The same for option http-buffer-request; a client that ends before is refused. */
enum http_next http_body_buffer(struct http_stream *hs);
/* The client has ended before its body was complete. */
enum http_next http_body_never_comes(struct http_stream *hs);
/* Bytes of a body at hand that HAProxy counts, though they do not go on. */
uint64_t http_body_counted(struct http_stream *hs, bool response);
/* Has all of the request's body come, though none of it has gone on? */
bool http_request_is_at_hand(struct http_stream *hs);
/* Rules go on: where bodies were looked at, what is at hand now is seen, and where it is now. */
void http_body_again(struct http_stream *hs);
/* A rule said V_WAIT. */
void http_wait_begin(struct http_stream *hs, const struct eval *e);
/* Is its wait over? HTTP_AGAIN: the list may go on, or the phase is HTTP_REPLY. */
enum http_next http_wait_look(struct http_stream *hs, bool response);

#endif
