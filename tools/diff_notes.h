/* What `lbcheck diff` says about each difference: what a reload does with it, and an example of the requests
 * that it concerns. One thread. */
#ifndef LB_TOOLS_DIFF_NOTES_H
#define LB_TOOLS_DIFF_NOTES_H

#include "grammar/lbconf_state.h"
#include "runtime/reload/renew_effect.h"
#include "tools/fate.h"

/* One way in which requests differ, with its example. */
struct change {
	struct str request, what;
	struct fate before, after;
	uint32_t more; /* like it */
};

struct diff_notes {
	struct fact_notes base;        /* first member */
	const struct lbconf *confs[2]; /* old, new */
	struct renew_side old, new_;
	bool new_process; /* something else takes one anyhow */
	struct change *const *changes;
	uint32_t nchanges;
};

/* Configurations and changes are borrowed. */
struct diff_notes diff_notes_new(const struct lbconf *old, const struct lbconf *new_, bool new_process,
				 struct change *const *changes, uint32_t nchanges);

#endif
