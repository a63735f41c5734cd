/* HTTP/2 to servers. The srv_conn with the socket belongs to an h2_back, which hands out srv_conns without one,
 * a stream each: requests see no difference. Which requests may share a connection is what http-reuse says
 * (manual, "http-reuse"); a connection without streams is an idle one: counted with the others, closed after
 * pool-purge-delay. Owned by the desk of the worker. */
#include "runtime/backend/h2_server.h"

#include <stdlib.h>

#include "runtime/http/h2.h"

struct h2_back {
	struct list node; /* desk->h2 */
	struct srv_conn *carrier;
	struct h2_conn *h2;
	const void *owner; /* only this client's session may use it; NULL: any */
	struct deadline purge;
	uint64_t purge_at; /* ms: when it has been idle for too long */
	uint32_t carried;  /* requests so far */
	bool idle;
	bool reversed; /* the server has come to us (attach-srv): it stays as long as it likes */
};

static struct list *backs(struct worker *w)
{
	return &srv_desk_of(w)->h2;
}

static void count_idle(struct h2_back *b, bool idle)
{
	struct srv_desk *desk = b->carrier->conn.worker->servers;

	if (b->idle == idle)
		return;
	b->idle = idle;
	if (idle) {
		desk->nidle++;
		atomic_fetch_add_explicit(&b->carrier->server->idle, 1, memory_order_relaxed);
	} else {
		desk->nidle--;
		atomic_fetch_sub_explicit(&b->carrier->server->idle, 1, memory_order_relaxed);
	}
}

static void back_free(struct h2_back *b)
{
	count_idle(b, false);
	deadline_clear(&b->purge);
	list_remove(&b->node);
	h2_conn_free(&b->h2);
	srv_conn_free(b->carrier);
	free(b);
}

/* The end of being idle, or before it the next question whether the server is there (manual, "idle-ping"). */
static void purge_plan(struct worker *w, struct h2_back *b)
{
	uint32_t ping = server_conf_rare(b->carrier->server->conf)->idle_ping;
	uint64_t at = w->now + ping;

	deadline_set(w, &b->purge, ping && at < b->purge_at ? at : b->purge_at);
}

static void purge(struct worker *w, struct deadline *d)
{
	struct h2_back *b = LIST_OF(d, struct h2_back, purge);

	if (b->reversed && b->h2->settled)
		return; /* it was only waited for its first words */
	if (w->now < b->purge_at && h2_conn_ping(b->h2))
		purge_plan(w, b);
	else
		back_free(b);
}

static bool may_idle(const struct h2_back *b)
{
	const struct server *s = b->carrier->server;
	const struct srv_desk *desk = b->carrier->conn.worker->servers;

	if (b->h2->draining || !server_is_reachable((struct server *)(uintptr_t)s) ||
	    !s->conf->pool_purge_delay || !idle_is_affordable(desk, b->carrier) ||
	    b->carrier->conn.worker->stopping)
		return false;
	return s->conf->pool_max_conn < 0 ||
	       atomic_load_explicit(&s->idle, memory_order_relaxed) < (uint64_t)s->conf->pool_max_conn;
}

static void changed(struct h2_conn *h)
{
	struct h2_back *b = h->user;
	struct worker *w = h->carrier->worker;

	if (h->nattached || (h->nstreams && !h->dead))
		return;
	if (h->dead || (b->reversed ? h->draining || w->stopping : !b->idle && !may_idle(b))) {
		back_free(b);
		return;
	}
	if (b->idle)
		return;
	count_idle(b, true);
	if (b->reversed)
		return;
	b->purge_at = w->now + b->carrier->server->conf->pool_purge_delay;
	purge_plan(w, b);
}

/* Servers do not push. */
static void opened(struct h2_conn *h, struct h2_stream *st)
{
	(void)h;
	h2_stream_refuse(st, NGHTTP2_REFUSED_STREAM);
}

static const struct h2_owner owner = {.opened = opened, .changed = changed};

static void ready(struct conn *c, int revents)
{
	struct h2_back *b = ((struct srv_conn *)c)->owner;

	h2_conn_ready(b->h2, revents);
}

static struct h2_settings settings_of(const struct proxy *backend)
{
	const struct global_conf *g = &backend->generation->model->global;
	uint32_t reserve = g->tune_maxrewrite < g->tune_bufsize / 2 ? g->tune_maxrewrite : g->tune_bufsize / 2;

	return (struct h2_settings){
		.header_table_size = g->h2.header_table_size,
		.initial_window = g->h2.be_initial_window ? g->h2.be_initial_window : g->h2.initial_window,
		.max_streams = g->h2.be_max_streams ? g->h2.be_max_streams : g->h2.max_streams,
		.max_frame = g->h2.max_frame < g->tune_bufsize ? g->h2.max_frame : g->tune_bufsize,
		.head_size = g->tune_bufsize - reserve,
		.max_hdrs = g->tune_http_maxhdr,
		.glitches_threshold = g->h2.be_glitches_threshold,
		.glitches_cpu = g->limits.glitches_cpu,
		.rxbuf = g->h2.be_rxbuf,
		.max_frames_at_once = g->h2.be_frames_at_once,
	};
}

static struct srv_conn *stream_open(struct srv_request *r, struct h2_back *b)
{
	struct srv_conn *sc = pool_get(&r->worker->srv_conns);
	struct h2_stream *st = sc ? h2_stream_new(b->h2, 0) : NULL;

	if (!st) {
		pool_put(&r->worker->srv_conns, sc);
		return NULL;
	}
	*sc = (struct srv_conn){.server = b->carrier->server, .user = r, .requests = ++b->carried};
	sc->fresh = b->carried == 1;
	list_init(&sc->idle_node);
	h2_stream_attach(st, &sc->conn, NULL);
	deadline_clear(&b->purge);
	count_idle(b, false);
	return sc;
}

bool h2_server_is_spoken(const struct srv_request *r, const struct srv_conn *sc)
{
	enum mux_proto proto = request_proto(r);

	if (r->backend->conf->mode != MODE_HTTP || proto == MUX_H1)
		return false;
	if (proto == MUX_H2)
		return !sc->conn.transport->alpn || str_is(conn_alpn(&sc->conn), "h2");
	return sc->server->conf->mux == MUX_H2 ||
	       (sc->server->conf->mux == MUX_AUTO && str_is(conn_alpn(&sc->conn), "h2"));
}

static bool is_private(const struct srv_request *r)
{
	return r->backend->conf->reuse == REUSE_NEVER || srv_conn_is_private(r->server->conf);
}

/* NULL: no memory, sc is closed. */
static struct h2_back *back_new(struct worker *w, struct proxy *backend, struct srv_conn *sc)
{
	struct h2_settings settings = settings_of(backend);
	struct h2_back *b = calloc(1, sizeof(*b));

	if (b)
		b->h2 = h2_conn_new(&sc->conn, false, &settings, &owner, b,
				    &counters_be(w, backend->index)->h2_headers_rcvd);
	if (!b || !b->h2) {
		free(b);
		srv_conn_free(sc);
		return NULL;
	}
	b->carrier = sc;
	deadline_init(&b->purge, purge);
	list_prepend(backs(w), &b->node);
	sc->user = NULL;
	sc->owner = b;
	sc->conn.ready = ready;
	return b;
}

void h2_server_attach(struct worker *w, struct server *s, struct conn *c, uint32_t name_hash, uint32_t patience)
{
	struct srv_conn *sc = pool_get(&w->srv_conns);
	struct h2_back *b;

	if (!sc)
		return;
	*sc = (struct srv_conn){.server = s, .sni_hash = name_hash};
	list_init(&sc->idle_node);
	conn_hand_over(c, &sc->conn, ready);
	b = back_new(w, s->proxy, sc);
	if (!b)
		return;
	b->reversed = true;
	h2_conn_reverse(b->h2);
	b->purge_at = w->now + patience;
	deadline_set(w, &b->purge, b->purge_at);
	conn_want(&sc->conn, EV_READ);
	conn_try(&sc->conn);
	count_idle(b, true);
}

struct srv_conn *h2_server_begin(struct srv_request *r, struct srv_conn *sc)
{
	struct h2_back *b = back_new(r->worker, r->backend, sc);
	struct srv_conn *first;

	if (!b)
		return NULL;
	b->owner = is_private(r) ? r->owner : NULL;
	conn_want(&sc->conn, EV_READ);
	first = stream_open(r, b);
	if (!first)
		back_free(b);
	return first;
}

static bool fits(const struct srv_request *r, const struct h2_back *b)
{
	if (b->carrier->sni_hash != r->sni_hash || b->carrier->server != r->server || !h2_conn_has_room(b->h2))
		return false;
	if (b->reversed)
		return b->h2->settled;
	if (b->carried > r->server->conf->max_reuse)
		return false;
	if (b->owner || is_private(r))
		return b->owner == r->owner;
	return r->reuse_ok && (!r->proven_only || b->carried > 1);
}

struct srv_conn *h2_server_take(struct srv_request *r)
{
	struct list *all = backs(r->worker);

	for (struct list *node = all->next; node != all; node = node->next) {
		struct h2_back *b = LIST_OF(node, struct h2_back, node);

		if (fits(r, b))
			return stream_open(r, b);
	}
	return NULL;
}

void h2_server_close(struct worker *w, const struct server *s, const void *whose)
{
	struct list *all = backs(w), *node, *next;

	for (node = all->next; node != all; node = next) {
		struct h2_back *b = LIST_OF(node, struct h2_back, node);

		next = node->next;
		if ((s && b->carrier->server != s) || (whose && b->owner != whose))
			continue;
		b->h2->draining = true;
		if (!b->h2->nattached)
			back_free(b);
	}
}

bool h2_server_drop_idle(struct worker *w, const struct server *s)
{
	struct list *all = backs(w);

	for (struct list *node = all->prev; node != all; node = node->prev) {
		struct h2_back *b = LIST_OF(node, struct h2_back, node);

		if (b->idle && !b->reversed && (!s || b->carrier->server == s)) {
			back_free(b);
			return true;
		}
	}
	return false;
}

bool h2_server_is_held(struct worker *w, const struct server *s)
{
	struct list *all = backs(w);

	for (struct list *node = all->next; node != all; node = node->next)
		if (LIST_OF(node, struct h2_back, node)->carrier->server == s)
			return true;
	return false;
}

void h2_server_leave(struct worker *w, const struct generation *g)
{
	struct list *all = backs(w), *node, *next;

	for (node = all->next; node != all; node = next) {
		struct h2_back *b = LIST_OF(node, struct h2_back, node);

		next = node->next;
		if (b->carrier->server->proxy->generation != g)
			continue;
		b->h2->draining = true;
		if (!b->h2->nattached)
			back_free(b);
	}
}

bool h2_server_holds(struct worker *w, const struct generation *g)
{
	struct list *all = backs(w);

	for (struct list *node = all->next; node != all; node = node->next)
		if (LIST_OF(node, struct h2_back, node)->carrier->server->proxy->generation == g)
			return true;
	return false;
}
