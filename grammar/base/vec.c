/* Growing arrays in an arena: doubling, never shrinking. */
#include "grammar/base/vec.h"

#include <stdlib.h>

void *vec_reserve(struct arena *a, void *items, uint32_t n, uint32_t *cap, size_t size)
{
	uint32_t bigger;
	void *p;

	if (n < *cap)
		return items;
	if (n > UINT32_MAX / 2)
		abort();
	bigger = *cap ? *cap * 2 : 4;
	p = arena_alloc(a, size * bigger);
	if (n)
		memcpy(p, items, size * n);
	*cap = bigger;
	return p;
}
