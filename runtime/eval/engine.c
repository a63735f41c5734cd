/* The engine: per worker and model. Looks up the functions of every expression once, prepares patterns, keeps
 * the state of regular expressions. Everything but those lives in one arena. */
#include "runtime/eval/engine.h"

#include <setjmp.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/eval/match.h"

static fetch_fn *const fetch_functions[FETCH_COUNT] = {
#define FETCH(id, name, args, type, places, since, fn) fetch_##fn,
#include "grammar/keywords/fetches.def"
#undef FETCH
};

static conv_fn *const conv_functions[CONV_COUNT] = {
#define CONV(id, name, args, in, out, since, fn) conv_##fn,
#include "grammar/keywords/converters.def"
#undef CONV
};

/* What is not effective yet has no value. */
bool fetch_none(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	(void)e;
	(void)call;
	(void)out;
	(void)iter;
	return false;
}

bool conv_none(struct eval *e, const struct arg *args, struct sample *s)
{
	(void)e;
	(void)args;
	(void)s;
	return false;
}

/* Does the fetch change a stick table: sc_inc_gpc0, src_clr_gpc, src_updt_conn_cnt ...? */
static bool fetch_counts(uint16_t id)
{
	const char *name = fetch_row(id)->name;

	return strstr(name, "_inc_gpc") || strstr(name, "_clr_gpc") || strstr(name, "_updt_");
}

static bool conv_counts(uint16_t id)
{
	const char *name = conv_row(id)->name;

	return strstr(name, "_inc_gpc") || strstr(name, "_clr_gpc");
}

/* Whether an expression gives the same when it is asked again, and leaves nothing behind. */
static bool expr_is_pure(const struct sample_expr *x)
{
	if (x->fetch == FETCH_RAND || x->fetch == FETCH_UUID || fetch_counts(x->fetch))
		return false;
	for (uint32_t i = 0; i < x->nconvs; i++)
		if (x->convs[i].conv == CONV_SET_VAR || x->convs[i].conv == CONV_UNSET_VAR ||
		    conv_counts(x->convs[i].conv) || x->convs[i].conv == CONV_CAPTURE_REQ ||
		    x->convs[i].conv == CONV_CAPTURE_RES)
			return false;
	return true;
}

static void engine_plan(struct eval_engine *en, const struct sample_expr *x, struct expr_plan *plan)
{
	struct conv_step *steps = ARENA_ARRAY(en->arena, struct conv_step, x->nconvs);

	plan->fetch = fetch_functions[x->fetch];
	plan->pure = expr_is_pure(x);
	plan->call = (struct fetch_call){.args = x->args, .fetch = x->fetch};
	if (x->nargs && x->args[0].type == ARG_STR)
		plan->call.hdr = (uint8_t)http_name_of(x->args[0].str);
	for (uint32_t i = 0; i < x->nconvs; i++)
		steps[i] = (struct conv_step){conv_functions[x->convs[i].conv], x->convs[i].args,
					      conv_row(x->convs[i].conv)->in};
	plan->convs = steps;
	plan->nconvs = x->nconvs;
}

static void engine_fill(struct eval_engine *en)
{
	const struct model *m = en->model;
	struct expr_plan *plans = ARENA_ARRAY(en->arena, struct expr_plan, m->exprs.n);

	for (uint32_t i = 0; i < m->exprs.n; i++)
		engine_plan(en, m->exprs.v[i], &plans[i]);
	en->plans = plans;
	en->memos = ARENA_ARRAY(en->arena, struct expr_memo, m->exprs.n);
	en->generation = 1;
	en->acls = ARENA_ARRAY(en->arena, struct matcher, m->acl_exprs.n);
	for (uint32_t i = 0; i < m->acl_exprs.n; i++)
		matcher_init(&en->acls[i], en->arena, m->acl_exprs.v[i]->method, m->acl_exprs.v[i]->patterns,
			     m->acl_exprs.v[i]->npatterns);
	en->maps = ARENA_ARRAY(en->arena, struct matcher, m->maps.n);
	for (uint32_t i = 0; i < m->maps.n; i++)
		matcher_init(&en->maps[i], en->arena, m->maps.v[i]->method, m->maps.v[i]->patterns,
			     m->maps.v[i]->n);
}

struct eval_engine *eval_engine_new(const struct model *m)
{
	struct eval_engine *en = calloc(1, sizeof(*en));
	jmp_buf env;

	if (!en)
		return NULL;
	en->model = m;
	gethostname(en->hostname, sizeof(en->hostname) - 1);
	en->arena = arena_new();
	if (!en->arena) {
		free(en);
		return NULL;
	}
	if (setjmp(env)) {
		eval_engine_free(&en);
		return NULL;
	}
	arena_catch(en->arena, &env);
	engine_fill(en);
	if (!regex_engine_start(en))
		eval_engine_free(&en);
	else
		arena_catch(en->arena, NULL);
	return en;
}

void eval_engine_free(struct eval_engine **e)
{
	if (!e || !*e)
		return;
	regex_engine_stop(*e);
	while ((*e)->spare_tracks) {
		void *track = (*e)->spare_tracks;

		(*e)->spare_tracks = *(void **)track;
		free(track);
	}
	arena_free(&(*e)->arena);
	free(*e);
	*e = NULL;
}
