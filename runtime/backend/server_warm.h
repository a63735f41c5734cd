/* slowstart (manual, section 5.2): how warm a server is that came back. */
#ifndef LB_BACKEND_SERVER_WARM_H
#define LB_BACKEND_SERVER_WARM_H

#include "runtime/backend/server.h"

/* Sixteenths after so many ms, 1 to SERVER_WARM. Pure. */
uint32_t server_warmth_at(uint64_t ms, uint32_t slowstart);
/* It has come up: cold, if it has a slowstart. Under proxy->lb_lock; any worker. */
void server_warm_begin(struct worker *w, struct server *s);
/* Looks at the clock; true while it is not warm yet. Any worker, without locks. */
bool server_warm_step(struct worker *w, struct server *s);
/* Once, before anything runs. */
void server_warm_init(struct proxy *px);
/* Its weight now, rounded up as HAProxy shows it. Any worker. */
static inline uint32_t server_shown_weight(const struct server *s)
{
	uint32_t weight = atomic_load_explicit(&s->weight, memory_order_relaxed);

	return (weight * atomic_load_explicit(&s->warmth, memory_order_relaxed) + SERVER_WARM - 1) /
	       SERVER_WARM;
}

#endif
