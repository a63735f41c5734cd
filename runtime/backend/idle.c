/* Idle connections to servers. A worker keeps its own, by server and most recently used first, for its own
 * streams: nothing is locked. Another worker has to ask for one (borrow.c). Those that only one client session
 * may use again (http-reuse never, PROXY protocol, addresses of the client) are kept apart, by session. An idle
 * connection is watched for reading: whatever arrives, be it the end or bytes that nobody asked for, closes it.
 * Every pool-purge-delay half of those that were idle that long are closed (manual, "pool-purge-delay"). The
 * connections are owned by these lists; worker thread only. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "runtime/backend/borrow.h"
#include "runtime/backend/h2_server.h"

enum { DROP_SEARCH = 64 };

/* --- slots: one per server, made when its generation is first needed */

static void slot_purge(struct worker *w, struct deadline *d);

static struct idle_table *table_new(struct srv_desk *desk, const struct generation *g)
{
	struct idle_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->generation = g;
	t->next = desk->tables;
	desk->tables = t;
	return t;
}

static struct idle_table *table_find(const struct srv_desk *desk, const struct generation *g)
{
	struct idle_table *t = desk->tables;

	while (t && t->generation != g)
		t = t->next;
	return t;
}

static struct idle_slot *slot_find(const struct idle_table *t, const struct server *s)
{
	return t && s->index < t->n ? t->slots[s->index] : NULL;
}

static bool table_grow(struct idle_table *t, uint32_t index)
{
	uint32_t n = index < t->generation->servers_room ? t->generation->servers_room : index + 1;
	struct idle_slot **more = realloc(t->slots, n * sizeof(struct idle_slot *));

	if (!more)
		return false;
	memset(more + t->n, 0, (n - t->n) * sizeof(struct idle_slot *));
	t->slots = more;
	t->n = n;
	return true;
}

static struct idle_slot *slot_get(struct idle_table *t, struct server *s)
{
	struct idle_slot *slot = slot_find(t, s);

	if (slot || (s->index >= t->n && !table_grow(t, s->index)))
		return slot;
	slot = calloc(1, sizeof(*slot));
	if (!slot)
		return NULL;
	list_init(&slot->conns);
	deadline_init(&slot->purge, slot_purge);
	slot->server = s;
	t->slots[s->index] = slot;
	return slot;
}

static struct list *owned_list(struct srv_desk *desk, const void *owner)
{
	return &desk->owned[((uintptr_t)owner >> 6) % OWNER_LISTS];
}

/* --- the end of a connection */

void srv_conn_free(struct srv_conn *sc)
{
	struct worker *w = sc->conn.worker;

	conn_close(&sc->conn, sc->server->proxy->conf->mode == MODE_TCP &&
				      proxy_option_is_set(sc->server->proxy->conf, PO_NOLINGER));
	pool_put(&w->srv_conns, sc);
}

/* Out of its list. */
static void idle_remove(struct srv_conn *sc)
{
	list_remove(&sc->idle_node);
	srv_desk_of(sc->conn.worker)->nidle--;
	atomic_fetch_sub_explicit(&sc->server->idle, 1, memory_order_relaxed);
	if (sc->owner)
		atomic_fetch_sub_explicit(&sc->server->idle_private, 1, memory_order_relaxed);
	else
		slot_find(table_find(srv_desk_of(sc->conn.worker), sc->server->proxy->generation), sc->server)
			->n--;
}

static void idle_drop(struct srv_conn *sc)
{
	idle_remove(sc);
	srv_conn_free(sc);
}

/* The server closed, or talks out of turn; with TLS it may also have sent what concerns only the library. */
static void idle_ready(struct conn *c, int revents)
{
	char byte;

	(void)revents;
	if (c->transport != &transport_raw && c->transport->recv(c, &byte, 1) < 0 && errno == EAGAIN)
		return;
	idle_drop((struct srv_conn *)c);
}

/* --- how many idle connections are of use */

/* As many as were in use at a time, which is slowly forgotten (`need_est` of `show servers conn`): where each
 * client asks once, all the others would only take the server's places. */
static void need_raise(atomic_uint *value, uint32_t used)
{
	if (atomic_load_explicit(value, memory_order_relaxed) < used)
		atomic_store_explicit(value, used, memory_order_relaxed);
}

/* Before the place of a request is given back. */
static void need_note(struct server *s)
{
	uint32_t used = atomic_load_explicit(&s->conns, memory_order_relaxed);

	need_raise(&s->used_most, used);
	need_raise(&s->idle_need, used);
}

/* After a reload. */
static void need_inherit(struct server *s, struct server *old)
{
	need_note(old);
	need_raise(&s->idle_need, atomic_load(&old->idle_need));
}

uint32_t srv_conns_need(struct server *s)
{
	need_note(s);
	return atomic_load(&s->idle_need);
}

/* One more at this worker, which is counted already? The first one always is: others may be far away. */
static bool is_of_use(const struct idle_slot *slot)
{
	const struct server *s = slot->server;

	return !slot->n || atomic_load_explicit(&s->idle, memory_order_relaxed) <=
				   atomic_load_explicit(&s->idle_need, memory_order_relaxed);
}

/* Once in a period, by the worker that comes first. */
static void need_review(struct server *s, uint64_t now)
{
	uint64_t due = atomic_load(&s->need_due);
	uint32_t need, most;

	if (now < due || !atomic_compare_exchange_strong(&s->need_due, &due, now + s->conf->pool_purge_delay))
		return;
	most = atomic_exchange(&s->used_most, atomic_load(&s->conns));
	need = atomic_load(&s->idle_need);
	if (most < need)
		atomic_store(&s->idle_need, (need + most) / 2);
}

/* Oldest are last. */
static void slot_purge(struct worker *w, struct deadline *d)
{
	struct idle_slot *slot = (struct idle_slot *)((char *)d - offsetof(struct idle_slot, purge));
	uint32_t delay = slot->server->conf->pool_purge_delay, old = 0;

	for (struct list *node = slot->conns.prev; node != &slot->conns; node = node->prev) {
		if (LIST_OF(node, struct srv_conn, idle_node)->idle_since + delay > w->now)
			break;
		old++;
	}
	for (old = (old + 1) / 2; old; old--)
		idle_drop(LIST_OF(slot->conns.prev, struct srv_conn, idle_node));
	need_review(slot->server, w->now);
	if (slot->n)
		deadline_set(w, &slot->purge, w->now + delay);
}

/* --- keeping and taking */

bool srv_conn_is_private(const struct server_conf *conf)
{
	const struct addr_conf *a = &conf->addr;
	bool has_port = a->kind != ADDR_UNIX && a->kind != ADDR_ABSTRACT && a->kind != ADDR_SOCKPAIR &&
			a->kind != ADDR_REVERSE;

	return server_conf_greets(conf) || (has_port && (a->port_relative || !a->port_given));
}

static bool is_private(const struct srv_conn *sc, const struct srv_request *r)
{
	return r->backend->conf->reuse == REUSE_NEVER || sc->bound || srv_conn_is_private(sc->server->conf);
}

/* The one in question is counted already. */
static bool pool_allows(const struct server *s)
{
	const struct server_conf *conf = s->conf;

	if (!conf->pool_purge_delay)
		return false;
	return conf->pool_max_conn < 0 ||
	       atomic_load_explicit(&s->idle, memory_order_relaxed) <= (uint64_t)conf->pool_max_conn;
}

/* With maxconn, idle connections count at the server too: no more than that many in all. leaving: of those in
 * use, this many end just now. */
static bool server_has_space(const struct server *s, unsigned leaving)
{
	uint32_t max = atomic_load_explicit(&s->maxconn, memory_order_relaxed);

	return !max || atomic_load_explicit(&s->conns, memory_order_relaxed) +
				       atomic_load_explicit(&s->idle, memory_order_relaxed) <=
			       max + leaving;
}

static bool conn_is_good(const struct srv_conn *sc)
{
	return !(sc->conn.flags & (CONN_EOF | CONN_ERROR | CONN_WR_SHUT | CONN_HUP)) &&
	       server_is_reachable(sc->server) && sc->requests <= sc->server->conf->max_reuse;
}

/* Manual, "max-session-srv-conns". */
static struct list *owner_list(struct srv_desk *desk, const struct srv_request *r)
{
	struct list *list = owned_list(desk, r->owner);
	uint32_t n = 0;

	for (const struct list *node = list->next; node != list; node = node->next)
		n += LIST_OF(node, struct srv_conn, idle_node)->owner == r->owner;
	return n < r->owner_max ? list : NULL;
}

/* Where it would be kept; NULL: nowhere. */
static struct list *list_for(struct srv_desk *desk, struct srv_conn *sc, const struct srv_request *r)
{
	const struct generation *g = sc->server->proxy->generation;
	struct idle_table *t;
	struct idle_slot *slot;

	if (is_private(sc, r)) {
		sc->owner = r->owner;
		return r->owner ? owner_list(desk, r) : NULL;
	}
	sc->owner = NULL;
	need_note(sc->server);
	if (!pool_allows(sc->server))
		return NULL;
	t = table_find(desk, g);
	if (!t)
		t = table_new(desk, g);
	slot = t ? slot_get(t, sc->server) : NULL;
	return slot && is_of_use(slot) ? &slot->conns : NULL;
}

/* After a reload the request's server may go on as another one, which gets the connection. False: it goes with
 * its server. */
static bool server_goes_on(struct srv_conn *sc, const struct srv_request *r)
{
	const struct process *p = r->worker->process;

	if (!p || sc->server->proxy->generation == p->generation || is_private(sc, r))
		return true;
	if (!sc->server->newer)
		return false;
	need_inherit(sc->server->newer, sc->server);
	sc->server = sc->server->newer;
	return true;
}

void idle_keep(struct srv_conn *sc, const struct srv_request *r)
{
	struct worker *w = r->worker;
	struct list *list = NULL;

	sc->user = NULL;
	if (!server_goes_on(sc, r)) {
		srv_conn_free(sc);
		return;
	}
	atomic_fetch_add_explicit(&sc->server->idle, 1, memory_order_relaxed);
	if (conn_is_good(sc) && server_has_space(sc->server, 1) && !w->stopping &&
	    idle_is_affordable(srv_desk_of(w), sc))
		list = list_for(srv_desk_of(w), sc, r);
	if (!list) {
		atomic_fetch_sub_explicit(&sc->server->idle, 1, memory_order_relaxed);
		srv_conn_free(sc);
		return;
	}
	srv_desk_of(w)->nidle++;
	sc->idle_since = w->now;
	sc->conn.ready = idle_ready;
	conn_want(&sc->conn, EV_READ);
	list_prepend(list, &sc->idle_node);
	if (sc->owner)
		atomic_fetch_add_explicit(&sc->server->idle_private, 1, memory_order_relaxed);
	else {
		struct idle_slot *slot = (struct idle_slot *)((char *)list - offsetof(struct idle_slot, conns));

		slot->n++;
		borrow_offer(w, sc->server);
		if (!slot->purge.at)
			deadline_set(w, &slot->purge, w->now + sc->server->conf->pool_purge_delay);
	}
}

static struct srv_conn *owned_find(struct srv_desk *desk, const struct srv_request *r)
{
	struct list *list = owned_list(desk, r->owner);

	for (struct list *node = list->next; node != list; node = node->next) {
		struct srv_conn *sc = LIST_OF(node, struct srv_conn, idle_node);

		if (sc->owner == r->owner && sc->server == r->server && sc->sni_hash == r->sni_hash)
			return sc;
	}
	return NULL;
}

/* Least recently used ones are left to the purge. */
static struct srv_conn *slot_search(const struct idle_slot *slot, uint32_t sni_hash, bool proven)
{
	if (!slot || !slot->n)
		return NULL;
	for (struct list *node = slot->conns.next; node != &slot->conns; node = node->next) {
		struct srv_conn *sc = LIST_OF(node, struct srv_conn, idle_node);

		if (sc->sni_hash == sni_hash && (!proven || sc->requests > 1))
			return sc;
	}
	return NULL;
}

static struct srv_conn *shared_find(struct srv_desk *desk, const struct srv_request *r)
{
	return slot_search(slot_find(table_find(desk, r->backend->generation), r->server), r->sni_hash,
			   r->proven_only);
}

/* Bytes that the transport holds may have to be told by this loop. */
struct srv_conn *idle_part_with(struct worker *w, struct server *s, uint32_t sni_hash, bool proven)
{
	const struct idle_slot *slot = slot_find(table_find(srv_desk_of(w), s->proxy->generation), s);
	struct srv_conn *sc = slot_search(slot, sni_hash, proven);

	if (!slot || !slot->n)
		atomic_fetch_and_explicit(&s->idle_at, ~(UINT64_C(1) << w->id), memory_order_relaxed);
	if (!sc || sc->conn.flags)
		return NULL;
	idle_remove(sc);
	conn_want(&sc->conn, 0);
	return sc;
}

struct srv_conn *idle_take(struct srv_request *r)
{
	struct srv_desk *desk = srv_desk_of(r->worker);
	struct srv_conn *sc = NULL;

	if (r->owner)
		sc = owned_find(desk, r);
	if (!sc && r->reuse_ok)
		sc = shared_find(desk, r);
	if (!sc)
		return NULL;
	idle_remove(sc);
	sc->user = r;
	sc->fresh = false;
	sc->requests++;
	return sc;
}

/* --- owners, servers and workers that go */

static void idle_close_list(struct list *list, const struct server *s, const void *owner)
{
	struct list *node, *next;

	for (node = list->next; node != list; node = next) {
		struct srv_conn *sc = LIST_OF(node, struct srv_conn, idle_node);

		next = node->next;
		if ((!s || sc->server == s) && (!owner || sc->owner == owner))
			idle_drop(sc);
	}
}

struct server *srv_owner_server(struct worker *w, const void *owner, const struct proxy *px)
{
	struct list *list = owned_list(srv_desk_of(w), owner);

	for (struct list *node = list->next; node != list; node = node->next) {
		struct srv_conn *sc = LIST_OF(node, struct srv_conn, idle_node);

		if (sc->owner == owner && sc->server->proxy == px)
			return sc->server;
	}
	return NULL;
}

void srv_owner_left(struct worker *w, void *owner)
{
	idle_close_list(owned_list(srv_desk_of(w), owner), NULL, owner);
	h2_server_close(w, NULL, owner);
}

void idle_close(struct worker *w, struct server *s)
{
	struct srv_desk *desk = srv_desk_of(w);
	struct idle_slot *slot = slot_find(table_find(desk, s->proxy->generation), s);

	if (slot)
		idle_close_list(&slot->conns, NULL, NULL);
	for (uint32_t i = 0; i < OWNER_LISTS; i++)
		idle_close_list(&desk->owned[i], s, NULL);
	h2_server_close(w, s, NULL);
}

/* Connections that only one session may use go too where the limit is strict. */
static void idle_shed_owned(struct srv_desk *desk, struct server *s)
{
	for (uint32_t i = 0; i < OWNER_LISTS; i++)
		for (struct list *node = desk->owned[i].next, *next; node != &desk->owned[i]; node = next) {
			struct srv_conn *sc = LIST_OF(node, struct srv_conn, idle_node);

			next = node->next;
			if (server_has_space(s, 0))
				return;
			if (sc->server == s)
				idle_drop(sc);
		}
}

/* Closes this worker's idle connections as long as there are too many, oldest first. */
static void idle_shed_here(struct worker *w, void *server)
{
	struct server *s = server;
	struct idle_slot *slot = slot_find(table_find(srv_desk_of(w), s->proxy->generation), s);
	struct list *conns = slot ? &slot->conns : NULL;

	while (conns && !list_empty(conns) && !server_has_space(s, 0))
		idle_drop(LIST_OF(conns->prev, struct srv_conn, idle_node));
	if (!server_conf_rare(s->conf)->strict_maxconn)
		return;
	while (!server_has_space(s, 0) && h2_server_drop_idle(w, s))
		;
	idle_shed_owned(srv_desk_of(w), s);
}

bool idle_shed(struct worker *w, struct server *s)
{
	struct process *p = w->process;

	if (server_has_space(s, 0))
		return true;
	idle_shed_here(w, s);
	for (uint32_t i = 0; p && i < p->nworkers && !server_has_space(s, 0); i++)
		if (p->workers[i] != w)
			mailbox_post(p->workers[i], idle_shed_here, s);
	return server_has_space(s, 0);
}

static void idle_close_here(struct worker *w, void *server)
{
	idle_close(w, server);
}

void idle_close_everywhere(struct worker *w, struct server *s)
{
	struct process *p = w->process;

	for (uint32_t i = 0; p && i < p->nworkers; i++)
		if (p->workers[i] != w)
			mailbox_post(p->workers[i], idle_close_here,
				     s); /* without memory the purge does it later */
	idle_close(w, s);
}

static bool owned_by_anyone(const struct srv_desk *desk, const struct server *s)
{
	for (uint32_t i = 0; i < OWNER_LISTS; i++)
		for (struct list *node = desk->owned[i].next; node != &desk->owned[i]; node = node->next)
			if (LIST_OF(node, struct srv_conn, idle_node)->server == s)
				return true;
	return false;
}

bool idle_forget(struct worker *w, const struct server *s)
{
	struct idle_table *t = table_find(srv_desk_of(w), s->proxy->generation);
	struct idle_slot *slot = slot_find(t, s);

	if (borrow_names(srv_desk_of(w), NULL, s) || owned_by_anyone(srv_desk_of(w), s) ||
	    h2_server_is_held(w, s) || (slot && slot->n))
		return true;
	if (!slot || slot->server != s)
		return false;
	deadline_clear(&slot->purge);
	free(slot);
	t->slots[s->index] = NULL;
	return false;
}

/* --- reloads */

static void slot_free(struct idle_slot *slot)
{
	idle_close_list(&slot->conns, NULL, NULL);
	deadline_clear(&slot->purge);
	free(slot);
}

/* The slot and its connections are those of the newer server. */
static void slot_move(struct idle_slot *slot, struct server *to)
{
	for (struct list *node = slot->conns.next; node != &slot->conns; node = node->next)
		LIST_OF(node, struct srv_conn, idle_node)->server = to;
	atomic_fetch_sub_explicit(&slot->server->idle, slot->n, memory_order_relaxed);
	atomic_fetch_add_explicit(&to->idle, slot->n, memory_order_relaxed);
	need_inherit(to, slot->server);
	slot->server = to;
}

void srv_conns_renew(struct worker *w, const struct generation *old, const struct generation *g)
{
	struct idle_table *t = table_find(srv_desk_of(w), old);

	h2_server_leave(w, old);
	for (uint32_t i = 0; t && i < t->n; i++) {
		struct idle_slot *slot = t->slots[i];

		if (slot && slot->server->newer) {
			slot_move(slot, slot->server->newer);
		} else if (slot) {
			slot_free(slot);
			t->slots[i] = NULL;
		}
	}
	if (t)
		t->generation = g; /* servers have kept their indexes */
}

static void table_free(struct idle_table *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (t->slots[i])
			slot_free(t->slots[i]);
	free(t->slots);
	free(t);
}

static bool owned_by_any(const struct srv_desk *desk, const struct generation *g)
{
	for (uint32_t i = 0; i < OWNER_LISTS; i++)
		for (struct list *node = desk->owned[i].next; node != &desk->owned[i]; node = node->next)
			if (LIST_OF(node, struct srv_conn, idle_node)->server->proxy->generation == g)
				return true;
	return false;
}

bool srv_conns_hold(struct worker *w, const struct generation *g)
{
	struct idle_table *t = table_find(srv_desk_of(w), g);
	uint32_t n = 0;

	for (uint32_t i = 0; t && i < t->n; i++)
		n += t->slots[i] ? t->slots[i]->n : 0;
	return n || borrow_names(srv_desk_of(w), g, NULL) || owned_by_any(srv_desk_of(w), g) ||
	       h2_server_holds(w, g);
}

void srv_conns_forget(struct worker *w, const struct generation *g)
{
	struct idle_table **at = &srv_desk_of(w)->tables;

	while (*at && (*at)->generation != g)
		at = &(*at)->next;
	if (*at) {
		struct idle_table *t = *at;

		*at = t->next;
		table_free(t);
	}
}

static void desk_woken(struct ev_loop *loop, ev_async *wake, int revents)
{
	(void)loop, (void)revents;
	requests_granted((struct srv_desk *)((char *)wake - offsetof(struct srv_desk, wake)));
}

static int ratio_of(uint32_t percent, uint64_t files)
{
	uint64_t n = files * percent / 100;

	return n > INT32_MAX ? INT32_MAX : (int)n;
}

/* Manual, "tune.pool-low-fd-ratio" and "tune.pool-high-fd-ratio". Descriptors are given out from below: the
 * number of one tells how many are in use. */
static void ratios_init(struct srv_desk *desk, const struct process *p)
{
	const struct global_conf *g = p && p->generation ? &p->generation->model->global : NULL;
	struct rlimit files;
	uint64_t n = 1024;

	if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur != RLIM_INFINITY)
		n = files.rlim_cur;
	desk->fd_low = ratio_of(g ? g->tune_pool_low : 20, n);
	desk->fd_high = ratio_of(g ? g->tune_pool_high : 25, n);
}

bool idle_is_affordable(const struct srv_desk *desk, const struct srv_conn *sc)
{
	return sc->conn.io.fd <= desk->fd_low;
}

/* One of those that were idle the longest at some server. Goes on where it stopped last time, and never far. */
static bool drop_oldest(struct srv_desk *desk)
{
	for (struct idle_table *t = desk->tables; t; t = t->next)
		for (uint32_t i = 0; i < t->n && i < DROP_SEARCH; i++) {
			struct idle_slot *slot = t->slots[t->drop_at = (t->drop_at + 1) % t->n];

			if (slot && slot->n) {
				idle_drop(LIST_OF(slot->conns.prev, struct srv_conn, idle_node));
				return true;
			}
		}
	return false;
}

void idle_make_room(struct worker *w, const struct srv_conn *sc)
{
	struct srv_desk *desk = srv_desk_of(w);

	if (sc->conn.io.fd <= desk->fd_high || !desk->nidle)
		return;
	if (!drop_oldest(desk))
		h2_server_drop_idle(w, NULL);
}

bool srv_conns_init(struct worker *w)
{
	struct srv_desk *desk = calloc(1, sizeof(*desk));

	if (!desk)
		return false;
	w->servers = desk;
	desk->worker = w;
	ratios_init(desk, w->process);
	for (uint32_t i = 0; i < OWNER_LISTS; i++)
		list_init(&desk->owned[i]);
	list_init(&desk->active);
	list_init(&desk->borrows);
	list_init(&desk->h2);
	list_init(&desk->granted);
	pthread_mutex_init(&desk->lock, NULL);
	ev_async_init(&desk->wake, desk_woken);
	ev_async_start(w->loop, &desk->wake);
	return true;
}

void srv_conns_free(struct worker *w)
{
	struct srv_desk *desk = srv_desk_of(w);

	borrow_end(desk);
	h2_server_close(w, NULL, NULL);
	for (uint32_t i = 0; i < OWNER_LISTS; i++)
		idle_close_list(&desk->owned[i], NULL, NULL);
	while (desk->tables) {
		struct idle_table *t = desk->tables;

		struct idle_table *next = t->next;

		table_free(t);
		desk->tables = next;
	}
	ev_async_stop(w->loop, &desk->wake);
	pthread_mutex_destroy(&desk->lock);
	free(desk);
	w->servers = NULL;
}
