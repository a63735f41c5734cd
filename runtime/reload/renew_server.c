/* Proxies and servers during a renewal: who is whose successor, by name, and what goes on: indexes and with
 * them counters, what checks and operators have said, how long it has been so, idle connections. See
 * renew_state.h. */
#include <stdlib.h>
#include <string.h>

#include "runtime/backend/connect.h"
#include "runtime/backend/server.h"
#include "runtime/health/check.h"
#include "runtime/net/address.h"
#include "runtime/reload/renew_effect.h"
#include "runtime/reload/renew_state.h"

/* --- who is whose successor */

static struct proxy *before_of(struct generation *old, const struct proxy *px)
{
	const struct map *names =
		px->conf->role == ROLE_BACKEND ? &old->model->backends : &old->model->frontends;
	const struct proxy_conf *conf = map_get(names, px->conf->name);

	return conf && conf->role == px->conf->role ? generation_proxy(old, conf) : NULL;
}

/* Mostly it stands where it stood. */
static struct server *server_before(const struct proxy *before, const struct server *s, uint32_t at)
{
	if (before && at < before->nservers && str_eq(before->servers[at]->conf->name, s->conf->name))
		return before->servers[at];
	return proxy_server(before, s->conf->name);
}

/* --- indexes */

struct slots {
	uint8_t *taken;
	uint32_t n, next; /* next: none below it is free */
};

static bool slots_init(struct slots *s, uint32_t n)
{
	*s = (struct slots){.taken = calloc(n + 1, 1), .n = n};
	return s->taken;
}

static uint32_t slot_free(struct slots *s)
{
	while (s->next < s->n && s->taken[s->next])
		s->next++;
	return s->next < s->n ? s->next++ : s->n++;
}

static void slots_of(const struct generation *g, struct slots *proxies, struct slots *servers)
{
	for (uint32_t i = 0; i < g->nproxies; i++)
		proxies->taken[g->proxies[i].index] = 1;
	for (uint32_t i = 0; i < g->nservers; i++)
		servers->taken[i] |= g->servers[i] != NULL;
	for (const struct server *s = g->buried; s; s = s->next_buried)
		servers->taken[s->index] = 1;
}

static void room_of(const struct process *p, uint32_t *proxies, uint32_t *servers)
{
	for (const struct generation *g = p->generation; g; g = g->older) {
		for (uint32_t i = 0; i < g->nproxies; i++)
			if (g->proxies[i].index >= *proxies)
				*proxies = g->proxies[i].index + 1;
		if (g->nservers > *servers)
			*servers = g->nservers;
	}
}

enum { NEW_SLOT = UINT32_MAX };

static void indexes_inherit(struct generation *old, struct generation *g)
{
	for (uint32_t i = 0; i < g->nproxies; i++) {
		struct proxy *px = &g->proxies[i], *before = before_of(old, px);

		px->index = before ? before->index : (uint32_t)NEW_SLOT;
		for (uint32_t k = 0; k < px->nservers; k++) {
			struct server *s = server_before(before, px->servers[k], k);

			px->servers[k]->index = s ? s->index : (uint32_t)NEW_SLOT;
		}
	}
}

/* Who is new begins at zero. */
static bool indexes_new(struct process *p, struct generation *g, struct slots *proxies, struct slots *servers)
{
	uint32_t *fresh = calloc((size_t)g->nproxies + g->nservers + 1, sizeof(*fresh)), npx = 0, nsrv = 0;
	bool ok = fresh != NULL;

	for (uint32_t i = 0; ok && i < g->nproxies; i++)
		if (g->proxies[i].index == (uint32_t)NEW_SLOT)
			fresh[npx++] = g->proxies[i].index = slot_free(proxies);
	for (uint32_t i = 0; ok && i < g->nservers; i++)
		if (g->servers[i]->index == (uint32_t)NEW_SLOT)
			fresh[npx + nsrv++] = g->servers[i]->index = slot_free(servers);
	for (uint32_t i = 0; ok && i < p->nworkers; i++) {
		struct worker *w = p->workers[i];

		ok = counters_room(w, proxies->n, servers->n);
		for (uint32_t k = 0; ok && k < npx; k++)
			counters_forget(w, fresh[k]);
		for (uint32_t k = 0; ok && k < nsrv; k++)
			counters_add_server(w, fresh[npx + k]);
	}
	free(fresh);
	return ok;
}

bool renew_indexes(struct process *p, struct generation *g)
{
	struct slots proxies = {0}, servers = {0};
	uint32_t npx = 0, nsrv = 0;
	bool ok;

	room_of(p, &npx, &nsrv);
	ok = slots_init(&proxies, npx) && slots_init(&servers, nsrv);
	for (const struct generation *old = p->generation; ok && old; old = old->older)
		slots_of(old, &proxies, &servers);
	if (ok) {
		indexes_inherit(p->generation, g);
		ok = indexes_new(p, g, &proxies, &servers) && generation_renumber(g);
	}
	free(proxies.taken);
	free(servers.taken);
	return ok;
}

/* --- what goes on */

static bool ip_same(const union addr *a, const union addr *b)
{
	if (a->family != b->family || address_port(a) != address_port(b))
		return false;
	if (a->family == AF_INET)
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return a->family != AF_INET6 || !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr));
}

static bool addr_same(const struct server *a, const struct server *b)
{
	const struct addr_conf *x = &a->conf->addr, *y = &b->conf->addr;

	return x->kind == y->kind && str_eq(x->path, y->path) && x->port_relative == y->port_relative &&
	       x->port_offset == y->port_offset && ip_same(&a->addr, &b->addr);
}

/* A connection to the one is as good as one to the other. */
static bool wire_same(const struct server *a, const struct server *b)
{
	return addr_same(a, b) && !atomic_load(&a->place) && renew_wire_same(a->conf, b->conf) &&
	       a->proxy->conf->mode == b->proxy->conf->mode;
}

static void place_inherit(struct server *s, const struct server *old)
{
	const struct server_place *now = atomic_load(&old->place);
	struct server_place *copy = now ? malloc(sizeof(*copy)) : NULL;

	if (!copy)
		return;
	*copy = *now;
	copy->older = NULL;
	atomic_store(&s->place, copy);
}

/* What operators have set, where the configuration says what it said. */
static void orders_inherit(struct server *s, const struct server *old)
{
	if (s->conf->disabled == old->conf->disabled)
		atomic_store(&s->admin, atomic_load(&old->admin));
	if (s->conf->weight == old->conf->weight)
		atomic_store(&s->weight, atomic_load(&old->weight));
	if (s->conf->maxconn == old->conf->maxconn)
		atomic_store(&s->maxconn, atomic_load(&old->maxconn));
	place_inherit(s, old);
}

/* Without a check nobody would ever find that it is up again. */
static void health_inherit(struct server *s, const struct server *old)
{
	bool followed = s->check || s->agent || s->conf->track_server;

	check_adopt(s, old);
	if (followed || atomic_load(&s->admin) & SRV_ADM_ANY_MAINT)
		atomic_store(&s->oper, atomic_load(&old->oper));
	else
		atomic_store(&s->oper, SRV_RUNNING);
	s->shown = old->shown;
	atomic_store(&s->last_change, atomic_load(&old->last_change));
	atomic_store(&s->down_time, atomic_load(&old->down_time));
	atomic_store(&s->response, atomic_load(&old->response));
}

static void server_inherit(struct server *s, struct server *old)
{
	if (!addr_same(s, old))
		return;
	orders_inherit(s, old);
	health_inherit(s, old);
	server_adopted(s);
	if (wire_same(old, s))
		old->newer = s;
}

static void proxy_inherit(struct proxy *px, struct proxy *before)
{
	if (px->conf->maxconn == before->conf->maxconn)
		atomic_store(&px->maxconn, atomic_load(&before->maxconn));
	for (uint32_t i = 0; i < px->nservers; i++) {
		struct server *old = server_before(before, px->servers[i], i);

		if (old)
			server_inherit(px->servers[i], old);
	}
	px->down =
		px->conf->role & ROLE_BACKEND && !atomic_load(&px->usable) && !atomic_load(&px->usable_backup);
	atomic_store(&px->last_change, atomic_load(&before->last_change));
	atomic_store(&px->down_time, atomic_load(&before->down_time));
}

static void chains_shorten(struct generation *g)
{
	for (; g; g = g->older)
		for (uint32_t i = 0; i < g->nservers; i++)
			if (g->servers[i] && g->servers[i]->newer)
				g->servers[i]->newer = g->servers[i]->newer->newer;
}

void renew_servers(struct process *p, struct generation *old, struct generation *g)
{
	for (uint32_t i = 0; i < g->nproxies; i++) {
		struct proxy *before = before_of(old, &g->proxies[i]);

		if (before)
			proxy_inherit(&g->proxies[i], before);
	}
	chains_shorten(old->older);
	for (uint32_t i = 0; i < p->nworkers; i++)
		srv_conns_renew(p->workers[i], old, g);
}
