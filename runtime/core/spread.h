/* When connections of clients end during a soft stop (manual, keyword "close-spread-time"): at once, spread
 * over a window, or by nothing but their own time-outs. Worker only. */
#ifndef LB_CORE_SPREAD_H
#define LB_CORE_SPREAD_H

#include "runtime/core/worker.h"

enum { SPREAD_NOW = 0 };
#define SPREAD_NEVER UINT64_MAX

/* Opens the window of a worker that begins its soft stop. ms: the setting; UINT32_MAX: infinite. */
static inline void spread_begin(struct worker *w, uint32_t ms)
{
	w->spread_ms = ms;
	w->spread_end = ms == UINT32_MAX ? SPREAD_NEVER : ms ? w->now + ms : SPREAD_NOW;
}

/* When an idle connection is to be closed: SPREAD_NOW, SPREAD_NEVER or a time of worker->now. */
static inline uint64_t spread_idle(struct worker *w)
{
	if (w->spread_end == SPREAD_NEVER)
		return SPREAD_NEVER;
	if (w->spread_end <= w->now)
		return SPREAD_NOW;
	return w->now + 1 + worker_random(w) % (w->spread_end - w->now);
}

/* Does the connection end with this response? The closer the end of the window, the likelier. */
static inline bool spread_closes(struct worker *w)
{
	if (!w->stopping || w->spread_end == SPREAD_NEVER)
		return false;
	if (w->spread_end <= w->now)
		return true;
	return worker_random(w) % w->spread_ms >= w->spread_end - w->now;
}

#endif
