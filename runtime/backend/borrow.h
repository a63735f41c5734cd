/* Idle connections of other workers (manual, "tune.idle-pool.shared", "pool-low-conn"). A worker that has none
 * for a server, while others have, asks them before it opens a new one. */
#ifndef LB_BACKEND_BORROW_H
#define LB_BACKEND_BORROW_H

#include "runtime/backend/request.h"

/* Says that worker w has idle connections for requests of any worker. On w. */
static inline void borrow_offer(const struct worker *w, struct server *s)
{
	uint64_t bit = w->id < 64 ? UINT64_C(1) << w->id : 0;

	if (!(atomic_load_explicit(&s->idle_at, memory_order_relaxed) & bit))
		atomic_fetch_or_explicit(&s->idle_at, bit, memory_order_relaxed);
}

/* Asks for a connection to r->server; request_lent() is called by the loop with what came of it. False: there
 * is nobody to ask, or no memory. Worker of the request. */
bool borrow_begin(struct srv_request *r);
/* The request does not wait for it any more; what may come all the same is closed. Worker of the request. */
void borrow_forget(struct srv_request *r);
/* Does a question of this worker still name a server of this generation, or (s not NULL) this one? Isolated. */
bool borrow_names(struct srv_desk *desk, const struct generation *g, const struct server *s);
/* The desk goes, after all loops have ended. */
void borrow_end(struct srv_desk *desk);

#endif
