/* All variables of a scope, one after the other. One thread; those of the process under their lock. */
#ifndef LB_EVAL_VARS_H
#define LB_EVAL_VARS_H

#include "runtime/eval/sample.h"

/* What a variable counts for, besides its text, in the limits of memory (tune.vars.*-max-size): as HAProxy 2.6 reckons. */
enum { EVAL_VAR_COST = 80 };

/* In the order in which they were first set. `each` must not set any. */
void vars_each(struct eval *e, enum var_scope scope,
	       void (*each)(void *ctx, struct str name, const struct sample *value), void *ctx);

#endif
