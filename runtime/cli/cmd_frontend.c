/* Commands that pause, resume and end frontends, and change the process's rates (management manual,
 * section 9.3), with HAProxy 2.6's words. A frontend is ended while everything stands still: no worker watches
 * a socket that closes. */
#include <stdlib.h>

#include "runtime/cli/cli_call.h"
#include "runtime/core/isolation.h"
#include "runtime/core/log.h"
#include "runtime/stats/counters.h"

void cmd_disable_frontend(struct cli_call *c)
{
	struct proxy *px = cli_frontend(c, 2);

	if (!px)
		return;
	if (px->stopped)
		cli_say(c, CLI_NOTICE, "Frontend was previously shut down, cannot disable.");
	else if (atomic_exchange(&px->paused, true))
		cli_say(c, CLI_NOTICE, "All sockets are already disabled.");
	else {
		frontend_pause(c->process, px);
		log_event(c->worker, px->conf, LL_WARNING, "Paused frontend %.*s.", STR_ARG(px->conf->name));
	}
}

void cmd_enable_frontend(struct cli_call *c)
{
	struct proxy *px = cli_frontend(c, 2);

	if (!px)
		return;
	if (px->stopped)
		cli_say(c, CLI_ERR, "Frontend was previously shut down, cannot enable.");
	else if (!atomic_load(&px->paused))
		cli_say(c, CLI_NOTICE, "All sockets are already enabled.");
	else if (!frontend_resume(c->process, px))
		cli_say(c, CLI_ERR,
			"Failed to resume frontend, check logs for precise cause (port conflict?).");
	else {
		atomic_store(&px->paused, false);
		log_event(c->worker, px->conf, LL_WARNING, "Resumed frontend %.*s.", STR_ARG(px->conf->name));
	}
}

static void end_isolated(struct worker *w, void *arg)
{
	struct proxy *px = arg;
	struct fe_counters fe;
	struct be_counters be;

	if (px->stopped)
		return;
	px->stopped = true;
	frontend_close(w->process, px);
	counters_fe_sum(w->process, px->index, &fe);
	counters_be_sum(w->process, px->index, &be);
	log_event(w, px->conf, LL_WARNING, "Proxy %.*s stopped (cumulated conns: FE: %llu, BE: %llu).",
		  STR_ARG(px->conf->name), (unsigned long long)fe.cum_conn, (unsigned long long)be.cum_sess);
}

static void end_visit(struct worker *w, struct cli_visit *v)
{
	isolation_run(w, end_isolated, (void *)(uintptr_t)v->pointer);
	cli_visit_return(v);
}

void cmd_shutdown_frontend(struct cli_call *c)
{
	struct proxy *px = cli_frontend(c, 2);

	if (!px)
		return;
	if (px->stopped)
		cli_say(c, CLI_NOTICE, "Frontend was already shut down.");
	else
		cli_visit(c, &(struct cli_visit){.fn = end_visit, .waits = true, .pointer = px});
}

/* --- rates of the process */

static atomic_uint *rate_named(struct cli_call *c)
{
	static const char *const names[PROCESS_RATES] = {"connections", "sessions", "ssl-sessions",
							 "http-compression"};

	for (int i = 0; i < PROCESS_RATES; i++)
		if (str_is(c->words[2], names[i]) && str_is(c->words[3], "global"))
			return &c->process->rate_limits[i];
	return NULL;
}

void cmd_set_rate_limit(struct cli_call *c)
{
	atomic_uint *limit = rate_named(c);
	uint64_t n = 0;

	if (!limit) {
		cli_say(c, CLI_ERR,
			"'set rate-limit' only supports :\n"
			"   - 'connections global' to set the per-process maximum connection rate\n"
			"   - 'sessions global' to set the per-process maximum session rate\n"
			"   - 'ssl-sessions global' to set the per-process maximum SSL session rate\n"
			"   - 'http-compression global' to set the per-process maximum compression speed in "
			"kB/s");
		return;
	}
	if (!c->words[4].len) {
		cli_say(c, CLI_ERR, "Expects an integer value.");
		return;
	}
	if (c->words[4].ptr[0] == '-') {
		cli_say(c, CLI_ERR, "Value out of range.");
		return;
	}
	for (size_t i = 0; i < c->words[4].len && c->words[4].ptr[i] >= '0' && c->words[4].ptr[i] <= '9'; i++)
		if (n < UINT32_MAX / 1024 / 16)
			n = n * 10 + (uint64_t)(c->words[4].ptr[i] - '0');
	if (limit == &c->process->rate_limits[RATE_COMPRESSION])
		n *= 1024;
	atomic_store(limit, (unsigned)n);
	for (uint32_t i = 0; i < c->process->nworkers; i++)
		worker_changed(c->process->workers[i]);
}

/* --- what the session may do */

static void mode_set(struct cli_call *c, const char *name, bool *mode)
{
	if (!c->words[1].len)
		cli_say(c, CLI_INFO, "%s is %s", name, *mode ? "ON" : "OFF");
	else if (str_is(c->words[1], "on"))
		*mode = true;
	else if (str_is(c->words[1], "off"))
		*mode = false;
}

void cmd_expert_mode(struct cli_call *c)
{
	mode_set(c, "expert-mode", &c->session->expert);
}

void cmd_experimental_mode(struct cli_call *c)
{
	mode_set(c, "experimental-mode", &c->session->experimental);
}

/* --- publish and unpublish (management manual of 3.4): checks and sessions go on meanwhile */

static void publish(struct cli_call *c, bool hidden)
{
	struct proxy *px = c->words[2].len ? cli_backend(c, 2) : NULL;

	if (!px) {
		cli_say(c, CLI_ERR, "No such backend.");
		return;
	}
	if (atomic_exchange(&px->hidden, hidden) != hidden)
		atomic_fetch_add(&c->process->hidden_backends, hidden ? 1u : -1u);
	cli_say(c, CLI_INFO, hidden ? "Backend unpublished." : "Backend published.");
}

void cmd_publish_backend(struct cli_call *c)
{
	publish(c, false);
}

void cmd_unpublish_backend(struct cli_call *c)
{
	publish(c, true);
}
