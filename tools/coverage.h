/* Coverage of a configuration by the requests of its suites: which rules were met and which held, which ACLs of
 * conditions were seen true and false. One thread. */
#ifndef LB_TOOLS_COVERAGE_H
#define LB_TOOLS_COVERAGE_H

#include "runtime/stage/witness.h"

struct coverage;

/* Of all rules of a model (borrowed). NULL: no memory. */
struct coverage *coverage_new(const struct model *m);
void coverage_free(struct coverage **c);
/* What one request has met. c may be NULL. */
void coverage_add(struct coverage *c, const struct witness *w);

struct coverage_sum {
	uint32_t rules, rules_held; /* a rule is covered when its condition held once */
	uint32_t sides, sides_seen; /* two of each ACL in a condition: true and false */
};
struct coverage_sum coverage_sum(const struct coverage *c);
/* Of rules and sides together, rounded down: 100 only when all are covered. */
unsigned coverage_percent(const struct coverage *c);
/* A line for each rule that is not covered in full, and what is missing. */
void coverage_print(struct out *o, const struct coverage *c);

#endif
