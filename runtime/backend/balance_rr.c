/* balance roundrobin: smooth weighted round robin with dynamic weights, in HAProxy's order, found by watching
 * it. A round has as many places as the group has weight (in sixteenths). In a round every server first waits
 * in `fresh`, heaviest first; whoever was served is due again total/weight places later, remainders carried on,
 * and moves to `next` when that lies behind the round's end. A place goes to the server in `due` that is due
 * first, if it is due; else to the heaviest fresh one; else to the first in `due` all the same. The round ends
 * when both are empty. Lives in server->lb and proxy->lb, under proxy->lb_lock. */
#include "runtime/backend/balance.h"
#include "runtime/backend/balance_order.h"

enum rr_place { RR_FRESH, RR_NEXT, RR_DUE, RR_PLACES };

struct rr_server {
	struct lb_server lb;
	struct order_node node;
	struct order *in;   /* NULL: in none */
	int64_t due, last;  /* places in the round */
	uint64_t round;     /* that `due` is about: not served in a later one */
	uint32_t remainder; /* of total/weight, carried to the next turn */
	bool served; /* in the round in which it is or left: it has had a turn that a new weight goes on from */
	struct rr_server *skipped;
};

struct rr_group {
	struct lb_group lb;
	struct order orders[RR_PLACES];
	uint8_t fresh;  /* 0 or 1: which one RR_FRESH is; RR_NEXT is the other */
	int64_t pos;    /* the round's current place */
	int64_t window; /* weight of the group when the round began */
	int64_t total;  /* weight of the group now */
	uint64_t round;
	bool begun; /* all servers that are usable from the beginning have entered */
};

static struct rr_server *node_server(struct order_node *node)
{
	return (struct rr_server *)((char *)node - offsetof(struct rr_server, node));
}

static bool rr_init(struct proxy *px, void *group, uint32_t n)
{
	struct rr_group *g = group;

	(void)px;
	return order_init(&g->orders[0], n) && order_init(&g->orders[1], n) && order_init(&g->orders[2], n);
}

static bool rr_grow(void *group, uint32_t n)
{
	struct rr_group *g = group;

	return order_grow(&g->orders[0], n) && order_grow(&g->orders[1], n) && order_grow(&g->orders[2], n);
}

static void rr_free(void *group)
{
	struct rr_group *g = group;

	for (int i = 0; i < RR_PLACES; i++)
		order_free(&g->orders[i]);
}

/* When it is due in this round; 0: it was not served yet. */
static int64_t rr_due(const struct rr_group *g, const struct rr_server *s)
{
	return s->round == g->round ? s->due : 0;
}

static void rr_set_due(const struct rr_group *g, struct rr_server *s, int64_t due)
{
	s->due = due;
	s->round = g->round;
}

static struct order *rr_order(struct rr_group *g, enum rr_place place)
{
	return &g->orders[place == RR_DUE ? RR_DUE : place ^ g->fresh];
}

/* The lane is that of its weight; a server that gets warm shares one. */
static void rr_put(struct rr_group *g, struct rr_server *s, enum rr_place place)
{
	int64_t weight = s->lb.weight;

	s->in = rr_order(g, place);
	order_put(s->in, &s->node,
		  place == RR_DUE ? s->due * (256 * BALANCE_SCALE) + s->remainder - weight : -weight,
		  s->lb.weight / BALANCE_SCALE);
}

static void rr_take(struct rr_server *s)
{
	order_take(s->in, &s->node);
	s->in = NULL;
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
	rr_set_due(g, s, g->pos + (g->total - g->pos) / (int64_t)s->lb.weight);
	rr_put_due(g, s);
}

static void rr_reweigh(struct rr_group *g, struct rr_server *s)
{
	bool fresh = s->in == rr_order(g, RR_FRESH);
	int64_t step = g->total / (int64_t)s->lb.weight;

	rr_take(s);
	if (fresh) {
		rr_put(g, s, RR_FRESH);
		return;
	}
	if (s->due > s->last + step)
		s->due = s->last + step;
	if (!s->served || s->due < g->pos + 2)
		s->due = g->pos + step;
	s->served = true;
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
	if (ls->weight) {
		rr_reweigh(g, s);
		return;
	}
	s->served = s->served && rr_due(g, s);
	rr_take(s);
}

static void rr_begin(void *group)
{
	((struct rr_group *)group)->begun = true;
}

/* Those of the next round are fresh in it: none of them was served in it. */
static void rr_new_round(struct rr_group *g)
{
	g->fresh ^= 1;
	g->pos = 0;
	g->window = g->total;
	g->round++;
}

/* It has its turn, and is due again later. */
static void rr_serve(struct rr_group *g, struct rr_server *s)
{
	int64_t weight = s->lb.weight, due = rr_due(g, s);

	if (!due) {
		due = g->pos;
		s->remainder = 0;
	}
	s->last = due;
	s->served = true;
	due += g->total / weight;
	s->remainder += (uint32_t)(g->total % weight);
	if (s->remainder >= s->lb.weight) {
		s->remainder -= s->lb.weight;
		due++;
	}
	rr_set_due(g, s, due);
	g->pos++;
}

/* Takes the server whose turn it is, and makes it due again. NULL: nobody is left in this round and the next.
 */
static struct rr_server *rr_turn(struct rr_group *g)
{
	struct order_node *due = order_first(&g->orders[RR_DUE]), *fresh = order_first(rr_order(g, RR_FRESH));
	struct rr_server *s;

	if (!fresh && !due) {
		fresh = order_first(rr_order(g, RR_NEXT));
		if (!fresh)
			return NULL;
		rr_new_round(g);
	}
	s = node_server(!fresh || (due && node_server(due)->due <= g->pos) ? due : fresh);
	rr_take(s);
	rr_serve(g, s);
	return s;
}

/* Those that were passed over lose their turn: they go back behind the one that was found, last one first. When
 * a round has begun meanwhile, they are fresh in it, those included that were passed over in the new one. */
static void rr_put_back(struct rr_group *g, struct rr_server *skipped, const struct rr_server *found,
			uint64_t round)
{
	for (; skipped; skipped = skipped->skipped) {
		if (skipped == found)
			continue;
		if (g->round == round) {
			rr_put_due(g, skipped);
			continue;
		}
		rr_set_due(g, skipped, 0);
		rr_put(g, skipped, RR_FRESH);
	}
}

/* What the next choices will look at comes nearer meanwhile: with thousands of servers it has left the caches
 * since their last turn. */
static void rr_fetch(struct rr_group *g)
{
	const struct order *due = &g->orders[RR_DUE], *fresh = rr_order(g, RR_FRESH);
	struct order_node *next = order_first(due);

	if (!next || (node_server(next)->due > g->pos && order_first(fresh)))
		next = order_first(fresh);
	if (next)
		__builtin_prefetch(node_server(next)->lb.server, 1);
	order_fetch_second(due);
	order_fetch_second(fresh);
}

/* The next server with room. The one to avoid is the last resort. */
static struct server *rr_pick(void *group, const struct srv_request *r, bool *full)
{
	struct rr_group *g = group;
	struct rr_server *s, *skipped = NULL, *avoided = NULL;
	uint64_t round = g->round;

	while ((s = rr_turn(g)) != NULL) {
		if (server_has_room(s->lb.server)) {
			if (s->lb.server != r->avoid)
				break;
			avoided = s;
		}
		s->skipped = skipped;
		skipped = s;
	}
	*full = !s && !avoided && skipped;
	if (*full && g->round == round)
		rr_new_round(g);
	if (!s && avoided && !rr_due(g, avoided))
		rr_set_due(g, avoided, g->pos);
	s = s ? s : avoided;
	if (s)
		rr_put_due(g, s);
	rr_put_back(g, skipped, s, round);
	rr_fetch(g);
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
