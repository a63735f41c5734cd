/* Variables (manual, section 2.8 and "set-var"): one short list per scope, found by id. Those of a transaction
 * live in scratch memory and go with it; those of a session and of the process own their memory. One thread. */
#include <stdlib.h>

#include "runtime/eval/pattern_lock.h"
#include "runtime/eval/rules.h"
#include "runtime/eval/vars.h"

struct eval_vars {
	struct eval_vars *next;
	uint32_t id;
	bool set, heap;
	struct sample value;
	char *buf; /* of texts */
	size_t cap;
};

static struct eval_vars **scope_list(struct eval *e, const struct var_ref *ref)
{
	return e->vars[ref->scope];
}

static struct eval_vars *var_lookup(struct eval *e, const struct var_ref *ref)
{
	struct eval_vars **list = scope_list(e, ref);

	for (struct eval_vars *v = list ? *list : NULL; v; v = v->next)
		if (v->id == ref->id)
			return v;
	return NULL;
}

static bool scope_is_long_lived(enum var_scope scope)
{
	return scope == VAR_PROC || scope == VAR_SESS;
}

/* A new, unset variable in its list; NULL when memory is out or there is no such scope here. */
static struct eval_vars *var_add(struct eval *e, const struct var_ref *ref)
{
	struct eval_vars **list = scope_list(e, ref), *v;
	bool heap = scope_is_long_lived(ref->scope);

	if (!list)
		return NULL;
	v = heap ? malloc(sizeof(*v)) : scratch_alloc(e->scratch, sizeof(*v));
	if (!v)
		return NULL;
	*v = (struct eval_vars){.next = *list, .id = ref->id, .heap = heap};
	*list = v;
	e->engine->kept++;
	return v;
}

/* Room for a text of len bytes. */
static bool var_reserve(struct eval *e, struct eval_vars *v, size_t len)
{
	char *buf;

	if (v->buf && v->cap >= len)
		return true;
	buf = v->heap ? realloc(v->buf, len + 1) : scratch_alloc(e->scratch, len + 1);
	if (!buf)
		return false;
	v->buf = buf;
	v->cap = len;
	return true;
}

/* Variables of the process belong to all workers. */
static pattern_lock *lock_of(const struct eval *e, const struct var_ref *ref)
{
	return ref->scope == VAR_PROC ? e->proc_lock : NULL;
}

static void lock_read(const struct eval *e, const struct var_ref *ref)
{
	if (lock_of(e, ref))
		pattern_lock_read(lock_of(e, ref));
}

static void unlock_read(const struct eval *e, const struct var_ref *ref)
{
	if (lock_of(e, ref))
		pattern_unlock_read(lock_of(e, ref));
}

bool var_exists(struct eval *e, const struct var_ref *ref)
{
	bool found;

	lock_read(e, ref);
	found = var_lookup(e, ref) != NULL;
	unlock_read(e, ref);
	return found;
}

/* A text that others may change is copied. */
static bool value_copy(struct eval *e, const struct var_ref *ref, struct sample *out)
{
	if (!lock_of(e, ref) || (!sample_is_text(out) && out->type != SMP_METH))
		return true;
	out->str = scratch_dup(e->scratch, out->str);
	return out->str.ptr != NULL;
}

bool var_get(struct eval *e, const struct var_ref *ref, struct sample *out)
{
	const struct eval_vars *v;
	bool found;

	lock_read(e, ref);
	v = var_lookup(e, ref);
	found = v && v->set;
	if (found) {
		*out = v->value;
		found = value_copy(e, ref, out);
	}
	unlock_read(e, ref);
	return found;
}

bool arg_text(struct eval *e, const struct arg *arg, struct str *text)
{
	struct sample v;

	*text = arg->str;
	if (arg->type != ARG_VAR)
		return true;
	if (!var_get(e, arg->var, &v) || !sample_cast(e, &v, SMP_STR))
		return false;
	*text = v.str;
	return true;
}

/* As HAProxy 2.6 reckons: the text, and as much for the variable itself. */
static uint64_t text_cost(const struct sample *value)
{
	return sample_is_text(value) || value->type == SMP_METH ? value->str.len : 0;
}

static uint64_t cost_of(const struct sample *value)
{
	return EVAL_VAR_COST + text_cost(value);
}

static uint64_t scope_cost(const struct eval *e, enum var_scope scope)
{
	uint64_t sum = 0;

	for (const struct eval_vars *v = e->vars[scope] ? *e->vars[scope] : NULL; v; v = v->next)
		sum += v->set ? cost_of(&v->value) : 0;
	return sum;
}

/* tune.vars.*-max-size: a session's include those of its transaction, and these those of request and response.
 */
static bool has_room(struct eval *e, const struct var_ref *ref, const struct eval_vars *old,
		     const struct sample *value)
{
	const struct global_conf *g = &e->model->global;
	uint64_t sum = cost_of(value) - (old && old->set ? cost_of(&old->value) : 0);

	if (ref->scope == VAR_CHECK && g->limits.vars_check)
		return sum + scope_cost(e, VAR_CHECK) <= g->limits.vars_check;
	if (!(g->tune_vars_sess | g->tune_vars_txn | g->tune_vars_reqres) || ref->scope == VAR_PROC ||
	    ref->scope == VAR_CHECK)
		return true;
	sum += scope_cost(e, VAR_REQ) + scope_cost(e, VAR_RES);
	if (g->tune_vars_reqres && sum > g->tune_vars_reqres &&
	    (ref->scope == VAR_REQ || ref->scope == VAR_RES))
		return false;
	sum += scope_cost(e, VAR_TXN);
	if (g->tune_vars_txn && sum > g->tune_vars_txn && ref->scope != VAR_SESS)
		return false;
	sum += scope_cost(e, VAR_SESS);
	return !g->tune_vars_sess || sum <= g->tune_vars_sess;
}

/* In total: variables of the process have their places from the start. */
static uint64_t total_cost(enum var_scope scope, const struct sample *value)
{
	return scope == VAR_PROC ? text_cost(value) : cost_of(value);
}

/* tune.vars.global-max-size and proc-max-size: all variables there are. True: `more` bytes are taken. */
static bool total_take(const struct eval *e, const struct var_ref *ref, uint64_t more)
{
	atomic_size_t *total = e->host ? e->host->vars_total : NULL;
	const struct limits_conf *limits = &e->model->global.limits;
	size_t sum;

	if (!total)
		return true;
	sum = atomic_fetch_add_explicit(total, (size_t)more, memory_order_relaxed) + (size_t)more;
	if ((int64_t)more <= 0 || ((!limits->vars_global || sum <= limits->vars_global) &&
				   (!limits->vars_proc || sum <= limits->vars_proc || ref->scope == VAR_CHECK)))
		return true;
	atomic_fetch_sub_explicit(total, (size_t)more, memory_order_relaxed);
	return false;
}

static bool fits(struct eval *e, const struct var_ref *ref, const struct eval_vars *old,
		 const struct sample *value)
{
	uint64_t before = old && old->set ? total_cost(ref->scope, &old->value) : 0;

	return has_room(e, ref, old, value) && total_take(e, ref, total_cost(ref->scope, value) - before);
}

static bool set_locked(struct eval *e, const struct var_ref *ref, const struct sample *value)
{
	struct eval_vars *v = var_lookup(e, ref);
	bool text = sample_is_text(value) || value->type == SMP_METH;

	if (!v)
		v = var_add(e, ref);
	if (!v || (text && !var_reserve(e, v, value->str.len)) || !fits(e, ref, v, value))
		return false;
	e->engine->kept++;
	e->engine->generation++;
	v->value = *value;
	v->set = true;
	if (!text)
		return true;
	if (value->str.len)
		memmove(v->buf, value->str.ptr, value->str.len);
	v->value.str = str_make(v->buf, value->str.len);
	return true;
}

bool var_set(struct eval *e, const struct var_ref *ref, const struct sample *value)
{
	pattern_lock *lock = lock_of(e, ref);
	bool ok;

	if (lock)
		pattern_lock_write(lock);
	ok = set_locked(e, ref, value);
	if (lock)
		pattern_unlock_write(lock);
	return ok;
}

void var_unset(struct eval *e, const struct var_ref *ref)
{
	pattern_lock *lock = lock_of(e, ref);
	struct eval_vars *v;

	if (lock)
		pattern_lock_write(lock);
	v = var_lookup(e, ref);
	if (v && v->set)
		total_take(e, ref, -total_cost(ref->scope, &v->value));
	if (v)
		v->set = false;
	if (lock)
		pattern_unlock_write(lock);
	e->engine->generation++;
}

static bool condition_locked(struct eval *e, const struct var_ref *ref, const struct sample *value,
			     uint32_t conditions)
{
	const struct eval_vars *v = conditions ? var_lookup(e, ref) : NULL;
	bool set = v && v->set, empty = sample_is_text(value) && !value->str.len;
	bool numbers = set && v->value.type == SMP_SINT && value->type == SMP_SINT;

	if ((conditions & VAR_IF_EXISTS && !v) || (conditions & VAR_IF_NOT_EXISTS && v) ||
	    (conditions & VAR_IF_EMPTY && !empty) || (conditions & VAR_IF_NOT_EMPTY && empty) ||
	    (conditions & VAR_IF_SET && !set) || (conditions & VAR_IF_NOT_SET && set))
		return false;
	if (!numbers)
		return true;
	return !(conditions & VAR_IF_GREATER && v->value.sint <= value->sint) &&
	       !(conditions & VAR_IF_LESS && v->value.sint >= value->sint);
}

bool var_condition(struct eval *e, const struct var_ref *ref, const struct sample *value, uint32_t conditions)
{
	bool holds;

	lock_read(e, ref);
	holds = condition_locked(e, ref, value, conditions);
	unlock_read(e, ref);
	return holds;
}

/* The list has the newest first. */
static void each_reversed(struct eval *e, const struct eval_vars *v,
			  void (*each)(void *ctx, struct str name, const struct sample *value), void *ctx)
{
	uint32_t n = 0;

	for (const struct eval_vars *one = v; one; one = one->next)
		n++;
	while (n--) {
		const struct eval_vars *one = v;

		for (uint32_t i = 0; i < n; i++)
			one = one->next;
		if (one->set && one->id < e->model->vars.n)
			each(ctx, e->model->vars.v[one->id]->name, &one->value);
	}
}

void vars_each(struct eval *e, enum var_scope scope,
	       void (*each)(void *ctx, struct str name, const struct sample *value), void *ctx)
{
	struct var_ref ref = {.scope = scope};

	if (!e->vars[scope])
		return;
	lock_read(e, &ref);
	each_reversed(e, *e->vars[scope], each, ctx);
	unlock_read(e, &ref);
}

void eval_vars_free(struct eval_vars **vars, atomic_size_t *total)
{
	struct eval_vars *next;

	for (struct eval_vars *v = *vars; v; v = next) {
		next = v->next;
		if (total && v->set)
			atomic_fetch_sub_explicit(total, (size_t)cost_of(&v->value), memory_order_relaxed);
		if (!v->heap)
			continue;
		free(v->buf);
		free(v);
	}
	*vars = NULL;
}
