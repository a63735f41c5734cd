/* balance response-time: requests go where answers come fast. Not of HAProxy. Each server has one figure, the
 * time that its answers take, as an average that forgets: old answers lose weight with time, and an answer that
 * is slower than the average is believed at once, so that a server in trouble is noticed by the first victim
 * (peak-sensitive). A choice draws two servers and takes the one whose figure, multiplied by what it has to do
 * already and divided by its weight, is smaller: the power of two choices keeps all workers from running to the
 * same server (M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001). A server that
 * nobody has measured for a second is probed by the next request that draws it, so that who was slow gets its
 * chance to be fast again. Group state is under proxy->lb_lock; figures are written by any worker without it.
 */
#include <stdlib.h>

#include "runtime/backend/balance.h"
#include "runtime/backend/balance_response.h"
#include "runtime/core/worker.h"

enum {
	FORGET_MS = 10000, /* an old figure has lost 63 % of its weight after so long */
	PROBE_MS = 1000,
	DRAWS = 2
};

struct response_group {
	struct lb_group lb;
	struct server **servers; /* usable ones */
	uint32_t n;
};

/* --- the figure: microseconds in the upper half, milliseconds of the measurement in the lower one; 0: none */

static uint32_t figure_us(uint64_t figure)
{
	return (uint32_t)(figure >> 32);
}

static uint32_t figure_age(uint64_t figure, uint64_t now_ms)
{
	return (uint32_t)now_ms - (uint32_t)figure;
}

/* (1 - share) * old + share * new, where the share of the new one grows with the age of the old one: age / (age
 * + FORGET_MS) and at least an eighth, which stands for exp() without its cost. */
static uint32_t average(uint32_t old, uint32_t us, uint32_t age)
{
	uint64_t share = (uint64_t)age * 1024 / ((uint64_t)age + FORGET_MS);

	share = share < 128 ? 128 : share;
	return (uint32_t)(((uint64_t)old * (1024 - share) + (uint64_t)us * share) / 1024);
}

uint64_t response_figure_next(uint64_t figure, uint64_t us, uint64_t now_ms)
{
	uint32_t old = figure_us(figure), now;

	us = us < 1 ? 1 : us > UINT32_MAX ? UINT32_MAX : us;
	now = !old || us > old ? (uint32_t)us : average(old, (uint32_t)us, figure_age(figure, now_ms));
	return (uint64_t)(now ? now : 1) << 32 | (uint32_t)now_ms;
}

void response_measured(struct server *s, uint64_t us, uint64_t now_ms)
{
	uint64_t old = atomic_load_explicit(&s->response, memory_order_relaxed);

	while (!atomic_compare_exchange_weak(&s->response, &old, response_figure_next(old, us, now_ms)))
		;
}

uint32_t response_time(const struct server *s)
{
	return figure_us(atomic_load_explicit(&s->response, memory_order_relaxed));
}

/* --- choosing */

static bool response_init(struct proxy *px, void *group, uint32_t n)
{
	struct response_group *g = group;

	(void)px;
	g->servers = calloc(n + 1, sizeof(struct server *));
	return g->servers != NULL;
}

static bool response_grow(void *group, uint32_t n)
{
	struct response_group *g = group;
	struct server **more = realloc(g->servers, (n + 1) * sizeof(struct server *));

	if (more)
		g->servers = more;
	return more != NULL;
}

static void response_free(void *group)
{
	free(((struct response_group *)group)->servers);
}

static void response_changed(void *group, struct lb_server *ls, uint32_t before)
{
	struct response_group *g = group;
	uint32_t at = 0;

	if (!before) {
		g->servers[g->n++] = ls->server;
		return;
	}
	if (ls->weight)
		return;
	while (g->servers[at] != ls->server)
		at++;
	g->servers[at] = g->servers[--g->n];
}

/* What a request more would cost there; 0: it is to be measured, and who asks is the one to do it. */
static uint64_t cost_of(const struct server *s, uint64_t now_ms)
{
	uint64_t figure = atomic_load_explicit(&s->response, memory_order_relaxed);
	uint64_t busy = (uint64_t)atomic_load_explicit(&s->conns, memory_order_relaxed) + 1;

	if (!figure || figure_age(figure, now_ms) > PROBE_MS)
		return 0;
	return figure_us(figure) * busy * (256 * BALANCE_SCALE) / s->lb_weight;
}

/* The probe is under way: nobody else need make one. */
static void probe_note(struct server *s, uint64_t now_ms)
{
	uint64_t figure = atomic_load_explicit(&s->response, memory_order_relaxed);

	if (figure_us(figure))
		atomic_compare_exchange_strong(&s->response, &figure,
					       (figure & ~(uint64_t)UINT32_MAX) | (uint32_t)now_ms);
}

static struct server *better(struct server *a, struct server *b, uint64_t now_ms)
{
	return cost_of(b, now_ms) < cost_of(a, now_ms) ? b : a;
}

/* Nobody of those that were drawn has room: the next one that has. */
static struct server *any_with_room(struct response_group *g, uint32_t from, const struct server *avoid)
{
	struct server *last_resort = NULL;

	for (uint32_t i = 0; i < g->n; i++) {
		struct server *s = g->servers[(from + i) % g->n];

		if (!server_has_room(s))
			continue;
		if (s != avoid)
			return s;
		last_resort = s;
	}
	return last_resort;
}

static struct server *response_pick(void *group, const struct srv_request *r, bool *full)
{
	struct response_group *g = group;
	uint64_t random = worker_random(r->worker), now = r->worker->now;
	struct server *best = NULL;

	if (!g->n)
		return NULL;
	__builtin_prefetch(g->servers[(uint32_t)(random >> 32) % g->n], 1);
	for (int i = 0; i < DRAWS; i++, random >>= 32) {
		struct server *s = g->servers[(uint32_t)random % g->n];

		if (s == r->avoid || !server_has_room(s))
			continue;
		best = best ? better(best, s, now) : s;
	}
	if (!best)
		best = any_with_room(g, (uint32_t)random % g->n, r->avoid);
	*full = !best;
	if (!best)
		return NULL;
	if (!cost_of(best, now))
		probe_note(best, now);
	return best;
}

const struct lb_algorithm balance_response = {
	.server_size = sizeof(struct lb_server),
	.group_size = sizeof(struct response_group),
	.group_init = response_init,
	.group_free = response_free,
	.changed = response_changed,
	.grow = response_grow,
	.pick = response_pick,
};
