/* Pools: a free list of equal pieces in front of malloc. Steady traffic takes and gives back the piece that is
 * still warm in the cache; a burst returns to the system what exceeds max_cached. Each worker owns its pools;
 * nothing here is shared. */
#include <stdlib.h>

#include "runtime/core/buf.h"

#if defined(__SANITIZE_ADDRESS__)
#define POOL_CACHES 0 /* every piece is malloc's own, so that a use after its return is seen */
#else
#define POOL_CACHES 1
#endif

void pool_init(struct pool *p, size_t size, uint32_t max_cached)
{
	*p = (struct pool){.size = size < sizeof(void *) ? sizeof(void *) : size,
			   .max_cached = POOL_CACHES ? max_cached : 0};
}

/* tune.fail-alloc. */
static bool is_to_fail(struct pool *p)
{
	if (!p->fails)
		return false;
	p->chance = p->chance * 1664525 + 1013904223; /* Numerical Recipes' */
	return (p->chance >> 16) % 100 < p->fails;
}

void *pool_grow(struct pool *p)
{
	void *item = is_to_fail(p) ? NULL : malloc(p->size);

	p->used += item != NULL;
	p->failed += item == NULL;
	return item;
}

void pool_free(struct pool *p)
{
	while (p->free) {
		void *item = p->free;

		p->free = *(void **)item;
		free(item);
	}
	p->cached = 0;
}
