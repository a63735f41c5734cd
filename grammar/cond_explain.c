/* Explains what is wrong with a condition. The conditions of HAProxy know `or`, `||` and `!` and nothing else;
 * people write `and`, `not`, parentheses, commas, tests without braces and braces without blanks. One thread.
 */
#include "grammar/cond_explain.h"

#include "grammar/suggest.h"

struct explain {
	struct compile *c;
	const struct cond_scan *scan;
	const struct cond_term_ast *term;
	const struct lang_scope *scope;
	const struct word *word;
	struct str name; /* without exclamation marks */
	struct diag *g;
};

static struct diag *explain_add(struct explain *x, enum diag_code code, const char *message)
{
	x->g = diag_add(x->c->diags, code, x->term->span, message, STR_ARG(x->name));
	lang_haproxy(x->c, x->g, x->scope, "no such ACL : '%.*s'", STR_ARG(x->name));
	return x->g;
}

/* `and`, `&&`, `not`: what to write instead. */
static bool explain_operator(struct explain *x)
{
	struct diags *d = x->c->diags;

	if (str_ieq(x->name, STR("and")) || str_is(x->name, "&&") || str_is(x->name, "&")) {
		explain_add(x, D_COND_OPERATOR, "there is no operator `%.*s`");
		diag_help(d, x->g, "terms side by side must all be true: leave it out");
		diag_fix(d, x->g, FIX_CERTAIN, x->term->span, STR(""), "remove `%.*s`", STR_ARG(x->name));
		return true;
	}
	if (str_ieq(x->name, STR("not"))) {
		explain_add(x, D_COND_OPERATOR, "there is no operator `%.*s`");
		diag_help(d, x->g, "`!` negates the term that follows");
		diag_fix(d, x->g, FIX_CERTAIN, x->term->span, STR("!"), "write `!`");
		return true;
	}
	if (str_is(x->name, "|")) {
		explain_add(x, D_COND_OPERATOR, "there is no operator `%.*s`");
		diag_help(d, x->g, "alternatives are written `or` or `||`");
		diag_fix(d, x->g, FIX_LIKELY, x->term->span, STR("or"), "write `or`");
		return true;
	}
	return false;
}

static bool explain_parenthesis(struct explain *x)
{
	struct diags *d = x->c->diags;

	if (x->name.ptr[0] == '(' ||
	    (x->name.ptr[x->name.len - 1] == ')' && str_chr(x->name, '(') == x->name.len)) {
		explain_add(x, D_COND_OPERATOR, "conditions have no parentheses: `%.*s`");
		diag_help(d, x->g,
			  "`a b or c` is (a and b) or c; for other groupings repeat a term, or name an ACL");
		return true;
	}
	if (x->name.len > 1 && x->name.ptr[x->name.len - 1] == ',' &&
	    acl_find(x->c, x->scope, str_sub(x->name, 0, x->name.len - 1))) {
		explain_add(x, D_COND_OPERATOR, "terms are not separated by commas: `%.*s`");
		diag_help(d, x->g, "side by side they must all be true; `or` separates alternatives");
		diag_fix(d, x->g, FIX_LIKELY, word_span(x->word, x->word->text.len - 1, 1), STR(""),
			 "remove the comma");
		return true;
	}
	return false;
}

static bool explain_braces(struct explain *x)
{
	struct diags *d = x->c->diags;

	if (x->name.ptr[0] == '{') {
		explain_add(x, D_COND_BRACE, "a blank is missing behind `{` in `%.*s`");
		diag_help(d, x->g, "the braces of an anonymous ACL are words of their own");
		diag_fix(d, x->g, FIX_CERTAIN, span_sub(word_span(x->word, x->term->name_off + 1, 0), 0, 0),
			 STR(" "), "insert a blank");
		return true;
	}
	if (x->name.ptr[x->name.len - 1] == '}') {
		explain_add(x, D_COND_BRACE, "`%.*s` closes a brace that is not open");
		return true;
	}
	return false;
}

/* The words that belong to a test without braces: up to the next operator or brace. */
static struct span test_span(const struct explain *x)
{
	struct span span = x->term->span;

	for (uint32_t i = x->term->word + 1; i < x->scan->n; i++) {
		struct str text = x->scan->words[i].text;

		if (!text.len || str_ieq(text, STR("or")) || str_is(text, "||") || text.ptr[0] == '!' ||
		    text.ptr[0] == '{' || acl_find(x->c, x->scope, text))
			break;
		span = span_join(span, x->scan->words[i].span);
	}
	return span;
}

/* A sample fetch or test where an ACL's name should stand. */
static bool explain_fetch(struct explain *x)
{
	struct str base = x->name;
	struct diag_fix *fix;
	struct span span;
	enum fetch_id id;
	size_t end = 0;

	while (end < base.len && base.ptr[end] != '(' && base.ptr[end] != ',')
		end++;
	base.len = end;
	if (!fetch_find(base, &id) && !acl_alias_find(base))
		return false;
	explain_add(x, D_COND_FETCH, "`%.*s` is a test, not the name of an ACL");
	diag_help(x->c->diags, x->g, "put a test between braces: `{ %.*s ... }`", STR_ARG(x->name));
	span = test_span(x);
	fix = diag_fix(x->c->diags, x->g, FIX_LIKELY, span_sub(span, 0, 0), STR("{ "), "add braces");
	*vec_push(x->c->arena, &fix->edits) = (struct diag_edit){span_sub(span, span.len, 0), STR(" }")};
	return true;
}

/* The section of the tree in which the condition stands; NULL without a tree. */
static const struct section *own_section(const struct explain *x)
{
	const struct section *found = NULL;

	if (!x->c->tree)
		return NULL;
	vec_each (section, &x->c->tree->sections) {
		struct span span = (*section)->header ? (*section)->header->span : SPAN_NONE;

		if (span.source == x->term->span.source && span.off <= x->term->span.off)
			found = *section;
	}
	return found;
}

/* The word that names an ACL in a section's line `acl NAME ...`; NULL when there is none. */
static const struct word *section_acl(const struct section *section, struct str name)
{
	for (uint32_t i = 0; i < section->lines.n; i++) {
		const struct line *line = section->lines.v[i];

		if (line->nwords > 1 && str_is(line->words[0].text, "acl") && str_eq(line->words[1].text, name))
			return &line->words[1];
	}
	return NULL;
}

/* Whether the ACL's line stands before its use: then it was refused. */
static bool defined_before(const struct explain *x)
{
	const struct section *own = own_section(x);
	const struct word *w = own ? section_acl(own, x->name) : NULL;

	return w && w->span.source == x->term->span.source && w->span.off < x->term->span.off;
}

static bool explain_elsewhere(struct explain *x)
{
	const struct section *own = own_section(x);
	const struct word *w = own ? section_acl(own, x->name) : NULL;
	struct diags *d = x->c->diags;

	if (w) {
		explain_add(x, D_ACL_UNKNOWN, "ACL `%.*s` is used before its definition");
		diag_also(d, x->g, w->span, "defined here, behind its use");
		diag_help(d, x->g, "move the `acl` line up");
		return true;
	}
	if (!x->c->tree)
		return false;
	vec_each (section, &x->c->tree->sections) {
		w = *section == own ? NULL : section_acl(*section, x->name);
		if (!w)
			continue;
		explain_add(x, D_ACL_UNKNOWN, "no ACL named `%.*s` in this section");
		diag_also(d, x->g, w->span, "an ACL of this name is defined in another section");
		diag_note(
			d, x->g,
			"an ACL is seen in its own section only, and in those that take a `defaults` section");
		return true;
	}
	return false;
}

static void explain_unknown(struct explain *x)
{
	const struct map *acls = x->scope && x->scope->proxy ? &x->scope->proxy->acls : NULL;
	const struct section *own = own_section(x);
	const struct word *w;
	struct suggest s;

	explain_add(x, D_ACL_UNKNOWN, "no ACL named `%.*s`");
	suggest_start(&s, x->name);
	for (uint32_t i = 0; acls && i < acls->size; i++)
		if (acls->slots[i].value)
			suggest_offer(&s, acls->slots[i].key);
	for (size_t i = 0; acl_builtin_name(i); i++)
		suggest_offer(&s, str_from(acl_builtin_name(i)));
	lang_suggest(x->c, x->g, &s, x->term->span);
	w = s.n && own ? section_acl(own, s.names[0]) : NULL;
	if (w)
		diag_also(x->c->diags, x->g, w->span, "a similar name is defined here");
}

const struct acl *cond_explain_name(struct compile *c, const struct cond_scan *scan,
				    const struct cond_term_ast *term, const struct lang_scope *scope)
{
	struct explain x = {
		.c = c, .scan = scan, .term = term, .scope = scope, .word = &scan->words[term->word]};

	x.name = str_tail(x.word->text, term->name_off);
	if (defined_before(&x))
		return acl_poison(c, scope, x.name);
	if (!explain_operator(&x) && !explain_parenthesis(&x) && !explain_braces(&x) && !explain_fetch(&x) &&
	    !explain_elsewhere(&x))
		explain_unknown(&x);
	return NULL;
}

void cond_explain_brace(struct compile *c, const struct cond_scan *scan, const struct lang_scope *scope)
{
	struct diag *g = diag_add(c->diags, D_COND_UNCLOSED, scan->open, "this brace is not closed");

	lang_haproxy(c, g, scope, "missing closing '}' in condition");
	for (uint32_t i = 0; i < scan->n; i++) {
		const struct word *w = &scan->words[i];

		if (w->span.off <= scan->open.off || w->text.len < 2 || w->text.ptr[w->text.len - 1] != '}')
			continue;
		diag_also(c->diags, g, word_span(w, w->text.len - 1, 1), "a blank is missing before this `}`");
		diag_fix(c->diags, g, FIX_CERTAIN, word_span(w, w->text.len - 1, 0), STR(" "),
			 "insert a blank");
		return;
	}
	diag_help(c->diags, g, "end the anonymous ACL with a `}` that stands alone");
}
