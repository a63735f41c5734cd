/* Sections of peers: listening, connecting and connecting again, who teaches us, whom we teach when we leave.
 * Worker 0, but for setting up (main thread) and the wake-up (any). */
#include "runtime/stick/peers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "grammar/base/out.h"
#include "runtime/net/address.h"
#include "runtime/stick/peers_state.h"

struct peer *peers_find(struct peers *p, struct str name)
{
	for (uint32_t i = 0; i < p->npeers; i++)
		if (str_eq(p->peers[i].conf->name, name))
			return &p->peers[i];
	return NULL;
}

struct stick_table *peers_find_table(struct peers *p, struct str name)
{
	for (uint32_t i = 0; i < p->ntables; i++)
		if (str_eq(peers_table_name(p->tables[i]->conf), name))
			return p->tables[i];
	return NULL;
}

/* --- who teaches us */

static void ask(struct peer *peer)
{
	peer->asked = true;
	peer->peers->teacher = peer;
	peers_put_control(&peer->session->out, PEERS_RESYNC_REQUEST);
}

static bool is_open(const struct peer *peer)
{
	return peer->session && peer->session->state == SESSION_OPEN && !peer->session->closing;
}

/* Asks one who may know more; only the process before this one, as long as there is hope for it. */
static struct peer *ask_somebody(struct peers *p)
{
	for (uint32_t i = 0; i < p->npeers && p->resync != RESYNC_DONE && !p->teacher; i++) {
		struct peer *peer = &p->peers[i];

		if (!is_open(peer) || peer->asked || (p->resync == RESYNC_FROM_LOCAL) != peer->local)
			continue;
		ask(peer);
		return peer;
	}
	return NULL;
}

static void ask_and_send(struct peers *p)
{
	struct peer *peer = ask_somebody(p);

	if (peer && !peer_session_go_on(peer->session))
		peer_session_free(peer->session, true);
}

/* The next process does not want to know, or is still listening. */
static void leave_late(struct peers *p)
{
	struct peer *own = peers_find(p, p->name);

	if (is_open(own) && own->session->teaching)
		deadline_set(p->worker, &p->resync_end, p->worker->now + PEERS_RESYNC_MS);
	else
		peers_left(p);
}

static void resync_over(struct worker *w, struct deadline *d)
{
	struct peers *p = LIST_OF(d, struct peers, resync_end);

	if (p->leaving) {
		leave_late(p);
		return;
	}
	p->teacher = NULL;
	p->resync = p->resync == RESYNC_FROM_LOCAL ? RESYNC_FROM_REMOTE : RESYNC_DONE;
	if (p->resync == RESYNC_DONE)
		return;
	deadline_set(w, &p->resync_end, w->now + PEERS_RESYNC_MS);
	ask_and_send(p);
}

void peers_taught(struct peers *p, struct peer *from, bool finished)
{
	if (p->teacher != from)
		return;
	p->teacher = NULL;
	if (finished || from->local) {
		p->resync = RESYNC_DONE;
		deadline_clear(&p->resync_end);
		return;
	}
	ask_and_send(p); /* another one, or nobody until the time is over */
}

/* --- connections */

static void reconnect_after(struct peer *peer, uint32_t ms)
{
	deadline_set(peer->peers->worker, &peer->reconnect, peer->peers->worker->now + ms);
}

void peer_connect(struct peer *peer)
{
	struct sockaddr_storage to;
	socklen_t len;
	const struct addr_conf *addr = &peer->conf->addr;

	peer->status = PEER_CONNECTING;
	peer->connections++;
	if (!address_from_conf(addr, addr->port, &to, &len) || !peer_session_connect(peer, &to, len))
		reconnect_after(peer, PEERS_RECONNECT_MS);
}

static void reconnect(struct worker *w, struct deadline *d)
{
	struct peer *peer = LIST_OF(d, struct peer, reconnect);

	(void)w;
	if (!peer->session && !peer->peers->leaving)
		peer_connect(peer);
}

void peer_opened(struct peer_session *s)
{
	struct peer *peer = s->peer;

	peer->status = PEER_ESTABLISHED;
	peer->last_handshake = s->conn.worker->now;
	deadline_clear(&peer->reconnect);
	peer_share_reset(peer);
	s->announced = NULL;
	if (peer->peers->leaving)
		return;
	ask_somebody(peer->peers);
}

void peer_closed(struct peer *peer, struct peer_session *s, bool failed)
{
	struct peers *p = peer->peers;
	bool was_open = s->state == SESSION_OPEN;

	if (peer->session != s)
		return;
	peer->session = NULL;
	if (p->teacher == peer) {
		p->teacher = NULL;
		peer->asked = false;
	}
	if (peer->status != PEER_REFUSED)
		peer->status = PEER_NONE;
	if (p->leaving) {
		if (peer->local)
			peers_left(p);
		return;
	}
	if (!peer->local)
		reconnect_after(peer, failed && !was_open ? PEERS_RECONNECT_MS
							  : 50 + (uint32_t)(worker_random(p->worker) % 2000));
}

static void accept_ready(struct ev_loop *loop, ev_io *io, int revents)
{
	struct peers *p = io->data;
	int fd;

	(void)loop;
	(void)revents;
	while ((fd = accept4(p->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		peer_session_accept(p, fd);
}

/* Entries have changed: every open session tells. */
static void woken(struct ev_loop *loop, ev_async *async, int revents)
{
	struct peers_all *all = async->data;

	(void)loop;
	(void)revents;
	for (uint32_t i = 0; i < all->n; i++)
		for (uint32_t k = 0; k < all->v[i].npeers; k++) {
			struct peer *peer = &all->v[i].peers[k];

			if (is_open(peer) && !peer_session_go_on(peer->session))
				peer_session_free(peer->session, true);
		}
}

static void changed(void *ctx)
{
	struct peers_all *all = ctx;

	ev_async_send(all->worker->loop, &all->wake);
}

/* --- life */

static bool tables_collect(struct peers *p, struct stick_tables *tables)
{
	p->tables = calloc(tables->n + 1, sizeof(struct stick_table *));
	for (uint32_t i = 0; p->tables && i < tables->n; i++)
		if (str_eq(tables->v[i]->conf->peers, p->conf->name) && tables->v[i]->sync_offset)
			p->tables[p->ntables++] = tables->v[i];
	for (uint32_t i = 0; i < p->ntables; i++)
		p->tables[i]->peers_shards = p->conf->shards;
	return p->tables != NULL;
}

static bool peer_init(struct peers *p, struct peer *peer, const struct peer_conf *conf)
{
	peer->conf = conf;
	peer->peers = p;
	peer->local = str_eq(conf->name, p->name);
	deadline_init(&peer->reconnect, reconnect);
	peer->shares = calloc(p->ntables + 1, sizeof(*peer->shares));
	for (uint32_t i = 0; peer->shares && i < p->ntables; i++) {
		peer->shares[i].table = p->tables[i];
		peer->shares[i].id = i + 1;
	}
	return peer->shares != NULL;
}

static bool section_init(struct peers *p, const struct peers_conf *conf, struct process *process,
			 struct str name)
{
	p->conf = conf;
	p->process = process;
	p->worker = process->workers[0];
	p->name = name;
	p->fd = -1;
	list_init(&p->sessions);
	deadline_init(&p->resync_end, resync_over);
	p->resync = process->takes_over ? RESYNC_FROM_LOCAL : RESYNC_FROM_REMOTE;
	p->peers = calloc(conf->peers.n + 1, sizeof(*p->peers));
	if (!p->peers || !tables_collect(p, process->generation->tables))
		return false;
	for (; p->npeers < conf->peers.n; p->npeers++)
		if (!peer_init(p, &p->peers[p->npeers], &conf->peers.v[p->npeers]))
			return false;
	return true;
}

static bool section_is_ours(const struct peers_conf *conf, struct str name)
{
	vec_each (peer, &conf->peers)
		if (str_eq(peer->name, name))
			return !conf->disabled;
	return false;
}

bool peers_init(struct process *p)
{
	const struct model *m = p->generation->model;
	struct str name = str_from(getenv("HAPROXY_LOCALPEER"));
	struct peers_all *all;

	if (!m->peers.n || !name.len)
		return true;
	all = p->peers = calloc(1, sizeof(*all));
	if (!all || !(all->v = calloc(m->peers.n, sizeof(*all->v))))
		return false;
	all->worker = p->workers[0];
	ev_async_init(&all->wake, woken);
	all->wake.data = all;
	for (uint32_t i = 0; i < m->peers.n; i++)
		if (section_is_ours(m->peers.v[i], name) &&
		    !section_init(&all->v[all->n++], m->peers.v[i], p, name))
			return false;
	if (all->n) { /* before other workers run, who may change something at once */
		ev_async_start(all->worker->loop, &all->wake);
		p->generation->tables->update_ctx = all;
		p->generation->tables->on_update = changed;
	}
	return true;
}

static int listen_at(const struct addr_conf *addr)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd, one = 1;

	if (addr->kind == ADDR_FD) {
		fd = fcntl(addr->fd, F_DUPFD_CLOEXEC, 0);
		if (fd >= 0)
			fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	} else {
		if (!address_from_conf(addr, addr->port, &ss, &len))
			return -1;
		fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
		if (fd >= 0 && bind(fd, (struct sockaddr *)&ss, len)) {
			close(fd);
			return -1;
		}
	}
	if (fd >= 0 && listen(fd, 64) && addr->kind != ADDR_FD) {
		close(fd);
		return -1;
	}
	return fd;
}

static const struct addr_conf *own_address(const struct peers *p)
{
	struct peer *own = peers_find((struct peers *)p, p->name);

	return p->conf->bind.kind != ADDR_NONE ? &p->conf->bind : &own->conf->addr;
}

bool peers_open(struct process *process, struct out *errors)
{
	struct peers_all *all = process->peers;
	bool ok = true;

	for (uint32_t i = 0; all && i < all->n; i++) {
		struct peers *p = &all->v[i];
		const struct addr_conf *addr = own_address(p);

		if (p->fd >= 0 || addr->kind == ADDR_NONE)
			continue;
		p->fd = listen_at(addr);
		if (p->fd < 0) {
			out_printf(errors, "ALERT Binding for peers %.*s: cannot bind socket (%s) for [%.*s]\n",
				   STR_ARG(p->conf->name), strerror(errno), STR_ARG(addr->text));
			ok = false;
			continue;
		}
		p->local_len = sizeof(p->local);
		getsockname(p->fd, (struct sockaddr *)&p->local, &p->local_len);
	}
	return ok;
}

static void section_start(struct peers *p)
{
	if (p->fd >= 0) {
		ev_io_init(&p->accept, accept_ready, p->fd, EV_READ);
		p->accept.data = p;
		ev_io_start(p->worker->loop, &p->accept);
	}
	deadline_set(p->worker, &p->resync_end, p->worker->now + PEERS_RESYNC_MS);
	for (uint32_t i = 0; i < p->npeers; i++)
		if (!p->peers[i].local)
			peer_connect(&p->peers[i]);
}

void peers_start(struct worker *w)
{
	struct peers_all *all = w->process->peers;

	if (!all || !all->n)
		return;
	for (uint32_t i = 0; i < all->n; i++)
		section_start(&all->v[i]);
}

static void section_close(struct peers *p)
{
	if (p->fd >= 0) {
		ev_io_stop(p->worker->loop, &p->accept);
		close(p->fd);
	}
	p->fd = -1;
	deadline_clear(&p->resync_end);
	for (uint32_t i = 0; i < p->npeers; i++)
		deadline_clear(&p->peers[i].reconnect);
	while (!list_empty(&p->sessions))
		peer_session_free(LIST_OF(p->sessions.next, struct peer_session, node), false);
}

void peers_left(struct peers *p)
{
	if (!p->job)
		return;
	p->job = false;
	worker_job_end(p->worker);
}

/* Whoever listens at our address now is the next process. */
static void section_leave(struct peers *p)
{
	struct peer *own = peers_find(p, p->name);

	p->leaving = true;
	section_close(p);
	if (!p->local_len || !p->ntables)
		return;
	p->job = true;
	worker_job_begin(p->worker);
	deadline_set(p->worker, &p->resync_end, p->worker->now + PEERS_RESYNC_MS);
	if (!peer_session_connect(own, &p->local, p->local_len))
		peers_left(p);
}

void peers_soft_stop(struct worker *w)
{
	struct peers_all *all = w->process->peers;

	for (uint32_t i = 0; all && i < all->n; i++)
		section_leave(&all->v[i]);
}

void peers_stop(struct worker *w)
{
	struct peers_all *all = w->process->peers;

	if (!all || !all->n)
		return;
	for (uint32_t i = 0; i < all->n; i++) {
		all->v[i].leaving = true;
		all->v[i].job = false;
		section_close(&all->v[i]);
	}
	ev_async_stop(w->loop, &all->wake);
}

void peers_free(struct process *process)
{
	struct peers_all *all = process->peers;

	for (uint32_t i = 0; all && i < all->n; i++) {
		struct peers *p = &all->v[i];

		for (uint32_t k = 0; k < p->npeers; k++)
			free(p->peers[k].shares);
		if (p->fd >= 0)
			close(p->fd);
		free(p->peers);
		free(p->tables);
	}
	if (all)
		free(all->v);
	free(all);
	process->peers = NULL;
}

static __attribute__((no_sanitize("thread"))) void peer_count(const volatile struct peer *peer,
							      uint32_t *active, uint32_t *connected)
{
	*active += peer->session != NULL;
	*connected += peer->session && peer->status == PEER_ESTABLISHED;
}

void peers_count(const struct process *p, uint32_t *active, uint32_t *connected)
{
	*active = *connected = 0;
	for (uint32_t i = 0; p->peers && i < p->peers->n; i++)
		for (uint32_t j = 0; j < p->peers->v[i].npeers; j++)
			peer_count(&p->peers->v[i].peers[j], active, connected);
}
