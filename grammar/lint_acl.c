/* Lints: patterns that cannot match what they are compared with, and flags that stand too late and became
 * patterns. One thread. */
#include "grammar/cond_walk.h"
#include "grammar/lint.h"

static bool keyword_in(struct str keyword, const char *const *names)
{
	for (; *names; names++)
		if (str_is(keyword, *names))
			return true;
	return false;
}

/* Paths begin with a slash; `*` is the target of OPTIONS. */
static void lint_path(struct checker *k, const struct acl_expr *x)
{
	static const char *const names[] = {"path", "path_beg", NULL};
	struct diag *g;

	if (!keyword_in(x->keyword, names) || x->nfiles || !x->npatterns ||
	    (x->method != MATCH_STR && x->method != MATCH_BEG))
		return;
	for (uint32_t i = 0; i < x->npatterns; i++)
		if (!x->patterns[i].text.len || x->patterns[i].text.ptr[0] == '/' ||
		    x->patterns[i].text.ptr[0] == '*')
			return;
	g = diag_add(k->d, D_NEVER_MATCHES, lint_span(k, x->pos), "no path begins with `%.*s`",
		     STR_ARG(x->patterns[0].text));
	diag_help(k->d, g, "paths begin with a slash: `/%.*s`", STR_ARG(x->patterns[0].text));
}

/* -i, -m, -f behind the first pattern are patterns. */
static void lint_flag(struct checker *k, const struct acl_expr *x)
{
	static const char *const flags[] = {"-i", "-m", "-f", "-M", "-n", "-u", "||", "&&", NULL};
	struct diag *g;

	for (uint32_t i = 1; i < x->npatterns; i++) {
		if (!keyword_in(x->patterns[i].text, flags))
			continue;
		g = diag_add(k->d, D_FLAG_AS_PATTERN, lint_span(k, x->pos),
			     "`%.*s` is compared as a pattern here", STR_ARG(x->patterns[i].text));
		if (x->patterns[i].text.ptr[0] == '-')
			diag_help(k->d, g, "flags stand before the first pattern");
		else
			diag_help(k->d, g,
				  "patterns are alternatives already; operators stand between ACLs of a "
				  "condition");
		return;
	}
}

static void lint_exprs(struct checker *k, const struct draft *d, const struct acl *acl)
{
	vec_each (x, &acl->exprs) {
		if (!(*x)->pos.source)
			continue; /* a predefined one */
		lint_path(k, *x);
		lint_flag(k, *x);
		lint_patterns(k, d, *x);
		lint_capture(k, d, *x);
	}
	lint_covered(k, acl);
}

void lint_acl_terms(struct checker *k, const struct draft *d, const struct cond *cond)
{
	const struct cond_term *term;
	struct cond_walk at = {0};

	while ((term = cond_walk(cond, &at)))
		if (map_get(&d->px->acls, term->acl->name) != term->acl)
			lint_exprs(k, d, term->acl);
}

void lint_acls(struct checker *k, const struct draft *d)
{
	const struct map *m = &d->px->acls;

	for (uint32_t i = 0; i < m->size; i++)
		if (m->slots[i].value)
			lint_exprs(k, d, m->slots[i].value);
}
