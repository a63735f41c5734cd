/* Explanations of diagnostics: why it is one, and an example that has it beside one that has not. Rows of
 * explanations.def; the tests load every example. Constant, any thread. */
#ifndef LB_GRAMMAR_EXPLAIN_H
#define LB_GRAMMAR_EXPLAIN_H

#include "grammar/diag.h"

struct explanation {
	const char *text; /* sentences, without line ends */
	const char
		*wrong; /* lines of a configuration that get this diagnostic; NULL where text cannot show it */
	const char *right; /* the same without it; NULL likewise */
};

/* NULL when nobody has written one. */
const struct explanation *explanation_get(enum diag_code code);

#endif
