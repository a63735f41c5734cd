/* Rates over a period of a stick table (manual, keyword "stick-table": "frequency counter (takes 12 bytes)"):
 * events of the period under way, and as much of those of the one before as a window of one period still
 * covers. Two readings agree with HAProxy's to the event; recordings of it are in tests/unit/stick. No state of
 * its own; the caller's lock guards a rate. */
#ifndef LB_STICK_RATE_H
#define LB_STICK_RATE_H

#include <stdint.h>

struct stick_rate {
	uint32_t begun; /* ms, wraps: when the period under way began; 0: nothing was counted yet */
	uint32_t current, previous;
};

/* So far, in ms, the clock of one thread may be behind another's. */
enum { STICK_RATE_APART = 60000 };

/* Since the period under way began; 0 also for who is a little behind the thread that began it. */
static inline uint32_t stick_rate_age(const struct stick_rate *r, uint32_t now)
{
	uint32_t age = now - r->begun;

	return age < 0u - STICK_RATE_APART ? age : 0;
}

/* Begins another period when the one under way is over. */
static inline void stick_rate_turn(struct stick_rate *r, uint32_t now, uint32_t period)
{
	if (stick_rate_age(r, now) < period)
		return;
	r->previous = r->current;
	r->current = 0;
	r->begun += period;
	if (stick_rate_age(r, now) < period)
		return;
	r->previous = 0;
	r->begun = now;
}

static inline void stick_rate_add(struct stick_rate *r, uint32_t now, uint32_t period, uint32_t n)
{
	if (!r->begun)
		r->begun = now ? now : 1;
	stick_rate_turn(r, now, period);
	r->current += n;
}

/* Events per period. A single event of the last period does not fade: it would come and go. */
static inline uint32_t stick_rate_read(const struct stick_rate *r, uint32_t now, uint32_t period)
{
	struct stick_rate copy = *r;
	uint64_t left;

	if (!r->begun)
		return 0;
	stick_rate_turn(&copy, now, period);
	if (!copy.current && copy.previous <= 1)
		return copy.previous;
	left = period - stick_rate_age(&copy, now);
	return (uint32_t)((copy.previous * left + (uint64_t)copy.current * period) / period);
}

#endif
