/* Adding and removing backends while everything stands still (core/isolation.h). A backend is a copy of a
 * template of the model (model.templates) with a name of its own, so that all it evaluates is known to the
 * engines already. Its place among the generation's proxies is one of those that are left free for this; it
 * keeps the memory of its settings, which the next one there overwrites. One that was removed has no role and
 * is disabled: whoever walks over the proxies passes it by. */
#include "runtime/backend/proxy_dynamic.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/backend/balance.h"
#include "runtime/backend/connect.h"
#include "runtime/backend/dynamic_cookie.h"
#include "runtime/core/process.h"
#include "runtime/core/worker.h"
#include "runtime/proxy/error_capture.h"
#include "runtime/stats/counters.h"

struct dynamic_proxy {
	struct proxy_conf conf;
	struct proxy_wish wish; /* holds the names */
};

/* --- adding */

static bool index_is_taken(const struct process *p, uint32_t index)
{
	for (const struct generation *g = p->generation; g; g = g->older)
		for (uint32_t i = 0; i < g->nproxies; i++)
			if (g->proxies[i].index == index && g->proxies[i].conf != &proxy_nothing)
				return true;
	return false;
}

static bool id_is_taken(const struct generation *g, uint32_t id)
{
	for (uint32_t i = 0; i < g->nproxies; i++)
		if (g->proxies[i].conf->id == id)
			return true;
	return false;
}

bool guid_is_taken(const struct generation *g, struct str guid)
{
	for (uint32_t i = 0; guid.len && i < g->nproxies; i++) {
		const struct proxy *px = &g->proxies[i];

		if (str_eq(px->conf->guid, guid))
			return true;
		for (uint32_t k = 0; k < px->nservers; k++)
			if (str_eq(server_conf_rare(px->servers[k]->conf)->guid, guid))
				return true;
	}
	return false;
}

/* The first place behind those of the configuration that nobody has; NULL: none is left. */
static struct proxy *place_find(struct generation *g)
{
	for (uint32_t i = 0; i < g->nproxies; i++)
		if (g->proxies[i].conf == &proxy_nothing && g->proxies[i].dynamic)
			return &g->proxies[i];
	return g->nproxies < g->proxies_room ? &g->proxies[g->nproxies] : NULL;
}

static bool rooms_make(struct process *p, uint32_t index)
{
	for (uint32_t i = 0; i < p->nworkers; i++) {
		if (!counters_room(p->workers[i], index + 1, p->generation->nservers))
			return false;
		counters_forget(p->workers[i], index);
	}
	return true;
}

/* The model's own map, which nobody reads while everything stands still. */
static bool name_put(struct generation *g, const struct proxy_conf *conf)
{
	struct model *m = g->model;
	jmp_buf env;

	if (setjmp(env)) {
		arena_catch(m->arena, NULL);
		return false;
	}
	arena_catch(m->arena, &env);
	map_put(m->arena, &m->backends, conf->name, (void *)(uintptr_t)conf);
	arena_catch(m->arena, NULL);
	return true;
}

static void conf_make(struct process *p, struct dynamic_proxy *d, const struct proxy_wish *wish)
{
	uint32_t id = 1;

	d->wish = *wish;
	d->conf = *wish->template;
	d->conf.name = str_from(d->wish.name);
	d->conf.guid = str_from(d->wish.guid);
	while (id_is_taken(p->generation, id) || (id == 1 && p->generation->model->global.stats_sockets.n))
		id++;
	d->conf.id = id;
	if (!d->conf.fullconn_set)
		d->conf.fullconn = p->maxconn / 10 ? p->maxconn / 10 : 1;
}

bool proxy_dynamic_add(struct worker *w, const struct proxy_wish *wish, struct out *error)
{
	struct process *p = w->process;
	struct generation *g = p->generation;
	struct proxy *px = place_find(g);
	struct dynamic_proxy *d;
	uint32_t index = 0;

	if (map_get(&g->model->backends, str_from(wish->name)) ||
	    map_get(&g->model->frontends, str_from(wish->name)))
		out_printf(error, "name '%s' is already used by another proxy.", wish->name);
	else if (guid_is_taken(g, str_from(wish->guid)))
		out_printf(error, "guid '%s' is already used.", wish->guid);
	else if (!px)
		out_puts(error, "too many backends were added.");
	if (error->len)
		return false;
	d = px->dynamic ? px->dynamic : calloc(1, sizeof(*d));
	while (index_is_taken(p, index))
		index++;
	if (d)
		conf_make(p, d, wish);
	if (!d || !rooms_make(p, index) || !generation_add_proxy(g, px, &d->conf, index)) {
		if (d && !px->dynamic)
			free(d);
		out_puts(error, "out of memory.");
		return false;
	}
	px->dynamic = d;
	if (!name_put(g, &d->conf)) {
		generation_remove_proxy(g, px);
		out_puts(error, "out of memory.");
		return false;
	}
	px->last_change = w->now;
	px->hidden = true;
	atomic_fetch_add(&p->hidden_backends, 1u);
	return true;
}

/* --- removing */

static bool is_referenced(const struct generation *g, const struct proxy_conf *conf)
{
	for (uint32_t i = 0; i < g->nproxies; i++) {
		const struct proxy_conf *px = g->proxies[i].conf;

		if (px->default_backend == conf)
			return true;
		vec_each (rule, &px->use_backend)
			if (rule->backend == conf)
				return true;
	}
	return model_is_sampled(g->model, ARG_PROXY, conf);
}

static bool has_streams(struct proxy *px)
{
	return atomic_load(&px->be_conns) || atomic_load(&px->queued) || atomic_load(&px->served);
}

const char *proxy_dynamic_why_not(struct generation *g, struct proxy *px, bool *passing)
{
	const struct proxy_conf *conf = px->conf;

	*passing = false;
	if (conf->role != ROLE_BACKEND)
		return "Cannot delete a listen section.";
	if (conf->mode != MODE_TCP && conf->mode != MODE_HTTP)
		return "Only TCP and HTTP backends can be deleted.";
	if (conf->straight)
		return "Backend uses dispatch or option transparent, cannot delete it.";
	if (conf->table)
		return "Backend has a stick-table, cannot delete it.";
	if (is_referenced(g, conf))
		return "This proxy cannot be removed at runtime due to other configuration elements pointing "
		       "to it.";
	if (!atomic_load(&px->hidden))
		return "Backend must be unpublished prior to its deletion.";
	if (px->nservers)
		return "Only a backend without server can be deleted.";
	*passing = has_streams(px);
	return *passing ? "Backend still has attached streams on it." : NULL;
}

bool proxy_dynamic_remove(struct worker *w, struct str name, struct out *error)
{
	struct generation *g = w->process->generation;
	const struct proxy_conf *conf = map_get(&g->model->backends, name);
	struct proxy *px = generation_proxy(g, conf);
	bool passing;
	const char *reason = px ? proxy_dynamic_why_not(g, px, &passing) : "No such backend.";

	if (reason) {
		out_puts(error, reason);
		return false;
	}
	map_remove(&g->model->backends, name);
	deadline_clear(&px->warming);
	generation_remove_proxy(g, px);
	atomic_fetch_sub(&w->process->hidden_backends, 1u);
	return true;
}

void proxies_dynamic_free(struct generation *g)
{
	for (uint32_t i = 0; i < g->nproxies; i++)
		free(g->proxies[i].dynamic);
}
