/* Binary heaps of servers for the dynamic balancing algorithms. A heap owns its array of pointers, never the
 * nodes. Under proxy->lb_lock. */
#include "runtime/backend/balance_heap.h"

#include <stdlib.h>

bool heap_init(struct heap *h, uint32_t size)
{
	*h = (struct heap){.v = calloc(size ? size : 1, sizeof(*h->v))};
	return h->v != NULL;
}

bool heap_grow(struct heap *h, uint32_t size)
{
	struct heap_node **more = realloc(h->v, (size ? size : 1) * sizeof(struct heap_node *));

	if (more)
		h->v = more;
	return more != NULL;
}

void heap_free(struct heap *h)
{
	free(h->v);
	*h = (struct heap){0};
}

static bool node_is_before(const struct heap_node *a, const struct heap_node *b)
{
	return a->key < b->key || (a->key == b->key && a->turn < b->turn);
}

static void node_set(struct heap *h, uint32_t at, struct heap_node *node)
{
	h->v[at] = node;
	node->at = at + 1;
}

/* Finds the place of a node that may be too far down. */
static void node_rise(struct heap *h, uint32_t at, struct heap_node *node)
{
	while (at && node_is_before(node, h->v[(at - 1) / 2])) {
		node_set(h, at, h->v[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	node_set(h, at, node);
}

/* Finds the place of a node that may be too far up. */
static void node_sink(struct heap *h, uint32_t at, struct heap_node *node)
{
	uint32_t child;

	while ((child = 2 * at + 1) < h->n) {
		if (child + 1 < h->n && node_is_before(h->v[child + 1], h->v[child]))
			child++;
		if (!node_is_before(h->v[child], node))
			break;
		node_set(h, at, h->v[child]);
		at = child;
	}
	node_set(h, at, node);
}

void heap_put(struct heap *h, struct heap_node *node, int64_t key)
{
	node->key = key;
	node->turn = ++h->turns;
	node_rise(h, h->n++, node);
}

void heap_restore(struct heap *h, struct heap_node *node)
{
	node_rise(h, h->n++, node);
}

void heap_take(struct heap *h, struct heap_node *node)
{
	uint32_t at = node->at - 1;
	struct heap_node *last = h->v[--h->n];

	node->at = 0;
	if (last == node)
		return;
	if (at && node_is_before(last, h->v[(at - 1) / 2]))
		node_rise(h, at, last);
	else
		node_sink(h, at, last);
}
