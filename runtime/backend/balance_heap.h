/* A binary heap of intrusive nodes, smallest key first and first in, first out among equal keys: what the
 * dynamic balancing algorithms keep their servers in. Room for every node is there from the beginning, so that
 * nothing can fail later. The owner's lock protects it (proxy->lb_lock). */
#ifndef LB_BACKEND_BALANCE_HEAP_H
#define LB_BACKEND_BALANCE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
	int64_t key;
	uint64_t turn; /* order of arrival */
	uint32_t at;   /* 1 + its place; 0: in no heap */
};

struct heap {
	struct heap_node **v;
	uint32_t n;
	uint64_t turns;
};

/* Room for at most `size` nodes. False when memory is out. */
bool heap_init(struct heap *h, uint32_t size);
/* Room for more than before. False when memory is out: the heap is as it was. */
bool heap_grow(struct heap *h, uint32_t size);
void heap_free(struct heap *h);
/* Puts a node that is in no heap behind all those of the same key. */
void heap_put(struct heap *h, struct heap_node *node, int64_t key);
/* Puts a node that was taken out back to where it was among the others: with its key and its turn. */
void heap_restore(struct heap *h, struct heap_node *node);
/* Takes a node out of the heap that it is in. */
void heap_take(struct heap *h, struct heap_node *node);
/* The first node, still in the heap; NULL: empty. */
static inline struct heap_node *heap_first(const struct heap *h)
{
	return h->n ? h->v[0] : NULL;
}

#endif
