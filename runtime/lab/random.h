/* Random numbers of the laboratory: repeatable from a seed, one generator for each purpose, so that algorithms
 * which are compared meet the same requests at the same times. Distributions are plain data. Any thread. */
#ifndef LB_LAB_RANDOM_H
#define LB_LAB_RANDOM_H

#include <stdint.h>

struct lab_random {
	uint64_t state;
};

enum dist_kind { DIST_CONST, DIST_EXP, DIST_UNIFORM, DIST_NORMAL, DIST_LOGNORMAL, DIST_PARETO, DIST_ERLANG };

/* a and b: seconds or plain numbers. const a; exp: mean a; uniform: from a to b; normal: mean a, deviation b,
 * never below 0; lognormal: median a, sigma b; pareto: least a, exponent b; erlang: mean a, of b steps. */
struct dist {
	enum dist_kind kind;
	double a, b;
};

/* The n-th generator of a seed. */
struct lab_random lab_random_make(uint64_t seed, uint64_t n);
uint64_t lab_random_next(struct lab_random *r);
/* Above 0 and at most 1. */
double lab_random_unit(struct lab_random *r);
double dist_draw(const struct dist *d, struct lab_random *r);
/* What the draws are on average; infinite for heavy tails. */
double dist_mean(const struct dist *d);

#endif
