/* Growing arrays in an arena. VEC(T) declares the type; vec_push() appends and yields a pointer to the new
 * element, zeroed. Growth leaves the old block in the arena (at most as much again). */
#ifndef LB_BASE_VEC_H
#define LB_BASE_VEC_H

#include "grammar/base/arena.h"

#define VEC(T)                                                                                                 \
	struct {                                                                                               \
		T *v;                                                                                          \
		uint32_t n, cap;                                                                               \
	}

#define vec_push(a, vec)                                                                                       \
	((vec)->v = vec_reserve((a), (vec)->v, (vec)->n, &(vec)->cap, sizeof(*(vec)->v)), &(vec)->v[(vec)->n++])

#define vec_each(item, vec) for (__typeof__((vec)->v + 0) item = (vec)->v; item < (vec)->v + (vec)->n; item++)

/* Room for one element more behind n; the block, moved when it was full. */
void *vec_reserve(struct arena *a, void *items, uint32_t n, uint32_t *cap, size_t size);

#endif
