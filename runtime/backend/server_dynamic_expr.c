/* Expressions of dynamic servers' lines. Engines know the expressions of one model by number; those that come
 * later get further numbers, on all engines alike, and stay until the generation ends, so that the same words
 * need nothing new the next time. What an expression takes from its model (variables) is replaced by what the
 * running one has. Isolated (core/isolation.h). */
#include <stdlib.h>

#include "grammar/model.h"
#include "runtime/backend/server_dynamic.h"

struct dynamic_expr {
	struct dynamic_expr *next;
	const struct sample_expr *expr;
	struct model *model; /* that it lives in */
};

static const struct var_ref *var_known(const struct generation *g, const struct var_ref *wanted)
{
	vec_each (v, &g->model->vars)
		if ((*v)->scope == wanted->scope && str_eq((*v)->name, wanted->name))
			return *v;
	return NULL;
}

/* False: it needs what only belongs to its own model. */
static bool arg_adopt(const struct generation *g, struct arg *arg)
{
	switch (arg->type) {
	case ARG_VAR:
		arg->var = var_known(g, arg->var);
		return arg->var != NULL;
	case ARG_PROXY:
	case ARG_SERVER:
	case ARG_USERLIST:
	case ARG_REGEX:
	case ARG_TABLE:
	case ARG_MAP:
		return false;
	default:
		return true;
	}
}

static bool args_adopt(const struct generation *g, const struct arg *args, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!arg_adopt(g, (struct arg *)(uintptr_t)&args[i]))
			return false;
	return true;
}

static bool expr_adopt(const struct generation *g, const struct sample_expr *x)
{
	for (uint32_t i = 0; i < x->nconvs; i++)
		if (!args_adopt(g, x->convs[i].args, x->convs[i].nargs))
			return false;
	return args_adopt(g, x->args, x->nargs);
}

static const struct sample_expr *expr_known(const struct generation *g, struct str text)
{
	vec_each (x, &g->model->exprs)
		if (str_eq((*x)->text, text))
			return *x;
	for (const struct dynamic_expr *d = g->exprs; d; d = d->next)
		if (str_eq(d->expr->text, text))
			return d->expr;
	return NULL;
}

static bool engines_add(struct generation *g, struct sample_expr *x)
{
	for (uint32_t i = 0; i < g->nengines; i++)
		if (eval_engine_exprs(g->engines[i]) > x->id)
			x->id = eval_engine_exprs(g->engines[i]);
	for (uint32_t i = 0; i < g->nengines; i++)
		if (!eval_engine_add(g->engines[i], x))
			return false;
	return true;
}

/* The expression that takes its place, one that the engines know. NULL: no memory. */
static const struct sample_expr *expr_share(struct generation *g, const struct sample_expr *x, struct model *m)
{
	const struct sample_expr *known = expr_known(g, x->text);
	struct dynamic_expr *d;

	if (known)
		return known;
	d = malloc(sizeof(*d));
	if (!d || !engines_add(g, (struct sample_expr *)(uintptr_t)x)) {
		free(d);
		return NULL;
	}
	*d = (struct dynamic_expr){.next = g->exprs, .expr = x, .model = model_retain(m)};
	g->exprs = d;
	return x;
}

static bool expr_place(struct generation *g, const struct sample_expr **at, struct dynamic_server *d,
		       struct out *error)
{
	if (!*at)
		return true;
	if (!expr_adopt(g, *at)) {
		out_printf(error, "the expression '%.*s' is not supported for dynamic servers.",
			   STR_ARG((*at)->text));
		return false;
	}
	*at = expr_share(g, *at, d->model);
	if (!*at)
		out_puts(error, "Out of memory.");
	return *at != NULL;
}

/* The line's own structs, which nobody else reads yet. */
bool server_dynamic_exprs(struct process *p, struct dynamic_server *d, struct out *error)
{
	const struct server_conf *conf = d->server.conf;
	struct tls_server_conf *tls = (struct tls_server_conf *)(uintptr_t)conf->tls;
	struct source_conf *source = (struct source_conf *)(uintptr_t)conf->source;

	if (tls && !expr_place(p->generation, &tls->sni, d, error))
		return false;
	return !source || expr_place(p->generation, &source->spoof_expr, d, error);
}

void server_dynamic_exprs_free(struct generation *g)
{
	while (g->exprs) {
		struct dynamic_expr *d = g->exprs;

		g->exprs = d->next;
		model_release(&d->model);
		free(d);
	}
}
