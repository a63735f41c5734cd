/* What earlier rules of a list took for themselves: patterns of simple conditions in a map, so that a later
 * rule that can only meet requests already taken is found without comparing all pairs. Scratch memory; one
 * thread. */
#ifndef LB_GRAMMAR_LINT_COVER_H
#define LB_GRAMMAR_LINT_COVER_H

#include "grammar/check_state.h"

struct cover {
	struct arena *arena;
	struct map taken; /* key of a pattern or a whole condition -> struct cover_by */
};

/* The rule that took something. */
struct cover_by {
	struct conf_pos pos;
};

/* The rule at pos takes all requests that meet cond (not NULL). Conditions that are more than alternatives of
 * single terms are remembered as a whole. O(length of the condition). */
void cover_add(struct cover *cover, const struct cond *cond, struct conf_pos pos);
/* Who took all that meets cond, or NULL: the last of them when there are several. */
const struct cover_by *cover_find(const struct cover *cover, const struct cond *cond);
/* Forgets everything: a rule has changed what samples say. */
void cover_clear(struct cover *cover);

/* Whether a condition holds whatever the request is: no condition, TRUE, always_true, all addresses. */
bool cond_is_always(const struct cond *cond);
/* Whether the samples of an ACL say the same as long as nobody rewrites the message. */
bool acl_is_stable(const struct acl *acl);

#endif
