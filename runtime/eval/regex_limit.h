/* Regular expressions that met a limit, for the log (regex_exec.c). The engine's thread. */
#ifndef LB_EVAL_REGEX_LIMIT_H
#define LB_EVAL_REGEX_LIMIT_H

#include "runtime/eval/eval.h"

/* How many matches had too much to do and counted as no match since the start, when that is 1, 2, 4, 8 and so on and
 * was not told yet; else 0. text: the expression, or its beginning; lives until the next match. */
uint64_t eval_regex_gave_up(struct eval_engine *en, struct str *text);

#endif
