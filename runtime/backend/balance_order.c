/* Runs of servers and the heap of their heads (balance_order.h). An order owns its arrays, never the nodes.
 * Under proxy->lb_lock. */
#include "runtime/backend/balance_order.h"

#include <stdlib.h>

enum { LANES_MAX = 256 };

static uint32_t lanes_for(uint32_t size)
{
	uint32_t lanes = 1;

	while (lanes < size && lanes < LANES_MAX)
		lanes *= 2;
	return lanes;
}

bool order_init(struct order *o, uint32_t size)
{
	*o = (struct order){.lanes = lanes_for(size)};
	o->heads = calloc(size ? size : 1, sizeof(*o->heads));
	o->ends = calloc(o->lanes, sizeof(*o->ends));
	return o->heads && o->ends;
}

bool order_grow(struct order *o, uint32_t size)
{
	struct order_head *more = realloc(o->heads, (size ? size : 1) * sizeof(*more));

	if (more)
		o->heads = more;
	return more != NULL;
}

void order_free(struct order *o)
{
	free(o->heads);
	free(o->ends);
	*o = (struct order){0};
}

/* --- the heap of heads */

static bool head_is_before(const struct order_head *a, const struct order_head *b)
{
	return a->key < b->key || (a->key == b->key && a->turn < b->turn);
}

static void head_set(struct order *o, uint32_t at, struct order_head head)
{
	o->heads[at] = head;
	head.node->at = at + 1;
}

/* Finds the place of a head that may be too far down. */
static void head_rise(struct order *o, uint32_t at, struct order_head head)
{
	while (at && head_is_before(&head, &o->heads[(at - 1) / 2])) {
		head_set(o, at, o->heads[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	head_set(o, at, head);
}

/* Finds the place of a head that may be too far up. */
static void head_sink(struct order *o, uint32_t at, struct order_head head)
{
	uint32_t child;

	while ((child = 2 * at + 1) < o->nheads) {
		if (child + 1 < o->nheads && head_is_before(&o->heads[child + 1], &o->heads[child]))
			child++;
		if (!head_is_before(&o->heads[child], &head))
			break;
		head_set(o, at, o->heads[child]);
		at = child;
	}
	head_set(o, at, head);
}

static struct order_head head_of(struct order_node *node)
{
	return (struct order_head){node->key, node->turn, node};
}

static void head_remove(struct order *o, uint32_t at)
{
	struct order_head last = o->heads[--o->nheads];

	if (at == o->nheads)
		return;
	if (at && head_is_before(&last, &o->heads[(at - 1) / 2]))
		head_rise(o, at, last);
	else
		head_sink(o, at, last);
}

/* --- runs */

static bool fits_behind(const struct order_node *end, const struct order_node *node)
{
	return end && (end->key < node->key || (end->key == node->key && end->turn < node->turn));
}

static void node_enter(struct order *o, struct order_node *node)
{
	struct order_node **end = &o->ends[node->lane];

	node->next = node->prev = NULL;
	if (!fits_behind(*end, node)) {
		head_rise(o, o->nheads++, head_of(node));
	} else {
		node->at = 0;
		node->prev = *end;
		(*end)->next = node;
	}
	*end = node;
}

void order_put(struct order *o, struct order_node *node, int64_t key, uint32_t lane)
{
	node->key = key;
	node->turn = ++o->turns;
	node->lane = lane & (o->lanes - 1);
	node_enter(o, node);
}

/* A run of its own, unless its lane has none: what comes next belongs behind those that are there already. */
void order_restore(struct order *o, struct order_node *node)
{
	if (!o->ends[node->lane]) {
		node_enter(o, node);
		return;
	}
	node->next = node->prev = NULL;
	head_rise(o, o->nheads++, head_of(node));
}

void order_take(struct order *o, struct order_node *node)
{
	struct order_node *next = node->next;

	if (o->ends[node->lane] == node)
		o->ends[node->lane] = node->prev;
	if (next)
		next->prev = node->prev;
	if (node->prev)
		node->prev->next = next;
	else if (next)
		head_sink(o, node->at - 1, head_of(next));
	else
		head_remove(o, node->at - 1);
	node->at = 0;
}
