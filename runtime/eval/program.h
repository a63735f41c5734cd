/* The program that a model's lists of rules became, for people: which lists are looked up and by what, which
 * are walked. What runs is in rules.c and cond_index.c. Any thread; the engine belongs to the caller. */
#ifndef LB_EVAL_PROGRAM_H
#define LB_EVAL_PROGRAM_H

#include "grammar/base/out.h"
#include "runtime/eval/eval.h"

/* Every proxy with its lists, in the order in which a request meets them; a line for each rule of a short list.
 */
void program_describe(struct out *o, const struct eval_engine *en);

#endif
