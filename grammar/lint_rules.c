/* Lints: rules that no request reaches, conditions that no request meets. One thread. */
#include <string.h>

#include "grammar/lint.h"
#include "grammar/lint_cover.h"

enum { LINES = 16 };

/* Whether nothing but the terms themselves decides: no counter moves and no dice are thrown. */
static bool acl_is_pure(const struct acl *acl)
{
	if (acl->exprs.n > LINES)
		return false; /* looked at for each rule that names it */
	vec_each (x, &acl->exprs) {
		static const char *const moving[] = {"rand", "_inc_", "_clr_", "uuid", "date", "lua."};

		for (size_t i = 0; i < sizeof(moving) / sizeof(moving[0]); i++)
			if (memmem((*x)->text.ptr, (*x)->text.len, moving[i], strlen(moving[i])))
				return false;
	}
	return acl->exprs.n > 0;
}

static bool acl_same(const struct acl *a, const struct acl *b)
{
	return a == b || (a->exprs.n == 1 && b->exprs.n == 1 && a->exprs.v[0]->text.len &&
			  str_eq(a->exprs.v[0]->text, b->exprs.v[0]->text));
}

/* A term and its opposite in one conjunction. */
static bool and_contradicts(const struct cond_and *all)
{
	for (uint32_t i = 0; i < all->n && i < 64; i++)
		for (uint32_t j = 0; j < i; j++)
			if (all->terms[i].negated != all->terms[j].negated &&
			    acl_same(all->terms[i].acl, all->terms[j].acl) && acl_is_pure(all->terms[i].acl))
				return true;
	return false;
}

static void lint_condition(struct checker *k, const struct draft *d, const struct cond *cond,
			   struct conf_pos pos)
{
	struct diag *g;

	if (cond)
		lint_acl_terms(k, d, cond);
	for (uint32_t i = 0; cond && i < cond->n; i++) {
		if (!and_contradicts(&cond->ors[i])) {
			if (lint_disjoint(k, &cond->ors[i], pos))
				return;
			continue;
		}
		g = diag_add(k->d, D_CONTRADICTION, lint_span(k, pos), "no request meets this condition");
		diag_note(k->d, g,
			  "it demands something and its opposite; `or` stands between alternatives, a blank "
			  "means `and`");
		return;
	}
}

void lint_conditions(struct checker *k, const struct draft *d)
{
	for (int set = 0; set < RS_COUNT; set++)
		vec_each (rule, &d->rules[set])
			lint_condition(k, d, rule->cond, rule->pos);
	vec_each (rule, &d->redirects)
		lint_condition(k, d, rule->cond, rule->pos);
	vec_each (rule, &d->px->use_backend)
		lint_condition(k, d, rule->cond, rule->pos);
	vec_each (rule, &d->px->use_server)
		lint_condition(k, d, rule->cond, rule->pos);
}

/* use_backend lines behind one that takes everything. A dynamic name may find no backend and go on. */
void lint_switches(struct checker *k, const struct draft *d)
{
	const struct switch_rule *v = d->px->use_backend.v;
	struct diag *g;

	for (uint32_t i = 0; i + 1 < d->px->use_backend.n; i++) {
		if (v[i].dynamic || !cond_is_always(v[i].cond))
			continue;
		g = diag_add(k->d, D_DEAD_RULE, lint_span(k, v[i + 1].pos),
			     "no request gets as far as this line");
		diag_also(k->d, g, lint_span(k, v[i].pos), "this one takes every request");
		diag_help(k->d, g, "what holds for all that is left belongs to `default_backend`");
		return;
	}
}
