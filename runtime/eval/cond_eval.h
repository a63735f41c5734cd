/* Conditions with three values. Private to runtime/eval. */
#ifndef LB_EVAL_COND_EVAL_H
#define LB_EVAL_COND_EVAL_H

#include "runtime/eval/eval.h"

/* UNKNOWN: more data may decide it (e->want_more is set). Ordered, so that OR is the maximum and AND the
 * minimum. */
enum tri { TRI_FALSE, TRI_UNKNOWN, TRI_TRUE };

/* The caller begins a new generation of memos whenever something may have changed. */
enum tri cond_tri(struct eval *e, const struct cond *cond);

#endif
