/* What a run is measured by: distributions of times, and loads over time. Memory does not grow with the length
 * of the run. One thread. */
#ifndef LB_LAB_TALLY_H
#define LB_LAB_TALLY_H

#include <stdbool.h>
#include <stdint.h>

/* Times in nanoseconds, known to 1 in 128. */
enum { HISTOGRAM_BITS = 7, HISTOGRAM_CELLS = (64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS };
struct histogram {
	uint64_t n, max;
	double sum;
	uint64_t cells[HISTOGRAM_CELLS];
};
void histogram_add(struct histogram *h, uint64_t ns);
/* The time below which this part (0 to 1) of all lies, ns. */
uint64_t histogram_quantile(const struct histogram *h, double part);
double histogram_mean(const struct histogram *h);

/* Load of many things over time, in at most SERIES_CELLS cells of equal width; when the run is longer,
 * neighbours become one. */
enum { SERIES_CELLS = 256 };
struct series {
	double (*load)[SERIES_CELLS]; /* by thing: the load times the seconds that it lasted */
	uint32_t *now;                /* its load at the moment */
	uint64_t *since;              /* ns */
	uint32_t n;
	uint64_t width; /* of a cell, ns */
	uint64_t end;   /* how far it goes, ns */
};
bool series_init(struct series *s, uint32_t n);
void series_free(struct series *s);
/* The load of a thing is another from now on. */
void series_set(struct series *s, uint32_t thing, uint32_t load, uint64_t now);
/* Brings all of them up to the end. */
void series_end(struct series *s, uint64_t now);
/* Average load of a thing in a cell; how many cells there are. */
double series_at(const struct series *s, uint32_t thing, uint32_t cell);
uint32_t series_cells(const struct series *s);

#endif
