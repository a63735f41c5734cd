/* What came of suites: for people, as TAP (testanything.org, version 13) and as JUnit XML. One thread. */
#ifndef LB_TOOLS_SUITE_REPORT_H
#define LB_TOOLS_SUITE_REPORT_H

#include "tools/suite.h"

enum suite_form { SUITE_TEXT, SUITE_TAP, SUITE_JUNIT };

struct suite_total {
	uint32_t tests, failed, expected, unmet;
};

/* Before the first suite, one suite, behind the last one. Tests are counted through in `total`. */
void suite_report_begin(struct out *o, enum suite_form form, uint32_t ntests);
void suite_report(struct out *o, enum suite_form form, const struct suite *s, struct suite_total *total);
void suite_report_end(struct out *o, enum suite_form form, const struct suite_total *total);
/* The diagnostics [first, first + n) of a suite, with carets. */
void suite_put_diags(struct out *o, const struct suite *s, uint32_t first, uint32_t n, bool color);

#endif
