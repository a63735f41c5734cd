/* Signals of a running process (management guide, section 4): USR1 soft stop, TERM and INT the end, HUP the
 * states of all servers into the log, TTOU and TTIN pause and resume, QUIT the use of memory pools. Handlers
 * are installed even where a signal was inherited ignored. Watchers run on worker 0's loop, which is the main
 * thread's. */
#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/backend/server.h"
#include "runtime/cli/cli.h"
#include "runtime/core/log.h"
#include "runtime/core/process.h"
#include "runtime/net/listener.h"
#include "runtime/stats/counters.h"
#include "tools/lbd.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#define LEAKS_REPORT() __lsan_do_leak_check() /* a process that ends by a signal has no exit handlers */
#else
#define LEAKS_REPORT() ((void)0)
#endif

enum { SIGNALS = 7 };

struct signals {
	struct lbd *lbd;
	ev_signal watchers[SIGNALS];
	bool paused;
	ev_timer grace; /* between SIGUSR1 and the soft stop (manual, keyword "grace") */
};

static struct worker *main_worker(const struct lbd *l)
{
	return l->process->workers[0];
}

/* --- the words of a stop, a pause and a dump */

static void say_stopped(struct lbd *l, const struct proxy *px)
{
	struct fe_counters fe;
	struct be_counters be;

	counters_fe_sum(l->process, px->index, &fe);
	counters_be_sum(l->process, px->index, &be);
	log_event(main_worker(l), px->conf, LL_WARNING,
		  "Proxy %.*s stopped (cumulated conns: FE: %llu, BE: %llu).", STR_ARG(px->conf->name),
		  (unsigned long long)fe.cum_conn, (unsigned long long)be.cum_sess);
}

/* Proxies with listeners stop first. */
static void say_all_stopped(struct lbd *l)
{
	struct generation *g = l->process->generation;

	for (int pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < g->nproxies; i++)
			if (!g->proxies[i].conf->disabled && (g->proxies[i].conf->binds.n == 0) == pass)
				say_stopped(l, &g->proxies[i]);
}

static void say_listeners(struct lbd *l, const char *what)
{
	struct generation *g = l->process->generation;

	for (uint32_t i = 0; i < g->nproxies; i++)
		if (!g->proxies[i].conf->disabled && g->proxies[i].conf->binds.n)
			log_event(main_worker(l), g->proxies[i].conf, LL_WARNING, "%s frontend %.*s.", what,
				  STR_ARG(g->proxies[i].conf->name));
}

static void dump_server(struct lbd *l, struct server *s)
{
	struct srv_counters c;

	counters_srv_sum(l->process, s->index, &c);
	log_event(main_worker(l), s->proxy->conf, LL_NOTICE,
		  "SIGHUP: Server %.*s/%.*s is %s. Conn: %u act, %u pend, %llu tot.",
		  STR_ARG(s->proxy->conf->name), STR_ARG(s->conf->name), server_is_usable(s) ? "UP" : "DOWN",
		  atomic_load(&s->conns), atomic_load(&s->queued), (unsigned long long)c.cum_sess);
}

/* How a proxy stands, as the last line of its dump begins. */
static void dump_standing(struct proxy *px, char *text, size_t size)
{
	unsigned active = 0, backup = 0;

	for (uint32_t i = 0; i < px->nservers; i++)
		if (server_is_usable(px->servers[i]))
			*(px->servers[i]->conf->backup ? &backup : &active) += 1;
	if (!px->nservers)
		snprintf(text, size, "has no servers");
	else if (active)
		snprintf(text, size, "has %u active servers and %u backup servers available", active, backup);
	else
		snprintf(text, size, "%s",
			 backup ? "is running on backup servers !" : "has no server available !");
}

static void dump_proxy(struct lbd *l, struct proxy *px)
{
	struct fe_counters fe;
	struct be_counters be;
	char standing[96];
	uint32_t own = atomic_load(&px->queued);

	log_event(main_worker(l), px->conf, LL_NOTICE | LOG_TARGETS_ONLY,
		  "SIGHUP received, dumping servers states for proxy %.*s.", STR_ARG(px->conf->name));
	for (uint32_t i = 0; i < px->nservers; i++) {
		dump_server(l, px->servers[i]);
		own -= atomic_load(&px->servers[i]->queued);
	}
	counters_fe_sum(l->process, px->index, &fe);
	counters_be_sum(l->process, px->index, &be);
	dump_standing(px, standing, sizeof(standing));
	log_event(main_worker(l), px->conf, LL_NOTICE,
		  "SIGHUP: Proxy %.*s %s%s Conn: act(FE+BE): %u+%u, %u pend (%u unass), tot(FE+BE): %llu+%llu.",
		  STR_ARG(px->conf->name), standing, standing[strlen(standing) - 1] == '!' ? "" : ".",
		  atomic_load(&px->fe_conns), atomic_load(&px->be_conns), atomic_load(&px->queued), own,
		  (unsigned long long)fe.cum_conn, (unsigned long long)be.cum_sess);
}

static void dump_states(struct lbd *l)
{
	struct generation *g = l->process->generation;

	if (l->process->say_events)
		report_say(&l->report, REPORT_WARNING, "SIGHUP received, dumping servers states.");
	for (uint32_t i = 0; i < g->nproxies; i++)
		if (!g->proxies[i].conf->disabled)
			dump_proxy(l, &g->proxies[i]);
}

/* --- what each signal does */

static void soft_stop(struct lbd *l)
{
	if (atomic_load(&l->process->state) >= PROCESS_STOPPING)
		return;
	say_all_stopped(l);
	process_soft_stop(l->process, l->model->global.hard_stop_after);
}

static void grace_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop, (void)revents;
	soft_stop(timer->data);
}

static void soft_stop_asked(struct lbd *l)
{
	struct signals *s = l->signals;
	uint32_t grace = l->model->global.grace;

	atomic_store(&l->process->stop_asked, true);
	if (!grace) {
		soft_stop(l);
		return;
	}
	if (ev_is_active(&s->grace))
		return;
	ev_timer_init(&s->grace, grace_over, grace / 1000., 0.);
	s->grace.data = l;
	ev_timer_start(main_worker(l)->loop, &s->grace);
}

/* Who starts anew asks again and again while an address is busy: said once. */
static void pause_or_resume(struct lbd *l, bool pause)
{
	struct signals *s = l->signals;

	if (s->paused != pause)
		say_listeners(l, pause ? "Paused" : "Resumed");
	s->paused = pause;
	if (pause)
		listeners_pause(l->process);
	else
		listeners_resume(l->process);
}

static void received(struct ev_loop *loop, ev_signal *watcher, int revents)
{
	struct lbd *l = watcher->data;

	(void)loop, (void)revents;
	switch (watcher->signum) {
	case SIGUSR1:
		soft_stop_asked(l);
		break;
	case SIGTERM:
	case SIGINT:
		l->ended_by = watcher->signum;
		process_stop(l->process);
		break;
	case SIGHUP:
		dump_states(l);
		break;
	case SIGTTOU:
		pause_or_resume(l, true);
		break;
	case SIGTTIN:
		pause_or_resume(l, false);
		break;
	case SIGQUIT:
		cli_dump_pools(l->process, stderr);
		break;
	}
}

bool signals_init(struct lbd *l)
{
	static const int watched[SIGNALS] = {SIGUSR1, SIGTERM, SIGINT, SIGHUP, SIGTTOU, SIGTTIN, SIGQUIT};
	struct signals *s = calloc(1, sizeof(*s));
	sigset_t none;

	if (!s)
		return false;
	s->lbd = l;
	l->signals = s;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	for (uint32_t i = 0; i < SIGNALS; i++) {
		ev_signal_init(&s->watchers[i], received, watched[i]);
		s->watchers[i].data = l;
		ev_signal_start(main_worker(l)->loop, &s->watchers[i]);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return true;
}

void signals_free(struct lbd *l)
{
	struct signals *s = l->signals;

	if (!s)
		return;
	for (uint32_t i = 0; i < SIGNALS; i++)
		ev_signal_stop(main_worker(l)->loop, &s->watchers[i]);
	ev_timer_stop(main_worker(l)->loop, &s->grace);
	free(s);
	l->signals = NULL;
}

void signal_die(int number)
{
	sigset_t one;

	LEAKS_REPORT();
	signal(number, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, number);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	raise(number);
}
