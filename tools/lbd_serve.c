/* From a checked model to the end of the traffic. Everything that can fail comes before the old process is told
 * to leave: runtime objects, sockets (handed over, or bound anew with the old process making room), privileges,
 * threads. Main thread. */
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/backend/server.h"
#include "runtime/backend/server_restore.h"
#include "runtime/core/cpus.h"
#include "runtime/core/log.h"
#include "runtime/core/process.h"
#include "runtime/log/forward.h"
#include "runtime/log/log_backend.h"
#include "runtime/dns/dns.h"
#include "runtime/log/mail.h"
#include "runtime/log/rings.h"
#include "runtime/log/trace.h"
#include "runtime/net/listener.h"
#include "runtime/reload/handover.h"
#include "runtime/reload/kept.h"
#include "runtime/stats/stats_kept.h"
#include "runtime/stick/peers.h"
#include "tools/lbd.h"

enum { BIND_TRIES = 200, BIND_PAUSE_US = 10000, MAX_ERRORS = 1 << 20 };

/* Which processors threads run on, and how many threads there are. NULL: no memory. */
static struct cpu_plan *plan_make(const struct model *m)
{
	struct cpu_plan *plan = calloc(1, sizeof(*plan));
	cpu_set_t allowed;

	CPU_ZERO(&allowed);
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		CPU_SET(0, &allowed);
	if (plan)
		cpus_plan_here(plan, m, &allowed);
	return plan;
}

static uint32_t binds_count(const struct bind_conf *b)
{
	return b->addr.port_end > b->addr.port ? b->addr.port_end - b->addr.port + 1u : 1;
}

uint32_t serve_listeners(const struct model *m)
{
	uint32_t n = m->global.stats_sockets.n;

	vec_each (px, &m->proxies) {
		if ((*px)->disabled)
			continue;
		vec_each (bind, &(*px)->binds)
			n += binds_count(*bind);
	}
	vec_each (f, &m->forwards) {
		n += (*f)->maxconn;
		vec_each (bind, &(*f)->px->binds)
			n += binds_count(*bind);
		vec_each (bind, &(*f)->dgrams)
			n += binds_count(*bind);
	}
	vec_each (r, &m->rings)
		n += (*r)->servers.n;
	return n;
}

/* --- sockets */

/* False: -x was given and failed. Pids that do not answer are HAProxy's or gone: their addresses are bound
 * anew. */
static bool sockets_fetch(struct lbd *l, struct fd_set_kept *k)
{
	if (l->options.socket) {
		switch (handover_fetch_path(k, l->options.socket)) {
		case HANDOVER_OK:
			return true;
		case HANDOVER_NO_PEER:
			report_say(&l->report, REPORT_WARNING,
				   "Failed to connect to the old process socket '%s'", l->options.socket);
			break;
		default:
			report_say(&l->report, REPORT_WARNING,
				   "Failed to receive the sockets of the old process from '%s'",
				   l->options.socket);
		}
		report_say(&l->report, REPORT_ALERT, "Failed to get the sockets from the old process!");
		return false;
	}
	for (uint32_t i = 0; i < l->options.old.n; i++)
		handover_fetch_pid(k, l->options.old.v[i]);
	return true;
}

static uint32_t old_signal(struct lbd *l, int number)
{
	uint32_t reached = 0;

	for (uint32_t i = 0; i < l->options.old.n; i++)
		reached += !kill(l->options.old.v[i], number);
	return reached;
}

static bool sockets_try(struct lbd *l, struct out *errors, bool *fatal)
{
	struct fd_set_kept *k = kept_new();
	bool ok;

	*fatal = !k || !sockets_fetch(l, k);
	ok = !*fatal && listeners_open(l->process, l->process->generation, k, errors) &&
	     peers_open(l->process, errors) && forwards_open(l->process, errors);
	kept_free(&k);
	return ok;
}

/* Opens everything. When an address is busy, the old processes are asked to pause, as often as HAProxy asks;
 * when that does not help, they go on. */
static bool sockets_open(struct lbd *l)
{
	bool ok = false, fatal = false;

	for (int i = 0; i < BIND_TRIES && !ok && !fatal; i++) {
		struct out errors = out_growing(MAX_ERRORS);
		bool last = i == BIND_TRIES - 1;

		ok = sockets_try(l, &errors, &fatal);
		if (!ok && !fatal && (last || !old_signal(l, SIGTTOU)))
			fatal = true;
		if (ok || fatal)
			report_lines(&l->report, out_get(&errors));
		out_free(&errors);
		if (!ok && !fatal)
			usleep(BIND_PAUSE_US);
	}
	if (ok)
		return true;
	old_signal(l, SIGTTIN);
	if (!l->options.socket)
		report_say(&l->report, REPORT_ALERT,
			   "[haproxy.main()] Some protocols failed to start their listeners! Exiting.");
	return false;
}

/* --- start and end */

static void states_restore(struct lbd *l)
{
	struct out notes = out_growing(MAX_ERRORS);

	servers_restore(l->process, &notes);
	report_lines(&l->report, out_get(&notes));
	out_free(&notes);
}

/* The counters of an old process; those of sockets among them. */
static bool counters_restore(struct lbd *l)
{
	struct out notes = out_growing(MAX_ERRORS);
	bool ok;

	ok = stats_shm_open(l->process, &notes);
	if (ok)
		stats_file_load(l->process, &notes);
	report_lines(&l->report, out_get(&notes));
	out_free(&notes);
	return ok;
}

static bool rings_make(struct lbd *l)
{
	struct out errors = out_growing(MAX_ERRORS);
	bool ok;

	l->process->shows_traffic = l->options.debug;
	ok = rings_init(l->process, &errors) && traces_init(l->process, &errors) && traces_start(l);

	report_lines(&l->report, out_get(&errors));
	out_free(&errors);
	return ok;
}

/* tune.renice.*; what is not allowed stays as it was. */
static void renice(int to)
{
	if (to)
		setpriority(PRIO_PROCESS, 0, to);
}

static bool process_make(struct lbd *l)
{
	struct cpu_plan *plan = plan_make(l->model);
	struct generation *g;
	struct process *p;

	renice(l->model->global.renice_startup);
	if (plan && limits_apply(l, serve_listeners(l->model), plan->nthreads))
		l->process = process_new(plan->nthreads);
	p = l->process;
	if (!p) {
		free(plan);
		return false;
	}
	p->cpu_plan = plan;
	p->compat = l->options.compat;
	p->tls = l->tls;
	l->tls = NULL;
	p->say_events = !l->report.quiet && !l->options.daemon;
	g = generation_new(p, l->model);
	if (!g)
		return false;
	if (!limits_fullconn(g, l->maxconn) || !process_use(p, g)) {
		generation_free(&g);
		return false;
	}
	states_restore(l);
	p->takes_over = l->options.old.n > 0;
	if (!peers_init(p) || !rings_make(l) || !forwards_init(p) || !mails_init(p) || !dns_init(p) ||
	    !log_backends_init(p))
		return false;
	for (uint32_t i = 0; i < g->nproxies; i++)
		if (!atomic_load(&g->proxies[i].maxconn))
			atomic_store(&g->proxies[i].maxconn, l->maxconn);
	p->maxconn = p->hard_maxconn = l->maxconn;
	p->maxsock = l->maxsock;
	p->ulimit_n = l->ulimit_n;
	p->memory_mb = l->options.memory_mb;
	for (uint32_t i = 0; i < p->nworkers; i++)
		if (!log_prepare(p->workers[i], l->model))
			return false;
	return true;
}

static bool process_prepare(struct lbd *l)
{
	bool wants_pidfile = l->options.daemon && !l->options.master;
	int pidfile = -1;

	if (!process_make(l)) {
		if (!l->process)
			report_say(&l->report, REPORT_ALERT,
				   "[haproxy.main()] Out of memory or descriptors while starting.");
		return false;
	}
	if (!sockets_open(l) || !counters_restore(l))
		return false;
	handover_offer(l->process);
	if (wants_pidfile && !pidfile_open(l, &pidfile))
		return false;
	if (!daemon_prepare(l) || !privileges_drop(l))
		return false;
	pidfile_write(pidfile, getpid());
	l->process->startup_logs = report_log(&l->report);
	renice(l->model->global.renice_runtime);
	return signals_init(l) && (!l->options.master || renewal_init(l)) && process_start(l->process);
}

int serve(struct lbd *l)
{
	bool started = process_prepare(l);

	if (started) {
		old_signal(l, l->options.old_signal);
		handover_watch(l->process);
		l->report.copy_fd = -1;
		l->report.pid = getpid();
		daemon_ready(l);
		daemon_detach(l);
		l->report.plain = true;
		process_run(l->process);
	}
	if (l->process) {
		signals_free(l);
		renewal_free(l);
		handover_close(l->process);
		process_free(&l->process);
	}
	return started ? 0 : 1;
}
