/* Life of a model: made empty with HAProxy's built-in values, counted, freed with its arena. The reference
 * count is the one thing in it that ever changes after checking. Any thread. */
#include "grammar/model_preset.h"

struct model *model_new(int compat)
{
	struct arena *a = arena_new();
	struct model *m;
	jmp_buf env;

	if (!a)
		return NULL;
	if (setjmp(env)) {
		arena_free(&a);
		return NULL;
	}
	arena_catch(a, &env);
	m = ARENA_NEW(a, struct model);
	arena_catch(a, NULL);
	m->arena = a;
	m->references = 1;
	m->compat = compat;
	model_preset_global(&m->global);
	return m;
}

struct model *model_retain(struct model *m)
{
	__atomic_add_fetch(&m->references, 1, __ATOMIC_RELAXED);
	return m;
}

void model_release(struct model **m)
{
	struct arena *a;

	if (!m || !*m)
		return;
	if (__atomic_sub_fetch(&(*m)->references, 1, __ATOMIC_ACQ_REL) == 0) {
		a = (*m)->arena;
		arena_free(&a);
	}
	*m = NULL;
}

const struct table_conf *model_table(const struct model *m, struct str name)
{
	vec_each (t, &m->tables)
		if (str_eq((*t)->name, name))
			return *t;
	return NULL;
}

/* --- what sample expressions are about */

static bool arg_is(const struct arg *a, enum arg_type type, const void *object)
{
	return a->type == type && (type == ARG_SERVER ? (const void *)a->server : a->proxy) == object;
}

static bool any_is(const struct arg *args, uint32_t n, enum arg_type type, const void *object)
{
	for (uint32_t i = 0; i < n; i++)
		if (arg_is(&args[i], type, object))
			return true;
	return false;
}

bool model_is_sampled(const struct model *m, enum arg_type type, const void *object)
{
	vec_each (x, &m->exprs) {
		if (any_is((*x)->args, (*x)->nargs, type, object))
			return true;
		for (uint32_t i = 0; i < (*x)->nconvs; i++)
			if (any_is((*x)->convs[i].args, (*x)->convs[i].nargs, type, object))
				return true;
	}
	return false;
}
