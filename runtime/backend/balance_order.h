/* Servers in an order that changes with every choice: smallest key first, and first in, first out among equal
 * keys. What the dynamic balancing algorithms keep their servers in. Servers of the same lane (of equal weight,
 * or under equal load) nearly always come back behind each other, so that a lane is a run: a list to whose end
 * they are added at no cost, however many there are. Only the heads of runs are compared, in a heap that holds
 * their keys itself: few cache lines. A node that does not fit behind the last one of its lane begins a run of
 * its own; so the order is right whatever comes, and a lane is but a hint. Room for every node is there from
 * the beginning, so that nothing can fail later. The owner's lock protects it (proxy->lb_lock). */
#ifndef LB_BACKEND_BALANCE_ORDER_H
#define LB_BACKEND_BALANCE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct order_node {
	int64_t key;
	uint64_t turn;                  /* order of arrival */
	struct order_node *next, *prev; /* of its run */
	uint32_t at;                    /* head of a run: 1 + its place among the heads; 0: it is none */
	uint32_t lane;
};

struct order_head {
	int64_t key;
	uint64_t turn;
	struct order_node *node;
};

struct order {
	struct order_head *heads; /* a binary heap */
	struct order_node **ends; /* by lane: the last one of the run that grows; NULL: none does */
	uint32_t nheads, lanes;   /* lanes: a power of two */
	uint64_t turns;
};

/* Room for at most `size` nodes. False when memory is out. */
bool order_init(struct order *o, uint32_t size);
/* Room for more than before. False when memory is out: the order is as it was. */
bool order_grow(struct order *o, uint32_t size);
void order_free(struct order *o);
/* Puts a node that is in no order behind all those of the same key. lane: any number. */
void order_put(struct order *o, struct order_node *node, int64_t key, uint32_t lane);
/* Puts a node that was taken out back to where it was among the others: with its key and its turn. */
void order_restore(struct order *o, struct order_node *node);
/* Takes a node out of the order that it is in. */
void order_take(struct order *o, struct order_node *node);

/* The first node, still in the order; NULL: empty. */
static inline struct order_node *order_first(const struct order *o)
{
	return o->nheads ? o->heads[0].node : NULL;
}

/* Fetches the one that will be second: who is first was fetched so before. */
static inline void order_fetch_second(const struct order *o)
{
	if (o->nheads && o->heads[0].node->next) {
		__builtin_prefetch(o->heads[0].node->next, 1);
		__builtin_prefetch(o->heads[0].node->next + 1, 1);
	}
}

#endif
