/* Counters of listening sockets: a slot per worker in cache lines of its own, that only this worker writes;
 * whoever shows statistics adds the slots up while they run. See socket_counters.h about owners. */
#include "runtime/stats/socket_counters.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_LINE = 64 };

struct slot {
	_Alignas(CACHE_LINE) struct fe_counters counters;
};

struct socket_counters {
	uint32_t owners, nworkers;
	atomic_uint open;
	struct slot slots[];
};

struct socket_counters *socket_counters_new(uint32_t nworkers)
{
	size_t size = sizeof(struct socket_counters) + nworkers * sizeof(struct slot);
	struct socket_counters *c = aligned_alloc(CACHE_LINE, size);

	if (!c)
		return NULL;
	memset(c, 0, size);
	c->owners = 1;
	c->nworkers = nworkers;
	return c;
}

struct socket_counters *socket_counters_share(struct socket_counters *c)
{
	c->owners++;
	return c;
}

void socket_counters_drop(struct socket_counters *c)
{
	if (c && !--c->owners)
		free(c);
}

struct fe_counters *socket_counters_of(struct socket_counters *c, uint32_t worker)
{
	return c ? &c->slots[worker].counters : NULL;
}

void socket_counters_enter(struct socket_counters *c, uint32_t worker)
{
	struct slot *mine = &c->slots[worker];

	mine->counters.cum_conn++;
	counters_peak(&mine->counters.max_sess, atomic_fetch_add(&c->open, 1) + 1);
}

void socket_counters_leave(struct socket_counters *c)
{
	atomic_fetch_sub(&c->open, 1);
}

void socket_counters_move(struct socket_counters *from, struct socket_counters *to, uint32_t worker)
{
	if (from == to)
		return;
	if (from)
		socket_counters_leave(from);
	if (to)
		counters_peak(&to->slots[worker].counters.max_sess, atomic_fetch_add(&to->open, 1) + 1);
}

uint32_t socket_counters_open(const struct socket_counters *c)
{
	return atomic_load(&c->open);
}

void socket_counters_sum(const struct socket_counters *c, struct fe_counters *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (uint32_t i = 0; i < c->nworkers; i++)
		counters_fe_add(sum, &c->slots[i].counters);
}

void socket_counters_clear(struct socket_counters *c, uint32_t worker, bool all)
{
	struct fe_counters *mine = socket_counters_of(c, worker);

	if (mine && all)
		memset(mine, 0, sizeof(*mine));
	else if (mine)
		mine->max_sess = 0;
}
