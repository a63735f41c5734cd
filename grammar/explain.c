/* The table of explanations. */
#include "grammar/explain.h"

static const struct explanation explanations[D_COUNT] = {
#define EXPLAIN(code, why, bad, good) [D_##code] = {.text = why, .wrong = bad, .right = good},
#include "grammar/explanations.def"
#include "grammar/check_explanations.def"
#include "grammar/rule_explanations.def"
#include "grammar/lint_explanations.def"
#include "grammar/suite_explanations.def"
#undef EXPLAIN
};

const struct explanation *explanation_get(enum diag_code code)
{
	return explanations[code].text ? &explanations[code] : NULL;
}
