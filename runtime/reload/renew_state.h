/* Between the files of a renewal (renew.h). All of it runs on worker 0 while everything stands still. */
#ifndef LB_RELOAD_RENEW_STATE_H
#define LB_RELOAD_RENEW_STATE_H

#include "runtime/net/listener.h"
#include "runtime/reload/renew.h"

/* renew_listener.c. Opens what g listens to; sockets of the same address go on being used. False: as
 * listeners_open(), and everything is as before. The old listeners are in process->old_listeners then, closed.
 */
bool renew_listeners(struct process *p, struct generation *g, struct out *errors);
/* Those whose last connection is gone keep their generation no longer; streams of a connection may still look
 * at them. */
void renew_listeners_release(struct process *p);
/* Frees those of a generation that goes. */
void renew_listeners_forget(struct process *p, const struct generation *g);

/* renew_server.c. Gives proxies and servers of g the indexes of their predecessors, or free ones, and counters.
 * False: no memory. */
bool renew_indexes(struct process *p, struct generation *g);
/* What is known of servers and proxies goes on; idle connections follow. */
void renew_servers(struct process *p, struct generation *old, struct generation *g);

#endif
