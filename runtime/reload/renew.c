/* The moment of a renewal, and the end of older generations. What can fail comes first: indexes, counters,
 * sockets; what follows only moves pointers. An older generation goes when no session has pinned it and
 * everything has stood still twice since: messages that were under way have been run by then. See renew.h. */
#include "runtime/reload/renew_state.h"

#include <malloc.h>
#include <stdlib.h>

#include "runtime/backend/connect.h"
#include "runtime/backend/server.h"
#include "runtime/core/isolation.h"
#include "runtime/core/log.h"
#include "runtime/health/check.h"
#include "runtime/stick/sweep.h"
#include "runtime/stick/table.h"
#include "runtime/tls/ocsp_update.h"
#include "runtime/tls/tls.h"
#include "runtime/stats/stats_kept.h"

enum { REAP_MS = 250 };

struct switching {
	struct generation *next;
	struct generation *gone; /* older ones that nobody uses any more */
	struct out *errors;
	bool done;
};

/* --- the end of older ones */

static bool is_held(struct process *p, const struct generation *g)
{
	if (atomic_load(&g->pins))
		return true;
	for (uint32_t i = 0; i < p->nworkers; i++)
		if (srv_conns_hold(p->workers[i], g))
			return true;
	return false;
}

static void warming_end(struct generation *g)
{
	for (uint32_t i = 0; i < g->nproxies; i++)
		deadline_clear(&g->proxies[i].warming);
}

/* Takes out those that nobody uses any more; they follow each other at ->older. Isolated. */
static struct generation *take_unused(struct process *p)
{
	struct generation **at = &p->generation->older, *g, *gone = NULL;

	renew_listeners_release(p);
	while ((g = *at) != NULL) {
		bool unused = !is_held(p, g);

		if (!unused || !g->unused) {
			g->unused = unused;
			at = &g->older;
			continue;
		}
		*at = g->older;
		g->older = gone;
		gone = g;
		warming_end(g);
		renew_listeners_forget(p, g);
		for (uint32_t i = 0; i < p->nworkers; i++)
			srv_conns_forget(p->workers[i], g);
	}
	return gone;
}

static void free_all(struct generation *g)
{
	while (g) {
		struct generation *older = g->older;

		generation_free(&g);
		g = older;
	}
}

static void reap_isolated(struct worker *w, void *arg)
{
	struct generation **gone = arg;

	*gone = take_unused(w->process);
}

/* Is there anything to be gained by standing still? */
static bool may_reap(struct process *p)
{
	for (struct generation *g = p->generation->older; g; g = g->older)
		if (!atomic_load(&g->pins))
			return true;
	for (struct list *node = p->old_listeners.next; node != &p->old_listeners; node = node->next) {
		struct listener *l = LIST_OF(node, struct listener, node);

		if (l->pins && !atomic_load(&l->conns))
			return true;
	}
	return false;
}

/* Manual, "hard-stop-after", "mworker-max-reloads". */
static bool is_overdue(const struct worker *w, const struct generation *g, uint32_t reloads)
{
	const struct global_conf *conf = &g->model->global;

	return (conf->hard_stop_after && w->now >= g->retired + conf->hard_stop_after) ||
	       reloads > conf->mworker_max_reloads;
}

static void sessions_end_here(struct worker *w, void *arg)
{
	sessions_end(w, arg);
}

/* Sessions that have had their time end. */
static void end_overdue(struct worker *w)
{
	struct process *p = w->process;
	uint32_t reloads = 0;

	for (struct generation *g = p->generation->older; g; g = g->older) {
		if (g->overdue || !is_overdue(w, g, ++reloads))
			continue;
		g->overdue = true;
		log_global(p, LL_WARNING, "Sessions of an older configuration have had their time, they end.");
		for (uint32_t i = 1; i < p->nworkers; i++)
			g->overdue &= mailbox_post(p->workers[i], sessions_end_here, g); /* else again */
		sessions_end(w, g);
	}
}

static void reap(struct worker *w, struct deadline *d)
{
	struct generation *gone = NULL;

	if (may_reap(w->process))
		isolation_run(w, reap_isolated, &gone);
	free_all(gone);
	end_overdue(w);
	if (w->process->generation->older)
		deadline_set(w, d, w->now + REAP_MS);
	else if (!w->process->generation->model->global.no_memory_trimming)
		malloc_trim(0); /* two generations have been here, and a tree */
}

static void reap_later(struct worker *w)
{
	struct process *p = w->process;

	if (deadline_is_set(&p->reap))
		return;
	deadline_init(&p->reap, reap);
	deadline_set(w, &p->reap, w->now + REAP_MS);
}

uint32_t renew_older(const struct process *p)
{
	uint32_t n = 0;

	for (const struct generation *g = p->generation->older; g; g = g->older)
		n++;
	return n;
}

/* --- the moment */

/* What was set at run time stays, as long as the configuration says what it said. */
static void limits_renew(struct process *p, const struct global_conf *old, const struct global_conf *now)
{
	if (old->maxconnrate != now->maxconnrate)
		atomic_store(&p->rate_limits[RATE_CONNECTIONS], now->maxconnrate);
	if (old->maxsessrate != now->maxsessrate)
		atomic_store(&p->rate_limits[RATE_SESSIONS], now->maxsessrate);
	if (old->tls.max_rate != now->tls.max_rate)
		atomic_store(&p->rate_limits[RATE_TLS], now->tls.max_rate);
	atomic_store(&p->tls_load.limit, now->tls.max_conn);
	if (old->maxcomprate != now->maxcomprate)
		atomic_store(&p->rate_limits[RATE_COMPRESSION], process_comprate(now));
	if (old->profiling_tasks != now->profiling_tasks)
		atomic_store(&p->profiling, now->profiling_tasks);
	if (old->anon_key != now->anon_key)
		atomic_store(&p->anon_key, now->anon_key);
}

static void publish(struct process *p, struct generation *old, struct generation *g)
{
	struct worker *w = p->workers[0];

	tls_ocsp_stop(w);
	limits_renew(p, &old->model->global, &g->model->global);
	g->older = old;
	old->retired = w->now;
	p->generation = g;
	proc_vars_start(p, g);
	deadline_clear(&p->sweep);
	stick_sweep_start(w);
	tls_ocsp_start(w);
	for (uint32_t i = 0; i < p->nworkers; i++) {
		checks_stop(p->workers[i], old);
		checks_start(p->workers[i], g);
		log_prepare(p->workers[i], g->model);
	}
}

static void switch_over(struct worker *w, void *arg)
{
	struct switching *s = arg;
	struct process *p = w->process;
	struct generation *old = p->generation, *g = s->next;

	stats_shm_sync(p);
	if (!renew_indexes(p, g)) {
		out_puts(s->errors, "ALERT out of memory\n");
		return;
	}
	if (!renew_listeners(p, g, s->errors))
		return;
	stick_tables_adopt(g->tables, old->tables);
	renew_servers(p, old, g);
	publish(p, old, g);
	s->gone = take_unused(p); /* reloads in quick succession do not wait for the timer */
	s->done = true;
}

static void renew_here(struct worker *w, void *arg)
{
	(void)arg;
	sessions_renew(w);
}

/* Those that rest go on at once, on their workers; the others with their next request. */
static void workers_go_on(struct process *p)
{
	for (uint32_t i = 0; i < p->nworkers; i++) {
		struct worker *w = p->workers[i];

		worker_changed(w); /* new listeners */
		if (i)
			mailbox_post(w, renew_here, NULL);
	}
	sessions_renew(p->workers[0]);
}

bool renew(struct worker *w, struct generation *g, struct out *errors)
{
	struct switching s = {.next = g, .errors = errors};
	struct process *p = w->process;

	if (atomic_load(&p->state) != PROCESS_RUNNING || !isolation_run(w, switch_over, &s) || !s.done)
		return false;
	free_all(s.gone);
	if (p->renewal)
		p->renewal->renewals++;
	workers_go_on(p);
	reap_later(w);
	return true;
}
