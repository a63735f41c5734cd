/* Variables of the process (manual, section 3.1: set-var, set-var-fmt; management manual: `set var`). Those
 * that the running model knows have its ids; further names, which only the control socket has used, get ids
 * above all models'. They are few, and stay. proc_lock guards names and values. */
#include <stdlib.h>
#include <string.h>

#include "runtime/core/process.h"
#include "runtime/eval/vars.h"

enum { FIRST_ID = 1 << 24 };

struct proc_name {
	struct proc_name *next;
	uint32_t id, len;
	char text[];
};

bool proc_var_assign(struct eval *e, const struct proc_var *conf)
{
	struct sample s;
	bool found =
		conf->fmt ? sample_set_str(&s, logfmt_text(e, conf->fmt)) : sample_eval(e, conf->sample, &s);

	return found && var_set(e, conf->var, &s);
}

/* Variables are limited: what is counted from now on, and the places of those of the process. */
static void total_begin(struct process *p, const struct model *m)
{
	size_t places = 0;

	vec_each (v, &m->vars)
		places += (*v)->scope == VAR_PROC;
	atomic_store(&p->vars_total, places * EVAL_VAR_COST);
	for (uint32_t i = 0; i < p->nworkers; i++)
		p->workers[i]->host.vars_total = &p->vars_total;
}

/* Main thread, before any traffic. */
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
			 .vars = {[VAR_PROC] = &g->proc_vars}};

	scratch_init(&scratch, &w->scratch);
	if (g->model->global.limits.vars_proc | g->model->global.limits.vars_global)
		total_begin(p, g->model);
	for (uint32_t i = 0; i < g->model->global.proc_vars.n; i++)
		proc_var_assign(&e, &g->model->global.proc_vars.v[i]);
	scratch_reset(&scratch);
}

static bool find_in_model(const struct model *m, struct var_ref *ref)
{
	vec_each (v, &m->vars)
		if ((*v)->scope == VAR_PROC && str_eq((*v)->name, ref->name)) {
			ref->id = (*v)->id;
			return true;
		}
	return false;
}

/* Under the lock. */
static bool find_further(const struct process *p, struct var_ref *ref)
{
	for (const struct proc_name *n = p->proc_names; n; n = n->next)
		if (str_eq(str_make(n->text, n->len), ref->name)) {
			ref->id = n->id;
			return true;
		}
	return false;
}

bool proc_var_find(struct process *p, struct var_ref *ref)
{
	bool found;

	if (find_in_model(p->generation->model, ref))
		return true;
	pattern_lock_read(&p->proc_lock);
	found = find_further(p, ref);
	pattern_unlock_read(&p->proc_lock);
	return found;
}

/* Under the lock. */
static bool name_add(struct process *p, struct var_ref *ref)
{
	struct proc_name *n = malloc(sizeof(*n) + ref->name.len);

	if (!n)
		return false;
	n->next = p->proc_names;
	n->id = p->proc_names ? p->proc_names->id + 1 : FIRST_ID;
	n->len = (uint32_t)ref->name.len;
	memcpy(n->text, ref->name.ptr, ref->name.len);
	p->proc_names = n;
	ref->id = n->id;
	return true;
}

bool proc_var_make(struct process *p, struct var_ref *ref)
{
	bool found;

	if (find_in_model(p->generation->model, ref))
		return true;
	pattern_lock_write(&p->proc_lock);
	found = find_further(p, ref) || name_add(p, ref);
	pattern_unlock_write(&p->proc_lock);
	return found;
}

void proc_names_free(struct process *p)
{
	while (p->proc_names) {
		struct proc_name *n = p->proc_names;

		p->proc_names = n->next;
		free(n);
	}
}
