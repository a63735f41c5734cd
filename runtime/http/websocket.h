/* The handshake of websockets (RFC 6455 section 4), which HTTP/2 does without. */
#ifndef LB_HTTP_WEBSOCKET_H
#define LB_HTTP_WEBSOCKET_H

#include "runtime/core/worker.h"
#include "runtime/eval/scratch.h"

/* A new Sec-WebSocket-Key; ptr is NULL without memory. */
struct str websocket_key(struct scratch *s, struct worker *w);
/* The Sec-WebSocket-Accept to a key. */
struct str websocket_accept(struct scratch *s, struct str key);

#endif
