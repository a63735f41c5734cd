/* balance roundrobin: smooth weighted round robin with dynamic weights, in HAProxy's order, found by watching
 * it. A round has as many places as the group has weight (in sixteenths). In a round every server first waits
 * in `fresh`, heaviest first; whoever was served is due again total/weight places later, remainders carried on,
 * and moves to `next` when that lies behind the round's end. A place goes to the server in `due` that is due
 * first, if it is due; else to the heaviest fresh one; else to the first in `due` all the same. The round ends
 * when both are empty. Lives in server->lb and proxy->lb, under proxy->lb_lock. */
#include "runtime/backend/balance.h"
#include "runtime/backend/balance_heap.h"

enum rr_place { RR_NOWHERE, RR_FRESH, RR_DUE, RR_NEXT };

struct rr_server {
	struct lb_server lb;
	struct heap_node node;
	enum rr_place place;
	uint32_t remainder; /* of total/weight, carried to the next turn */
	int64_t due, last;  /* places in the round; due 0: not served in this one */
	struct rr_server *skipped;
};

struct rr_group {
	struct lb_group lb;
	struct heap fresh, due, next;
	int64_t pos;    /* the round's current place */
	int64_t window; /* weight of the group when the round began */
	int64_t total;  /* weight of the group now */
	uint64_t round;
	bool begun; /* all servers that are usable from the beginning have entered */
};

static struct rr_server *node_server(struct heap_node *node)
{
	return (struct rr_server *)((char *)node - offsetof(struct rr_server, node));
}

static bool rr_init(struct proxy *px, void *group, uint32_t n)
{
	struct rr_group *g = group;

	(void)px;
	return heap_init(&g->fresh, n) && heap_init(&g->due, n) && heap_init(&g->next, n);
}

static bool rr_grow(void *group, uint32_t n)
{
	struct rr_group *g = group;

	return heap_grow(&g->fresh, n) && heap_grow(&g->due, n) && heap_grow(&g->next, n);
}

static void rr_free(void *group)
{
	struct rr_group *g = group;

	heap_free(&g->fresh);
	heap_free(&g->due);
	heap_free(&g->next);
}

static struct heap *rr_heap(struct rr_group *g, enum rr_place place)
{
	return place == RR_FRESH ? &g->fresh : place == RR_DUE ? &g->due : &g->next;
}

static void rr_put(struct rr_group *g, struct rr_server *s, enum rr_place place)
{
	int64_t weight = s->lb.weight;

	s->place = place;
	heap_put(rr_heap(g, place), &s->node,
		 place == RR_DUE ? s->due * (256 * BALANCE_SCALE) + s->remainder - weight : -weight);
}

static void rr_take(struct rr_group *g, struct rr_server *s)
{
	heap_take(rr_heap(g, s->place), &s->node);
	s->place = RR_NOWHERE;
}

/* In this round, if its turn still lies in it; a round never grows, but it shrinks at once. */
static void rr_put_due(struct rr_group *g, struct rr_server *s)
{
	int64_t end = g->window < g->total ? g->window : g->total;

	rr_put(g, s, s->due >= end ? RR_NEXT : RR_DUE);
}

static void rr_enter(struct rr_group *g, struct rr_server *s)
{
	g->total += s->lb.weight;
	if (!g->begun) {
		g->window = g->total;
		rr_put(g, s, RR_FRESH);
		return;
	}
	s->due = g->pos + (g->total - g->pos) / (int64_t)s->lb.weight;
	rr_put_due(g, s);
}

static void rr_reweigh(struct rr_group *g, struct rr_server *s)
{
	enum rr_place place = s->place;
	int64_t step = g->total / (int64_t)s->lb.weight;

	rr_take(g, s);
	if (place == RR_FRESH) {
		rr_put(g, s, RR_FRESH);
		return;
	}
	if (s->due > s->last + step)
		s->due = s->last + step;
	if (s->due < g->pos + 2)
		s->due = g->pos + step;
	s->remainder = 0;
	rr_put_due(g, s);
}

static void rr_changed(void *group, struct lb_server *ls, uint32_t before)
{
	struct rr_group *g = group;
	struct rr_server *s = (struct rr_server *)ls;

	if (!before) {
		rr_enter(g, s);
		return;
	}
	g->total += (int64_t)ls->weight - before;
	if (ls->weight)
		rr_reweigh(g, s);
	else
		rr_take(g, s);
}

static void rr_begin(void *group)
{
	((struct rr_group *)group)->begun = true;
}

static void rr_new_round(struct rr_group *g)
{
	struct heap empty = g->fresh;

	g->fresh = g->next;
	g->next = empty;
	g->pos = 0;
	g->window = g->total;
	g->round++;
	for (uint32_t i = 0; i < g->fresh.n; i++) {
		struct rr_server *s = node_server(g->fresh.v[i]);

		s->place = RR_FRESH;
		s->due = 0;
	}
}

/* Takes the server whose turn it is, and makes it due again. NULL: nobody is left in this round and the next.
 */
static struct rr_server *rr_turn(struct rr_group *g)
{
	struct heap_node *due, *fresh;
	struct rr_server *s;

	if (!heap_first(&g->fresh) && !heap_first(&g->due)) {
		if (!heap_first(&g->next))
			return NULL;
		rr_new_round(g);
	}
	due = heap_first(&g->due);
	fresh = heap_first(&g->fresh);
	s = node_server(!fresh || (due && node_server(due)->due <= g->pos) ? due : fresh);
	rr_take(g, s);
	if (!s->due) {
		s->due = g->pos;
		s->remainder = 0;
	}
	s->last = s->due;
	s->due += g->total / (int64_t)s->lb.weight;
	s->remainder += (uint32_t)(g->total % (int64_t)s->lb.weight);
	if (s->remainder >= s->lb.weight) {
		s->remainder -= s->lb.weight;
		s->due++;
	}
	g->pos++;
	return s;
}

/* Those that were passed over lose their turn: they go back behind the one that was found, last one first. */
static void rr_put_back(struct rr_group *g, struct rr_server *skipped, const struct rr_server *found)
{
	for (; skipped; skipped = skipped->skipped) {
		if (skipped == found)
			continue;
		if (skipped->due)
			rr_put_due(g, skipped);
		else
			rr_put(g, skipped, RR_FRESH); /* a round has begun meanwhile */
	}
}

/* The next server with room. The one to avoid is the last resort. */
static struct server *rr_pick(void *group, const struct srv_request *r, bool *full)
{
	struct rr_group *g = group;
	struct rr_server *s, *skipped = NULL, *avoided = NULL;
	uint64_t round = g->round;

	while ((s = rr_turn(g)) != NULL) {
		for (struct rr_server *k = skipped; k && round != g->round; k = k->skipped)
			k->due = 0;
		round = g->round;
		if (server_has_room(s->lb.server)) {
			if (s->lb.server != r->avoid)
				break;
			avoided = s;
		}
		s->skipped = skipped;
		skipped = s;
	}
	*full = !s && !avoided && skipped;
	if (!s && avoided && !avoided->due)
		avoided->due = g->pos;
	s = s ? s : avoided;
	if (s)
		rr_put_due(g, s);
	rr_put_back(g, skipped, s);
	return s ? s->lb.server : NULL;
}

const struct lb_algorithm balance_roundrobin = {
	.server_size = sizeof(struct rr_server),
	.group_size = sizeof(struct rr_group),
	.group_init = rr_init,
	.group_free = rr_free,
	.begin = rr_begin,
	.grow = rr_grow,
	.changed = rr_changed,
	.pick = rr_pick,
};
