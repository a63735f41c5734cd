/* Conditions (manual, section 7.2): OR of ANDs of ACLs, each the OR of its lines. Three values: what cannot be
 * known yet because data is missing may still become true or false. One thread. */
#include "runtime/eval/cond_eval.h"

#include "runtime/eval/match.h"

/* Looks the expression up for the rest of this generation. */
static void memo_fill(struct eval *e, const struct sample_expr *x, struct expr_memo *memo)
{
	struct scratch_mark mark = scratch_mark(e->scratch);
	struct sample_iter iter = {0};
	struct sample second;
	bool found;

	e->want_more = false;
	found = sample_next(e, x, &memo->value, &iter);
	if (e->want_more)
		return;
	memo->state = found ? MEMO_VALUE : MEMO_ABSENT;
	if (iter.more && (!found || sample_next(e, x, &second, &iter) || iter.more))
		memo->state = MEMO_SEVERAL;
	if (memo->state == MEMO_VALUE && memo->value.type == SMP_STR)
		memo->hash = match_hash_text(memo->value.str, true);
	if (e->scratch->next == mark.next || e->engine->memo_scratch)
		return;
	scratch_release(e->scratch, mark);
	memo->state = MEMO_NONE;
	memo->takes_scratch = true;
}

const struct expr_memo *cond_memo(struct eval *e, const struct sample_expr *x)
{
	struct expr_memo *memo = &e->engine->memos[x->id];

	if (memo->generation == e->engine->generation)
		return memo;
	memo->generation = e->engine->generation;
	memo->state = MEMO_NONE;
	if (e->engine->plans[x->id].pure && (!memo->takes_scratch || e->engine->memo_scratch))
		memo_fill(e, x, memo);
	return memo;
}

/* One line of an ACL: any of the values that its sample has. A value that may still change and does not match
 * yet is unknown, as one that is missing. */
static enum tri acl_expr_walk(struct eval *e, const struct acl_expr *expr, const struct matcher *m)
{
	struct sample_iter iter = {0};
	struct sample s, seen;
	bool may_change = false;

	e->want_more = false;
	do {
		bool there = sample_next(e, expr->sample, &s, &iter);
		int64_t found = -1;

		may_change |= e->want_more;
		if (e->observer && there)
			seen = s;
		if (there)
			found = matcher_find(e, m, &s, NULL, NULL);
		if (e->observer && e->observer->match)
			e->observer->match(e->observer->ctx, e, expr, there ? &seen : NULL, found);
		if (found >= 0)
			return TRI_TRUE;
	} while (iter.more);
	return may_change && e->may_wait ? TRI_UNKNOWN : TRI_FALSE;
}

/* Gives back what one line of an ACL took, unless some of it is to stay. memo: NULL to look for oneself. */
static enum tri acl_expr_slow(struct eval *e, const struct acl_expr *expr, const struct matcher *m,
			      const struct expr_memo *memo)
{
	struct scratch_mark mark = scratch_mark(e->scratch);
	uint64_t kept = e->engine->kept;
	struct sample s;
	enum tri result;

	if (memo && memo->state == MEMO_VALUE) {
		s = memo->value;
		result = matcher_find(e, m, &s, NULL, NULL) >= 0 ? TRI_TRUE : TRI_FALSE;
	} else {
		result = acl_expr_walk(e, expr, m);
	}
	if (kept == e->engine->kept)
		scratch_release(e->scratch, mark);
	return result;
}

static enum tri acl_expr_eval(struct eval *e, const struct acl_expr *expr)
{
	const struct matcher *m = &e->engine->acls[expr->id];
	const struct expr_memo *memo = cond_memo(e, expr->sample);

	if (memo->state == MEMO_ABSENT)
		return TRI_FALSE;
	if (memo->state == MEMO_VALUE && m->single && memo->value.type == SMP_STR)
		return matcher_single(m, memo->value.str, memo->hash) ? TRI_TRUE : TRI_FALSE;
	return acl_expr_slow(e, expr, m, memo);
}

static enum tri acl_eval(struct eval *e, const struct acl *acl)
{
	bool watched = e->observer && e->observer->match;
	enum tri result = TRI_FALSE, one;

	for (uint32_t i = 0; i < acl->exprs.n && result != TRI_TRUE; i++) {
		one = watched ? acl_expr_slow(e, acl->exprs.v[i], &e->engine->acls[acl->exprs.v[i]->id], NULL)
			      : acl_expr_eval(e, acl->exprs.v[i]);
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
		e->observer->term(e->observer->ctx, e, term, result == TRI_TRUE);
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
	enum tri result = TRI_FALSE, one;

	if (!cond)
		return TRI_TRUE;
	for (uint32_t i = 0; i < cond->n && result != TRI_TRUE; i++) {
		one = and_eval(e, &cond->ors[i]);
		if (one > result)
			result = one;
	}
	e->want_more = result == TRI_UNKNOWN;
	return cond->unless ? TRI_TRUE - result : result;
}

bool cond_eval(struct eval *e, const struct cond *cond)
{
	e->engine->generation++;
	return cond_tri(e, cond) == TRI_TRUE;
}

bool cond_term_holds(struct eval *e, const struct cond_term *term)
{
	e->engine->generation++;
	return term_eval(e, term) == TRI_TRUE;
}

/* Whether a place is one of the frontend's, before there is a backend. */
static bool is_frontend_place(uint32_t place)
{
	return place &
	       (AT(FE_CONN) | AT(FE_SESS) | AT(FE_CONTENT) | AT(FE_REQ_HDR) | AT(FE_REQ_BODY) |
		AT(FE_USE_BACKEND) | AT(FE_RES_CONTENT) | AT(FE_RES_HDR) | AT(FE_RES_BODY) | AT(FE_LOG));
}

enum { ACL_NAMES = 12 /* as many as the row takes */ };

bool acl_named(struct eval *e, struct str name, bool *holds)
{
	const struct proxy_conf *px = is_frontend_place(e->place) || !e->backend ? e->frontend : e->backend;
	bool negated = name.len && name.ptr[0] == '!';
	const struct acl *acl = px ? map_get(&px->acls, negated ? str_tail(name, 1) : name) : NULL;

	if (!acl)
		return false;
	*holds = (acl_eval(e, acl) == TRI_TRUE) != negated;
	return true;
}

/* acl(name[,name...]): all of them, a `!` in front negates; those of the proxy that is running. */
bool fetch_acl(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	bool holds = true;

	(void)iter;
	for (uint32_t i = 0; holds && i < ACL_NAMES && call->args[i].type != ARG_NONE; i++)
		if (!acl_named(e, call->args[i].str, &holds))
			return false;
	return sample_set_bool(out, holds);
}
