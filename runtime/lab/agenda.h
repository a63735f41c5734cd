/* What happens next: a heap of events by time, first come first served among those of the same time. Events are
 * never taken back: whoever is told looks whether it still concerns him. One thread. */
#ifndef LB_LAB_AGENDA_H
#define LB_LAB_AGENDA_H

#include <stdbool.h>
#include <stdint.h>

struct agenda_item {
	uint64_t at; /* ns */
	uint64_t turn;
	void *what;
	uint32_t kind, serial; /* the caller's */
};

struct agenda {
	struct agenda_item *v;
	uint32_t n, cap;
	uint64_t turns;
	bool failed; /* no memory: something was lost */
};

/* Something is due at that time (the run's clock); of the same time the earlier put is the first. No memory: a->failed. */
void agenda_put(struct agenda *a, uint64_t at, uint32_t kind, void *what, uint32_t serial);
/* When the next one is; UINT64_MAX: never. */
static inline uint64_t agenda_next(const struct agenda *a)
{
	return a->n ? a->v[0].at : UINT64_MAX;
}
/* Takes the next one out; there must be one. */
struct agenda_item agenda_take(struct agenda *a);
void agenda_free(struct agenda *a);

#endif
