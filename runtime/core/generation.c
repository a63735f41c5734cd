/* Generations: the runtime objects of one model. A generation owns its proxies, servers and engines and holds a
 * reference to its model; sessions pin it, so that streams of the old one finish while new ones begin on the
 * next. Built and freed by the main thread, read by all workers. */
#include <stdlib.h>

#include "grammar/rows.h"
#include "runtime/backend/connect.h"
#include "runtime/backend/dynamic_cookie.h"
#include "runtime/cache/cache.h"
#include "runtime/backend/server_warm.h"
#include "runtime/health/check.h"
#include "runtime/net/address.h"
#include "runtime/stick/table.h"
#include "runtime/tls/tls.h"

struct conf_slot {
	const void *conf;
	uint32_t index; /* of g->proxies or g->servers */
};

/* Pointers of one arena: the low bits say nothing, the multiplication spreads the others. */
static uint32_t conf_hash(const void *conf)
{
	return (uint32_t)(((uintptr_t)conf >> 4) * 0x9e3779b97f4a7c15ULL >> 32);
}

static void conf_put(struct generation *g, const void *conf, uint32_t index)
{
	uint32_t at = conf_hash(conf) & g->conf_mask;

	while (g->by_conf[at].conf)
		at = (at + 1) & g->conf_mask;
	g->by_conf[at] = (struct conf_slot){conf, index};
}

static uint32_t conf_index(const struct generation *g, const void *conf)
{
	uint32_t at = conf_hash(conf) & g->conf_mask;

	while (g->by_conf[at].conf) {
		if (g->by_conf[at].conf == conf)
			return g->by_conf[at].index;
		at = (at + 1) & g->conf_mask;
	}
	return UINT32_MAX;
}

struct proxy *generation_proxy(struct generation *g, const struct proxy_conf *conf)
{
	uint32_t index = conf ? conf_index(g, conf) : UINT32_MAX;

	return index == UINT32_MAX ? NULL : &g->proxies[index];
}

struct server *generation_server(struct generation *g, const struct server_conf *conf)
{
	uint32_t index = conf ? conf_index(g, conf) : UINT32_MAX;

	return index == UINT32_MAX ? NULL : &g->servers[index];
}

/* The address as configured; a server whose name has no address yet is in maintenance. */
static bool server_set_addr(struct server *s)
{
	const struct server_conf *conf = s->conf;
	const struct addr_conf *addr = conf->resolved ? conf->resolved : &conf->addr;
	struct sockaddr_storage ss;
	socklen_t len;

	if (!address_from_conf(addr, addr->port, &ss, &len)) {
		atomic_store(&s->admin, atomic_load(&s->admin) | SRV_ADM_RMAINT);
		return true;
	}
	address_pack(&s->addr, &ss);
	s->addr_len = len;
	if (ss.ss_family != AF_UNIX)
		return true;
	s->unix_addr = malloc(sizeof(ss));
	if (s->unix_addr)
		*s->unix_addr = ss;
	return s->unix_addr != NULL;
}

static bool server_init(struct server *s, const struct server_conf *conf, struct proxy *px, uint32_t index)
{
	s->conf = conf;
	s->proxy = px;
	s->index = index;
	list_init(&s->queue);
	atomic_store(&s->weight, conf->weight);
	atomic_store(&s->warmth, SERVER_WARM);
	s->shown = conf->disabled ? SHOWN_MAINT : SHOWN_UP;
	atomic_store(&s->maxconn, conf->maxconn);
	atomic_store(&s->oper, conf->disabled ? SRV_STOPPED : SRV_RUNNING);
	atomic_store(&s->admin, conf->disabled ? SRV_ADM_MAINT | SRV_ADM_CMAINT : 0);
	conf_put(px->generation, conf, index);
	return server_set_addr(s);
}

/* Does the format tell %bi, %bp, %si or %sp? Asking the system for them costs two calls per connection. */
static bool tells_server_addrs(const struct logfmt *format)
{
	for (uint32_t i = 0; format && i < format->n; i++) {
		const struct logfmt_node *n = &format->nodes[i];

		if (n->kind == LOGFMT_ALIAS && (n->alias == LOGFMT_BI || n->alias == LOGFMT_BP ||
						n->alias == LOGFMT_SI || n->alias == LOGFMT_SP))
			return true;
	}
	return false;
}

static bool proxy_init(struct proxy *px, const struct proxy_conf *conf, struct generation *g, uint32_t index)
{
	px->conf = conf;
	px->generation = g;
	px->index = index;
	px->logs_server_addrs =
		tells_server_addrs(conf->log_format) || tells_server_addrs(conf->error_log_format);
	px->servers = g->servers + g->nservers;
	atomic_store(&px->maxconn, conf->maxconn);
	list_init(&px->queue);
	server_warm_init(px);
	pthread_mutex_init(&px->lb_lock, NULL);
	conf_put(g, conf, index);
	g->nproxies++;
	while (px->nservers < conf->servers.n) {
		struct server *s = &px->servers[px->nservers];

		if (!server_init(s, conf->servers.v[px->nservers++], px, g->nservers++))
			return false;
	}
	px->dynamic_cookies = conf->cookie.dynamic;
	if (px->dynamic_cookies)
		dynamic_cookies_make(px);
	return !(conf->role & ROLE_BACKEND) || balance_init(px);
}

/* Memory for everything, sized by the model. */
static bool tables_init(struct generation *g, uint32_t nworkers)
{
	uint32_t nservers = 0, slots = 16;

	for (uint32_t i = 0; i < g->model->proxies.n; i++)
		nservers += g->model->proxies.v[i]->servers.n;
	while (slots < 2 * (nservers + g->model->proxies.n))
		slots *= 2;
	g->conf_mask = slots - 1;
	g->by_conf = calloc(slots, sizeof(*g->by_conf));
	g->proxies = calloc(g->model->proxies.n + 1, sizeof(*g->proxies));
	g->servers = calloc(nservers + 1, sizeof(*g->servers));
	g->engines = calloc(nworkers, sizeof(*g->engines));
	return g->by_conf && g->proxies && g->servers && g->engines;
}

/* The TLS of the model, loaded already by who wanted to hear about it, or now. */
static bool servers_secure(struct generation *g)
{
	bool ok = true;

	if (!g->tls)
		g->tls = tls_world_new(g->model, NULL, &ok);
	for (uint32_t i = 0; g->tls && i < g->nservers; i++)
		g->servers[i].tls = tls_back_of(g->tls, g->servers[i].conf);
	return g->tls && ok;
}

static bool generation_build(struct generation *g, uint32_t nworkers)
{
	if (!tables_init(g, nworkers))
		return false;
	for (uint32_t i = 0; i < g->model->proxies.n; i++)
		if (!proxy_init(&g->proxies[i], g->model->proxies.v[i], g, i))
			return false;
	while (g->nengines < nworkers) {
		g->engines[g->nengines] = eval_engine_new_sharing(g->model, g->nengines ? g->engines[0] : NULL);
		if (!g->engines[g->nengines])
			return false;
		g->nengines++;
	}
	g->tables = stick_tables_new(g->model, nworkers);
	g->caches = caches_new(g->model);
	return g->tables && g->caches && servers_secure(g) && checks_init(g);
}

struct generation *generation_new(struct process *p, struct model *m)
{
	struct generation *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->model = model_retain(m);
	g->tls = p->tls;
	p->tls = NULL;
	if (!generation_build(g, p->nworkers))
		generation_free(&g);
	return g;
}

void generation_pin(struct generation *g)
{
	atomic_fetch_add_explicit(&g->pins, 1, memory_order_relaxed);
}

void generation_unpin(struct generation *g)
{
	atomic_fetch_sub_explicit(&g->pins, 1, memory_order_release);
}

void generation_free(struct generation **gp)
{
	struct generation *g = *gp;

	*gp = NULL;
	if (!g)
		return;
	checks_free(g);
	for (uint32_t i = 0; i < g->nproxies; i++) {
		if (g->proxies[i].conf->role & ROLE_BACKEND)
			balance_free(&g->proxies[i]);
		dynamic_cookies_free(&g->proxies[i]);
		pthread_mutex_destroy(&g->proxies[i].lb_lock);
	}
	for (uint32_t i = 0; i < g->nservers; i++) {
		server_place_free(&g->servers[i]);
		free(g->servers[i].unix_addr);
	}
	for (uint32_t i = 0; i < g->nengines; i++)
		eval_engine_free(&g->engines[i]);
	stick_tables_free(&g->tables);
	caches_free(&g->caches);
	free(g->engines);
	free(g->servers);
	free(g->proxies);
	free(g->by_conf);
	tls_world_free(&g->tls);
	model_release(&g->model);
	free(g);
}
