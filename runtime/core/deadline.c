/* The timing wheel behind the deadlines. Six levels of 64 slots, one tick a millisecond: a deadline stands on
 * the level of the highest base-64 digit in which its tick differs from the wheel's, in the slot of that digit,
 * so that every occupied slot lies ahead of the wheel and the next one is found by bit scans. Time moves from
 * one occupied slot to the next: a slot of level 0 is due, one of a higher level is dealt out to the levels
 * below. A deadline that was moved later stays where it is and is linked anew when the old tick comes. A worker
 * owns its wheel; the owner of a deadline owns its memory and clears it before that goes. */
#include <stdlib.h>

#include "runtime/core/worker.h"

enum { WHEEL_BITS = 6, WHEEL_SLOTS = 1 << WHEEL_BITS, WHEEL_LEVELS = 6 };
#define WHEEL_REACH ((1ULL << (WHEEL_BITS * WHEEL_LEVELS)) - 1)

struct deadlines {
	uint64_t now;                    /* every tick up to this one has been handled */
	uint64_t next;                   /* no slot that begins earlier is occupied; UINT64_MAX: none is */
	uint64_t occupied[WHEEL_LEVELS]; /* a bit per slot; may be set for a slot that was emptied since */
	struct list slots[WHEEL_LEVELS][WHEEL_SLOTS];
};

void deadline_init(struct deadline *d, void (*expired)(struct worker *, struct deadline *))
{
	list_init(&d->node);
	d->at = d->linked_at = 0;
	d->expired = expired;
}

static inline unsigned digit_of(uint64_t tick, unsigned level)
{
	return (unsigned)(tick >> (level * WHEEL_BITS)) & (WHEEL_SLOTS - 1);
}

/* Links it where its time, or the wheel's reach, puts it. A tick that has passed is due with the next one. */
static void wheel_link(struct deadlines *wheel, struct deadline *d)
{
	uint64_t tick = d->at > wheel->now ? d->at : wheel->now + 1;
	unsigned level, slot;
	uint64_t begin;

	if ((tick ^ wheel->now) > WHEEL_REACH)
		tick = wheel->now | WHEEL_REACH;
	if (tick == wheel->now) /* the wheel stands on the last tick of its reach */
		tick = wheel->now + 1;
	level = (unsigned)(63 - __builtin_clzll(tick ^ wheel->now)) / WHEEL_BITS;
	if (level >= WHEEL_LEVELS)
		level = WHEEL_LEVELS - 1;
	slot = digit_of(tick, level);
	begin = tick & ~0ULL << (level * WHEEL_BITS);
	if (begin < wheel->next)
		wheel->next = begin;
	d->linked_at = tick;
	wheel->occupied[level] |= 1ULL << slot;
	list_append(&wheel->slots[level][slot], &d->node);
}

void deadline_set(struct worker *w, struct deadline *d, uint64_t at)
{
	bool linked = !list_empty(&d->node);

	d->at = at ? at : 1;
	if (linked && d->at >= d->linked_at)
		return;
	if (linked)
		list_remove(&d->node);
	wheel_link(w->deadlines, d);
}

void deadline_clear(struct deadline *d)
{
	if (!list_empty(&d->node))
		list_remove(&d->node);
	d->at = d->linked_at = 0;
}

struct deadlines *deadlines_new(uint64_t now)
{
	struct deadlines *wheel = calloc(1, sizeof(*wheel));

	if (!wheel)
		return NULL;
	wheel->now = now;
	wheel->next = UINT64_MAX;
	for (unsigned level = 0; level < WHEEL_LEVELS; level++)
		for (unsigned slot = 0; slot < WHEEL_SLOTS; slot++)
			list_init(&wheel->slots[level][slot]);
	return wheel;
}

void deadlines_free(struct deadlines **wheel)
{
	free(*wheel);
	*wheel = NULL;
}

/* The tick at which a slot begins. The top level may lie in the next round: its digit is below the wheel's. */
static uint64_t slot_begin(const struct deadlines *wheel, unsigned level, unsigned slot)
{
	unsigned shift = level * WHEEL_BITS;
	uint64_t above = wheel->now >> (shift + WHEEL_BITS) << (shift + WHEEL_BITS);
	uint64_t tick = above | (uint64_t)slot << shift;

	return tick > wheel->now ? tick : tick + (1ULL << (shift + WHEEL_BITS));
}

/* The first occupied slot ahead: the lowest level that has one comes first, because all of it lies within one
 * slot of the level above. */
static uint64_t wheel_next(const struct deadlines *wheel, unsigned *level, unsigned *slot)
{
	for (unsigned l = 0; l < WHEEL_LEVELS; l++) {
		uint64_t bits = wheel->occupied[l];
		unsigned digit = digit_of(wheel->now, l);
		uint64_t ahead = digit == WHEEL_SLOTS - 1 ? 0 : bits & (~0ULL << (digit + 1));

		if (!bits)
			continue;
		*level = l;
		*slot = (unsigned)__builtin_ctzll(ahead ? ahead : bits);
		return slot_begin(wheel, l, *slot);
	}
	return UINT64_MAX;
}

/* Handles one slot: what is due is called, the rest is linked anew. Whatever a callback does to other
 * deadlines, the list that is walked is a ring of its own whose members may unlink themselves. */
static void slot_run(struct worker *w, struct deadlines *wheel, struct list *slot)
{
	struct list due;

	if (list_empty(slot))
		return;
	list_append(slot, &due); /* takes the slot's place at the head of the ring */
	list_remove(slot);
	while (!list_empty(&due)) {
		struct deadline *d = LIST_OF(due.next, struct deadline, node);

		list_remove(&d->node);
		if (d->at > wheel->now) {
			wheel_link(wheel, d);
			continue;
		}
		d->at = d->linked_at = 0;
		d->expired(w, d);
	}
}

void deadlines_run(struct worker *w, struct deadlines *wheel, uint64_t now)
{
	unsigned level = 0, slot = 0;

	while (wheel->next <= now) {
		uint64_t next = wheel_next(wheel, &level, &slot);

		wheel->next = next;
		if (next > now)
			break;
		wheel->now = next;
		wheel->next = UINT64_MAX; /* what is linked from here on lowers it */
		wheel->occupied[level] &= ~(1ULL << slot);
		slot_run(w, wheel, &wheel->slots[level][slot]);
		wheel->next = wheel_next(wheel, &level, &slot);
	}
	if (now > wheel->now)
		wheel->now = now;
}

uint64_t deadlines_next(const struct deadlines *wheel)
{
	return wheel->next;
}
