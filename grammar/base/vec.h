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

/* For each element as they are at the start; an empty vector has no address to compute with. */
#define vec_each(item, vec)                                                                                    \
	for (__typeof__(&*(vec)->v) item = (vec)->v, item##_end = (vec)->n ? item + (vec)->n : item;               \
	     item < item##_end; item++)

/* Room for one element more behind n; the block, moved when it was full. */
void *vec_reserve(struct arena *a, void *items, uint32_t n, uint32_t *cap, size_t size);

#endif
