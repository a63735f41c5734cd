/* Static balancing: a map with as many places as the usable servers have weight. `static-rr` walks through it,
 * hashes (source, uri, url_param, hdr ... with hash-type map-based) point into it. The order of the map, which
 * decides where users go, is HAProxy's, found by watching it: every place goes to the first server that has
 * collected the most whole turns. The map is made again when somebody asks after a change. Lives in proxy->lb,
 * under proxy->lb_lock. */
#include <stdlib.h>

#include "runtime/backend/balance.h"

struct map_server {
	struct lb_server lb;
	int64_t score;
};

struct map_group {
	struct lb_group lb;
	struct server **places; /* room for the configured weights of all servers, in units */
	struct map_server **members;
	uint32_t nmembers, n, room;
	uint32_t unit; /* what all configured weights are multiples of */
	uint32_t next; /* where round robin goes on in either group, kept in that of active servers; may lie
			  behind the end */
	bool stale;
};

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static bool map_init(struct proxy *px, void *group, uint32_t n)
{
	struct map_group *g = group;

	for (uint32_t i = 0; i < px->nservers; i++) {
		g->room += px->servers[i]->conf->weight;
		g->unit = common_divisor(g->unit, px->servers[i]->conf->weight);
	}
	g->unit = g->unit ? g->unit : 1;
	g->room /= g->unit;
	g->places = calloc(g->room + 1, sizeof(struct server *));
	g->members = calloc(n + 1, sizeof(*g->members));
	return g->places && g->members;
}

static void map_free(void *group)
{
	struct map_group *g = group;

	free(g->places);
	free(g->members);
}

static void map_changed(void *group, struct lb_server *ls, uint32_t before)
{
	struct map_group *g = group;

	(void)ls, (void)before;
	g->stale = true;
}

static void map_forget(void *group, struct lb_server *ls)
{
	map_changed(group, ls, 0);
}

static int64_t weight_of(const struct map_group *g, const struct map_server *s)
{
	return s->lb.weight / BALANCE_SCALE / g->unit;
}

/* Usable ones in the order of the configuration. Total weight. */
static int64_t members_collect(struct map_group *g, uint8_t which)
{
	struct proxy *px = g->lb.proxy;
	int64_t total = 0;

	g->nmembers = 0;
	for (uint32_t i = 0; i < px->nservers; i++) {
		struct map_server *s = px->servers[i]->lb;

		if (s->lb.group != which || !weight_of(g, s))
			continue;
		s->score = 0;
		total += weight_of(g, s);
		g->members[g->nmembers++] = s;
	}
	return total;
}

/* 0: was ahead of its turn, 1: owes nothing, 2 and more: has collected that many turns but one. */
static int64_t standing(const struct map_server *s, int64_t total)
{
	return (s->score + total) / total;
}

static struct map_server *place_winner(struct map_group *g, int64_t total)
{
	struct map_server *best = NULL;
	int64_t most = -1;

	for (uint32_t i = 0; i < g->nmembers; i++) {
		struct map_server *s = g->members[i];

		s->score += weight_of(g, s);
		if (standing(s, total) > most) {
			most = standing(s, total);
			best = s;
		}
	}
	best->score -= total;
	return best;
}

/* Does it count as one server, whose places others have a share in? So do backups without `option allbackups`
 * (seen with HAProxy 2.6). */
static bool map_is_of_one(const struct map_group *g)
{
	return g->lb.which == GROUP_BACKUP && !proxy_option_is_set(g->lb.proxy->conf, PO_ALLBACKUPS);
}

/* As many places as there are. Where they are those of the first backup, and it has a single one, nobody shares
 * it. */
static int64_t places_count(struct map_group *g, int64_t total)
{
	struct server *first = balance_first_backup(g->lb.proxy);

	if (!map_is_of_one(g) || !first)
		return total;
	total = weight_of(g, first->lb);
	g->nmembers = total == 1 ? 1 : g->nmembers;
	return total;
}

static void map_make(struct map_group *g)
{
	int64_t total = places_count(g, members_collect(g, g->lb.which));

	g->stale = false;
	for (g->n = 0; g->n < total && g->n < g->room; g->n++)
		g->places[g->n] = place_winner(g, total)->lb.server;
}

/* Where it goes on: at the same number in either group. */
static uint32_t *map_turn(const struct map_group *g)
{
	const struct balance *b = g->lb.proxy->lb;

	return &((struct map_group *)b->groups[GROUP_ACTIVE])->next;
}

/* From where the last one was on: the next with room. */
static struct server *map_next(struct map_group *g, const struct server *avoid, bool *full)
{
	struct server *last_resort = NULL;
	uint32_t *next = map_turn(g);

	for (uint32_t tries = 0; tries < g->n; tries++) {
		struct server *s;

		if (*next >= g->n)
			*next = 0;
		s = g->places[(*next)++];
		if (!server_has_room(s))
			continue;
		if (s != avoid)
			return s;
		last_resort = s;
	}
	*full = !last_resort && g->n;
	return last_resort;
}

static struct server *map_rr_pick(void *group, const struct srv_request *r, bool *full)
{
	struct map_group *g = group;
	struct server *s;
	uint32_t next;

	if (g->stale)
		map_make(g);
	s = map_next(g, r->avoid, full);
	next = *map_turn(g);
	if (next < g->n)
		__builtin_prefetch(g->places[next], 1);
	return s;
}

/* Without a key, in turns. With one, or where there is one server only (but for url_param), it is that server,
 * whether it has room or not: who wants it queues there. */
static struct server *map_hash_pick(void *group, const struct srv_request *r, bool *full)
{
	struct map_group *g = group;

	if (g->stale)
		map_make(g);
	if (!g->n)
		return NULL;
	if (!balance_takes_turns(g->lb.proxy, map_is_of_one(g) ? 1 : g->nmembers))
		return g->places[0];
	return r->has_key ? g->places[r->key % g->n] : map_next(g, r->avoid, full);
}

const struct lb_algorithm balance_static = {
	.server_size = sizeof(struct map_server),
	.group_size = sizeof(struct map_group),
	.group_init = map_init,
	.group_free = map_free,
	.changed = map_changed,
	.forget = map_forget,
	.pick = map_rr_pick,
	.is_static = true,
};

const struct lb_algorithm balance_map = {
	.server_size = sizeof(struct map_server),
	.group_size = sizeof(struct map_group),
	.group_init = map_init,
	.group_free = map_free,
	.changed = map_changed,
	.forget = map_forget,
	.pick = map_hash_pick,
	.is_static = true,
};
