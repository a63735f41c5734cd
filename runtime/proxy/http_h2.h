/* HTTP/2 from clients: the session of a connection that carries streams, each of which has a session of its own
 * (session_child). Worker thread only. */
#ifndef LB_PROXY_HTTP_H2_H
#define LB_PROXY_HTTP_H2_H

#include "runtime/proxy/session.h"

/* What the first bytes of a connection are (RFC 9113 section 3.4). */
enum h2_preface { H2_PREFACE_NO, H2_PREFACE_PART, H2_PREFACE_YES };
enum h2_preface http_h2_preface(const char *data, uint32_t len);

/* From now on the connection of `s` speaks HTTP/2; what s->in holds of it is taken. May end the session. */
void http_h2_begin(struct session *s);
/* A stream is done: its session ends with it. complete: both messages are. Only from the loop's callbacks. */
void http_h2_stream_done(struct session *s);
/* Soft stop: no more streams, the connection ends with its last one. Frees nothing. */
void http_h2_soft_stop(struct session *s);
/* For session_free(): ends the streams and their sessions. */
void http_h2_end(struct session *s);

#endif
