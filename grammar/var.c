/* Variables (manual, section 2.8 and "set-var"): names with their scope, one struct var_ref per name and model.
 */
#include "grammar/lang_state.h"

static const char *const scope_names[VAR_SCOPES] = {
	[VAR_PROC] = "proc", [VAR_SESS] = "sess", [VAR_TXN] = "txn",
	[VAR_REQ] = "req",   [VAR_RES] = "res",   [VAR_CHECK] = "check",
};

static bool var_is_name(struct str name, size_t *bad)
{
	*bad = str_word_run(name, "_.");
	return name.len && *bad == name.len;
}

static const struct var_ref *var_make(struct compile *c, enum var_scope scope, struct str text)
{
	struct var_ref *var = map_get(&c->vars, text);

	if (var)
		return var;
	text = arena_str(c->model->arena, text);
	var = ARENA_NEW(c->model->arena, struct var_ref);
	var->scope = scope;
	var->name = str_tail(text, strlen(scope_names[scope]) + 1);
	var->id = c->model->vars.n;
	*vec_push(c->model->arena, &c->model->vars) = var;
	map_put(c->arena, &c->vars, text, var);
	return var;
}

/* Scopes of the stream that waits for this one (3.2). Streams have no parents here, so that nobody ever sets
 * such a variable: it stands among those of checks, which traffic does not have, by its whole name. */
static bool scope_is_parents(struct str text)
{
	static const char *const scopes[] = {"psess.", "ptxn.", "preq.", "pres."};

	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
		if (str_starts(text, str_from(scopes[i])))
			return true;
	return false;
}

bool var_is_parents(const struct var_ref *var)
{
	return var->scope == VAR_CHECK && scope_is_parents(var->name);
}

static const struct var_ref *var_of_parent(struct compile *c, struct str text)
{
	struct var_ref *var = map_get(&c->vars, text);

	if (!var) {
		var = (struct var_ref *)(uintptr_t)var_make(c, VAR_CHECK, text);
		var->name = arena_str(c->model->arena, text);
	}
	return var;
}

const struct var_ref *var_find(struct compile *c, struct str text, struct str *why)
{
	size_t dot = str_chr(text, '.'), bad;
	struct str name = str_tail(text, dot + 1);

	*why = arena_printf(
		c->arena,
		"invalid variable name '%.*s'. A variable name must be start by its scope. The scope can be "
		"'proc', 'sess', 'txn', 'req', 'res' or 'check'",
		STR_ARG(text));
	if (dot + 1 >= text.len)
		return NULL;
	if (c->model->compat > 300 && scope_is_parents(text) && var_is_name(name, &bad))
		return var_of_parent(c, text);
	for (int i = 0; i < VAR_SCOPES; i++) {
		if (!str_is(str_sub(text, 0, dot), scope_names[i]))
			continue;
		if (var_is_name(name, &bad))
			return var_make(c, (enum var_scope)i, text);
		*why = arena_printf(c->arena, "invalid syntax at char '%.*s'", STR_ARG(str_tail(name, bad)));
		return NULL;
	}
	return NULL;
}

uint32_t var_condition_find(struct str word)
{
	static const char *const words[] = {"ifexists", "ifnotexists", "ifempty", "ifnotempty",
					    "ifset",    "ifnotset",    "ifgt",    "iflt"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_is(word, words[i]))
			return 1u << i;
	return 0;
}

void var_explain(struct compile *c, struct diag *g)
{
	diag_note(c->diags, g,
		  "a variable is a scope, a dot and a name of letters, digits, `_` and `.`; the scopes are "
		  "`proc`, "
		  "`sess`, `txn`, `req`, `res` and `check`");
}

const struct var_ref *var_parse(struct compile *c, struct str text, struct span span)
{
	struct str why;
	const struct var_ref *var = var_find(c, text, &why);
	struct diag *g;

	if (var)
		return var;
	g = diag_add(c->diags, D_VAR_NAME, span, "`%.*s` is not the name of a variable", STR_ARG(text));
	var_explain(c, g);
	diag_haproxy(c->diags, g, "%.*s.", STR_ARG(why));
	return NULL;
}
