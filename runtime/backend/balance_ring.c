/* Consistent hashing: a ring of many points per server (16 per unit of weight), where a key belongs to the
 * nearest point on either side. Points, hash and rule of nearness are HAProxy's, found by watching it, so that
 * keys stay where they are when a proxy is replaced. The ring holds every point that its servers may have;
 * points of servers that are not usable, or lighter now, are passed over, so that a change of state costs
 * nothing. Also `balance random`: random keys, and of several draws the server with the least load (manual,
 * "random(<draws>)"). Lives in proxy->lb, under proxy->lb_lock. */
#include <stdlib.h>

#include "runtime/backend/balance.h"
#include "runtime/backend/balance_key.h"
#include "runtime/core/worker.h"
#include "runtime/eval/hash.h"
#include "runtime/net/address.h"

enum {
	INDEX_BITS = 20,
	POINTS_EACH = 4,    /* of the index */
	POINTS_APART = 4096 /* numbers of points between two server ids */
};

struct ring_member {
	struct lb_server lb;
	uint64_t before; /* weights of the usable ones that the configuration names before it: ring_begin() */
	uint32_t most;   /* points that it has ever had, if those are more than it is configured for */
};

struct ring_point {
	uint32_t key;
	uint32_t member; /* of ring_group.members */
	uint16_t number; /* the server has it while number < its weight */
};

struct ring_group {
	struct lb_group lb;
	struct ring_point *points; /* by key */
	struct server **members;   /* whose points there are */
	uint32_t n;
	uint32_t *index; /* by the upper bits of a key: the first point at or behind the least such key */
	uint32_t index_shift;
	uint32_t usable; /* servers in the group */
	uint32_t next;   /* for requests without a key */
	uint64_t weight; /* of all usable ones */
	bool stale;      /* `weight` is to be counted anew */
};

static int point_cmp(const void *pa, const void *pb)
{
	const struct ring_point *a = pa, *b = pb;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->member != b->member)
		return a->member < b->member ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static int member_cmp(const void *pa, const void *pb)
{
	const struct server *a = *(struct server *const *)pa, *b = *(struct server *const *)pb;

	return a->conf->id < b->conf->id ? -1 : a->conf->id > b->conf->id;
}

static bool by_address(const struct server *s)
{
	uint8_t by = server_conf_rare(s->conf)->hash_key;

	return by == HASH_KEY_ADDR || by == HASH_KEY_ADDR_PORT;
}

/* What its points are made of: its number, its address or its GUID (manual 3.4, "hash-key"), so that proxies
 * which name the same servers in another order agree. How addresses and GUIDs are hashed is ours. */
static uint32_t ring_base(const struct server *s)
{
	const struct server_rare *rare = server_conf_rare(s->conf);
	const union addr *a = server_addr(s);
	uint16_t port = rare->hash_key == HASH_KEY_ADDR_PORT ? address_port(a) : 0;

	if (rare->hash_key == HASH_KEY_ID32)
		return s->conf->id;
	if (rare->hash_key == HASH_KEY_GUID && rare->guid.len)
		return str_hash(rare->guid);
	if (!by_address(s) || (a->family != AF_INET && a->family != AF_INET6))
		return s->conf->id * POINTS_APART;
	if (a->family == AF_INET)
		return str_hash(str_make((const char *)&a->in.sin_addr, sizeof(a->in.sin_addr))) +
		       POINTS_APART * port;
	return str_hash(str_make((const char *)&a->in6.sin6_addr, sizeof(a->in6.sin6_addr))) +
	       POINTS_APART * port;
}

/* How many points there are of a server: what it is configured for, or has come to since. */
static uint32_t points_of(const struct server *s)
{
	const struct ring_member *m = s->lb;
	uint32_t configured = BALANCE_SCALE * (uint32_t)s->conf->weight;

	return m && m->most > configured ? m->most : configured;
}

static void index_fill(uint32_t *index, const struct ring_point *points, uint32_t n, uint32_t shift)
{
	for (uint32_t i = 0, at = 0; i < 1u << (32 - shift); i++) {
		while (at < n && points[at].key >> shift < i)
			at++;
		index[i] = at;
	}
}

/* Where to begin to look: hashed keys are spread evenly, so that a few steps from there are enough, however
 * many points there are. Steps from one point to the next cost less than an index that does not fit the caches.
 */
static uint32_t *index_make(const struct ring_point *points, uint32_t n, uint32_t *shift)
{
	uint32_t bits = 1, *index;

	while (bits < INDEX_BITS && (1u << bits) < n / POINTS_EACH)
		bits++;
	*shift = 32 - bits;
	index = calloc(1u << bits, sizeof(*index));
	if (index)
		index_fill(index, points, n, *shift);
	return index;
}

/* In the order of their ids, which decides between equal keys. */
static struct server **members_of(struct proxy *px, uint8_t which, uint32_t *n, uint32_t *points)
{
	struct server **members = calloc(px->nservers + 1, sizeof(struct server *));

	*n = *points = 0;
	for (uint32_t i = 0; members && i < px->nservers; i++) {
		if (px->servers[i]->conf->backup != (which == GROUP_BACKUP))
			continue;
		members[(*n)++] = px->servers[i];
		*points += points_of(px->servers[i]);
	}
	if (members)
		qsort(members, *n, sizeof(struct server *), member_cmp);
	return members;
}

static struct ring_point *points_make(struct server *const *members, uint32_t nmembers, uint32_t n)
{
	struct ring_point *points = calloc(n + 1, sizeof(*points)), *at = points;

	for (uint32_t i = 0; points && i < nmembers; i++)
		for (uint32_t k = 0; k < points_of(members[i]); k++)
			*at++ = (struct ring_point){hash_avalanche(ring_base(members[i]) + k), i, (uint16_t)k};
	if (points)
		qsort(points, n, sizeof(*points), point_cmp);
	return points;
}

static void ring_free(void *group)
{
	struct ring_group *g = group;

	free(g->points);
	free(g->index);
	free(g->members);
}

/* Where a ring goes on that takes another's place: behind the point of the last choice. */
static uint32_t next_after(const struct ring_group *made, const struct ring_group *old)
{
	const struct ring_point *last = old->next && old->next <= old->n ? &old->points[old->next - 1] : NULL;
	uint32_t at = 0;

	if (!last)
		return 0;
	while (at < made->n && made->points[at].key < last->key)
		at++;
	for (uint32_t i = at; i < made->n && made->points[i].key == last->key; i++)
		if (made->members[made->points[i].member] == old->members[last->member] &&
		    made->points[i].number == last->number)
			return i + 1;
	return at;
}

/* Makes the ring anew. The old one stays when memory is out. */
static bool ring_make(struct ring_group *g, uint8_t which)
{
	struct ring_group made = *g;
	uint32_t nmembers;

	made.members = members_of(g->lb.proxy, which, &nmembers, &made.n);
	made.points = made.members ? points_make(made.members, nmembers, made.n) : NULL;
	made.index = made.points ? index_make(made.points, made.n, &made.index_shift) : NULL;
	if (!made.index) {
		free(made.points);
		free(made.members);
		return false;
	}
	made.next = next_after(&made, g);
	ring_free(g);
	*g = made;
	return true;
}

static bool ring_init(struct proxy *px, void *group, uint32_t n)
{
	(void)px, (void)group, (void)n; /* made when the first server enters */
	return true;
}

/* With the points of who has come. */
static bool ring_grow(void *group, uint32_t n)
{
	struct ring_group *g = group;

	(void)n;
	return ring_make(g, g->lb.which);
}

static void ring_forget(void *group, struct lb_server *ls)
{
	struct ring_group *g = group;
	uint32_t kept = 0, next = 0;

	for (uint32_t i = 0; i < g->n; i++) {
		if (g->members[g->points[i].member] != ls->server)
			g->points[kept++] = g->points[i];
		if (i < g->next)
			next = kept;
	}
	g->n = kept;
	g->next = next;
	g->stale = true;
	if (g->index)
		index_fill(g->index, g->points, g->n, g->index_shift);
}

/* The points of a server that is known by its address go with it. */
static void ring_moved(void *group, struct lb_server *ls)
{
	struct ring_group *g = group;

	if (g->points && by_address(ls->server))
		ring_make(g, ls->group);
}

static struct server *ring_server(const struct ring_group *g, uint32_t at)
{
	return g->members[g->points[at].member];
}

static bool point_counts(const struct ring_group *g, uint32_t at)
{
	return g->points[at].number < ring_server(g, at)->lb_weight;
}

static bool point_stays(const struct ring_group *g, uint32_t at, const struct server *gone)
{
	return point_counts(g, at) && ring_server(g, at) != gone;
}

/* When the point of the last choice has gone, the first behind it that counts takes its place, and is passed
 * over (as HAProxy does). gone: a server whose points go, or NULL. */
static void ring_settle(struct ring_group *g, const struct server *gone)
{
	if (!g->next || g->next > g->n || point_stays(g, g->next - 1, gone))
		return;
	while (g->next < g->n && !point_stays(g, g->next, gone))
		g->next++;
	g->next = g->next < g->n ? g->next + 1 : 0;
}

/* Room for more points than ever. */
static void member_grow(struct lb_server *ls)
{
	uint32_t most = BALANCE_SCALE * atomic_load_explicit(&ls->server->weight, memory_order_relaxed);

	((struct ring_member *)ls)->most = most > ls->weight ? most : ls->weight;
}

static void ring_changed(void *group, struct lb_server *ls, uint32_t before)
{
	struct ring_group *g = group;

	g->stale = true;
	if (!before)
		g->usable++;
	else if (!ls->weight)
		g->usable--;
	if (g->points && ls->weight <= points_of(ls->server)) {
		ring_settle(g, NULL);
		return;
	}
	if (ls->weight > points_of(ls->server))
		member_grow(ls);
	if (g->points) /* all of its points are made anew */
		ring_settle(g, ls->server);
	ring_make(g, ls->group);
}

/* First point at or behind the key. */
static uint32_t ring_find(const struct ring_group *g, uint32_t key)
{
	uint32_t at = g->index[key >> g->index_shift];

	while (at < g->n && g->points[at].key < key)
		at++;
	return at == g->n ? 0 : at;
}

/* --- hash-balance-factor: consistent hashing with bounded loads (V. Mirrokni and others, 2016) */

/* Where its part of the places begins: after those of the usable servers that the configuration names before
 * it. HAProxy counts that once, as it starts. */
static void ring_begin(void *group)
{
	struct ring_group *g = group;
	struct proxy *px = g->lb.proxy;
	uint64_t before = 0;

	for (uint32_t i = 0; i < px->nservers; i++) {
		struct ring_member *s = px->servers[i]->lb;

		if (s->lb.group != g->lb.which || !s->lb.weight)
			continue;
		s->before = before;
		before += s->lb.weight;
	}
}

static void weights_count(struct ring_group *g)
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
static bool load_is_bounded(const struct ring_group *g, const struct ring_member *s)
{
	struct proxy *px = g->lb.proxy;
	uint64_t served = atomic_load_explicit(&px->served, memory_order_relaxed);
	uint64_t places = ((served + 1) * (uint32_t)px->conf->hash_balance_factor + 99) / 100;
	uint64_t end = (s->before + s->lb.weight) * places / g->weight, begin = s->before * places / g->weight;
	uint64_t own = end > begin ? end - begin : 1;

	return atomic_load_explicit(&s->lb.server->conns, memory_order_relaxed) < own;
}

/* From a point on round the ring: the first whose server may have one more. */
static struct server *ring_bounded(struct ring_group *g, uint32_t at)
{
	struct server *first = ring_server(g, at);

	if (g->stale)
		weights_count(g);
	for (uint32_t tries = 0; tries < g->n; tries++, at = at + 1 == g->n ? 0 : at + 1)
		if (point_counts(g, at) && load_is_bounded(g, ring_server(g, at)->lb))
			return ring_server(g, at);
	return first;
}

/* --- hash-preserve-affinity */

static bool server_keeps(const struct server *s, enum hash_preserve until)
{
	uint32_t limit = server_limit(s);

	if (!limit || atomic_load_explicit(&s->conns, memory_order_relaxed) < limit)
		return true;
	return until == HASH_PRESERVE_MAXQUEUE &&
	       (!s->conf->maxqueue ||
		atomic_load_explicit(&s->queued, memory_order_relaxed) < s->conf->maxqueue);
}

/* From a point on round the ring: the first whose server is not full. When all are, the key stays where it
 * belongs. */
static struct server *ring_spared(struct ring_group *g, uint32_t at)
{
	enum hash_preserve until = (enum hash_preserve)g->lb.proxy->conf->hash_preserve;
	struct server *first = ring_server(g, at);

	for (uint32_t tries = 0; tries < g->n; tries++, at = at + 1 == g->n ? 0 : at + 1)
		if (point_counts(g, at) && server_keeps(ring_server(g, at), until))
			return ring_server(g, at);
	return first;
}

/* The nearest point that counts; of two at the same distance the one ahead. There is one: the group is not
 * empty. */
static uint32_t point_nearest(const struct ring_group *g, uint32_t key)
{
	uint32_t after = ring_find(g, key), before = after ? after - 1 : g->n - 1;
	bool is_before = key - g->points[before].key < g->points[after].key - key;

	if (point_counts(g, is_before ? before : after))
		return is_before ? before : after; /* the other one's server need not be looked at */
	while (!point_counts(g, after))
		after = after + 1 == g->n ? 0 : after + 1;
	while (!point_counts(g, before))
		before = before ? before - 1 : g->n - 1;
	return key - g->points[before].key < g->points[after].key - key ? before : after;
}

static struct server *ring_nearest(struct ring_group *g, uint32_t key)
{
	uint32_t at = point_nearest(g, key);

	if (g->lb.proxy->conf->hash_balance_factor)
		return ring_bounded(g, at);
	return g->lb.proxy->conf->hash_preserve ? ring_spared(g, at) : ring_server(g, at);
}

/* Point by point round the ring: the next with room. */
static struct server *ring_next(struct ring_group *g, const struct server *avoid, bool *full)
{
	struct server *last_resort = NULL;

	for (uint32_t tries = 0; tries < g->n; tries++) {
		struct server *s;
		uint32_t at;

		if (g->next >= g->n)
			g->next = 0;
		at = g->next++;
		s = ring_server(g, at);
		if (!point_counts(g, at) || !server_has_room(s))
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
	struct ring_group *g = group;

	if (!g->usable || !g->points)
		return NULL;
	if (!r->has_key && balance_takes_turns(g->lb.proxy, g->usable))
		return ring_next(g, r->avoid, full);
	return ring_nearest(g, r->has_key ? r->key : 0);
}

/* Fewer connections for its weight. */
static bool is_less_loaded(struct server *a, struct server *b)
{
	uint64_t load_a = atomic_load_explicit(&a->conns, memory_order_relaxed);
	uint64_t load_b = atomic_load_explicit(&b->conns, memory_order_relaxed);

	return load_a * b->lb_weight < load_b * a->lb_weight;
}

static struct server *random_pick(void *group, const struct srv_request *r, bool *full)
{
	struct ring_group *g = group;
	uint32_t draws = g->lb.proxy->conf->balance.draws;
	struct server *best = NULL;

	if (!g->usable || !g->points)
		return NULL;
	for (uint32_t i = 0; i < (draws ? draws : 1); i++) {
		struct server *s = ring_nearest(g, (uint32_t)worker_random(r->worker));

		if (s == r->avoid || !server_has_room(s))
			continue;
		if (!best || is_less_loaded(s, best))
			best = s;
	}
	return best ? best : ring_next(g, r->avoid, full);
}

const struct lb_algorithm balance_ring = {
	.server_size = sizeof(struct ring_member),
	.group_size = sizeof(struct ring_group),
	.group_init = ring_init,
	.group_free = ring_free,
	.changed = ring_changed,
	.grow = ring_grow,
	.forget = ring_forget,
	.moved = ring_moved,
	.begin = ring_begin,
	.pick = ring_pick,
};

const struct lb_algorithm balance_random = {
	.server_size = sizeof(struct ring_member),
	.group_size = sizeof(struct ring_group),
	.group_init = ring_init,
	.group_free = ring_free,
	.changed = ring_changed,
	.grow = ring_grow,
	.forget = ring_forget,
	.moved = ring_moved,
	.begin = ring_begin,
	.pick = random_pick,
};
