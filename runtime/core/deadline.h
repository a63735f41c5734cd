/* Deadlines: a hierarchical timing wheel of one-millisecond ticks per worker, driven by a single libev timer.
 * Lazy: moving a deadline later costs one store; it is re-armed when the old time comes. A deadline is embedded
 * in its owner and linked while set. Worker thread only. */
#ifndef LB_CORE_DEADLINE_H
#define LB_CORE_DEADLINE_H

#include <stdint.h>

#include "grammar/base/list.h"

struct worker;

struct deadline {
	struct list node;
	uint64_t at;                                           /* worker->now at which it expires; 0: not set */
	uint64_t linked_at;                                    /* the tick at which it is linked: <= at */
	void (*expired)(struct worker *w, struct deadline *d); /* the deadline is cleared before the call */
};

struct deadlines;

void deadline_init(struct deadline *d, void (*expired)(struct worker *, struct deadline *));
/* Expires at the absolute time `at` (ms of worker->now), never early. Setting again replaces. */
void deadline_set(struct worker *w, struct deadline *d, uint64_t at);
/* Not set any more. Harmless when it is not. */
void deadline_clear(struct deadline *d);
static inline bool deadline_is_set(const struct deadline *d)
{
	return d->at != 0;
}

/* The wheel itself, for the worker. */
struct deadlines *deadlines_new(uint64_t now);
void deadlines_free(struct deadlines **d);
/* Calls every deadline due at `now`. */
void deadlines_run(struct worker *w, struct deadlines *d, uint64_t now);
/* The next tick (ms of worker->now) at which something may be due; UINT64_MAX: nothing is set. */
uint64_t deadlines_next(const struct deadlines *d);

#endif
