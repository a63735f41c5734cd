/* Headers that some clients send before their first byte: PROXY protocol, NetScaler client addresses. Worker thread only. */
#ifndef LB_PROXY_SESSION_PROXY_H
#define LB_PROXY_SESSION_PROXY_H

#include "runtime/proxy/session.h"

/* Bits of session.expects: bind options accept-proxy and accept-netscaler-cip, tcp-request connection expect-proxy and its kin. */
enum session_expects { EXPECT_PROXY = 1, EXPECT_CIP = 2 };

/* Takes the headers that are expected; session_start() follows, or the end of the session. */
void session_headers(struct session *s);
/* session.c: behind everything that comes before TLS. */
void session_start(struct session *s);

#endif
