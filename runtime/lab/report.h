/* What runs have shown, for people (a table, a picture) and for programs (JSON). They only read. Any one
 * thread. */
#ifndef LB_LAB_REPORT_H
#define LB_LAB_REPORT_H

#include "grammar/base/out.h"
#include "runtime/lab/simulate.h"

/* A row for each algorithm, times for people to read. */
void lab_report_table(struct out *o, const struct scenario *s, const struct lab_result *results, uint32_t n);
/* One object; times in seconds. */
void lab_report_json(struct out *o, const struct scenario *s, const struct lab_result *results, uint32_t n);
/* An SVG that needs nothing else: times by percentile, and each algorithm's load of the servers over time. */
void lab_report_svg(struct out *o, const struct scenario *s, const struct lab_result *results, uint32_t n);

/* Failed ones, of whatever kind. */
uint64_t lab_result_failed(const struct lab_result *r);
/* Part of its time that a server's workers have worked, 0 to 1; of one with any number of workers, how many
 * were busy. */
double lab_utilisation(const struct lab_result *r, uint32_t server);
/* "12.3ms" and its like. buf: 16 bytes; returns buf. */
char *lab_time_text(char *buf, double seconds);

#endif
