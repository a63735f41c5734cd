/* A stream's way to a server: a place (queue.c), an idle connection (idle.c) or a new one, and what happens
 * when connecting fails: another try on the same server after a rest, or at once on another one (manual,
 * "retries", "option redispatch"; the details as seen with HAProxy 2.6). A request is embedded in its stream
 * and used on the stream's worker only. While it is pending only the loop acts on it, and `done` is the last
 * thing that is done: the stream may be gone afterwards. */
#include <errno.h>

#include "runtime/backend/balance_response.h"
#include "runtime/backend/borrow.h"
#include "runtime/backend/h2_server.h"
#include "runtime/backend/request.h"
#include "runtime/stats/counters.h"
#include "runtime/health/observe.h"

enum { REST_MS = 1000, BORROW_MS = 100 };

static struct srv_counters *srv_counters_of(struct srv_request *r)
{
	return counters_srv(r->worker, r->server->index);
}

static struct be_counters *be_counters_of(struct srv_request *r)
{
	return counters_be(r->worker, r->backend->index);
}

static void deadline_in(struct srv_request *r, uint32_t ms)
{
	if (ms)
		deadline_set(r->worker, &r->deadline, r->worker->now + ms);
	else
		deadline_clear(&r->deadline);
}

/* --- ends */

static void active_add(struct srv_request *r)
{
	struct srv_desk *desk = r->worker->servers;

	if (list_empty(&r->active_node))
		list_append(&desk->active, &r->active_node);
}

static void request_leave(struct srv_request *r)
{
	list_remove(&r->active_node);
	place_leave(r);
}

static enum srv_outcome request_failed(struct srv_request *r, enum srv_outcome outcome)
{
	deadline_clear(&r->deadline);
	r->state = REQUEST_NONE;
	if (outcome == SRV_QUEUE_TIMEOUT)
		r->assigned = r->worker->now; /* so long has it waited */
	be_counters_of(r)->failed_conns++;
	if (r->server) {
		srv_counters_of(r)->failed_conns++;
		r->srvconn = atomic_load_explicit(&r->server->conns, memory_order_relaxed);
	}
	request_leave(r);
	return outcome;
}

static void request_tell(struct srv_request *r, enum srv_outcome outcome)
{
	if (outcome != SRV_PENDING)
		r->done(r, outcome);
}

static enum srv_outcome request_connected(struct srv_request *r, struct srv_conn *sc)
{
	deadline_clear(&r->deadline);
	r->state = REQUEST_CONNECTED;
	r->conn = sc;
	r->connected = r->worker->now;
	if (sc->fresh && r->backend->conf->mode == MODE_TCP) /* of what follows we know too little */
		response_note(r->server, r->worker->now_us - r->connected_us, r->worker->now);
	r->connected_us = r->worker->now_us;
	return SRV_CONNECTED;
}

/* --- choosing and waiting */

/* As rules have it, or else the backend. ms, 0: none. */
static uint32_t timeout_of(const struct srv_request *r, enum timeout_kind kind)
{
	if (r->settings && r->settings->timeouts >> kind & 1)
		return r->settings->timeout[kind];
	return r->backend->conf->timeout[kind];
}

static uint32_t retries_of(const struct srv_request *r)
{
	return r->settings && r->settings->has & SET_RETRIES ? r->settings->retries : r->backend->conf->retries;
}

static void session_count(struct srv_request *r)
{
	struct srv_counters *srv = srv_counters_of(r);

	srv->cum_sess++;
	srv->last_sess = counters_be(r->worker, r->backend->index)->last_sess = r->worker->now;
	rate_add(&srv->sess_rate, r->worker->now, 1);
	counters_peak(&srv->max_sess, atomic_load_explicit(&r->server->conns, memory_order_relaxed));
}

/* The server does not want to see it (manual, "redir"). */
static enum srv_outcome request_redirected(struct srv_request *r)
{
	r->state = REQUEST_NONE;
	session_count(r);
	request_leave(r);
	return SRV_REDIRECTED;
}

static enum srv_outcome request_placed(struct srv_request *r)
{
	deadline_clear(&r->deadline);
	r->assigned = r->worker->now;
	if (r->redirects && server_conf_rare(r->server->conf)->redir.len)
		return request_redirected(r);
	active_add(r);
	return request_open(r);
}

/* A retry that was to go elsewhere and did not is one on the same server; `from`: where the last try was. */
static void redispatch_count(struct srv_request *r, struct server *from)
{
	if (!from)
		return;
	if (r->server == from) {
		srv_counters_of(r)->retries++;
		be_counters_of(r)->retries++;
		return;
	}
	r->redispatched = true;
	counters_srv(r->worker, from->index)->redispatches++;
	be_counters_of(r)->redispatches++;
}

static void balanced_count(struct srv_request *r)
{
	srv_counters_of(r)->cum_lbconn++;
	be_counters_of(r)->cum_lbconn++;
}

static enum srv_outcome request_choose(struct srv_request *r, struct server *from)
{
	enum place place = place_take(r);

	if (r->balanced)
		balanced_count(r);
	if (place == PLACE_TAKEN) {
		redispatch_count(r, from);
		return request_placed(r);
	}
	if (place == PLACE_NONE)
		return request_failed(r, SRV_NO_SERVER);
	if (place == PLACE_QUEUE_FULL)
		return request_failed(r, SRV_QUEUE_FULL);
	r->state = REQUEST_QUEUED;
	deadline_in(r, timeout_of(r, TMO_QUEUE) ? timeout_of(r, TMO_QUEUE) : timeout_of(r, TMO_CONNECT));
	return SRV_PENDING;
}

void requests_granted(struct srv_desk *desk)
{
	struct srv_request *r;

	while ((r = place_granted(desk)) != NULL) {
		r->granted = false;
		if (!r->counted) { /* its server went away: balancing once more */
			r->preferred = false;
			request_tell(r, request_choose(r, NULL));
			continue;
		}
		if (r->avoid)
			redispatch_count(r, r->avoid);
		request_tell(r, request_placed(r));
	}
}

/* --- failures and retries */

bool request_redispatch_is_due(const struct srv_request *r)
{
	const struct proxy_conf *conf = r->backend->conf;
	int32_t every = (int32_t)conf->redispatch_interval, nth = r->retries;

	if (!every || r->forced)
		return false;
	if (every > 0 ? nth % every == 0 : nth == (int32_t)retries_of(r) + 1 + every)
		return true;
	/* Balancing chose this one by chance: any other is as good. */
	return !r->preferred && !balance_is_fixed(r->backend) &&
	       atomic_load_explicit(&r->backend->usable, memory_order_relaxed) > 1;
}

static uint32_t rest_time(const struct srv_request *r)
{
	uint32_t connect = timeout_of(r, TMO_CONNECT);

	return connect && connect < REST_MS ? connect : REST_MS;
}

static enum srv_outcome request_rest(struct srv_request *r)
{
	r->state = REQUEST_RESTING;
	deadline_in(r, rest_time(r));
	return SRV_PENDING;
}

static enum srv_outcome request_redispatch(struct srv_request *r, bool at_once)
{
	request_leave(r);
	r->avoid = r->server;
	r->preferred = false;
	if (at_once || atomic_load_explicit(&r->backend->usable, memory_order_relaxed) > 1)
		return request_choose(r, r->avoid);
	return request_rest(r);
}

static enum srv_outcome request_again(struct srv_request *r)
{
	if (!r->counted)
		return request_choose(r, r->avoid);
	return request_open(r);
}

/* at_once: a rest would not help, time has passed already or the connection was an old one. */
static enum srv_outcome request_next(struct srv_request *r, enum srv_outcome outcome, bool at_once)
{
	deadline_clear(&r->deadline);
	r->conn = NULL;
	if (!request_may_retry(r))
		return request_failed(r, outcome);
	r->tries_left--;
	r->retries++;
	if (request_redispatch_is_due(r))
		return request_redispatch(r, at_once);
	if (r->counted) { /* the retry counts as soon as it is due, even if the client does not wait for it */
		srv_counters_of(r)->retries++;
		be_counters_of(r)->retries++;
	}
	return at_once ? request_again(r) : request_rest(r);
}

/* --- connecting */

/* What failed at once is judged by the loop, so that tries do not nest; it is no session, and nobody rests. */
static enum srv_outcome open_failed(struct srv_request *r)
{
	observe(r->worker, r->server, OBSERVED_NOT_CONNECTED);
	r->conn = NULL;
	r->state = REQUEST_REFUSED;
	deadline_in(r, 1);
	return SRV_PENDING;
}

/* All that comes before the first byte of the request is done. */
static enum srv_outcome request_ready(struct srv_request *r, struct srv_conn *sc)
{
	if (!r->worker->dial && h2_server_is_spoken(r, sc) && !(sc = h2_server_begin(r, sc)))
		return request_failed(r, SRV_RESOURCES);
	return request_connected(r, sc);
}

void request_secured(struct srv_request *r, struct srv_conn *sc)
{
	request_tell(r, request_ready(r, sc));
}

void request_insecure(struct srv_request *r, struct srv_conn *sc)
{
	observe(r->worker, r->server, OBSERVED_NOT_CONNECTED);
	srv_conn_free(sc);
	request_tell(r, request_next(r, SRV_CONNECT_FAILED, true));
}

/* The way to the server is open: a PROXY header and TLS, as far as they are asked for. */
static enum srv_outcome reached(struct srv_request *r, struct srv_conn *sc)
{
	if (!request_send_header(r, sc)) {
		srv_conn_free(sc);
		return open_failed(r);
	}
	if (r->server->tls && r->server->conf->ssl && !request_secure(r, sc)) {
		srv_conn_free(sc);
		return request_failed(r, SRV_INTERNAL);
	}
	if (sc->conn.transport == &transport_raw)
		return request_ready(r, sc);
	r->conn = sc;
	r->state = REQUEST_CONNECTING;
	if (!deadline_is_set(&r->deadline))
		deadline_in(r, timeout_of(r, TMO_CONNECT));
	return SRV_PENDING;
}

static enum srv_outcome opened(struct srv_request *r, struct srv_conn *sc)
{
	if (!server_conf_rare(r->server->conf)->socks4 || r->worker->dial)
		return reached(r, sc);
	if (!request_relay(r, sc)) {
		srv_conn_free(sc);
		return open_failed(r);
	}
	r->conn = sc;
	r->state = REQUEST_CONNECTING;
	return SRV_PENDING;
}

void request_relayed(struct srv_request *r, struct srv_conn *sc)
{
	observe(r->worker, r->server, OBSERVED_CONNECTED);
	request_tell(r, reached(r, sc));
}

void request_unrelayed(struct srv_request *r, struct srv_conn *sc)
{
	observe(r->worker, r->server, OBSERVED_NOT_CONNECTED);
	srv_conn_free(sc);
	request_tell(r, request_next(r, SRV_CONNECT_FAILED, false));
}

static void connecting(struct conn *c, int revents)
{
	struct srv_conn *sc = (struct srv_conn *)c;
	struct srv_request *r = sc->user;
	int error = conn_connect_result(c, revents);

	if (error == EINPROGRESS)
		return;
	if (!error) {
		if (!server_conf_rare(r->server->conf)->socks4)
			observe(r->worker, r->server, OBSERVED_CONNECTED);
		request_tell(r, opened(r, sc));
		return;
	}
	observe(r->worker, r->server, OBSERVED_NOT_CONNECTED);
	srv_conn_free(sc);
	request_tell(r, request_next(r, SRV_CONNECT_FAILED, false));
}

static struct srv_conn *conn_new(struct srv_request *r)
{
	struct srv_conn *sc = pool_get(&r->worker->srv_conns);

	if (!sc)
		return NULL;
	sc->server = r->server;
	sc->user = r;
	sc->owner = NULL;
	sc->sni_hash = r->sni_hash;
	list_init(&sc->idle_node);
	sc->idle_since = 0;
	sc->requests = 1;
	sc->bound = false;
	sc->fresh = true;
	return sc;
}

static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM || error == EAGAIN ||
	       error == EADDRNOTAVAIL || error == EADDRINUSE;
}

/* Manual 3.4, "strict-maxconn": never a connection too many, not even for the moment until another worker has
 * closed one. */
static enum srv_outcome request_shed(struct srv_request *r)
{
	if (!r->shed_until)
		r->shed_until = r->worker->now + timeout_of(r, TMO_CONNECT);
	if (r->worker->now > r->shed_until && timeout_of(r, TMO_CONNECT))
		return request_failed(r, SRV_CONNECT_TIMEOUT);
	r->state = REQUEST_SHEDDING;
	deadline_in(r, 1);
	return SRV_PENDING;
}

/* maxsslconn */
static bool secures_in_vain(const struct srv_request *r)
{
	return r->server->tls && r->server->conf->ssl &&
	       !tls_load_allows(&r->worker->process->tls_load, 0, r->worker->now);
}

static enum srv_outcome open_new(struct srv_request *r)
{
	struct srv_conn *sc;
	int error;

	if (secures_in_vain(r))
		return request_failed(r, SRV_INTERNAL);
	srv_request_forget(r);
	sc = conn_new(r);
	if (!sc)
		return request_failed(r, SRV_RESOURCES);
	if (!idle_shed(r->worker, r->server) && server_conf_rare(r->server->conf)->strict_maxconn) {
		pool_put(&r->worker->srv_conns, sc);
		return request_shed(r);
	}
	r->connected_us = r->worker->now_us;
	srv_counters_of(r)->connect++;
	be_counters_of(r)->connect++;
	error = request_dial(r, sc, connecting);
	if (error) {
		pool_put(&r->worker->srv_conns, sc);
		return is_shortage(error) ? request_failed(r, SRV_RESOURCES) : open_failed(r);
	}
	session_count(r);
	idle_make_room(r->worker, sc);
	if (!(sc->conn.flags & CONN_CONNECTING))
		return opened(r, sc);
	r->conn = sc;
	r->state = REQUEST_CONNECTING;
	deadline_in(r, timeout_of(r, TMO_CONNECT));
	return SRV_PENDING;
}

static struct srv_conn *reuse(struct srv_request *r)
{
	enum mux_proto proto = request_proto(r);
	struct srv_conn *sc = proto == MUX_H1 ? NULL : h2_server_take(r);

	return sc || proto == MUX_H2 ? sc : idle_take(r);
}

static enum srv_outcome reused(struct srv_request *r, struct srv_conn *sc)
{
	session_count(r);
	srv_counters_of(r)->reuse++;
	be_counters_of(r)->reuse++;
	return request_connected(r, sc);
}

/* Other workers may have a connection to spare. */
static bool request_borrow(struct srv_request *r)
{
	uint32_t connect = timeout_of(r, TMO_CONNECT);

	if (r->fresh_only || r->state == REQUEST_SHEDDING || request_proto(r) == MUX_H2 || !borrow_begin(r))
		return false;
	r->state = REQUEST_BORROWING;
	deadline_in(r, connect && connect < BORROW_MS ? connect : BORROW_MS);
	return true;
}

void request_lent(struct srv_request *r, struct srv_conn *sc)
{
	deadline_clear(&r->deadline);
	if (sc) {
		sc->user = r;
		sc->fresh = false;
		sc->requests++;
	} else {
		sc = reuse(r); /* one of our own may have become idle */
	}
	request_tell(r, sc ? reused(r, sc) : open_new(r));
}

enum srv_outcome request_open(struct srv_request *r)
{
	bool comes_to_us = r->server->conf->addr.kind == ADDR_REVERSE && !r->worker->dial;
	struct srv_conn *sc = NULL;

	request_name(r);
	if (comes_to_us)
		sc = h2_server_take(r);
	else if (!r->fresh_only)
		sc = reuse(r);
	if (sc)
		return reused(r, sc);
	if (comes_to_us)
		return open_failed(r);
	return request_borrow(r) ? SRV_PENDING : open_new(r);
}

/* --- time is up */

static void connect_timeout(struct srv_request *r)
{
	observe(r->worker, r->server, OBSERVED_NOT_CONNECTED);
	srv_conn_free(r->conn);
	request_tell(r, request_next(r, SRV_CONNECT_TIMEOUT, true));
}

static void queue_timeout(struct srv_request *r)
{
	if (place_give_up(r))
		request_tell(r, request_failed(r, SRV_QUEUE_TIMEOUT));
}

static void borrow_overdue(struct srv_request *r)
{
	borrow_forget(r);
	request_tell(r, open_new(r));
}

static void expired(struct worker *w, struct deadline *d)
{
	struct srv_request *r = (struct srv_request *)((char *)d - offsetof(struct srv_request, deadline));

	(void)w;
	if (r->state == REQUEST_QUEUED)
		queue_timeout(r);
	else if (r->state == REQUEST_CONNECTING)
		connect_timeout(r);
	else if (r->state == REQUEST_BORROWING)
		borrow_overdue(r);
	else if (r->state == REQUEST_RESTING || r->state == REQUEST_SHEDDING)
		request_tell(r, request_again(r));
	else if (r->state == REQUEST_REFUSED)
		request_tell(r, request_next(r, SRV_CONNECT_FAILED, !r->worker->dial)); /* or as if later */
}

/* --- what streams call */

enum srv_outcome srv_request_start(struct srv_request *r)
{
	deadline_init(&r->deadline, expired);
	list_init(&r->queue_node);
	list_init(&r->active_node);
	r->state = REQUEST_NONE;
	r->conn = NULL;
	r->borrow = NULL;
	r->avoid = NULL;
	r->retries = 0;
	r->redispatched = r->counted = r->granted = r->fresh_only = false;
	r->srv_queue_pos = r->backend_queue_pos = r->srvconn = 0;
	r->preferred = r->server != NULL;
	r->tries_left = (uint16_t)(retries_of(r) > UINT16_MAX ? UINT16_MAX : retries_of(r));
	r->started = r->worker->now;
	r->assigned = r->connected = r->shed_until = 0;
	return request_choose(r, NULL);
}

enum srv_outcome srv_request_retry(struct srv_request *r)
{
	if (r->conn)
		srv_conn_free(r->conn);
	r->fresh_only = true;
	return request_next(r, SRV_CONNECT_FAILED, true);
}

void srv_request_cancel(struct srv_request *r)
{
	if (r->state == REQUEST_NONE)
		return;
	deadline_clear(&r->deadline);
	borrow_forget(r);
	if (r->state == REQUEST_QUEUED)
		place_forget(r);
	else if (r->conn)
		srv_conn_free(r->conn);
	r->conn = NULL;
	r->state = REQUEST_NONE;
	request_leave(r);
}

void srv_request_finish(struct srv_request *r, bool reusable)
{
	struct srv_conn *sc = r->conn;

	if (r->state != REQUEST_CONNECTED) {
		srv_request_cancel(r);
		return;
	}
	r->conn = NULL;
	r->state = REQUEST_NONE;
	if (r->logged)
		request_past(r, sc, !reusable);
	if (reusable &&
	    !sc->conn.mux) /* before the place is handed on: who gets it may take the connection too */
		idle_keep(sc, r);
	else
		srv_conn_free(sc);
	request_leave(r);
}

/* --- servers that go or come back */

static void kill_here(struct worker *w, struct server *s, char cause)
{
	struct srv_desk *desk = w->servers;
	struct list *node, *next;

	for (node = desk->active.next; node != &desk->active; node = next) {
		struct srv_request *r = LIST_OF(node, struct srv_request, active_node);

		next = node->next;
		if (r->server == s && r->killed)
			r->killed(r, cause);
	}
}

static void kill_down(struct worker *w, void *server)
{
	kill_here(w, server, 'D');
}

static void kill_up(struct worker *w, void *server)
{
	kill_here(w, server, 'U');
}

static void kill_asked(struct worker *w, void *server)
{
	kill_here(w, server, 'K');
}

/* Also on the own worker from its loop: the caller may be in the middle of something. */
void requests_kill(struct worker *w, struct server *s, char cause)
{
	struct process *p = w->process;

	for (uint32_t i = 0; p && i < p->nworkers; i++)
		mailbox_post(p->workers[i], cause == 'D' ? kill_down : cause == 'U' ? kill_up : kill_asked, s);
}
