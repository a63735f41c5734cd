/* Conditions of .if and .elif and of `-cc` (manual, section 2.4; management guide, section 3): predicates with
 * arguments, integers, !, &&, || and parentheses. A small language of its own: predicate_grammar.y knows its
 * shape, predicate.c its words, predicate_version.c how versions compare. One thread. */
#ifndef LB_GRAMMAR_PREDICATE_H
#define LB_GRAMMAR_PREDICATE_H

#include "grammar/base/out.h"
#include "grammar/diag.h"
#include "grammar/env.h"
#include "grammar/text.h"
#include "grammar/tree.h"

enum predicate_result { PREDICATE_FALSE, PREDICATE_TRUE, PREDICATE_ERROR };

struct predicate_context {
	struct arena *arena;
	struct diags *diags;   /* gets the mistakes */
	const struct env *env; /* for defined() */
	int compat;            /* 206 ... 304 */
	struct str directive;  /* ".if", ".elif"; empty for -cc: only HAProxy's words depend on it */
};

/* The value of a condition: decoded text with its places in the source. Empty is false. All of it is parsed,
 * whatever its left part decides; after a mistake the result is PREDICATE_ERROR and a diagnostic tells why. */
enum predicate_result predicate_eval(const struct predicate_context *context, const struct word *condition);
/* The same for a bare text of the command line: it becomes a source "<condition>" of its own. */
enum predicate_result predicate_eval_text(const struct predicate_context *context, struct sources *sources,
					  struct str text);

/* What version_atleast() compares with: the version of HAProxy that a compatibility level stands for, "2.6.12".
 */
const char *predicate_version(int compat);
/* Is a feature in the list that -vv prints? */
bool predicate_feature(struct str name);
/* The list itself, as -vv prints it behind "Feature list :": " +EPOLL -DEVICEATLAS ..." */
void predicate_features(struct out *o);

#endif
