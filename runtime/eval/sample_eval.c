/* Evaluates sample expressions: the fetch, then each converter with the cast that it wants. One thread. */
#include "runtime/eval/engine.h"

static bool sample_convert(struct eval *e, const struct expr_plan *plan, struct sample *s)
{
	for (uint32_t i = 0; i < plan->nconvs; i++) {
		const struct conv_step *step = &plan->convs[i];

		if (step->in != s->type && step->in != SMP_ANY && !sample_cast(e, s, step->in))
			return false;
		if (!step->fn(e, step->args, s))
			return false;
	}
	return true;
}

bool sample_eval(struct eval *e, const struct sample_expr *x, struct sample *out)
{
	const struct expr_plan *plan = &e->engine->plans[x->id];

	return plan->fetch(e, &plan->call, out, NULL) && sample_convert(e, plan, out);
}

bool sample_next(struct eval *e, const struct sample_expr *x, struct sample *out, struct sample_iter *iter)
{
	const struct expr_plan *plan = &e->engine->plans[x->id];

	iter->more = false;
	return plan->fetch(e, &plan->call, out, iter) && sample_convert(e, plan, out);
}

bool sample_text(struct eval *e, const struct sample_expr *expr, struct str *text)
{
	struct sample s;

	if (!sample_eval(e, expr, &s) || !sample_cast(e, &s, SMP_STR))
		return false;
	*text = s.str;
	return true;
}

bool sample_convert_text(struct eval *e, const struct sample_expr *x, struct str text, struct str *out)
{
	struct sample s;

	if (!sample_set_str(&s, text) || !sample_convert(e, &e->engine->plans[x->id], &s) ||
	    !sample_cast(e, &s, SMP_STR))
		return false;
	*out = s.str;
	return true;
}
