/* Lint: conditions that no request meets because two of their terms look at one value and exclude each other:
 * it cannot begin with /a and with /b, and what begins with /a/b begins with /a. Only for values of which a
 * request has one. The work for a condition is bounded: long lists of patterns are left alone. One thread. */
#include <string.h>

#include "grammar/lint.h"
#include "grammar/rows.h"

enum { COMPARISONS = 2048, TERMS = 16, LINES = 16 };

/* How two texts compare: without case as soon as one of them does not count it. */
static bool same_bytes(struct str a, struct str b, bool icase)
{
	return icase ? str_ieq(a, b) : str_eq(a, b);
}

static bool begins(struct str text, struct str head, bool icase)
{
	return head.len <= text.len && same_bytes(str_sub(text, 0, head.len), head, icase);
}

static bool ends(struct str text, struct str tail, bool icase)
{
	return tail.len <= text.len && same_bytes(str_tail(text, text.len - tail.len), tail, icase);
}

static bool holds(struct str text, struct str part, bool icase)
{
	for (size_t at = 0; at + part.len <= text.len; at++)
		if (same_bytes(str_sub(text, at, part.len), part, icase))
			return true;
	return false;
}

static bool is_text(enum match_method m)
{
	return m == MATCH_STR || m == MATCH_BEG || m == MATCH_END || m == MATCH_SUB || m == MATCH_METH;
}

/* A whole text that lacks what the other pattern asks of it. */
static bool whole_excludes(struct str whole, enum match_method m, struct str asked, bool icase)
{
	switch (m) {
	case MATCH_STR:
	case MATCH_METH:
		return !same_bytes(whole, asked, icase);
	case MATCH_BEG:
		return !begins(whole, asked, icase);
	case MATCH_END:
		return !ends(whole, asked, icase);
	case MATCH_SUB:
		return !holds(whole, asked, icase);
	default:
		return false;
	}
}

static bool texts_exclude(enum match_method ma, const struct pattern *a, enum match_method mb,
			  const struct pattern *b)
{
	bool icase = a->icase || b->icase;

	if (ma == MATCH_STR || ma == MATCH_METH)
		return whole_excludes(a->text, mb, b->text, icase);
	if (mb == MATCH_STR || mb == MATCH_METH)
		return whole_excludes(b->text, ma, a->text, icase);
	if (ma == MATCH_BEG && mb == MATCH_BEG)
		return !begins(a->text, b->text, icase) && !begins(b->text, a->text, icase);
	if (ma == MATCH_END && mb == MATCH_END)
		return !ends(a->text, b->text, icase) && !ends(b->text, a->text, icase);
	return false;
}

/* Whether the first bits of two networks of one family are equal. */
static bool net_bits_equal(const struct ip_net *a, const struct ip_net *b, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	return memcmp(a->addr, b->addr, bytes) == 0 &&
	       (!rest || !((a->addr[bytes] ^ b->addr[bytes]) >> (8 - rest)));
}

/* IPv4 addresses can be asked for as IPv6 ones: unlike families say nothing. */
static bool nets_comparable(const struct ip_net *a, const struct ip_net *b)
{
	return a->family == b->family && a->bits != 255 && b->bits != 255;
}

/* No value matches both. */
static bool patterns_exclude(enum match_method ma, const struct pattern *a, enum match_method mb,
			     const struct pattern *b)
{
	if (is_text(ma) && is_text(mb))
		return texts_exclude(ma, a, mb, b);
	if (ma != mb)
		return false;
	if (ma == MATCH_INT)
		return a->max < b->min || b->max < a->min;
	return ma == MATCH_IP && nets_comparable(&a->net, &b->net) &&
	       !net_bits_equal(&a->net, &b->net, a->net.bits < b->net.bits ? a->net.bits : b->net.bits);
}

/* All values that match a match b. */
static bool pattern_within(enum match_method ma, const struct pattern *a, enum match_method mb,
			   const struct pattern *b)
{
	if (is_text(ma) && is_text(mb)) {
		if (a->icase && !b->icase)
			return false;
		if (ma == MATCH_STR || ma == MATCH_METH)
			return !whole_excludes(a->text, mb, b->text, b->icase);
		return (mb == MATCH_SUB && holds(a->text, b->text, b->icase)) ||
		       (ma == MATCH_BEG && mb == MATCH_BEG && begins(a->text, b->text, b->icase)) ||
		       (ma == MATCH_END && mb == MATCH_END && ends(a->text, b->text, b->icase));
	}
	if (ma != mb)
		return false;
	if (ma == MATCH_INT)
		return a->min >= b->min && a->max <= b->max;
	return ma == MATCH_IP && nets_comparable(&a->net, &b->net) && a->net.bits >= b->net.bits &&
	       net_bits_equal(&a->net, &b->net, b->net.bits);
}

/* Values of which a request, and each look at it, has one. */
static bool sample_is_single(const struct sample_expr *e)
{
	static const uint16_t single[] = {FETCH_PATH,       FETCH_PATHQ,    FETCH_URL,    FETCH_BASE,
					  FETCH_QUERY,      FETCH_METHOD,   FETCH_SRC,    FETCH_SRC_PORT,
					  FETCH_DST,        FETCH_DST_PORT, FETCH_STATUS, FETCH_SSL_FC_SNI,
					  FETCH_REQ_SSL_SNI};
	bool found = false;

	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		found |= e->fetch == single[i];
	for (uint32_t i = 0; found && i < e->nconvs; i++)
		found = e->convs[i].conv == CONV_LOWER || e->convs[i].conv == CONV_UPPER ||
			e->convs[i].conv == CONV_LENGTH;
	return found;
}

/* The one sample that all lines of an ACL look at, or NULL when they do more than that. */
static const struct sample_expr *acl_sample(const struct acl *acl)
{
	if (acl->exprs.n > LINES)
		return NULL; /* looked at for each rule that names it */
	vec_each (x, &acl->exprs)
		if ((*x)->nfiles || !(*x)->npatterns || (*x)->sample != acl->exprs.v[0]->sample)
			return NULL;
	return acl->exprs.n && sample_is_single(acl->exprs.v[0]->sample) ? acl->exprs.v[0]->sample : NULL;
}

static uint32_t acl_patterns(const struct acl *acl)
{
	uint32_t n = 0;

	vec_each (x, &acl->exprs)
		n += (*x)->npatterns;
	return n;
}

/* How the pattern p of x stands to those of an ACL: excludes all of them, or lies within one. */
static bool excludes_all(const struct acl_expr *x, const struct pattern *p, const struct acl *acl)
{
	vec_each (other, &acl->exprs)
		for (uint32_t i = 0; i < (*other)->npatterns; i++)
			if (!patterns_exclude(x->method, p, (*other)->method, &(*other)->patterns[i]))
				return false;
	return true;
}

static bool within_one(const struct acl_expr *x, const struct pattern *p, const struct acl *acl)
{
	vec_each (other, &acl->exprs)
		for (uint32_t i = 0; i < (*other)->npatterns; i++)
			if (pattern_within(x->method, p, (*other)->method, &(*other)->patterns[i]))
				return true;
	return false;
}

static bool all_patterns(const struct acl *a, const struct acl *b,
			 bool (*stands)(const struct acl_expr *, const struct pattern *, const struct acl *))
{
	vec_each (x, &a->exprs)
		for (uint32_t i = 0; i < (*x)->npatterns; i++)
			if (!stands(*x, &(*x)->patterns[i], b))
				return false;
	return true;
}

static struct str term_text(const struct acl *acl)
{
	return acl->name.len ? acl->name : acl->exprs.v[0]->text;
}

static void report(struct checker *k, struct conf_pos pos, const struct cond_term *a, const struct cond_term *b)
{
	struct diag *g = diag_add(k->d, D_CONTRADICTION, lint_span(k, pos), "no request meets this condition");
	const struct acl *both[] = {a->acl, b->acl};

	for (int i = 0; i < 2; i++)
		if (both[i]->name.len && both[i]->exprs.v[0]->pos.line)
			diag_also(k->d, g, lint_span(k, both[i]->exprs.v[0]->pos), "`%.*s`",
				  STR_ARG(both[i]->name));
	if (b->negated)
		diag_note(k->d, g, "whatever meets `%.*s` meets `%.*s`, too, which is not to hold",
			  STR_ARG(term_text(a->acl)), STR_ARG(term_text(b->acl)));
	else
		diag_note(k->d, g, "`%.*s` and `%.*s` exclude each other", STR_ARG(term_text(a->acl)),
			  STR_ARG(term_text(b->acl)));
	diag_help(k->d, g, "`or` stands between alternatives, a blank means `and`");
}

bool lint_disjoint(struct checker *k, const struct cond_and *all, struct conf_pos pos)
{
	uint64_t left = COMPARISONS;

	for (uint32_t i = 0; i < all->n && i < TERMS; i++)
		for (uint32_t j = 0; j < all->n && j < TERMS; j++) {
			const struct cond_term *a = &all->terms[i], *b = &all->terms[j];
			uint64_t work;

			if (i == j || a->negated || (!b->negated && j < i) || !acl_sample(a->acl) ||
			    acl_sample(a->acl) != acl_sample(b->acl))
				continue;
			work = (uint64_t)acl_patterns(a->acl) * acl_patterns(b->acl);
			if (work > left)
				return false;
			left -= work;
			if (!all_patterns(a->acl, b->acl, b->negated ? within_one : excludes_all))
				continue;
			report(k, pos, a, b);
			return true;
		}
	return false;
}
