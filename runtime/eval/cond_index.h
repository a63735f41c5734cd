/* Which conditions of a list can hold at all: of many rules that ask for exact texts, prefixes, suffixes,
 * networks or numbers, the few whose answer is in the message are found by hash, and the others are passed over
 * without being evaluated. What is found is then evaluated as always, so that order and side effects are those
 * of the interpreter; an index only ever names too many. Made once per engine; private to runtime/eval. One
 * thread. */
#ifndef LB_EVAL_COND_INDEX_H
#define LB_EVAL_COND_INDEX_H

#include "grammar/base/out.h"
#include "runtime/eval/eval.h"

struct cond_index;
struct arena;

/* For a list of n conditions; NULL where an index would not pay. Memory from the arena (without memory there is no index). */
const struct cond_index *cond_index_new(struct arena *arena, const struct eval_engine *en,
					const struct cond *const *conds, uint32_t n);

/* One walk over the list. */
enum { COND_INDEX_LISTS = 96 };
struct cond_walk {
	const struct cond_index *index;
	uint64_t generation; /* of the engine's memos for which the lists hold */
	uint32_t nlists;
	bool all; /* nothing can be passed over */
	struct cond_list {
		const uint32_t *at, *end; /* numbers of conditions, ascending */
	} lists[COND_INDEX_LISTS];
};

static inline void cond_walk_begin(struct cond_walk *w, const struct cond_index *index)
{
	w->index = index;
	w->generation = 0;
}
/* The next condition at or behind `from` that may hold, or is not known to be false; the list's length when
 * there is none. */
uint32_t cond_walk_next(struct cond_walk *w, struct eval *e, uint32_t from);

/* For people: what is looked up, and how many conditions that decides. */
void cond_index_describe(const struct cond_index *index, struct out *out);

#endif
