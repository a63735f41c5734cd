/* Conditions (manual, section 7.2): terms become ACLs. Names are those of the proxy's ACLs that stand before
 * the condition, and the predefined ones. One thread. */
#include "grammar/acl.h"
#include "grammar/cond_ast.h"
#include "grammar/cond_explain.h"

static const struct acl *anonymous_acl(struct compile *c, const struct cond_scan *scan,
				       const struct cond_term_ast *term, const struct lang_scope *scope)
{
	struct arena *a = c->model->arena;
	const struct acl_expr *expr;
	struct acl *acl;

	expr = acl_expr_parse(c, scan->words + term->word, term->nwords, term->span, scope);
	if (!expr)
		return NULL;
	acl = ARENA_NEW(a, struct acl);
	*vec_push(a, &acl->exprs) = expr;
	acl->places = expr->sample->places;
	return acl;
}

/* HAProxy warns about the first ACL of a condition that can have no value where it is used. */
static void place_warn(struct compile *c, const struct lang_scope *scope, const struct cond_term_ast *term,
		       const struct acl *acl)
{
	const struct sample_expr *sample;
	struct diag *g;

	if (!scope || !scope->places || acl->places & scope->places || !acl->exprs.n)
		return;
	sample = acl->exprs.v[0]->sample;
	g = diag_add(c->diags, D_ACL_PLACE, term->span, "this never matches here");
	diag_label(c->diags, g, "`%s` has no value in a %s", fetch_row(sample->fetch)->name,
		   scope->where ? scope->where : "rule of this kind");
	if (!term->anonymous)
		diag_haproxy(c->diags, g,
			     "acl '%.*s' will never match because it only involves keywords that are "
			     "incompatible with '%s'",
			     STR_ARG(acl->name), scope->where ? scope->where : "");
	else
		diag_haproxy(c->diags, g,
			     "anonymous acl will never match because it uses keyword '%s' which is "
			     "incompatible with '%s'",
			     fetch_row(sample->fetch)->name, scope->where ? scope->where : "");
}

static bool cond_build_and(struct compile *c, const struct cond_scan *scan, const cond_terms_ast *terms,
			   const struct lang_scope *scope, struct cond_and *out)
{
	struct cond_term *v = ARENA_ARRAY(c->model->arena, struct cond_term, terms->n);

	for (uint32_t i = 0; i < terms->n; i++) {
		const struct cond_term_ast *term = &terms->v[i];
		const struct word *w = &scan->words[term->word];

		v[i].negated = term->negated;
		v[i].acl = term->anonymous ? anonymous_acl(c, scan, term, scope)
					   : acl_find(c, scope, str_tail(w->text, term->name_off));
		if (!v[i].acl && !term->anonymous)
			v[i].acl = cond_explain_name(c, scan, term, scope);
		if (!v[i].acl)
			return false;
		place_warn(c, scope, term, v[i].acl);
	}
	*out = (struct cond_and){v, terms->n};
	return true;
}

static struct str cond_text(struct arena *a, const struct word *words, uint32_t n)
{
	struct str text = STR("");

	for (uint32_t i = 0; i < n && words[i].text.len; i++)
		text = arena_printf(a, "%.*s%s%.*s", STR_ARG(text), i ? " " : "", STR_ARG(words[i].text));
	return text;
}

/* Terms that say nothing: HAProxy takes them in silence. */
static void cond_warn(struct compile *c, const struct cond_scan *scan, const struct word *keyword, bool unless)
{
	struct diag *g;

	if (!scan->ast->alternatives.n) {
		g = diag_add(c->diags, D_COND_EMPTY, keyword->span, "an empty condition is %s true",
			     unless ? "always" : "never");
		diag_note(c->diags, g, "a bare `if` never applies, a bare `unless` always does");
	} else if (scan->dangling.source) {
		g = diag_add(c->diags, D_COND_DANGLING, scan->dangling, "this operator does nothing");
		diag_label(c->diags, g, "no ACL beside it");
		diag_note(c->diags, g, "HAProxy takes the condition as if it were not there");
	} else if (scan->doubled.source) {
		g = diag_add(c->diags, D_COND_DANGLING, scan->doubled, "each `!` takes the one before it back");
		diag_note(c->diags, g, "HAProxy takes an even number of them as none, an odd number as one");
	}
}

const struct cond *cond_parse(struct compile *c, const struct word *words, uint32_t n,
			      const struct lang_scope *scope)
{
	struct cond_ast ast = {0};
	struct cond_scan scan;
	struct cond *cond;
	struct cond_and *ors;

	if (!cond_scan_words(&scan, c, words + 1, n - 1, &ast)) {
		if (scan.unclosed)
			cond_explain_brace(c, &scan, scope);
		else
			diag_add(c->diags, D_OUT_OF_MEMORY, words[0].span,
				 "this condition needs too much memory");
		return NULL;
	}
	cond = ARENA_NEW(c->model->arena, struct cond);
	cond->unless = str_is(words[0].text, "unless");
	ors = ARENA_ARRAY(c->model->arena, struct cond_and, ast.alternatives.n);
	for (uint32_t i = 0; i < ast.alternatives.n; i++) {
		if (!cond_build_and(c, &scan, &ast.alternatives.v[i], scope, &ors[i]))
			return NULL;
		for (uint32_t k = 0; k < ors[i].n; k++)
			cond->places |= ors[i].terms[k].acl->places;
	}
	cond->ors = ors;
	cond->n = ast.alternatives.n;
	cond->text = arena_str(c->model->arena, cond_text(c->arena, words, n));
	cond_warn(c, &scan, &words[0], cond->unless);
	return cond;
}
