/* The expander: takes raw lines in order, decodes their words with the environment of that moment, leaves out
 * what .if blocks leave out, prints what .notice and its kin say (as diagnostics), obeys setenv and its kin,
 * and builds the tree (manual, sections 2.2 to 2.4). Owned by the arena of the compilation. One thread. */
#ifndef LB_GRAMMAR_EXPAND_H
#define LB_GRAMMAR_EXPAND_H

#include "grammar/compile.h"
#include "grammar/env.h"

struct expand;
struct parse;

/* For c->tree, with the environment and the definitions of c->options. */
struct expand *expand_new(struct compile *c);
/* Reads one source to its end. Sections and .if blocks end with it. */
void expand_source(struct expand *x, uint32_t source);
/* The line that p has collected; called by parse_source(). */
void expand_raw_line(struct expand *x, struct parse *p);
/* The environment as the lines read so far leave it. */
const struct env *expand_env(const struct expand *x);

#endif
