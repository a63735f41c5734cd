/* Listeners at work: every worker accepts from every socket, a few connections per wake-up, within the limits
 * of the listener, its frontend and the process. A connection counts before it is accepted, so that no limit is
 * ever exceeded; the end of one resumes whoever waits for it. Lack of descriptors makes a worker pause instead
 * of spin. The process owns the listeners; states are atomic. */
#include "runtime/net/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "runtime/backend/server.h"
#include "runtime/core/log.h"
#include "runtime/net/address.h"
#include "runtime/net/sockpair.h"
#include "runtime/stats/socket_counters.h"

enum { RETRY_MS = 100, COMPLAIN_MS = 1000, RATE_RETRY_MS = 10, GIVE_ABOVE = 4 };

static uint32_t frontend_limit(struct listener *l)
{
	const struct process *p = l->process;
	uint32_t own;

	if (!l->proxy)
		return p->generation->model->global.stats_maxconn;
	own = atomic_load_explicit(&l->proxy->maxconn, memory_order_relaxed);
	return own ? own : p->maxconn;
}

static bool count_within(atomic_uint *count, uint32_t limit)
{
	uint32_t before = atomic_fetch_add(count, 1);

	if (!limit || before < limit)
		return true;
	atomic_fetch_sub(count, 1);
	return false;
}

/* One connection more at the listener, its frontend and the process; stats sockets know no frontend and do not
 * count for the process. */
static bool listener_reserve(struct listener *l)
{
	struct process *p = l->process;

	if (!count_within(&l->conns, l->proxy ? l->conf->maxconn : frontend_limit(l)))
		return false;
	if (!l->proxy)
		return true;
	if (count_within(&l->proxy->fe_conns, frontend_limit(l))) {
		if (count_within(&p->connections, p->maxconn))
			return true;
		atomic_fetch_sub(&l->proxy->fe_conns, 1);
	}
	atomic_fetch_sub(&l->conns, 1);
	return false;
}

static void listener_unreserve(struct listener *l)
{
	atomic_fetch_sub(&l->conns, 1);
	if (!l->proxy)
		return;
	atomic_fetch_sub(&l->proxy->fe_conns, 1);
	atomic_fetch_sub(&l->process->connections, 1);
}

static bool listener_has_room(struct listener *l)
{
	uint32_t own = l->proxy ? l->conf->maxconn : frontend_limit(l), all = l->process->maxconn;

	if (own && atomic_load(&l->conns) >= own)
		return false;
	if (!l->proxy)
		return true;
	return (!frontend_limit(l) || atomic_load(&l->proxy->fe_conns) < frontend_limit(l)) &&
	       (!all || atomic_load(&l->process->connections) < all);
}

/* The lower one of two limits, of which 0 is none. */
static uint32_t lower(uint32_t a, uint32_t b)
{
	return !a || (b && b < a) ? b : a;
}

/* Connections and sessions of the process (maxconnrate, maxsessrate): every one that is accepted is both. */
static bool process_rate_allows(struct worker *w, bool take)
{
	struct process *p = w->process;
	uint32_t limit = lower(atomic_load_explicit(&p->rate_limits[RATE_CONNECTIONS], memory_order_relaxed),
			       atomic_load_explicit(&p->rate_limits[RATE_SESSIONS], memory_order_relaxed));
	bool allowed;

	if (!limit)
		return true;
	pthread_mutex_lock(&p->rate_lock);
	allowed = rate_read(&p->accepted, w->now) < limit;
	if (allowed && take)
		rate_add(&p->accepted, w->now, 1);
	pthread_mutex_unlock(&p->rate_lock);
	return allowed;
}

/* maxsslconn, maxsslrate, `rate-limit sessions` and the process's: may another one come now? If so, and `take`,
 * it counts (those over TLS where their handshake begins). */
static bool rate_allows(struct worker *w, struct listener *l, bool take)
{
	uint32_t limit = l->proxy ? l->proxy->conf->rate_limit_sessions : 0;
	bool allowed;

	if (l->tls && !take &&
	    !tls_load_allows(&w->process->tls_load,
			     atomic_load_explicit(&w->process->rate_limits[RATE_TLS], memory_order_relaxed),
			     w->now))
		return false;
	if (l->proxy && !process_rate_allows(w, take))
		return false;
	if (!limit)
		return true;
	pthread_mutex_lock(&l->proxy->lb_lock);
	allowed = rate_read(&l->proxy->accepted, w->now) < limit;
	if (allowed && take)
		rate_add(&l->proxy->accepted, w->now, 1);
	pthread_mutex_unlock(&l->proxy->lb_lock);
	return allowed;
}

/* Every worker looks at the states again, this one at once. */
static void workers_look(struct worker *w)
{
	struct process *p = w->process;

	listeners_watch(w);
	for (uint32_t i = 0; i < p->nworkers; i++)
		if (p->workers[i] != w)
			worker_changed(p->workers[i]);
}

static void listeners_refill(struct worker *w);

static void rate_again(struct worker *w, struct deadline *d)
{
	(void)d;
	listeners_refill(w);
}

static void rate_wait(struct worker *w)
{
	if (deadline_is_set(&w->rate_retry) || w->stopping)
		return;
	deadline_init(&w->rate_retry, rate_again);
	deadline_set(w, &w->rate_retry, w->now + RATE_RETRY_MS);
}

/* Full listeners for which there is room again. */
static void listeners_refill(struct worker *w)
{
	struct process *p = w->process;
	bool any = false;

	for (struct list *node = p->listeners.next; node != &p->listeners; node = node->next) {
		struct listener *l = LIST_OF(node, struct listener, node);
		int full = LI_FULL;

		if (atomic_load(&l->state) != LI_FULL || !listener_has_room(l))
			continue;
		if (!rate_allows(w, l, false)) {
			rate_wait(w);
			continue;
		}
		if (!atomic_compare_exchange_strong(&l->state, &full, LI_LISTENING))
			continue;
		atomic_fetch_sub(&p->full_listeners, 1);
		any = true;
	}
	if (any)
		workers_look(w);
}

void listener_release(struct worker *w, struct listener *l)
{
	listener_unreserve(l);
	if (atomic_load(&l->process->full_listeners) && !w->stopping)
		listeners_refill(w);
}

/* A limit is reached. Whoever closes a connection from here on sees the state; who did so just before is made
 * up for. */
static void listener_fill(struct worker *w, struct listener *l)
{
	int listening = LI_LISTENING;

	if (atomic_compare_exchange_strong(&l->state, &listening, LI_FULL))
		atomic_fetch_add(&l->process->full_listeners, 1);
	listeners_watch(w);
	listeners_refill(w);
}

static void accept_again(struct worker *w, struct deadline *d)
{
	(void)d;
	listeners_watch(w);
}

/* Out of descriptors or memory: the others in the backlog have to wait. */
static void accept_pause(struct worker *w, struct listener *l, int error)
{
	struct rlimit files = {0};

	deadline_init(&w->accept_retry, accept_again);
	deadline_set(w, &w->accept_retry, w->now + RETRY_MS);
	listeners_unwatch(w);
	if (!l->proxy || w->now < w->accept_complained + COMPLAIN_MS)
		return;
	w->accept_complained = w->now;
	getrlimit(RLIMIT_NOFILE, &files);
	if (error == EMFILE)
		log_event(w, l->proxy->conf, LOG_EMERG,
			  "Proxy %.*s reached process FD limit (maxsock=%llu). Please check 'ulimit-n' and "
			  "restart.",
			  STR_ARG(l->proxy->conf->name), (unsigned long long)files.rlim_cur);
	else if (error == ENFILE)
		log_event(w, l->proxy->conf, LOG_EMERG,
			  "Proxy %.*s reached system FD limit (maxsock=%llu). Please check system tunables.",
			  STR_ARG(l->proxy->conf->name), (unsigned long long)files.rlim_cur);
	else
		log_event(
			w, l->proxy->conf, LOG_EMERG,
			"Proxy %.*s reached system memory limit (maxsock=%llu). Please check system tunables.",
			STR_ARG(l->proxy->conf->name), (unsigned long long)files.rlim_cur);
}

/* What accept(2) may fail with: nothing left, this connection's own trouble (true: try the next one), or ours.
 */
static bool accept_failed(struct worker *w, struct listener *l, int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
		accept_pause(w, l, error);
		return false;
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
		return true;
	default:
		return false;
	}
}

/* RFC 6335, section 6: system ports; such a client is more likely to be a service that was made to talk to us.
 */
static bool has_low_port(const union addr *from)
{
	uint16_t port = address_port(from);

	return (from->family == AF_INET || from->family == AF_INET6) && port && port < 1024;
}

static int accept_from(const struct listener *l, union addr *from)
{
	struct sockaddr_storage ss = {.ss_family = AF_UNIX};
	socklen_t len = sizeof(ss);
	int fd;

	if (l->channel) {
		fd = sockpair_accept(l->fd);
		address_pack(from, &ss);
		return fd;
	}
	fd = accept4(l->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		address_pack(from, &ss);
	return fd;
}

/* How many connections to try at this wake-up: one, so that a lone connection costs no accept(2) in vain, and
 * twice as many as before when there were more right after the last ones. */
static uint32_t burst_of(struct worker *w, struct listener *l)
{
	struct listener_watch *watch = &l->watches[w->id];
	bool again = watch->burst && w->loops <= watch->seen + 1;

	watch->seen = w->loops;
	watch->burst = again ? watch->burst * 2 : 1;
	if (watch->burst > l->maxaccept)
		watch->burst = l->maxaccept;
	return watch->burst;
}

/* `thread`: does this worker accept here? */
static inline bool serves(const struct listener *l, const struct worker *w)
{
	return !l->mine || l->mine >> w->id & 1;
}

/* A connection on its way to the worker that will serve it. */
struct parcel {
	struct listener *listener;
	union addr from;
	int fd;
};

static void parcel_arrives(struct worker *w, void *arg)
{
	struct parcel p = *(struct parcel *)arg;

	free(arg);
	p.listener->accept(w, p.listener, p.fd, &p.from);
	worker_job_arrived(w);
}

static void parcel_drop(void *arg)
{
	close(((struct parcel *)arg)->fd);
	free(arg);
}

static bool parcel_send(struct worker *to, struct listener *l, int fd, const union addr *from)
{
	struct parcel *p = malloc(sizeof(*p));

	if (!p)
		return false;
	*p = (struct parcel){l, *from, fd};
	if (worker_job_announce(to)) {
		if (mailbox_post_owned(to, parcel_arrives, p, parcel_drop))
			return true;
		worker_job_recall(to);
	}
	free(p);
	return false;
}

/* Whoever wakes first accepts; that must not make one worker serve most of the long-lived connections. Another
 * one, chosen at random, gets it when it has clearly less to do. */
static bool given_away(struct worker *w, struct listener *l, int fd, const union addr *from)
{
	struct process *p = w->process;
	uint32_t mine = w->jobs, theirs;
	struct worker *other;

	if (p->nworkers < 2 || p->generation->model->global.single_queue || !l->proxy || mine < GIVE_ABOVE)
		return false;
	other = p->workers[worker_random(w) % p->nworkers];
	if (!serves(l, other))
		return false;
	theirs = atomic_load_explicit(&other->load, memory_order_relaxed);
	if (mine <= theirs + GIVE_ABOVE + theirs / 8)
		return false;
	return parcel_send(other, l, fd, from);
}

/* Takes one connection. False: no more for now. */
static bool accept_one(struct worker *w, struct listener *l)
{
	union addr from;
	int fd, error;

	if (atomic_load_explicit(&l->state, memory_order_relaxed) != LI_LISTENING) {
		listeners_watch(w);
		return false;
	}
	if (!rate_allows(w, l, false) || !listener_reserve(l)) {
		listener_fill(w, l);
		return false;
	}
	fd = accept_from(l, &from);
	error = errno;
	if (fd < 0) {
		if (fd == -2) /* the other end of a channel is gone: there will be no more */
			atomic_store(&l->state, LI_CLOSED);
		listener_release(w, l);
		return fd == -2 || accept_failed(w, l, error);
	}
	w->accepted++;
	rate_allows(w, l, true);
	if (l->high_ports_only && has_low_port(&from)) {
		close(fd);
		listener_release(w, l);
		return true;
	}
	if (!given_away(w, l, fd, &from))
		l->accept(w, l, fd, &from);
	return true;
}

static void listener_ready(struct ev_loop *loop, ev_io *io, int revents)
{
	struct listener *l = io->data;
	struct worker *w = ev_userdata(loop);
	uint32_t burst = burst_of(w, l);

	(void)revents;
	while (burst-- && accept_one(w, l))
		;
}

void listeners_watch(struct worker *w)
{
	struct process *p = w->process;

	if (w->stopping || deadline_is_set(&w->accept_retry))
		return;
	for (struct list *node = p->listeners.next; node != &p->listeners; node = node->next) {
		struct listener *l = LIST_OF(node, struct listener, node);
		ev_io *io = &l->watches[w->id].io;

		if (atomic_load(&l->state) != LI_LISTENING || !serves(l, w)) {
			ev_io_stop(w->loop, io);
		} else if (!ev_is_active(io)) {
			ev_io_init(io, listener_ready, l->fd, EV_READ);
			io->data = l;
			ev_io_start(w->loop, io);
		}
	}
}

/* The master's channel outlives a soft stop: it may look at a process that is leaving (`@!<pid>`). */
static bool stays(const struct listener *l)
{
	return l->channel && !l->proxy && atomic_load(&l->process->state) < PROCESS_ENDING;
}

void listeners_unwatch(struct worker *w)
{
	struct process *p = w->process;

	for (struct list *node = p->listeners.next; node != &p->listeners; node = node->next) {
		struct listener *l = LIST_OF(node, struct listener, node);

		if (!stays(l))
			ev_io_stop(w->loop, &l->watches[w->id].io);
	}
}

static void listener_set_state(struct listener *l, enum listener_state state)
{
	if (atomic_exchange(&l->state, state) == LI_FULL)
		atomic_fetch_sub(&l->process->full_listeners, 1);
}

/* shutdown(2) takes a TCP socket out of the listening state and leaves it bound; unix sockets just are not
 * accepted from. */
static void listeners_pause_of(struct process *p, const struct proxy *px)
{
	for (struct list *node = p->listeners.next; node != &p->listeners; node = node->next) {
		struct listener *l = LIST_OF(node, struct listener, node);

		if (atomic_load(&l->state) == LI_CLOSED || !l->proxy || (px && l->proxy != px))
			continue;
		listener_set_state(l, LI_PAUSED);
		if (l->addr.ss_family != AF_UNIX && !l->inherited)
			shutdown(l->fd, SHUT_RD);
	}
	for (uint32_t i = 0; i < p->nworkers; i++)
		worker_changed(p->workers[i]);
}

static bool listeners_resume_of(struct process *p, const struct proxy *px)
{
	bool all = true;

	for (struct list *node = p->listeners.next; node != &p->listeners; node = node->next) {
		struct listener *l = LIST_OF(node, struct listener, node);

		if (atomic_load(&l->state) != LI_PAUSED || (px && l->proxy != px))
			continue;
		if (l->addr.ss_family != AF_UNIX && !l->inherited && listen(l->fd, (int)l->backlog)) {
			all = false;
			continue;
		}
		listener_set_state(l, LI_LISTENING);
	}
	for (uint32_t i = 0; i < p->nworkers; i++)
		worker_changed(p->workers[i]);
	return all;
}

void listeners_pause(struct process *p)
{
	listeners_pause_of(p, NULL);
}

bool listeners_resume(struct process *p)
{
	return listeners_resume_of(p, NULL);
}

void frontend_pause(struct process *p, const struct proxy *px)
{
	listeners_pause_of(p, px);
}

bool frontend_resume(struct process *p, const struct proxy *px)
{
	return listeners_resume_of(p, px);
}

static void listener_close(struct listener *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	listener_set_state(l, LI_CLOSED);
}

void frontend_close(struct process *p, const struct proxy *px)
{
	for (struct list *node = p->listeners.next; node != &p->listeners; node = node->next) {
		struct listener *l = LIST_OF(node, struct listener, node);

		if (l->proxy != px)
			continue;
		for (uint32_t i = 0; i < p->nworkers; i++)
			ev_io_stop(p->workers[i]->loop, &l->watches[i].io);
		listener_close(l);
	}
}

void listeners_close(struct process *p)
{
	for (struct list *node = p->listeners.next; node != &p->listeners; node = node->next)
		if (!stays(LIST_OF(node, struct listener, node)))
			listener_close(LIST_OF(node, struct listener, node));
}

/* Its own limit, or another one: that is found when somebody wants to come, or when the last one who may has.
 */
struct str listener_status(struct listener *l)
{
	int state = atomic_load(&l->state);
	uint32_t conns = atomic_load(&l->conns);

	if (state != LI_LISTENING && state != LI_FULL)
		return STR("OPEN");
	if (l->conf->maxconn && conns >= l->conf->maxconn)
		return STR("FULL");
	return state == LI_FULL || (conns && !listener_has_room(l)) ? STR("WAITING") : STR("OPEN");
}

void listeners_clear_counters(struct worker *w, bool all)
{
	struct process *p = w->process;

	for (struct list *node = p->listeners.next; node != &p->listeners; node = node->next)
		socket_counters_clear(LIST_OF(node, struct listener, node)->counters, w->id, all);
}

void listener_free(struct listener *l)
{
	socket_counters_drop(l->counters);
	free(l->watches);
	free(l);
}

void listeners_free(struct process *p)
{
	listeners_close(p);
	while (!list_empty(&p->listeners)) {
		struct listener *l = LIST_OF(p->listeners.next, struct listener, node);

		list_remove(&l->node);
		listener_free(l);
	}
	p->nlisteners = 0;
}
