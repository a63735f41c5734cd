/* Conditions with three values. Private to runtime/eval. */
#ifndef LB_EVAL_COND_EVAL_H
#define LB_EVAL_COND_EVAL_H

#include "runtime/eval/engine.h"
#include "runtime/eval/eval.h"

/* UNKNOWN: more data may decide it (e->want_more is set). Ordered, so that OR is the maximum and AND the
 * minimum. */
enum tri { TRI_FALSE, TRI_UNKNOWN, TRI_TRUE };

/* The value of an expression as far as it is known in this generation of memos. */
const struct expr_memo *cond_memo(struct eval *e, const struct sample_expr *x);
/* The caller begins a new generation of memos whenever something may have changed. */
enum tri cond_tri(struct eval *e, const struct cond *cond);
/* The ACL of that name, `!` in front negates, of the proxy that is running. False: there is none. */
bool acl_named(struct eval *e, struct str name, bool *holds);

#endif
