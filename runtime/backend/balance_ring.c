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
#include "runtime/stats/counters.h"

enum {
	INDEX_BITS = 20,
	POINTS_EACH = 4,     /* of the index */
	POINTS_AT_ONCE = 8,  /* that are looked at without asking whether there are so many */
	POINTS_APART = 4096, /* numbers of points between two server ids */
	NUMBER_BITS = 12,    /* of a point's number, which is below 256 * BALANCE_SCALE */
	SEAT_BITS = 20
};

struct ring_member {
	struct lb_server lb;
	uint64_t before; /* weights of the usable ones that the configuration names before it: ring_begin() */
	uint32_t most;   /* points that it has ever had, if those are more than it is configured for */
	uint32_t seat;   /* of ring_group.seats */
};

/* What choices look at of a server: with thousands of them, all of these still fit the caches. */
struct ring_seat {
	struct server *server;
	uint64_t before; /* ring_member.before */
	uint32_t index;  /* server->index */
};

/* A point in one number, so that they sort by it: its key, its server's seat, and its number at that server,
 * which has it while the number is below its weight. */
typedef uint64_t ring_point;

struct ring_group {
	struct lb_group lb;
	ring_point *points;      /* by key; behind them POINTS_AT_ONCE that are behind every key */
	struct ring_seat *seats; /* of the servers whose points there are */
	uint16_t *weights;       /* lb_server.weight by seat: looked at most often, hence close together */
	uint32_t n;
	uint32_t *index; /* by the upper bits of a key: the first point at or behind the least such key */
	uint32_t index_shift;
	uint32_t usable; /* servers in the group */
	uint32_t next;   /* for requests without a key */
	uint64_t weight; /* of all usable ones */
	bool stale;      /* `weight` is to be counted anew */
};

static ring_point point_make(uint32_t key, uint32_t seat, uint32_t number)
{
	return (uint64_t)key << 32 | (uint64_t)seat << NUMBER_BITS | number;
}

static uint32_t point_key(ring_point p)
{
	return (uint32_t)(p >> 32);
}

static uint32_t point_seat(ring_point p)
{
	return (uint32_t)p >> NUMBER_BITS;
}

static uint32_t point_number(ring_point p)
{
	return p & ((1u << NUMBER_BITS) - 1);
}

static int point_cmp(const void *pa, const void *pb)
{
	const ring_point a = *(const ring_point *)pa, b = *(const ring_point *)pb;

	return a < b ? -1 : a > b;
}

static int seat_cmp(const void *pa, const void *pb)
{
	const struct ring_seat *a = pa, *b = pb;

	return a->server->conf->id < b->server->conf->id ? -1 : a->server->conf->id > b->server->conf->id;
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

static void index_fill(uint32_t *index, const ring_point *points, uint32_t n, uint32_t shift)
{
	for (uint32_t i = 0, at = 0; i < 1u << (32 - shift); i++) {
		while (at < n && point_key(points[at]) >> shift < i)
			at++;
		index[i] = at;
	}
}

/* Where to begin to look: hashed keys are spread evenly, so that a few steps from there are enough, however
 * many points there are. Steps from one point to the next cost less than an index that does not fit the caches.
 */
static uint32_t *index_make(const ring_point *points, uint32_t n, uint32_t *shift)
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

static struct ring_seat seat_of(struct server *s)
{
	const struct ring_member *m = s->lb;

	return (struct ring_seat){s, m ? m->before : 0, s->index};
}

/* In the order of their ids, which decides between equal keys. */
static struct ring_seat *seats_make(struct proxy *px, uint8_t which, uint32_t *n, uint32_t *points)
{
	struct ring_seat *seats = calloc(px->nservers + 1, sizeof(*seats));

	*n = *points = 0;
	for (uint32_t i = 0; seats && i < px->nservers; i++) {
		if (px->servers[i]->conf->backup != (which == GROUP_BACKUP))
			continue;
		seats[(*n)++] = seat_of(px->servers[i]);
		*points += points_of(px->servers[i]);
	}
	if (seats)
		qsort(seats, *n, sizeof(*seats), seat_cmp);
	return seats;
}

static ring_point *points_make(const struct ring_seat *seats, uint32_t nseats, uint32_t n)
{
	ring_point *points = nseats >> SEAT_BITS ? NULL : calloc(n + POINTS_AT_ONCE, sizeof(*points)),
		   *at = points;

	for (uint32_t i = 0; points && i < nseats; i++)
		for (uint32_t k = 0; k < points_of(seats[i].server); k++)
			*at++ = point_make(hash_avalanche(ring_base(seats[i].server) + k), i, k);
	if (!points)
		return NULL;
	qsort(points, n, sizeof(*points), point_cmp);
	for (uint32_t i = 0; i < POINTS_AT_ONCE; i++)
		points[n + i] = UINT64_MAX;
	return points;
}

/* Servers know their seats, so that changes of weights reach them. */
static void seats_tell(struct ring_group *g, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct ring_member *m = g->seats[i].server->lb;

		if (!m)
			continue;
		m->seat = i;
		g->weights[i] = (uint16_t)m->lb.weight;
	}
}

static void ring_free(void *group)
{
	struct ring_group *g = group;

	free(g->points);
	free(g->index);
	free(g->seats);
	free(g->weights);
}

/* Where a ring goes on that takes another's place: behind the point of the last choice. */
static uint32_t next_after(const struct ring_group *made, const struct ring_group *old)
{
	const ring_point *points = made->points;
	uint32_t at = 0;
	ring_point last;

	if (!old->next || old->next > old->n)
		return 0;
	last = old->points[old->next - 1];
	while (at < made->n && point_key(points[at]) < point_key(last))
		at++;
	for (uint32_t i = at; i < made->n && point_key(points[i]) == point_key(last); i++)
		if (made->seats[point_seat(points[i])].server == old->seats[point_seat(last)].server &&
		    point_number(points[i]) == point_number(last))
			return i + 1;
	return at;
}

/* Makes the ring anew. The old one stays when memory is out. */
static bool ring_make(struct ring_group *g, uint8_t which)
{
	struct ring_group made = *g;
	uint32_t nseats;

	made.index = NULL;
	made.seats = seats_make(g->lb.proxy, which, &nseats, &made.n);
	made.weights = calloc(nseats + 1, sizeof(*made.weights));
	made.points = made.seats && made.weights ? points_make(made.seats, nseats, made.n) : NULL;
	made.index = made.points ? index_make(made.points, made.n, &made.index_shift) : NULL;
	if (!made.index) {
		ring_free(&made);
		return false;
	}
	made.next = next_after(&made, g);
	ring_free(g);
	*g = made;
	seats_tell(g, nseats);
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

static struct ring_seat *point_owner(const struct ring_group *g, uint32_t at)
{
	return &g->seats[point_seat(g->points[at])];
}

static struct server *point_server(const struct ring_group *g, uint32_t at)
{
	return point_owner(g, at)->server;
}

static bool point_counts(const struct ring_group *g, uint32_t at)
{
	return point_number(g->points[at]) < g->weights[point_seat(g->points[at])];
}

static void ring_forget(void *group, struct lb_server *ls)
{
	struct ring_group *g = group;
	uint32_t kept = 0, next = 0;

	for (uint32_t i = 0; i < g->n; i++) {
		if (point_server(g, i) != ls->server)
			g->points[kept++] = g->points[i];
		if (i < g->next)
			next = kept;
	}
	for (uint32_t i = kept; i < g->n; i++)
		g->points[i] = UINT64_MAX;
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

static bool point_stays(const struct ring_group *g, uint32_t at, const struct server *gone)
{
	return point_counts(g, at) && point_server(g, at) != gone;
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
	if (g->points)
		g->weights[((struct ring_member *)ls)->seat] = (uint16_t)ls->weight;
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

/* First point at or behind the key. Counting those before it costs less than guessing where they end. */
static uint32_t ring_find(const struct ring_group *g, uint32_t key)
{
	uint32_t at = g->index[key >> g->index_shift], before = 0;
	const ring_point *points = g->points + at;

	for (uint32_t i = 0; i < POINTS_AT_ONCE; i++)
		before += point_key(points[i]) < key;
	at += before;
	if (before == POINTS_AT_ONCE)
		while (at < g->n && point_key(g->points[at]) < key)
			at++;
	return at < g->n ? at : 0;
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
		if (g->points)
			g->seats[s->seat].before = before;
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
static bool load_is_bounded(const struct ring_group *g, const struct ring_seat *s)
{
	uint32_t conns = atomic_load_explicit(&s->server->conns, memory_order_relaxed);
	struct proxy *px = g->lb.proxy;
	uint64_t served = atomic_load_explicit(&px->served, memory_order_relaxed);
	uint64_t places = ((served + 1) * (uint32_t)px->conf->hash_balance_factor + 99) / 100;
	uint64_t end, begin;

	if (!conns)
		return true;
	end = (s->before + s->server->lb_weight) * places / g->weight;
	begin = s->before * places / g->weight;
	return conns < (end > begin ? end - begin : 1);
}

/* From a point on round the ring: the first whose server may have one more. */
static uint32_t ring_bounded(struct ring_group *g, uint32_t at)
{
	uint32_t first = at;

	if (g->stale)
		weights_count(g);
	for (uint32_t tries = 0; tries < g->n; tries++, at = at + 1 == g->n ? 0 : at + 1)
		if (point_counts(g, at) && load_is_bounded(g, point_owner(g, at)))
			return at;
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
static uint32_t ring_spared(struct ring_group *g, uint32_t at)
{
	enum hash_preserve until = (enum hash_preserve)g->lb.proxy->conf->hash_preserve;
	uint32_t first = at;

	for (uint32_t tries = 0; tries < g->n; tries++, at = at + 1 == g->n ? 0 : at + 1)
		if (point_counts(g, at) && server_keeps(point_server(g, at), until))
			return at;
	return first;
}

static bool is_nearer_before(const struct ring_group *g, uint32_t key, uint32_t before, uint32_t after)
{
	return key - point_key(g->points[before]) < point_key(g->points[after]) - key;
}

/* The nearest point that counts; of two at the same distance the one ahead. There is one: the group is not
 * empty. */
static uint32_t point_nearest(const struct ring_group *g, uint32_t key)
{
	uint32_t after = ring_find(g, key), before = (after ? after : g->n) - 1;
	uint32_t is_before = is_nearer_before(g, key, before, after), nearest;

	nearest = after ^ ((after ^ before) & -is_before); /* not a jump, which would be a guess */
	if (point_counts(g, nearest))
		return nearest; /* the other one's server need not be looked at */
	while (!point_counts(g, after))
		after = after + 1 == g->n ? 0 : after + 1;
	while (!point_counts(g, before))
		before = before ? before - 1 : g->n - 1;
	return is_nearer_before(g, key, before, after) ? before : after;
}

static const struct ring_seat *ring_nearest(struct ring_group *g, uint32_t key)
{
	uint32_t at = point_nearest(g, key);

	if (g->lb.proxy->conf->hash_balance_factor)
		at = ring_bounded(g, at);
	else if (g->lb.proxy->conf->hash_preserve)
		at = ring_spared(g, at);
	return point_owner(g, at);
}

/* What who has chosen looks at next. */
static struct server *seat_taken(const struct ring_seat *seat, const struct srv_request *r)
{
	__builtin_prefetch(seat->server, 1);
	counters_srv_fetch(r->worker, seat->index);
	return seat->server;
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
		s = point_server(g, at);
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
	return seat_taken(ring_nearest(g, r->has_key ? r->key : 0), r);
}

/* Fewer connections for its weight. */
static bool is_less_loaded(const struct ring_seat *a, const struct ring_seat *b)
{
	uint64_t load_a = atomic_load_explicit(&a->server->conns, memory_order_relaxed);
	uint64_t load_b = atomic_load_explicit(&b->server->conns, memory_order_relaxed);

	return load_a * b->server->lb_weight < load_b * a->server->lb_weight;
}

static struct server *random_pick(void *group, const struct srv_request *r, bool *full)
{
	struct ring_group *g = group;
	uint32_t draws = g->lb.proxy->conf->balance.draws;
	const struct ring_seat *best = NULL;

	if (!g->usable || !g->points)
		return NULL;
	for (uint32_t i = 0; i < (draws ? draws : 1); i++) {
		const struct ring_seat *s = ring_nearest(g, (uint32_t)worker_random(r->worker));

		if (s->server == r->avoid || !server_has_room(s->server))
			continue;
		if (!best || is_less_loaded(s, best))
			best = s;
	}
	return best ? seat_taken(best, r) : ring_next(g, r->avoid, full);
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
