/* See cli_errand.h: a visit (cli_visit.c) to worker 0. */
#include "runtime/cli/cli_errand.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/core/isolation.h"

enum { ERROR_MAX = 8192 };

static void errand_change(struct worker *w, void *arg)
{
	struct cli_errand *e = arg;

	e->ok = e->change(w, e);
}

static void errand_visit(struct worker *w, struct cli_visit *v)
{
	struct cli_errand *e = (struct cli_errand *)(uintptr_t)v->pointer;

	if (v->generation != w->process->generation)
		out_puts(&e->error, "The configuration has changed meanwhile.");
	else if (!isolation_run(w, errand_change, e))
		out_puts(&e->error, "The process is stopping.");
	cli_visit_return(v);
}

static void errand_free(struct cli_errand *e)
{
	if (e->free)
		e->free(e);
	out_free(&e->error);
	free(e);
}

static void errand_home(struct cli_visit *v)
{
	struct cli_errand *e = (struct cli_errand *)(uintptr_t)v->pointer;

	e->answer(v, e);
	errand_free(e);
}

void cli_errand_send(struct cli_call *c, const struct cli_errand *init, size_t size)
{
	struct cli_errand *e = malloc(size);

	if (!e) {
		if (init->free)
			init->free((struct cli_errand *)(uintptr_t)init);
		cli_say(c, CLI_ERR, "Out of memory.");
		return;
	}
	memcpy(e, init, size);
	e->error = out_growing(ERROR_MAX);
	if (!cli_visit(c, &(struct cli_visit){
				  .fn = errand_visit, .home_fn = errand_home, .waits = true, .pointer = e}))
		errand_free(e);
}
