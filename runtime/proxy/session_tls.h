/* TLS at the beginning of a session. */
#ifndef LB_PROXY_SESSION_TLS_H
#define LB_PROXY_SESSION_TLS_H

#include "runtime/proxy/session.h"

/* Starts the handshake of a session whose listener has `ssl`; session_secured() follows, or the end of the session. */
void session_secure(struct session *s);
/* session.c: what comes behind the handshake. */
void session_secured(struct session *s);

/* A line in the log for a connection that never became a session: error-log-format, or HAProxy's own (manual, section 8.2.5). */
void session_complain(struct session *s, const char *why);
/* A line for a request that was none, on a connection that has no stream for it: as log-format or error-log-format has it. */
void session_log_bad(struct session *s);

#endif
