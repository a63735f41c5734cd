/* Variables of the process that the global section sets before any traffic (manual, section 3.1: set-var,
 * set-var-fmt). Main thread. */
#include "runtime/core/process.h"
#include "runtime/eval/sample.h"

static void set(struct eval *e, const struct proc_var *conf)
{
	struct sample s;
	bool found =
		conf->fmt ? sample_set_str(&s, logfmt_text(e, conf->fmt)) : sample_eval(e, conf->sample, &s);

	if (found)
		var_set(e, conf->var, &s);
}

void proc_vars_start(struct process *p, struct generation *g)
{
	struct worker *w = p->workers[0];
	struct scratch scratch;
	struct eval e = {.engine = g->engines[0],
			 .model = g->model,
			 .host = &w->host,
			 .scratch = &scratch,
			 .place = AT(CONFIG),
			 .now = p->started,
			 .proc_lock = &p->proc_lock,
			 .vars = {[VAR_PROC] = &p->proc_vars}};

	scratch_init(&scratch, &w->scratch);
	for (uint32_t i = 0; i < g->model->global.proc_vars.n; i++)
		set(&e, &g->model->global.proc_vars.v[i]);
	scratch_reset(&scratch);
}
