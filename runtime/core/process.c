/* The process: workers, the current generation and the ways to end. Soft stop: every worker stops accepting,
 * the last one to do so closes the listeners, each ends with its last job, the last of them ends the process.
 * The main thread owns the process and is worker 0. */
#include "runtime/core/process.h"

#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "runtime/backend/connect.h"
#include "runtime/cli/cli.h"
#include "runtime/core/cpus.h"
#include "runtime/core/isolation.h"
#include "runtime/core/log.h"
#include "runtime/core/profile.h"
#include "runtime/core/spread.h"
#include "runtime/health/check.h"
#include "runtime/http/h2.h"
#include "runtime/net/splice.h"
#include "runtime/proxy/stream.h"
#include "runtime/stats/counters.h"
#include "runtime/stats/stats_kept.h"
#include "runtime/log/forward.h"
#include "runtime/log/log_backend.h"
#include "runtime/dns/dns.h"
#include "runtime/log/mail.h"
#include "runtime/log/rings.h"
#include "runtime/log/trace.h"
#include "runtime/stick/peers.h"
#include "runtime/stick/sweep.h"
#include "runtime/tls/ocsp_update.h"

static void soft_stop_one(struct session *s, void *arg)
{
	(void)arg;
	session_soft_stop(s);
}

static void free_one(struct session *s, void *arg)
{
	(void)arg;
	session_free(s);
}

static void worker_drained(struct worker *w)
{
	struct process *p = w->process;

	w->on_drained = NULL;
	if (atomic_fetch_sub(&p->draining, 1) == 1)
		process_stop(p);
}

static void hard_stop(struct worker *w, struct deadline *d)
{
	(void)d;
	log_global(w->process, 4, "soft-stop running for too long, performing a hard-stop.");
	process_stop(w->process);
}

/* This worker's part of the soft stop. */
static void worker_soft_stop(struct worker *w)
{
	struct process *p = w->process;

	if (w->stopping) {
		worker_job_begin(w);
		worker_job_end(w); /* drained meanwhile? */
		return;
	}
	w->stopping = true;
	if (w->id == 0 && !p->generation->model->global.no_memory_trimming)
		malloc_trim(0); /* what loading left behind; others will need it */
	spread_begin(w, p->generation->model->global.close_spread_time);
	w->on_drained = worker_drained;
	listeners_unwatch(w);
	forwards_unwatch(w);
	if (atomic_fetch_sub(&p->accepting, 1) == 1)
		listeners_close(p);
	if (w->id == 0 && p->hard_stop_after)
		deadline_set(w, &p->hard_stop, w->now + p->hard_stop_after);
	worker_job_begin(w); /* so that the last session to go does not end the worker in the middle of this */
	sessions_each(w, soft_stop_one, NULL);
	if (w->id == 0)
		peers_soft_stop(w);
	worker_job_end(w);
}

static void worker_look(struct worker *w)
{
	if (atomic_load(&w->process->state) >= PROCESS_STOPPING)
		worker_soft_stop(w);
	else
		listeners_watch(w);
}

/* On the worker's own thread. A set without any of this machine's processors binds nothing. */
static void worker_pin(const struct cpu_plan *plan, uint32_t id)
{
	if (plan && plan->bound && id < CPU_THREADS_MAX && CPU_COUNT(&plan->sets[id]))
		pthread_setaffinity_np(pthread_self(), sizeof(plan->sets[id]), &plan->sets[id]);
}

/* With a watcher of this kind the loop never sleeps (busy-polling). */
static void spin(struct ev_loop *loop, ev_idle *idle, int revents)
{
	(void)loop, (void)idle, (void)revents;
}

static void worker_adapt(struct worker *w)
{
	const struct global_conf *g = &w->process->generation->model->global;

	worker_pin(w->process->cpu_plan, w->id);
	w->paced = !g->busy_polling && !g->low_latency;
	w->warn_blocked_us = g->warn_blocked * 1000;
	if (w->paced)
		prctl(PR_SET_TIMERSLACK, 1000L); /* nanoseconds; else 50 us are added to each pause */
	if (g->busy_polling) {
		ev_idle_init(&w->spin, spin);
		ev_idle_start(w->loop, &w->spin);
	}
}

/* What one worker does for all of them. */
static void services_start(struct worker *w)
{
	stick_sweep_start(w);
	peers_start(w);
	tls_ocsp_start(w);
	rings_start(w);
	mails_start(w);
	dns_start(w);
	log_backends_start(w);
	stats_shm_start(w);
}

static void services_stop(struct worker *w)
{
	tls_ocsp_stop(w);
	peers_stop(w);
	rings_stop(w);
	mails_stop(w);
	dns_stop(w);
	log_backends_stop(w);
}

static void worker_begin(struct worker *w)
{
	worker_adapt(w);
	profile_apply(w);
	checks_start(w, w->process->generation);
	if (w->id == 0)
		services_start(w);
	forwards_start(w);
	worker_look(w); /* a soft stop may have come before the loop */
}

static void worker_end(struct worker *w)
{
	w->on_drained = NULL;
	isolation_leave(w);
	checks_stop(w, w->process->generation);
	listeners_unwatch(w);
	sessions_each(w, free_one, NULL);
	cli_close_all(w);
	forwards_stop(w);
	if (w->id == 0)
		services_stop(w);
}

/* tune.fail-alloc: every piece is to be had anew, and sometimes is not. */
static void pools_fail(struct worker *w, uint32_t percent)
{
	struct pool *pools[] = {&w->buffers,     &w->sessions,  &w->streams,
				&w->tcp_streams, &w->srv_conns, &w->chunks};

	for (size_t i = 0; percent && i < sizeof(pools) / sizeof(*pools); i++) {
		pools[i]->fails = percent;
		pools[i]->max_cached = 0;
	}
}

static bool worker_equip(struct worker *w, struct generation *g)
{
	const struct global_conf *conf = &g->model->global;

	stream_host_init(w);
	pools_fail(w, conf->fail_alloc);
	if (conf->tune_bufsize)
		worker_set_bufsize(w, conf->tune_bufsize);
	if (conf->noepoll && !worker_set_backend(w, conf->nopoll ? EVBACKEND_SELECT : EVBACKEND_POLL))
		return false;
	return counters_init(w, g) && (w->log || log_init(w)) && (w->servers || srv_conns_init(w));
}

uint32_t process_comprate(const struct global_conf *g)
{
	return g->maxcomprate < UINT32_MAX / 1024 ? g->maxcomprate * 1024 : UINT32_MAX;
}

bool process_use(struct process *p, struct generation *g)
{
	for (uint32_t i = 0; i < p->nworkers; i++)
		if (!worker_equip(p->workers[i], g))
			return false;
	proc_vars_start(p, g);
	p->generation = g;
	p->maxconn = g->model->global.maxconn;
	atomic_store(&p->rate_limits[RATE_CONNECTIONS], g->model->global.maxconnrate);
	atomic_store(&p->rate_limits[RATE_SESSIONS], g->model->global.maxsessrate);
	atomic_store(&p->rate_limits[RATE_TLS], g->model->global.tls.max_rate);
	atomic_store(&p->tls_load.limit, g->model->global.tls.max_conn);
	atomic_store(&p->rate_limits[RATE_COMPRESSION], process_comprate(&g->model->global));
	atomic_store(&p->profiling, g->model->global.profiling_tasks);
	atomic_store(&p->anon_key, g->model->global.anon_key);
	return true;
}

struct process *process_new(uint32_t nworkers)
{
	struct process *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	list_init(&p->listeners);
	list_init(&p->old_listeners);
	deadline_init(&p->hard_stop, hard_stop);
	p->pid = getpid();
	gettimeofday(&p->started, NULL);
	pthread_mutex_init(&p->rate_lock, NULL);
	tls_load_init(&p->tls_load);
	pthread_mutex_init(&p->errors_lock, NULL);
	p->isolation = isolation_new();
	p->workers = calloc(nworkers, sizeof(*p->workers));
	for (uint32_t i = 0; p->isolation && p->workers && i < nworkers; i++) {
		p->workers[i] = worker_new(p, i);
		if (!p->workers[i])
			break;
		p->nworkers++;
	}
	if (p->nworkers != nworkers)
		process_free(&p);
	return p;
}

/* What a fork() since process_new() left behind: the loops' epoll descriptors are the parent's. */
static void process_after_fork(struct process *p)
{
	if (getpid() == p->pid)
		return;
	p->pid = getpid();
	for (uint32_t i = 0; i < p->nworkers; i++)
		ev_loop_fork(p->workers[i]->loop);
}

bool process_start(struct process *p)
{
	int starting = PROCESS_STARTING;

	signal(SIGPIPE, SIG_IGN); /* splice(2) knows no MSG_NOSIGNAL */
	process_after_fork(p);
	atomic_store(&p->accepting, p->nworkers);
	atomic_store(&p->draining, p->nworkers);
	atomic_compare_exchange_strong(&p->state, &starting, PROCESS_RUNNING);
	for (uint32_t i = 0; i < p->nworkers; i++) {
		p->workers[i]->on_begin = worker_begin;
		p->workers[i]->on_end = worker_end;
		p->workers[i]->on_changed = worker_look;
	}
	for (uint32_t i = 1; i < p->nworkers; i++)
		if (!worker_start(p->workers[i]))
			return false;
	return true;
}

void process_run(struct process *p)
{
	worker_run(p->workers[0]);
	process_stop(p);
	for (uint32_t i = 1; i < p->nworkers; i++)
		worker_join(p->workers[i]);
}

void process_soft_stop(struct process *p, uint32_t hard_stop_after)
{
	int state = atomic_load(&p->state);

	p->hard_stop_after = hard_stop_after;
	atomic_store(&p->stop_asked, true);
	do {
		if (state >= PROCESS_STOPPING)
			return;
	} while (!atomic_compare_exchange_weak(&p->state, &state, PROCESS_STOPPING));
	for (uint32_t i = 0; i < p->nworkers; i++)
		worker_changed(p->workers[i]);
}

void process_stop(struct process *p)
{
	atomic_store(&p->state, PROCESS_ENDING);
	for (uint32_t i = 0; i < p->nworkers; i++)
		worker_stop(p->workers[i]);
}

/* Those that connections of older generations remembered. */
static void old_listeners_join(struct process *p)
{
	while (!list_empty(&p->old_listeners)) {
		struct list *node = p->old_listeners.next;

		list_remove(node);
		list_append(&p->listeners, node);
	}
}

void process_free(struct process **pp)
{
	struct process *p = *pp;

	*pp = NULL;
	if (!p)
		return;
	stats_shm_close(p);
	peers_free(p);
	old_listeners_join(p);
	listeners_free(p);
	for (uint32_t i = 0; i < p->nworkers; i++) {
		struct worker *w = p->workers[i];

		if (w->servers)
			srv_conns_free(w);
		h2_desk_free(w);
		if (w->stats)
			counters_free(w);
		if (w->log)
			log_free(w);
		pipes_free(w);
		worker_free(&w);
	}
	log_backends_free(p);
	mails_free(p);
	dns_free(p);
	forwards_free(p);
	rings_free(p);
	traces_free(p);
	while (p->generation) {
		struct generation *older = p->generation->older;

		generation_free(&p->generation);
		p->generation = older;
	}
	proc_names_free(p);
	isolation_free(&p->isolation);
	pthread_mutex_destroy(&p->rate_lock);
	tls_load_fini(&p->tls_load);
	pthread_mutex_destroy(&p->errors_lock);
	free(p->cpu_plan);
	free(p->workers);
	free(p);
}

unsigned process_cpu_usage(const struct process *p)
{
	unsigned sum = 0;

	for (uint32_t i = 0; i < p->nworkers; i++)
		sum += atomic_load_explicit(&p->workers[i]->cpu_usage, memory_order_relaxed);
	return p->nworkers ? sum / p->nworkers : 0;
}
