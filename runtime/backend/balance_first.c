/* balance first and balance sticky: the first server that has room. The order is that of ids, or (sticky,
 * manual 3.4) that in which servers came: one that comes back stands at the end, so that nobody moves to it. A
 * set of bits says where there may be room, so that a thousand full servers cost no look at each. Under
 * proxy->lb_lock. */
#include <stdlib.h>

#include "runtime/backend/balance.h"

enum { BITS = 64, LEVELS = 4 };

/* Numbers below n: a bit of level 0 for each, a bit of the next level for each word that has one. */
struct bits {
	uint64_t *level[LEVELS];
	uint32_t words[LEVELS];
};

struct first_server {
	struct lb_server lb;
	uint32_t at;
};

struct first_group {
	struct lb_group lb;
	struct first_server **servers; /* usable ones, in order */
	uint32_t n;
	struct bits room; /* by place: a server that is not in it has none */
};

/* --- bits */

static void bits_free(struct bits *b)
{
	for (int i = 0; i < LEVELS; i++)
		free(b->level[i]);
	*b = (struct bits){0};
}

static bool bits_init(struct bits *b, uint32_t n)
{
	*b = (struct bits){0};
	for (int i = 0; i < LEVELS; i++) {
		b->words[i] = n = n / BITS + 1;
		b->level[i] = calloc(n, sizeof(uint64_t));
		if (!b->level[i]) {
			bits_free(b);
			return false;
		}
	}
	return true;
}

static void bits_set(struct bits *b, uint32_t n)
{
	for (int i = 0; i < LEVELS; i++, n /= BITS)
		b->level[i][n / BITS] |= 1ULL << n % BITS;
}

static void bits_clear(struct bits *b, uint32_t n)
{
	for (int i = 0; i < LEVELS; i++, n /= BITS) {
		b->level[i][n / BITS] &= ~(1ULL << n % BITS);
		if (b->level[i][n / BITS])
			return;
	}
}

/* Those of a word from bit `from` on. */
static uint64_t bits_above(uint64_t word, uint32_t from)
{
	return from < BITS ? word >> from << from : 0;
}

/* The first one that is no less than `from`; UINT32_MAX: none. */
static uint32_t bits_next(const struct bits *b, uint32_t from)
{
	int i = 0;
	uint32_t at = from;
	uint64_t word;

	for (;;) { /* up to a level where something follows */
		word = at / BITS < b->words[i] ? bits_above(b->level[i][at / BITS], at % BITS) : 0;
		if (word)
			break;
		if (++i == LEVELS)
			return UINT32_MAX;
		at = at / BITS + 1;
	}
	at = at / BITS * BITS + (uint32_t)__builtin_ctzll(word);
	while (i-- > 0)
		at = at * BITS + (uint32_t)__builtin_ctzll(b->level[i][at]);
	return at;
}

/* --- the group */

static bool first_init(struct proxy *px, void *group, uint32_t n)
{
	struct first_group *g = group;

	(void)px;
	g->servers = calloc(n + 1, sizeof(*g->servers));
	return g->servers && bits_init(&g->room, n);
}

/* From there on servers have other places, and may have room: who has none is found out. */
static void renumber(struct first_group *g, uint32_t from)
{
	for (uint32_t i = from; i < g->n; i++) {
		g->servers[i]->at = i;
		bits_set(&g->room, i);
	}
}

static bool first_grow(void *group, uint32_t n)
{
	struct first_group *g = group;
	struct first_server **more;
	struct bits room;

	if (!bits_init(&room, n))
		return false;
	more = realloc(g->servers, (n + 1) * sizeof(struct first_server *));
	if (!more) {
		bits_free(&room);
		return false;
	}
	bits_free(&g->room);
	g->servers = more;
	g->room = room;
	renumber(g, 0);
	return true;
}

static void first_free(void *group)
{
	struct first_group *g = group;

	free(g->servers);
	bits_free(&g->room);
}

static void leave(struct first_group *g, const struct first_server *s)
{
	g->n--;
	for (uint32_t at = s->at; at < g->n; at++)
		g->servers[at] = g->servers[at + 1];
	bits_clear(&g->room, g->n);
	renumber(g, s->at);
}

static void enter(struct first_group *g, struct first_server *s, bool by_id)
{
	uint32_t at = g->n++;

	for (; by_id && at && g->servers[at - 1]->lb.server->conf->id > s->lb.server->conf->id; at--)
		g->servers[at] = g->servers[at - 1];
	g->servers[at] = s;
	renumber(g, at);
}

static void changed(struct first_group *g, struct lb_server *ls, uint32_t before, bool by_id)
{
	if (!ls->weight)
		leave(g, (struct first_server *)ls);
	else if (!before)
		enter(g, (struct first_server *)ls, by_id);
}

static void first_changed(void *group, struct lb_server *ls, uint32_t before)
{
	changed(group, ls, before, true);
}

static void sticky_changed(void *group, struct lb_server *ls, uint32_t before)
{
	changed(group, ls, before, false);
}

static void first_loaded(void *group, struct lb_server *ls)
{
	struct first_group *g = group;

	if (server_has_room(ls->server))
		bits_set(&g->room, ((struct first_server *)ls)->at);
}

/* A limit that follows the load of the proxy (minconn) may rise without anything happening to its server. */
static void full(struct first_group *g, const struct first_server *s)
{
	if (!s->lb.server->minconn)
		bits_clear(&g->room, s->at);
}

static struct server *first_pick(void *group, const struct srv_request *r, bool *none)
{
	struct first_group *g = group;
	struct server *avoided = NULL;
	uint32_t at = 0;

	while ((at = bits_next(&g->room, at)) < g->n) {
		struct first_server *f = g->servers[at++];
		struct server *s = f->lb.server;

		if (!server_has_room(s))
			full(g, f);
		else if (s != r->avoid)
			return s;
		else
			avoided = s;
	}
	*none = !avoided && g->n;
	return avoided;
}

const struct lb_algorithm balance_first = {
	.server_size = sizeof(struct first_server),
	.group_size = sizeof(struct first_group),
	.group_init = first_init,
	.group_free = first_free,
	.changed = first_changed,
	.grow = first_grow,
	.pick = first_pick,
	.loaded = first_loaded,
	.limited = first_loaded,
};

const struct lb_algorithm balance_sticky = {
	.server_size = sizeof(struct first_server),
	.group_size = sizeof(struct first_group),
	.group_init = first_init,
	.group_free = first_free,
	.changed = sticky_changed,
	.grow = first_grow,
	.pick = first_pick,
	.loaded = first_loaded,
	.limited = first_loaded,
};
