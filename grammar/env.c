/* The environment of a configuration: a map whose entries are marked rather than removed. */
#include "grammar/env.h"

struct env_var {
	struct str value;
	bool set;
};

void env_load(struct env *e, const char *const *list)
{
	for (; list && *list; list++) {
		struct str entry = str_from(*list);
		size_t equals = str_chr(entry, '=');

		if (equals && equals < entry.len)
			env_set(e, str_sub(entry, 0, equals), str_tail(entry, equals + 1), false);
	}
}

const struct str *env_get(const struct env *e, struct str name)
{
	const struct env_var *var = map_get(&e->vars, name);

	return var && var->set ? &var->value : NULL;
}

bool env_name_is_valid(struct str name)
{
	return name.len && str_chr(name, '=') == name.len;
}

void env_set(struct env *e, struct str name, struct str value, bool overwrite)
{
	struct env_var *var = map_get(&e->vars, name);

	if (var && var->set && !overwrite)
		return;
	if (!var) {
		var = ARENA_NEW(e->arena, struct env_var);
		map_put(e->arena, &e->vars, arena_str(e->arena, name), var);
	}
	var->value = arena_str(e->arena, value);
	var->set = true;
}

void env_unset(struct env *e, struct str name)
{
	struct env_var *var = map_get(&e->vars, name);

	if (var)
		var->set = false;
}

static bool is_among(struct str name, const struct str *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(name, names[i]))
			return true;
	return false;
}

void env_reset(struct env *e, const struct str *keep, size_t n)
{
	for (uint32_t i = 0; i < e->vars.size; i++) {
		struct env_var *var = e->vars.slots[i].value;

		if (var && !is_among(e->vars.slots[i].key, keep, n))
			var->set = false;
	}
}
