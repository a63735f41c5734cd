/* HTTP/2 to servers (`proto h2`, or agreed by ALPN): connections that carry many requests at a time. Worker
 * thread only. */
#ifndef LB_BACKEND_H2_SERVER_H
#define LB_BACKEND_H2_SERVER_H

#include "runtime/backend/request.h"

/* Does this connection, just opened, speak HTTP/2? */
bool h2_server_is_spoken(const struct srv_request *r, const struct srv_conn *sc);
/* Makes one of `sc`, which is the pool's from now on, and gives the connection of its first stream. NULL: no
 * memory, `sc` is closed. */
struct srv_conn *h2_server_begin(struct srv_request *r, struct srv_conn *sc);
/* A client's connection, on which nothing was read yet, becomes one to a server with an address of `rhttp@` (manual 3.4, action
 * "attach-srv"); without memory it stays as it is, or is closed. name_hash: what requests have to ask for, 0: nothing.
 * patience: ms until its SETTINGS have to be there. */
void h2_server_attach(struct worker *w, struct server *s, struct conn *c, uint32_t name_hash, uint32_t patience);
/* A stream on a connection that is there already, as far as http-reuse allows; NULL: none. */
struct srv_conn *h2_server_take(struct srv_request *r);
/* Connections to a server that is gone (NULL: any) or of a client's session that is (NULL: any) take no more
 * streams. */
void h2_server_close(struct worker *w, const struct server *s, const void *owner);

/* Does any connection of this worker go to that server? */
bool h2_server_is_held(struct worker *w, const struct server *s);

/* Closes an idle one, to this server or (NULL) to any, if there is any. */
bool h2_server_drop_idle(struct worker *w, const struct server *s);
/* Those to servers of a generation that is not the current one any more take no more streams. */
void h2_server_leave(struct worker *w, const struct generation *g);
/* Does any connection of this worker go to a server of that generation? */
bool h2_server_holds(struct worker *w, const struct generation *g);

#endif
