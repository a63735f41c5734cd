/* Generations: the runtime objects of one model. A generation owns its proxies, servers and engines and holds a
 * reference to its model; sessions pin it, so that streams of the old one finish while new ones begin on the
 * next. Built and freed by the main thread, read by all workers. */
#include <stdlib.h>
#include <string.h>

#include "grammar/rows.h"
#include "runtime/backend/connect.h"
#include "runtime/backend/dynamic_cookie.h"
#include "runtime/backend/proxy_dynamic.h"
#include "runtime/backend/server_change.h"
#include "runtime/backend/server_warm.h"
#include "runtime/cache/cache.h"
#include "runtime/core/log_moment.h"
#include "runtime/health/check.h"
#include "runtime/net/address.h"
#include "runtime/net/netns.h"
#include "runtime/proxy/error_capture.h"
#include "runtime/stick/table.h"
#include "runtime/tls/tls.h"

enum { DYNAMIC_PROXIES = 1024 }; /* how many backends may be there that were added at run time */

const struct proxy_conf proxy_nothing = {.role = ROLE_DEFAULTS, .disabled = true};

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
	g->nconfs++;
}

/* Those behind it that would not be found any more move up. */
static void conf_remove(struct generation *g, const void *conf)
{
	uint32_t at = conf_hash(conf) & g->conf_mask, next, home;

	while (g->by_conf[at].conf && g->by_conf[at].conf != conf)
		at = (at + 1) & g->conf_mask;
	if (!g->by_conf[at].conf)
		return;
	g->nconfs--;
	for (next = (at + 1) & g->conf_mask; g->by_conf[next].conf; next = (next + 1) & g->conf_mask) {
		home = conf_hash(g->by_conf[next].conf) & g->conf_mask;
		if (((next - home) & g->conf_mask) < ((next - at) & g->conf_mask))
			continue;
		g->by_conf[at] = g->by_conf[next];
		at = next;
	}
	g->by_conf[at] = (struct conf_slot){NULL, 0};
}

static bool confs_grow(struct generation *g)
{
	struct conf_slot *old = g->by_conf;
	uint32_t slots = g->conf_mask + 1;

	if (2 * (g->nconfs + 1) <= slots)
		return true;
	g->by_conf = calloc(2 * (size_t)slots, sizeof(*g->by_conf));
	if (!g->by_conf) {
		g->by_conf = old;
		return false;
	}
	g->conf_mask = 2 * slots - 1;
	g->nconfs = 0;
	for (uint32_t i = 0; i < slots; i++)
		if (old[i].conf)
			conf_put(g, old[i].conf, old[i].index);
	free(old);
	return true;
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

	return index == UINT32_MAX ? NULL : g->servers[index];
}

struct server *proxy_server(const struct proxy *px, struct str name)
{
	for (uint32_t i = 0; px && i < px->nservers; i++)
		if (str_eq(px->servers[i]->conf->name, name))
			return px->servers[i];
	return NULL;
}

/* The address as configured; a server whose name has no address yet is in maintenance. */
static bool server_set_addr(struct server *s)
{
	const struct server_conf *conf = s->conf;
	const struct addr_conf *addr = conf->resolved ? conf->resolved : &conf->addr;
	struct sockaddr_storage ss;
	socklen_t len;

	if (addr->kind == ADDR_REVERSE)
		return true; /* needs none */
	if (!address_from_conf(addr, addr->port, &ss, &len)) {
		atomic_store(&s->admin, atomic_load(&s->admin) | SRV_ADM_RMAINT);
		if (conf->resolvers.len)
			atomic_store(&s->oper, SRV_STOPPED);
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

static bool server_make(struct server *s, const struct server_conf *conf, struct proxy *px, uint32_t index)
{
	server_init(s, conf, px, index);
	conf_put(px->generation, conf, index);
	return server_set_addr(s);
}

/* Known to the generation, for its counters, but not among the servers of its proxy. */
static bool straight_make(struct proxy *px)
{
	struct generation *g = px->generation;
	struct server *s = &g->server_block[g->nservers];

	g->servers[g->nservers] = px->straight = s;
	return server_make(s, px->conf->straight, px, g->nservers++);
}

static bool is_server_addr(const struct sample_expr *x)
{
	return x->fetch == FETCH_BC_DST || x->fetch == FETCH_BC_DST_PORT || x->fetch == FETCH_BC_SRC ||
	       x->fetch == FETCH_BC_SRC_PORT;
}

/* Does the format tell %bi, %bp, %si or %sp, or bc_dst and its kin? Asking the system for them costs two calls
 * per connection. */
static bool tells_server_addrs(const struct logfmt *format)
{
	for (uint32_t i = 0; format && i < format->n; i++) {
		const struct logfmt_node *n = &format->nodes[i];

		if (n->kind == LOGFMT_ALIAS && (n->alias == LOGFMT_BI || n->alias == LOGFMT_BP ||
						n->alias == LOGFMT_SI || n->alias == LOGFMT_SP))
			return true;
		if (n->sample && is_server_addr(n->sample))
			return true;
	}
	return false;
}

/* *px is zero before. */
static void proxy_begin(struct proxy *px, const struct proxy_conf *conf, struct generation *g, uint32_t index)
{
	px->conf = conf;
	px->generation = g;
	px->index = index;
	px->logs_server_addrs =
		tells_server_addrs(conf->log_format) || tells_server_addrs(conf->error_log_format);
	px->log_moment = (uint8_t)log_moment(conf);
	atomic_store(&px->maxconn, conf->maxconn);
	list_init(&px->queue);
	server_warm_init(px);
	pthread_mutex_init(&px->lb_lock, NULL);
	px->dynamic_cookies = conf->cookie.dynamic;
}

static void proxy_fini(struct proxy *px)
{
	if (px->conf->role & ROLE_BACKEND)
		balance_free(px);
	dynamic_cookies_free(px);
	error_captures_free(px);
	pthread_mutex_destroy(&px->lb_lock);
}

static bool proxy_init(struct proxy *px, const struct proxy_conf *conf, struct generation *g, uint32_t index)
{
	proxy_begin(px, conf, g, index);
	px->servers = g->server_slices + g->nservers;
	conf_put(g, conf, index);
	g->nproxies++;
	while (px->nservers < conf->servers.n) {
		struct server *s = &g->server_block[g->nservers];

		g->servers[g->nservers] = px->servers[px->nservers] = s;
		if (!server_make(s, conf->servers.v[px->nservers++], px, g->nservers++))
			return false;
	}
	if (conf->straight && !straight_make(px))
		return false;
	if (px->dynamic_cookies)
		dynamic_cookies_make(px);
	return !(conf->role & ROLE_BACKEND) || balance_init(px);
}

/* Memory for everything, sized by the model. */
static bool tables_init(struct generation *g, uint32_t nworkers)
{
	uint32_t nservers = 0, slots = 16;

	for (uint32_t i = 0; i < g->model->proxies.n; i++)
		nservers += g->model->proxies.v[i]->servers.n + (g->model->proxies.v[i]->straight != NULL);
	while (slots < 2 * (nservers + g->model->proxies.n))
		slots *= 2;
	g->conf_mask = slots - 1;
	g->by_conf = calloc(slots, sizeof(*g->by_conf));
	g->proxies_room = g->model->proxies.n + (g->model->templates.n ? DYNAMIC_PROXIES : 0);
	g->proxies = calloc(g->proxies_room + 1, sizeof(*g->proxies));
	g->servers_room = nservers;
	g->servers = calloc(nservers + 1, sizeof(struct server *));
	g->server_slices = calloc(nservers + 1, sizeof(struct server *));
	g->server_block = server_alloc(nservers + 1, sizeof(*g->server_block));
	g->engines = calloc(nworkers, sizeof(*g->engines));
	return g->by_conf && g->proxies && g->servers && g->server_slices && g->server_block && g->engines;
}

/* The TLS of the model, loaded already by who wanted to hear about it, or now. */
static bool servers_secure(struct generation *g)
{
	bool ok = true;

	if (!g->tls)
		g->tls = tls_world_new(g->model, NULL, &ok);
	for (uint32_t i = 0; g->tls && i < g->nservers; i++)
		g->servers[i]->tls = tls_back_of(g->tls, g->servers[i]->conf);
	return g->tls && ok;
}

static bool generation_build(struct generation *g, uint32_t nworkers)
{
	if (!tables_init(g, nworkers))
		return false;
	g->netns = netns_list_new(g->model);
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

struct generation *generation_make(uint32_t nworkers, struct model *m, struct tls_world **tls)
{
	struct generation *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->model = model_retain(m);
	vec_each (v, &m->vars)
		g->session_vars |= (*v)->scope == VAR_SESS;
	g->tls = *tls;
	*tls = NULL;
	if (!generation_build(g, nworkers))
		generation_free(&g);
	return g;
}

struct generation *generation_new(struct process *p, struct model *m)
{
	return generation_make(p->nworkers, m, &p->tls);
}

void generation_pin(struct generation *g)
{
	atomic_fetch_add_explicit(&g->pins, 1, memory_order_relaxed);
}

void generation_unpin(struct generation *g)
{
	atomic_fetch_sub_explicit(&g->pins, 1, memory_order_release);
}

/* --- backends that come and go */

bool generation_add_proxy(struct generation *g, struct proxy *px, const struct proxy_conf *conf, uint32_t index)
{
	uint32_t place = (uint32_t)(px - g->proxies);
	struct dynamic_proxy *dynamic = px->dynamic;

	if (!confs_grow(g))
		return false;
	memset(px, 0, sizeof(*px));
	proxy_begin(px, conf, g, index);
	px->dynamic = dynamic;
	if (!balance_init(px)) {
		proxy_fini(px);
		memset(px, 0, sizeof(*px));
		proxy_begin(px, &proxy_nothing, g, index);
		px->dynamic = dynamic;
		return false;
	}
	conf_put(g, conf, place);
	if (place == g->nproxies)
		g->nproxies++;
	return true;
}

void generation_remove_proxy(struct generation *g, struct proxy *px)
{
	struct dynamic_proxy *dynamic = px->dynamic;
	uint32_t index = px->index;

	conf_remove(g, px->conf);
	proxy_fini(px);
	if (px->servers_room)
		free(px->servers);
	memset(px, 0, sizeof(*px));
	proxy_begin(px, &proxy_nothing, g, index);
	px->dynamic = dynamic;
}

/* --- servers that come and go */

static bool servers_grow(struct generation *g, uint32_t index)
{
	uint32_t room = 2 * index + 8;
	struct server **more;

	if (index >= g->servers_room) {
		more = realloc(g->servers, (room + 1) * sizeof(struct server *));
		if (!more)
			return false;
		g->servers = more;
		g->servers_room = room;
	}
	while (g->nservers < index)
		g->servers[g->nservers++] = NULL;
	return true;
}

/* The proxy's list becomes its own. */
static bool list_grow(struct proxy *px)
{
	uint32_t room = 2 * px->nservers + 8;
	struct server **own;

	if (px->nservers < px->servers_room)
		return true;
	own = realloc(px->servers_room ? px->servers : NULL, room * sizeof(struct server *));
	if (!own)
		return false;
	if (!px->servers_room && px->nservers)
		memcpy(own, px->servers, px->nservers * sizeof(struct server *));
	px->servers = own;
	px->servers_room = room;
	return true;
}

static bool index_is_buried(const struct generation *g, uint32_t index)
{
	for (const struct server *s = g->buried; s; s = s->next_buried)
		if (s->index == index)
			return true;
	return false;
}

/* A server of an older generation still counts under it. */
static bool index_is_old(const struct generation *g, uint32_t index)
{
	for (const struct generation *old = g->older; old; old = old->older)
		if (index < old->nservers && old->servers[index])
			return true;
	return false;
}

static uint32_t free_index(const struct generation *g)
{
	uint32_t i = 0;

	while ((i < g->nservers && (g->servers[i] || index_is_buried(g, i))) || index_is_old(g, i))
		i++;
	return i;
}

bool generation_add_server(struct generation *g, struct proxy *px, const struct server_conf *conf,
			   struct server *s)
{
	uint32_t index = free_index(g);

	if (!servers_grow(g, index) || !list_grow(px) || !confs_grow(g))
		return false;
	if (!server_make(s, conf, px, index)) {
		conf_remove(g, conf);
		return false;
	}
	if (index == g->nservers)
		g->nservers++;
	g->servers[index] = s;
	px->servers[px->nservers++] = s;
	return true;
}

void generation_remove_server(struct generation *g, struct server *s)
{
	struct proxy *px = s->proxy;
	uint32_t i = 0;

	while (px->servers[i] != s)
		i++;
	for (px->nservers--; i < px->nservers; i++) /* also in a slice: nobody else reads it */
		px->servers[i] = px->servers[i + 1];
	conf_remove(g, s->conf);
	g->servers[s->index] = NULL;
	s->next_buried = g->buried;
	g->buried = s;
}

bool generation_renumber(struct generation *g)
{
	uint32_t n = 0, count = g->nservers;
	struct server **servers;

	for (uint32_t i = 0; i < count; i++)
		if (g->servers[i]->index >= n)
			n = g->servers[i]->index + 1;
	servers = calloc(n + 1, sizeof(struct server *));
	if (!servers)
		return false;
	memset(g->by_conf, 0, (g->conf_mask + 1) * sizeof(*g->by_conf));
	g->nconfs = 0;
	for (uint32_t i = 0; i < g->nproxies; i++)
		conf_put(g, g->proxies[i].conf, i);
	for (uint32_t i = 0; i < count; i++) {
		servers[g->servers[i]->index] = g->servers[i];
		conf_put(g, g->servers[i]->conf, g->servers[i]->index);
	}
	free(g->servers);
	g->servers = servers;
	g->nservers = g->servers_room = n;
	return true;
}

void generation_server_fini(struct server *s)
{
	server_place_free(s);
	free(s->unix_addr);
	s->unix_addr = NULL;
}

static void servers_free(struct generation *g)
{
	if (g->dynamic_free)
		g->dynamic_free(g);
	for (uint32_t i = 0; i < g->nservers; i++)
		if (g->servers[i])
			generation_server_fini(g->servers[i]);
	for (uint32_t i = 0; i < g->nproxies; i++)
		if (g->proxies[i].servers_room)
			free(g->proxies[i].servers);
	free(g->servers);
	free(g->server_slices);
	free(g->server_block);
}

void generation_free(struct generation **gp)
{
	struct generation *g = *gp;

	*gp = NULL;
	if (!g)
		return;
	checks_free(g);
	for (uint32_t i = 0; i < g->nproxies; i++)
		proxy_fini(&g->proxies[i]);
	for (uint32_t i = 0; i < g->nengines; i++)
		eval_engine_free(&g->engines[i]);
	servers_free(g);
	stick_tables_free(&g->tables);
	caches_free(&g->caches);
	if (g->proc_vars)
		eval_vars_free(&g->proc_vars, NULL);
	free(g->engines);
	proxies_dynamic_free(g);
	free(g->proxies);
	free(g->by_conf);
	tls_world_free(&g->tls);
	netns_list_free(&g->netns);
	model_release(&g->model);
	free(g);
}
