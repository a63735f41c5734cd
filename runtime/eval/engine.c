/* The engine: per worker and model. Looks up the functions of every expression once, prepares patterns, keeps
 * the state of regular expressions. Everything but those lives in one arena. */
#include "runtime/eval/engine.h"

#include <setjmp.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/eval/cond_index.h"
#include "runtime/eval/match.h"
#include "runtime/eval/jwt.h"

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
		    x->convs[i].conv == CONV_CAPTURE_RES || x->convs[i].conv == CONV_WHEN ||
		    x->convs[i].conv == CONV_AES_GCM_ENC)
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
	en->nplans = en->plans_room = m->exprs.n;
	en->memos = ARENA_ARRAY(en->arena, struct expr_memo, m->exprs.n);
	en->generation = 1;
	en->acls = ARENA_ARRAY(en->arena, struct matcher, m->acl_exprs.n);
	for (uint32_t i = 0; i < m->acl_exprs.n; i++)
		matcher_init(&en->acls[i], en->arena, m->acl_exprs.v[i]->method, m->acl_exprs.v[i]->patterns,
			     m->acl_exprs.v[i]->npatterns);
	en->maps = ARENA_ARRAY(en->arena, struct pattern_index *, m->maps.n);
}

static struct pattern_index *index_of(struct eval_engine *en, const struct pattern_file *file,
				      enum match_method method, bool icase, enum smp_type type)
{
	return pattern_index_get(pattern_ref_of(en->patterns, file), method, icase, type);
}

/* How each ACL and map looks into files. False when memory is out. */
static bool engine_files(struct eval_engine *en)
{
	const struct model *m = en->model;
	bool done = true;

	for (uint32_t i = 0; i < m->acl_exprs.n; i++) {
		const struct acl_expr *x = m->acl_exprs.v[i];
		struct matcher *matcher = &en->acls[i];

		if (!x->nfiles)
			continue;
		matcher->single = false;
		matcher->files = ARENA_ARRAY(en->arena, struct pattern_index *, x->nfiles);
		matcher->nfiles = x->nfiles;
		for (uint32_t j = 0; j < x->nfiles; j++) {
			matcher->files[j] =
				index_of(en, x->files[j].file, x->method, x->files[j].icase, SMP_STR);
			done &= matcher->files[j] != NULL;
		}
	}
	for (uint32_t i = 0; i < m->maps.n; i++) {
		const struct map_conf *map = m->maps.v[i];

		en->maps[i] = index_of(en, map->file, map->method, false, map->type);
		done &= en->maps[i] != NULL;
	}
	return done;
}

struct pattern_refs *eval_engine_patterns(const struct eval_engine *en)
{
	return en->patterns;
}

/* The index of a list of rules or of use_backend lines. */
static const struct cond_index *list_index(struct eval_engine *en, const struct rules *rules,
					   const struct switch_rule *switches, uint32_t n)
{
	const struct cond **conds = calloc(n, sizeof(*conds));
	const struct cond_index *index;

	for (uint32_t i = 0; conds && i < n; i++)
		conds[i] = rules ? rules->v[i].cond : switches[i].cond;
	index = conds ? cond_index_new(en->arena, en, conds, n) : NULL;
	free(conds);
	return index;
}

static void proxy_index(struct eval_engine *en, const struct proxy_conf *px)
{
	for (int set = 0; set < RS_COUNT; set++)
		if (px->rules[set].list)
			en->lists[px->rules[set].list] = list_index(en, &px->rules[set], NULL, px->rules[set].n);
	if (px->use_backend_list)
		en->lists[px->use_backend_list] = list_index(en, NULL, px->use_backend.v, px->use_backend.n);
}

static void engine_index(struct eval_engine *en)
{
	const struct model *m = en->model;

	en->lists = ARENA_ARRAY(en->arena, const struct cond_index *, m->nlists + 1);
	vec_each (px, &m->proxies)
		proxy_index(en, *px);
	vec_each (px, &m->templates)
		proxy_index(en, *px);
}

struct eval_engine *eval_engine_new(const struct model *m)
{
	return eval_engine_new_sharing(m, NULL);
}

struct eval_engine *eval_engine_new_sharing(const struct model *m, const struct eval_engine *first)
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
	en->patterns = first ? pattern_refs_retain(first->patterns) : pattern_refs_new(m);
	if (first)
		en->jwt_keys = jwt_keys_retain(first->jwt_keys);
	else if (!jwt_keys_new(m, &en->jwt_keys)) {
		eval_engine_free(&en);
		return NULL;
	}
	if (!en->patterns || !engine_files(en) || !regex_engine_start(en)) {
		eval_engine_free(&en);
		return NULL;
	}
	engine_index(en);
	arena_catch(en->arena, NULL);
	return en;
}

/* Room for more expressions. Memory that runs out jumps to the arena's handler. */
static void plans_grow(struct eval_engine *en, uint32_t id)
{
	uint32_t room = id + id / 2 + 8;
	struct expr_plan *plans = ARENA_ARRAY(en->arena, struct expr_plan, room);
	struct expr_memo *memos = ARENA_ARRAY(en->arena, struct expr_memo, room);

	for (uint32_t i = 0; i < en->nplans; i++)
		plans[i] = en->plans[i];
	en->plans = plans;
	en->memos = memos;
	en->plans_room = room;
	en->generation++;
}

uint32_t eval_engine_exprs(const struct eval_engine *en)
{
	return en->nplans;
}

bool eval_engine_add(struct eval_engine *en, const struct sample_expr *x)
{
	jmp_buf env;

	if (setjmp(env)) {
		arena_catch(en->arena, NULL);
		return false;
	}
	arena_catch(en->arena, &env);
	if (x->id >= en->plans_room)
		plans_grow(en, x->id);
	engine_plan(en, x, (struct expr_plan *)(uintptr_t)&en->plans[x->id]);
	if (x->id >= en->nplans)
		en->nplans = x->id + 1;
	arena_catch(en->arena, NULL);
	return true;
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
	pattern_refs_release(&(*e)->patterns);
	jwt_keys_release(&(*e)->jwt_keys);
	arena_free(&(*e)->arena);
	free(*e);
	*e = NULL;
}
