/* Growing arrays in an arena: doubling, never shrinking. */
#include "grammar/base/vec.h"

#include <stdlib.h>

/* Large items often stay alone: there are tens of thousands of such arrays in a big configuration. */
static uint32_t first_room(size_t size)
{
	return size >= 64 ? 1 : size >= 32 ? 2 : 4;
}

void *vec_reserve(struct arena *a, void *items, uint32_t n, uint32_t *cap, size_t size)
{
	uint32_t bigger;
	void *p;

	if (n < *cap)
		return items;
	if (n > UINT32_MAX / 2)
		abort();
	bigger = *cap ? *cap * 2 : first_room(size);
	p = arena_alloc(a, size * bigger);
	if (n)
		memcpy(p, items, size * n);
	*cap = bigger;
	return p;
}
