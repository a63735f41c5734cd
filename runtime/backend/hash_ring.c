#include "runtime/backend/hash_ring.h"

#include <stdlib.h>

#include "runtime/eval/hash.h"
#include "runtime/net/address.h"

enum {
	INDEX_BITS = 20,
	POINTS_EACH = 4,     /* of the index */
	POINTS_APART = 4096, /* numbers of points between two server ids */
	SEAT_BITS = 20
};

static ring_point point_make(uint32_t key, uint32_t seat, uint32_t number)
{
	return (uint64_t)key << 32 | (uint64_t)seat << NUMBER_BITS | number;
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

	return (struct ring_seat){s, m ? m->before : 0};
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

static void seat_weigh(struct hash_ring *g, const struct ring_member *m)
{
	struct server *s = m->lb.server;

	g->weights[m->seat] = (uint16_t)m->lb.weight;
	g->whole[m->seat] = m->lb.weight && m->lb.weight >= points_of(s) ? s : NULL;
}

/* Servers know their seats, so that changes of weights reach them. */
static void seats_tell(struct hash_ring *g)
{
	for (uint32_t i = 0; i < g->nseats; i++) {
		struct ring_member *m = g->seats[i].server->lb;

		if (!m)
			continue;
		m->seat = i;
		seat_weigh(g, m);
	}
}

static struct owners_point owners_point(const void *ring, uint32_t i)
{
	const ring_point *points = ring;

	return (struct owners_point){point_key(points[i]), point_seat(points[i])};
}

/* Without them the ring is searched. False: no memory. */
static bool owners_make(struct hash_ring *g)
{
	return !g->n || g->nseats > OWNERS_SEATS || owners_init(&g->owners, owners_point, g->points, g->n);
}

void hash_ring_free(void *group)
{
	struct hash_ring *g = group;

	owners_free(&g->owners);
	free(g->whole);
	free(g->points);
	free(g->index);
	free(g->seats);
	free(g->weights);
}

/* Where a ring goes on that takes another's place: behind the point of the last choice. */
static uint32_t next_after(const struct hash_ring *made, const struct hash_ring *old)
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

static bool parts_make(struct hash_ring *g, uint8_t which)
{
	g->seats = seats_make(g->lb.proxy, which, &g->nseats, &g->n);
	g->weights = calloc(g->nseats + 1, sizeof(*g->weights));
	g->whole = calloc(g->nseats + 1, sizeof(*g->whole));
	g->points = g->seats && g->weights && g->whole ? points_make(g->seats, g->nseats, g->n) : NULL;
	g->index = g->points ? index_make(g->points, g->n, &g->index_shift) : NULL;
	return g->index && owners_make(g);
}

/* Makes the ring anew. The old one stays when memory is out. */
static bool ring_make(struct hash_ring *g, uint8_t which)
{
	struct hash_ring made = {.lb = g->lb, .usable = g->usable, .weight = g->weight, .stale = g->stale};

	if (!parts_make(&made, which)) {
		hash_ring_free(&made);
		return false;
	}
	made.next = next_after(&made, g);
	hash_ring_free(g);
	*g = made;
	seats_tell(g);
	return true;
}

bool hash_ring_init(struct proxy *px, void *group, uint32_t n)
{
	(void)px, (void)group, (void)n; /* made when the first server enters */
	return true;
}

/* With the points of who has come. */
bool hash_ring_grow(void *group, uint32_t n)
{
	struct hash_ring *g = group;

	(void)n;
	return ring_make(g, g->lb.which);
}

void hash_ring_forget(void *group, struct lb_server *ls)
{
	struct hash_ring *g = group;
	uint32_t kept = 0, next = 0;

	for (uint32_t i = 0; i < g->n; i++) {
		if (hash_ring_server_at(g, i) != ls->server)
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
	owners_free(&g->owners);
	owners_make(g);
}

/* The points of a server that is known by its address go with it. */
void hash_ring_moved(void *group, struct lb_server *ls)
{
	struct hash_ring *g = group;

	if (g->points && by_address(ls->server))
		ring_make(g, ls->group);
}

static bool point_stays(const struct hash_ring *g, uint32_t at, const struct server *gone)
{
	return hash_ring_counts_at(g, at) && hash_ring_server_at(g, at) != gone;
}

/* When the point of the last choice has gone, the first behind it that counts takes its place, and is passed
 * over (as HAProxy does). gone: a server whose points go, or NULL. */
static void ring_settle(struct hash_ring *g, const struct server *gone)
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

void hash_ring_changed(void *group, struct lb_server *ls, uint32_t before)
{
	struct hash_ring *g = group;

	g->stale = true;
	if (!before)
		g->usable++;
	else if (!ls->weight)
		g->usable--;
	if (g->points)
		seat_weigh(g, (struct ring_member *)ls);
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
uint32_t hash_ring_find(const struct hash_ring *g, uint32_t key)
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

/* Where its part of the places begins: after those of the usable servers that the configuration names before
 * it. HAProxy counts that once, as it starts. */
void hash_ring_begin(void *group)
{
	struct hash_ring *g = group;
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
