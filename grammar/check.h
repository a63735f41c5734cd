/* The checker: walks the expanded tree of a compilation, looks every line up in the registry (keyword.h), fills
 * the model and reports every mistake of the run, not only the first. One thread per compilation. */
#ifndef LB_GRAMMAR_CHECK_H
#define LB_GRAMMAR_CHECK_H

#include "grammar/compile.h"

/* Fills c->model, which the caller made with model_new(), from c->tree. Mistakes become diagnostics in
 * c->diags. True when no error was reported; the model is complete then, and only then. Memory that runs out
 * jumps to the handlers of the arenas. */
bool check_tree(struct compile *c);

#endif
