/* Choosing in a ring (hash_ring.h): consistent hashing, and `balance random`: random keys, and of several draws
 * the server with the least load (manual, "random(<draws>)"). Under proxy->lb_lock. */
#include "runtime/backend/hash_ring.h"

#include "runtime/core/worker.h"

/* --- hash-balance-factor: consistent hashing with bounded loads (V. Mirrokni and others, 2016) */

static void weights_count(struct hash_ring *g)
{
	struct proxy *px = g->lb.proxy;

	g->weight = 0;
	g->stale = false;
	for (uint32_t i = 0; i < px->nservers; i++) {
		struct ring_member *s = px->servers[i]->lb;

		if (s->lb.group == g->lb.which)
			g->weight += s->lb.weight;
	}
}

/* So many requests there may be at all servers together, this one included: the factor, in per cent, of those
 * there are. Each has its weight's part of them, in whole numbers that add up, and at least one place (seen
 * with HAProxy 2.6). */
static bool load_is_bounded(struct hash_ring *g, const struct server *s, const struct ring_seat *seat)
{
	uint32_t conns = atomic_load_explicit(&s->conns, memory_order_relaxed);
	struct proxy *px = g->lb.proxy;
	uint64_t served, places, end, begin;

	if (!conns)
		return true;
	if (g->stale)
		weights_count(g);
	served = atomic_load_explicit(&px->served, memory_order_relaxed);
	places = ((served + 1) * (uint32_t)px->conf->hash_balance_factor + 99) / 100;
	end = (seat->before + s->lb_weight) * places / g->weight;
	begin = seat->before * places / g->weight;
	return conns < (end > begin ? end - begin : 1);
}

/* --- hash-preserve-affinity */

static bool server_keeps(const struct server *s, enum hash_preserve until)
{
	if (!server_is_full(s))
		return true;
	return until == HASH_PRESERVE_MAXQUEUE &&
	       (!s->conf->maxqueue ||
		atomic_load_explicit(&s->queued, memory_order_relaxed) < s->conf->maxqueue);
}

/* --- the server of a key */

static bool is_nearer_before(const struct hash_ring *g, uint32_t key, uint32_t before, uint32_t after)
{
	return key - point_key(g->points[before]) < point_key(g->points[after]) - key;
}

/* The nearest point that counts; of two at the same distance the one ahead. There is one: the group is not
 * empty. */
static uint32_t point_nearest(const struct hash_ring *g, uint32_t key)
{
	uint32_t after = hash_ring_find(g, key), before = (after ? after : g->n) - 1;
	uint32_t is_before = is_nearer_before(g, key, before, after), nearest;

	nearest = after ^ ((after ^ before) & -is_before); /* not a jump, which would be a guess */
	if (hash_ring_counts_at(g, nearest))
		return nearest; /* the other one's server need not be looked at */
	while (!hash_ring_counts_at(g, after))
		after = after + 1 == g->n ? 0 : after + 1;
	while (!hash_ring_counts_at(g, before))
		before = before ? before - 1 : g->n - 1;
	return is_nearer_before(g, key, before, after) ? before : after;
}

/* May it have one more of the keys that are its own? */
static bool takes_more(struct hash_ring *g, const struct server *s, const struct ring_seat *seat)
{
	const struct proxy_conf *conf = g->lb.proxy->conf;

	if (conf->hash_balance_factor)
		return load_is_bounded(g, s, seat);
	return !conf->hash_preserve || server_keeps(s, (enum hash_preserve)conf->hash_preserve);
}

/* From a point on round the ring: the first whose server takes more. When none does, the key stays where it
 * belongs. asked: the server of the first point does not. */
static uint32_t ring_walk(struct hash_ring *g, uint32_t first, bool asked)
{
	uint32_t at = first;

	for (uint32_t tries = 0; tries < g->n; tries++, at = at + 1 == g->n ? 0 : at + 1) {
		if ((asked && !tries) || !hash_ring_counts_at(g, at))
			continue;
		if (takes_more(g, hash_ring_server_at(g, at), hash_ring_seat_at(g, at)))
			return at;
	}
	return first;
}

/* Point by point. asked: as ring_walk(). */
static struct server *key_search(struct hash_ring *g, uint32_t key, bool asked)
{
	return hash_ring_server_at(g, ring_walk(g, point_nearest(g, key), asked));
}

/* The owner is the server of the nearest of all points: while that one counts, no other matters. */
static struct server *key_server(struct hash_ring *g, struct ring_key key)
{
	struct server *owner = key.seat == OWNERS_UNKNOWN ? NULL : g->whole[key.seat];

	if (owner && takes_more(g, owner, &g->seats[key.seat]))
		return owner;
	return key_search(g, key.key, owner != NULL);
}

static struct ring_key key_make(const struct hash_ring *g, uint32_t key)
{
	return (struct ring_key){key, owners_find(&g->owners, key)};
}

/* Point by point round the ring: the next with room. */
static struct server *ring_next(struct hash_ring *g, const struct server *avoid, bool *full)
{
	struct server *last_resort = NULL;

	for (uint32_t tries = 0; tries < g->n; tries++) {
		struct server *s;
		uint32_t at;

		if (g->next >= g->n)
			g->next = 0;
		at = g->next++;
		s = hash_ring_server_at(g, at);
		if (!hash_ring_counts_at(g, at) || !server_has_room(s))
			continue;
		if (s != avoid)
			return s;
		last_resort = s;
	}
	*full = !last_resort;
	return last_resort;
}

static struct server *ring_pick(void *group, const struct srv_request *r, bool *full)
{
	struct hash_ring *g = group;
	struct server *s;

	if (!g->usable || !g->points)
		return NULL;
	if (!r->has_key && balance_takes_turns(g->lb.proxy, g->usable))
		return ring_next(g, r->avoid, full);
	s = key_server(g, key_make(g, r->has_key ? r->key : 0));
	__builtin_prefetch(s, 1);
	return s;
}

/* --- balance random */

/* Fewer connections for its weight. */
static bool is_less_loaded(const struct server *a, const struct server *b)
{
	uint64_t load_a = atomic_load_explicit(&a->conns, memory_order_relaxed);
	uint64_t load_b = atomic_load_explicit(&b->conns, memory_order_relaxed);

	return load_a * b->lb_weight < load_b * a->lb_weight;
}

static struct ring_key key_draw(struct hash_ring *g, struct worker *w)
{
	return g->ndrawn ? g->drawn[--g->ndrawn] : key_make(g, (uint32_t)worker_random(w));
}

/* A key for the choice after the next one. */
static void key_come(struct hash_ring *g, struct worker *w, uint32_t *coming)
{
	*coming = (uint32_t)worker_random(w);
	owners_fetch(&g->owners, *coming);
}

/* The next choice finds its servers in the caches, and the one after it the owners of its keys. */
static void draw_ahead(struct hash_ring *g, struct worker *w, uint32_t n)
{
	for (; g->ncoming < DRAWS_AHEAD; g->ncoming++)
		key_come(g, w, &g->coming[g->ncoming]);
	for (; g->ndrawn < n && g->ndrawn < DRAWS_AHEAD; g->ndrawn++) {
		uint32_t *coming = &g->coming[g->ndrawn];
		struct ring_key key = key_make(g, *coming);

		key_come(g, w, coming);
		g->drawn[g->ndrawn] = key;
		if (key.seat != OWNERS_UNKNOWN)
			__builtin_prefetch(g->whole[key.seat]);
	}
}

static struct server *random_pick(void *group, const struct srv_request *r, bool *full)
{
	struct hash_ring *g = group;
	uint32_t draws = g->lb.proxy->conf->balance.draws ? g->lb.proxy->conf->balance.draws : 1;
	struct server *best = NULL;

	if (!g->usable || !g->points)
		return NULL;
	for (uint32_t i = 0; i < draws; i++) {
		struct server *s = key_server(g, key_draw(g, r->worker));

		if (s == r->avoid || !server_has_room(s))
			continue;
		if (!best || is_less_loaded(s, best))
			best = s;
	}
	draw_ahead(g, r->worker, draws);
	return best ? best : ring_next(g, r->avoid, full);
}

const struct lb_algorithm balance_ring = {
	.server_size = sizeof(struct ring_member),
	.group_size = sizeof(struct hash_ring),
	.group_init = hash_ring_init,
	.group_free = hash_ring_free,
	.changed = hash_ring_changed,
	.grow = hash_ring_grow,
	.forget = hash_ring_forget,
	.moved = hash_ring_moved,
	.begin = hash_ring_begin,
	.pick = ring_pick,
};

const struct lb_algorithm balance_random = {
	.server_size = sizeof(struct ring_member),
	.group_size = sizeof(struct hash_ring),
	.group_init = hash_ring_init,
	.group_free = hash_ring_free,
	.changed = hash_ring_changed,
	.grow = hash_ring_grow,
	.forget = hash_ring_forget,
	.moved = hash_ring_moved,
	.begin = hash_ring_begin,
	.pick = random_pick,
};
