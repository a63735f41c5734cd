/* balance leastconn: servers ordered by load for their weight, round robin
 * among equals; an idle server comes before any other, and the load that counts is what it would be with one
 * connection more (order found by watching HAProxy). Under proxy->lb_lock. */
#include <stdlib.h>

#include "runtime/backend/balance.h"
#include "runtime/backend/balance_order.h"

struct least_server {
	struct lb_server lb;
	struct order_node node;
	struct least_server *skipped;
};

struct least_group {
	struct lb_group lb;
	struct order servers;
};

static struct least_server *node_server(struct order_node *node)
{
	return (struct least_server *)((char *)node - offsetof(struct least_server, node));
}

static bool least_init(struct proxy *px, void *group, uint32_t n)
{
	(void)px;
	return order_init(&((struct least_group *)group)->servers, n);
}

static bool least_grow(void *group, uint32_t n)
{
	return order_grow(&((struct least_group *)group)->servers, n);
}

static void least_free(void *group)
{
	order_free(&((struct least_group *)group)->servers);
}

static int64_t load_of(const struct least_server *s)
{
	int64_t n = (int64_t)atomic_load_explicit(&s->lb.server->conns, memory_order_relaxed) +
		    atomic_load_explicit(&s->lb.server->queued, memory_order_relaxed);

	return n ? (n + 1) * (256 * BALANCE_SCALE) / s->lb.weight : 0;
}

/* Servers under equal load share a lane. */
static void put(struct least_group *g, struct least_server *s)
{
	int64_t load = load_of(s);

	order_put(&g->servers, &s->node, load, (uint32_t)((uint64_t)load * 0x9e3779b97f4a7c15 >> 32));
}

static void least_changed(void *group, struct lb_server *ls, uint32_t before)
{
	struct least_group *g = group;
	struct least_server *s = (struct least_server *)ls;

	if (before)
		order_take(&g->servers, &s->node);
	if (ls->weight)
		put(g, s);
}

static void least_loaded(void *group, struct lb_server *ls)
{
	least_changed(group, ls, ls->weight);
}

static struct server *least_pick(void *group, const struct srv_request *r, bool *full)
{
	struct least_group *g = group;
	struct least_server *skipped = NULL, *found = NULL, *avoided = NULL;
	struct order_node *node;

	while (!found && (node = order_first(&g->servers)) != NULL) {
		struct least_server *s = node_server(node);
		bool room = server_has_room(s->lb.server);

		if (room && s->lb.server != r->avoid) {
			found = s;
			break;
		}
		if (room)
			avoided = s;
		order_take(&g->servers, node);
		s->skipped = skipped;
		skipped = s;
	}
	for (struct least_server *s = skipped; s; s = s->skipped)
		order_restore(&g->servers, &s->node);
	order_fetch_second(&g->servers);
	found = found ? found : avoided;
	*full = !found && skipped;
	return found ? found->lb.server : NULL;
}

const struct lb_algorithm balance_leastconn = {
	.server_size = sizeof(struct least_server),
	.group_size = sizeof(struct least_group),
	.group_init = least_init,
	.group_free = least_free,
	.changed = least_changed,
	.grow = least_grow,
	.pick = least_pick,
	.loaded = least_loaded,
};
