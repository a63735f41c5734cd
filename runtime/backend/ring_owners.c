#include "runtime/backend/ring_owners.h"

#include <stdlib.h>

/* Of a line, on the average: one key in two hundred lies behind the end of a line that is too full. */
enum { STRETCHES_EACH = 10 };

_Static_assert(sizeof(struct owners_line) == 64 && OWNERS_LINE == 2 * OWNERS_LANES, "a line of the cache");

struct filling {
	struct owners *owners;
	uint32_t line, n; /* n: stretches in that line, also those for which it has no room */
};

static void stretch_put(struct filling *f, uint32_t end, uint32_t seat)
{
	struct owners_line *line = &f->owners->lines[f->line];

	if (f->n < OWNERS_LINE) {
		line->ends[f->n / OWNERS_LANES][f->n % OWNERS_LANES] = (int16_t)(end - OWNERS_BIAS);
		line->seats[f->n] = (uint16_t)seat;
	}
	f->n++;
}

static void line_end(struct filling *f, uint32_t seat)
{
	do
		stretch_put(f, UINT16_MAX, seat);
	while (f->n < OWNERS_LINE);
	f->line++;
	f->n = 0;
}

static void stretch_add(struct filling *f, uint64_t end, uint32_t seat)
{
	uint64_t at = owners_at(f->owners, (uint32_t)end);

	while (f->line < at >> 32)
		line_end(f, seat);
	stretch_put(f, at >> 16 & UINT16_MAX, seat);
}

/* The last key that is nearer to a than to b, which comes after it round the circle; of two at the same
 * distance the point ahead has it. Where b has the same key nothing is: then a has just those up to its own. */
static uint64_t stretch_end(uint64_t a, uint64_t b)
{
	return b > a ? a + (b - a - 1) / 2 : a;
}

bool owners_init(struct owners *o, struct owners_point (*point)(const void *ring, uint32_t i), const void *ring,
		 uint32_t n)
{
	struct owners_point first = point(ring, 0), p = first, next;
	struct owners_point last = point(ring, n - 1);
	uint64_t end = stretch_end(last.key, (1ULL << 32) + first.key);
	struct filling f = {.owners = o};

	o->n = n / STRETCHES_EACH + 1;
	o->lines = aligned_alloc(sizeof(struct owners_line), o->n * sizeof(struct owners_line));
	if (!o->lines)
		return false;
	if (end > UINT32_MAX) /* the last one's go on at the beginning */
		stretch_add(&f, end, last.seat);
	for (uint32_t i = 1; i < n; i++, p = next) {
		next = point(ring, i);
		stretch_add(&f, stretch_end(p.key, next.key), p.seat);
	}
	if (end < UINT32_MAX) /* the first one's begin before the end */
		stretch_add(&f, end, last.seat);
	while (f.line < o->n)
		line_end(&f, end < UINT32_MAX ? first.seat : last.seat);
	return true;
}

void owners_free(struct owners *o)
{
	free(o->lines);
	o->lines = NULL;
}
