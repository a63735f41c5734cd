/* Servers: how one begins, and how many connections one may have. Any worker. */
#include "runtime/backend/server.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(offsetof(struct server, addr) == CACHE_LINE, "what requests look at is one line");

void *server_alloc(size_t n, size_t size)
{
	size_t all = (n * size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	void *mem = n > SIZE_MAX / 2 / size ? NULL : aligned_alloc(CACHE_LINE, all);

	return mem ? memset(mem, 0, all) : NULL;
}

void server_init(struct server *s, const struct server_conf *conf, struct proxy *px, uint32_t index)
{
	s->conf = conf;
	s->proxy = px;
	s->index = index;
	list_init(&s->queue);
	atomic_store(&s->weight, conf->weight);
	atomic_store(&s->warmth, SERVER_WARM);
	s->shown = conf->disabled ? SHOWN_MAINT : SHOWN_UP;
	atomic_store(&s->maxconn, conf->maxconn);
	s->minconn = conf->minconn;
	atomic_store(&s->oper, conf->disabled ? SRV_STOPPED : SRV_RUNNING);
	atomic_store(&s->admin, conf->disabled ? SRV_ADM_MAINT | SRV_ADM_CMAINT : 0);
}

static uint32_t limit_of(const struct server *s)
{
	uint32_t max = atomic_load_explicit(&s->maxconn, memory_order_relaxed);
	uint32_t min = s->minconn, full = s->proxy->conf->fullconn;
	uint64_t now, ramp;

	if (!min || !max || min >= max)
		return max ? max : min;
	now = atomic_load_explicit(&s->proxy->be_conns, memory_order_relaxed);
	if (!full || now >= full)
		return max;
	ramp = max * now / full;
	return ramp > min ? (uint32_t)ramp : min;
}

/* A server that gets warm grows into its limit, from 1 on (manual, "slowstart"). */
uint32_t server_limit(const struct server *s)
{
	uint32_t limit = limit_of(s), warmth = atomic_load_explicit(&s->warmth, memory_order_relaxed);

	if (warmth == SERVER_WARM || !limit)
		return limit;
	limit = (uint32_t)((uint64_t)limit * warmth / SERVER_WARM);
	return limit ? limit : 1;
}

bool server_is_full(const struct server *s)
{
	uint32_t limit = server_limit(s);

	return limit && atomic_load_explicit(&s->conns, memory_order_relaxed) >= limit;
}
