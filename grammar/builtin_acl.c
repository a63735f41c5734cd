/* Predefined ACLs (manual, section 7.4): rows of text that are read like any other ACL when a condition first
 * names them. One thread. */
#include "grammar/acl.h"

struct builtin_row {
	const char *name, *text;
	uint16_t since;
};

static const struct builtin_row rows[] = {
#define BUILTIN_ACL(name, since, text) {name, text, since},
#include "grammar/keywords/builtin_acls.def"
#undef BUILTIN_ACL
};

const char *acl_builtin_name(size_t i)
{
	return i < sizeof(rows) / sizeof(rows[0]) ? rows[i].name : NULL;
}

/* Cuts a row's text into words at its blanks. */
static uint32_t builtin_words(struct arena *a, struct str text, struct word *words, uint32_t max)
{
	uint32_t n = 0;

	while (text.len && n < max) {
		size_t end = str_chr(text, ' ');

		words[n++].text = arena_str(a, str_sub(text, 0, end));
		text = str_tail(text, end + 1);
	}
	return n;
}

static const struct acl *builtin_make(struct compile *c, const struct builtin_row *row)
{
	struct arena *a = c->model->arena;
	struct acl *acl = ARENA_NEW(a, struct acl);
	struct word words[8] = {0};
	const struct acl_expr *expr;
	uint32_t n;

	acl->name = arena_str(a, str_from(row->name));
	n = builtin_words(c->arena, str_from(row->text), words, 8);
	expr = acl_expr_parse(c, words, n, SPAN_NONE, NULL);
	if (!expr)
		return NULL;
	*vec_push(a, &acl->exprs) = expr;
	acl->places = expr->sample->places;
	map_put(c->arena, &lang_state(c)->builtin_acls, acl->name, acl);
	return acl;
}

const struct acl *acl_find(struct compile *c, const struct lang_scope *scope, struct str name)
{
	const struct acl *acl = scope && scope->proxy ? map_get(&scope->proxy->acls, name) : NULL;

	if (!acl)
		acl = map_get(&lang_state(c)->builtin_acls, name);
	for (size_t i = 0; !acl && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_is(name, rows[i].name) && (!c->model->compat || c->model->compat >= rows[i].since))
			return builtin_make(c, &rows[i]);
	return acl;
}
