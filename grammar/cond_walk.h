/* The terms of a condition one by one, whatever ORs and ANDs they stand in. Pure; any thread. */
#ifndef LB_GRAMMAR_COND_WALK_H
#define LB_GRAMMAR_COND_WALK_H

#include "grammar/model_rule.h"

/* Where one is; zero at the beginning. */
struct cond_walk {
	uint32_t branch, term;
};

/* The next term, in the order of the line; NULL behind the last, and of no condition. */
static inline const struct cond_term *cond_walk(const struct cond *cond, struct cond_walk *at)
{
	for (; cond && at->branch < cond->n; at->branch++, at->term = 0)
		if (at->term < cond->ors[at->branch].n)
			return &cond->ors[at->branch].terms[at->term++];
	return NULL;
}

#endif
