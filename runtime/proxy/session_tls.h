/* TLS at the beginning of a session. */
#ifndef LB_PROXY_SESSION_TLS_H
#define LB_PROXY_SESSION_TLS_H

#include "runtime/proxy/session.h"

/* Starts the handshake of a session whose listener has `ssl`; session_secured() follows, or the end of the session. */
void session_secure(struct session *s);
/* session.c: what comes behind the handshake. */
void session_secured(struct session *s);

#endif
