/* Applying the fixes that diagnostics offer, to copies of the texts. Nothing is written to files here. One
 * thread. */
#ifndef LB_GRAMMAR_FIX_H
#define LB_GRAMMAR_FIX_H

#include "grammar/base/out.h"
#include "grammar/diag.h"
#include "grammar/text.h"

/* Edits that will be made, in the order of their places. */
struct fixes {
	struct arena *arena;
	VEC(const struct diag_edit *) edits;
	uint32_t applied; /* diagnostics fixed */
	uint32_t refused; /* diagnostics whose fix would touch what another one has changed: run again for them
			   */
	uint32_t likely;  /* diagnostics left alone because they have only likely fixes */
};

/* Chooses at most one fix of each diagnostic, in their order: its first certain one or, when `up_to` is
 * FIX_LIKELY and there is none, its first likely one. The edits of a fix are made all or none; of two fixes
 * that overlap, the first is made. */
struct fixes fixes_choose(struct arena *a, const struct diags *d, enum fix_certainty up_to);
/* Does a source (numbered as in struct span) change? */
bool fixes_touch(const struct fixes *f, uint32_t source);
/* The whole new text of a source. */
void fixes_write(struct out *o, const struct fixes *f, const struct sources *s, uint32_t source);
/* Unified diff of all sources that change, with three lines of context (for `patch -p0`). */
void fixes_diff(struct out *o, const struct fixes *f, const struct sources *s);

#endif
