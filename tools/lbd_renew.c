/* How a worker takes over another configuration by itself: a thread of its own loads it and makes the new
 * objects, so that traffic does not wait; the main thread then switches over (runtime/reload/renew.h). A
 * configuration with errors changes nothing, and neither does one that only a new process can follow. One at a
 * time; main thread but for what is marked. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grammar/render.h"
#include "runtime/core/cpus.h"
#include "runtime/backend/server.h"
#include "runtime/cli/cli_call.h"
#include "runtime/core/log.h"
#include "runtime/core/process.h"
#include "runtime/reload/renew.h"
#include "runtime/tls/tls.h"
#include "tools/lbd.h"

enum { TEXT_MAX = 1 << 20, LEVEL_ADMIN = 2 };

/* What is being made. */
struct candidate {
	struct lbd lbd; /* options and report of its own */
	struct generation *generation;
	const char *verdict;
	bool done;
	struct out text; /* what to say of it */
};

struct lbd_renewal {
	struct renewal base; /* first member */
	struct lbd *lbd;
	struct cli_visit *visit; /* who asked; NULL: nothing is under way */
	struct candidate *candidate;
	pthread_t thread;
	int channel; /* the master's; -1: none */
};

/* --- on the thread of its own */

static bool fail(struct candidate *c, const char *verdict)
{
	c->verdict = verdict;
	return false;
}

/* With carets, as lbcheck shows it. */
static void put_errors(struct candidate *c)
{
	struct render_options options = {.haproxy = true};

	if (!c->lbd.loaded || !c->lbd.loaded->diags.errors)
		return;
	render_text(&c->text, &c->lbd.loaded->diags, &c->lbd.loaded->sources, &options);
	fwrite(c->text.buf, 1, c->text.len, stderr);
}

static bool candidate_check(struct candidate *c, const struct lbd_renewal *r)
{
	const struct process *p = r->lbd->process;
	struct model *m = c->lbd.model;
	struct cpu_plan plan;

	if (!serve_listeners(m)) {
		out_puts(&c->text, "[ALERT] no enabled listener found\n");
		return fail(c, RENEW_FAILED);
	}
	if (!renew_possible(r->lbd->model, m, &c->text))
		return fail(c, RENEW_PROCESS);
	vec_each (b, &m->global.stats_sockets)
		if ((*b)->addr.kind == ADDR_SOCKPAIR)
			return fail(c, RENEW_PROCESS);
	cpus_plan_here(&plan, m, &p->cpu_plan->allowed);
	if (plan.nthreads == p->nworkers)
		return true;
	out_puts(&c->text, "the number of threads differs\n");
	return fail(c, RENEW_PROCESS);
}

/* The master's channel is one more stats socket here, too, under a number of its own until the switch. */
static bool channel_add(struct candidate *c, int channel)
{
	struct arena *a = c->lbd.model->arena;
	struct bind_conf *b;
	int fd = channel < 0 ? -1 : dup(channel);

	if (channel < 0)
		return true;
	if (fd < 0)
		return fail(c, RENEW_PROCESS);
	b = ARENA_NEW(a, struct bind_conf);
	b->addr.kind = ADDR_SOCKPAIR;
	b->addr.fd = fd;
	b->addr.text = arena_printf(a, "sockpair@%d", channel);
	b->level = LEVEL_ADMIN;
	*vec_push(a, &c->lbd.model->global.stats_sockets) = b;
	return true;
}

static bool candidate_make(struct candidate *c, const struct lbd_renewal *r)
{
	if (!configuration_load(&c->lbd)) {
		put_errors(c);
		return fail(c, RENEW_FAILED);
	}
	if (!candidate_check(c, r))
		return false;
	c->generation = generation_make(r->lbd->process->nworkers, c->lbd.model, &c->lbd.tls);
	if (!c->generation || !limits_fullconn(c->generation, r->lbd->maxconn))
		return fail(c, RENEW_PROCESS);
	for (uint32_t i = 0; i < c->generation->nproxies; i++)
		if (!atomic_load(&c->generation->proxies[i].maxconn))
			atomic_store(&c->generation->proxies[i].maxconn, r->lbd->maxconn);
	return channel_add(c, r->channel);
}

static void loaded_here(struct worker *w, void *arg);

static void *load_aside(void *arg)
{
	struct lbd_renewal *r = arg;

	candidate_make(r->candidate, r);
	while (!mailbox_post(r->lbd->process->workers[0], loaded_here, r))
		usleep(1000); /* memory comes back */
	return NULL;
}

/* --- on the main thread */

static void candidate_free(struct candidate **cp)
{
	struct candidate *c = *cp;

	*cp = NULL;
	generation_free(&c->generation);
	tls_world_free(&c->lbd.tls);
	loaded_free(&c->lbd.loaded);
	out_free(&c->lbd.report.log);
	free(c->lbd.report.said);
	out_free(&c->text);
	free(c);
}

/* What the program knows of its configuration is that of the new one from now on. */
static void adopt(struct lbd *l, struct candidate *c)
{
	struct loaded *old = l->loaded;
	struct out log = l->report.log;

	l->loaded = c->lbd.loaded;
	l->model = c->lbd.model;
	c->lbd.loaded = old;
	l->report.log = c->lbd.report.log;
	c->lbd.report.log = log;
	environment_loaded(l->model);
	l->process->startup_logs = report_log(&l->report);
}

static void switch_over(struct lbd_renewal *r, struct worker *w)
{
	struct candidate *c = r->candidate;
	struct out errors = out_growing(TEXT_MAX);

	if (renew(w, c->generation, &errors)) {
		c->generation = NULL;
		c->verdict = RENEW_DONE;
		c->done = true;
		adopt(r->lbd, c);
	} else {
		c->verdict = RENEW_PROCESS;
		out_str(&c->text, out_get(&errors));
	}
	out_free(&errors);
}

static void answer(struct lbd_renewal *r)
{
	struct candidate *c = r->candidate;
	struct cli_visit *v = r->visit;
	const struct out *said = c->done ? &r->lbd->report.log : &c->lbd.report.log;

	out_printf(&v->text, "%s\n", c->verdict);
	out_str(&v->text, out_get(said));
	out_str(&v->text, out_get(&c->text));
	r->visit = NULL;
	cli_visit_return(v);
}

static void loaded_here(struct worker *w, void *arg)
{
	struct lbd_renewal *r = arg;

	pthread_join(r->thread, NULL);
	if (!r->candidate->verdict)
		switch_over(r, w);
	answer(r);
	candidate_free(&r->candidate);
}

static struct candidate *candidate_new(const struct lbd *l)
{
	struct candidate *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->text = out_growing(TEXT_MAX);
	c->lbd.options = l->options;
	c->lbd.renews = true;
	c->lbd.tls_before = l->process->generation->tls;
	/* The master would have read the configuration. */
	c->lbd.report =
		(struct report){.pid = getppid(), .compat = l->report.compat, .copy_fd = -1, .plain = true};
	return c;
}

/* No signal is for it. */
static bool thread_start(struct lbd_renewal *r)
{
	sigset_t all, before;
	bool ok;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ok = !pthread_create(&r->thread, NULL, load_aside, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ok;
}

static void begin(struct renewal *base, struct worker *w, struct cli_visit *v)
{
	struct lbd_renewal *r = (struct lbd_renewal *)base;

	(void)w;
	if (r->visit) {
		out_puts(&v->text, RENEW_FAILED "\nanother one is under way\n");
		cli_visit_return(v);
		return;
	}
	r->candidate = candidate_new(r->lbd);
	if (r->candidate) {
		r->visit = v;
		if (thread_start(r))
			return;
		r->visit = NULL;
		candidate_free(&r->candidate);
	}
	out_puts(&v->text, RENEW_PROCESS "\nout of memory\n");
	cli_visit_return(v);
}

bool renewal_init(struct lbd *l)
{
	struct lbd_renewal *r = calloc(1, sizeof(*r));

	if (!r)
		return false;
	r->base.begin = begin;
	r->lbd = l;
	r->channel = -1;
	vec_each (b, &l->model->global.stats_sockets)
		if ((*b)->addr.kind == ADDR_SOCKPAIR)
			r->channel = (*b)->addr.fd;
	l->process->renewal = &r->base;
	return true;
}

void renewal_free(struct lbd *l)
{
	struct lbd_renewal *r = (struct lbd_renewal *)(l->process ? l->process->renewal : NULL);

	if (!r)
		return;
	if (r->visit) { /* its message will not be read any more */
		pthread_join(r->thread, NULL);
		candidate_free(&r->candidate);
	}
	l->process->renewal = NULL;
	free(r);
}
