/* The tree as it was read, for people and programs. */
#ifndef LB_GRAMMAR_TREE_PRINT_H
#define LB_GRAMMAR_TREE_PRINT_H

#include "grammar/base/out.h"
#include "grammar/load.h"

/* One line each, words separated by ` | `, with the number of the line. */
void tree_print(struct out *o, const struct loaded *l);
/* {"sections": [{"kind", "header", "lines": [{"file", "line", "words": [{"text", "column", "length"}],
 * "comment"}]}]}. Columns count bytes from 1, lengths bytes of the source. */
void tree_json(struct out *o, const struct loaded *l);

#endif
