/* Conditions (manual, section 7.2): OR of ANDs of ACLs, each the OR of its lines. Three values: what cannot be
 * known yet because data is missing may still become true or false. One thread. */
#include "runtime/eval/cond_eval.h"

#include "runtime/eval/match.h"

/* One line of an ACL: any of the values that its sample has. A value that may still change and does not match
 * yet is unknown, as one that is missing. */
static enum tri acl_expr_eval(struct eval *e, const struct acl_expr *expr)
{
	const struct matcher *m = &e->engine->acls[expr->id];
	struct sample_iter iter = {0};
	struct sample s;
	bool may_change = false;

	e->want_more = false;
	do {
		bool there = sample_next(e, expr->sample, &s, &iter);

		may_change |= e->want_more;
		if (there && matcher_find(e, m, &s, NULL, NULL) >= 0)
			return TRI_TRUE;
	} while (iter.more);
	return may_change && e->may_wait ? TRI_UNKNOWN : TRI_FALSE;
}

static enum tri acl_eval(struct eval *e, const struct acl *acl)
{
	enum tri result = TRI_FALSE, one;

	for (uint32_t i = 0; i < acl->exprs.n && result != TRI_TRUE; i++) {
		one = acl_expr_eval(e, acl->exprs.v[i]);
		if (one > result)
			result = one;
	}
	return result;
}

static enum tri term_eval(struct eval *e, const struct cond_term *term)
{
	enum tri result = acl_eval(e, term->acl);

	if (term->negated)
		result = TRI_TRUE - result;
	if (e->observer && e->observer->term)
		e->observer->term(e->observer->ctx, term, result == TRI_TRUE);
	return result;
}

static enum tri and_eval(struct eval *e, const struct cond_and *and)
{
	enum tri result = TRI_TRUE, one;

	for (uint32_t i = 0; i < and->n && result != TRI_FALSE; i++) {
		one = term_eval(e, &and->terms[i]);
		if (one < result)
			result = one;
	}
	return result;
}

enum tri cond_tri(struct eval *e, const struct cond *cond)
{
	struct scratch_mark mark;
	enum tri result = TRI_FALSE, one;
	uint64_t kept;

	if (!cond)
		return TRI_TRUE;
	mark = scratch_mark(e->scratch);
	kept = e->engine->kept;
	for (uint32_t i = 0; i < cond->n && result != TRI_TRUE; i++) {
		one = and_eval(e, &cond->ors[i]);
		if (one > result)
			result = one;
	}
	if (kept == e->engine->kept)
		scratch_release(e->scratch, mark);
	e->want_more = result == TRI_UNKNOWN;
	return cond->unless ? TRI_TRUE - result : result;
}

bool cond_eval(struct eval *e, const struct cond *cond)
{
	return cond_tri(e, cond) == TRI_TRUE;
}
