/* Lint: patterns of one ACL that say nothing because another one of it holds all that they match: a network
 * within a network, a beginning that begins with another beginning. Sorted, what holds others stands before
 * them: n log n. One thread. */
#include <stdlib.h>
#include <string.h>

#include "grammar/lint.h"

/* A pattern and the line that has it. */
struct entry {
	const struct pattern *p;
	const struct acl_expr *x;
};
typedef VEC(struct entry) entries;

static int net_order(const void *a, const void *b)
{
	const struct ip_net *x = &((const struct entry *)a)->p->net, *y = &((const struct entry *)b)->p->net;
	int order = (int)x->family - (int)y->family;

	if (!order)
		order = memcmp(x->addr, y->addr, x->family == 4 ? 4 : 16);
	return order ? order : (int)x->bits - (int)y->bits;
}

static int text_order(const void *a, const void *b)
{
	return str_cmp(((const struct entry *)a)->p->text, ((const struct entry *)b)->p->text);
}

static bool net_holds(const struct pattern *outer, const struct pattern *inner)
{
	const struct ip_net *o = &outer->net, *i = &inner->net;
	unsigned bytes = o->bits / 8, rest = o->bits % 8;

	return o->family == i->family && o->bits <= i->bits && memcmp(o->addr, i->addr, bytes) == 0 &&
	       (!rest || !((o->addr[bytes] ^ i->addr[bytes]) >> (8 - rest)));
}

static bool text_holds(const struct pattern *outer, const struct pattern *inner)
{
	return str_starts(inner->text, outer->text);
}

/* Patterns that compare alike: those of one method and sample, all with case or all without. False: leave it.
 */
static bool collect(struct checker *k, const struct acl *acl, entries *all)
{
	const struct acl_expr *first = acl->exprs.v[0];

	vec_each (x, &acl->exprs) {
		if ((*x)->method != first->method || (*x)->sample != first->sample || !(*x)->pos.source)
			return false;
		for (uint32_t i = 0; i < (*x)->npatterns; i++) {
			const struct pattern *p = &(*x)->patterns[i];

			if (p->icase != first->patterns[0].icase)
				return false;
			if (first->method != MATCH_IP || p->net.bits != 255)
				*vec_push(k->scratch, all) = (struct entry){p, *x};
		}
	}
	return all->n > 1;
}

static void report(struct checker *k, const struct entry *outer, const struct entry *inner)
{
	struct diag *g = diag_add(k->d, D_COVERED_PATTERN, lint_span(k, inner->x->pos),
				  "the pattern `%.*s` says nothing", STR_ARG(inner->p->text));

	if (outer->x->pos.line != inner->x->pos.line || outer->x->pos.source != inner->x->pos.source)
		diag_also(k->d, g, lint_span(k, outer->x->pos), "the other line");
	diag_note(k->d, g, "`%.*s` matches all that it matches", STR_ARG(outer->p->text));
}

void lint_covered(struct checker *k, const struct acl *acl)
{
	enum match_method method = acl->exprs.n ? acl->exprs.v[0]->method : MATCH_DEFAULT;
	bool (*holds)(const struct pattern *, const struct pattern *) =
		method == MATCH_IP ? net_holds : text_holds;
	entries all = {0};
	struct entry *open;
	uint32_t n = 0;

	if ((method != MATCH_IP && method != MATCH_BEG) || !acl->exprs.v[0]->npatterns ||
	    !collect(k, acl, &all))
		return;
	qsort(all.v, all.n, sizeof(all.v[0]), method == MATCH_IP ? net_order : text_order);
	open = ARENA_ARRAY(k->scratch, struct entry, all.n);
	for (uint32_t i = 0; i < all.n; i++) {
		while (n && !holds(open[n - 1].p, all.v[i].p))
			n--;
		/* the same text on one line is a duplicate, of which lint_pattern.c speaks */
		if (n && (open[n - 1].x != all.v[i].x || !str_eq(open[n - 1].p->text, all.v[i].p->text))) {
			report(k, &open[n - 1], &all.v[i]);
			return;
		}
		open[n++] = all.v[i];
	}
}
