/* Random numbers and distributions: SplitMix64 (G. Steele and others, "Fast splittable pseudorandom number
 * generators", 2014), inversion, and Box and Muller's transform for normal ones. */
#include "runtime/lab/random.h"

#include <math.h>

static const uint64_t STEP = 0x9e3779b97f4a7c15ULL;

uint64_t lab_random_next(struct lab_random *r)
{
	uint64_t z = r->state += STEP;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

struct lab_random lab_random_make(uint64_t seed, uint64_t n)
{
	struct lab_random r = {seed};

	r.state = lab_random_next(&r) ^ (n * STEP);
	r.state = lab_random_next(&r);
	return r;
}

double lab_random_unit(struct lab_random *r)
{
	return (double)((lab_random_next(r) >> 11) + 1) * 0x1p-53;
}

static double normal(struct lab_random *r)
{
	double u = lab_random_unit(r), v = lab_random_unit(r);

	return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

static double erlang(const struct dist *d, struct lab_random *r)
{
	double sum = 0;

	for (double i = 0; i < d->b; i++)
		sum -= log(lab_random_unit(r));
	return sum * d->a / d->b;
}

double dist_draw(const struct dist *d, struct lab_random *r)
{
	double x;

	switch (d->kind) {
	case DIST_EXP:
		return -d->a * log(lab_random_unit(r));
	case DIST_UNIFORM:
		return d->a + (d->b - d->a) * lab_random_unit(r);
	case DIST_NORMAL:
		x = d->a + d->b * normal(r);
		return x > 0 ? x : 0;
	case DIST_LOGNORMAL:
		return d->a * exp(d->b * normal(r));
	case DIST_PARETO:
		return d->a * pow(lab_random_unit(r), -1 / d->b);
	case DIST_ERLANG:
		return erlang(d, r);
	default:
		return d->a;
	}
}

double dist_mean(const struct dist *d)
{
	switch (d->kind) {
	case DIST_UNIFORM:
		return (d->a + d->b) / 2;
	case DIST_LOGNORMAL:
		return d->a * exp(d->b * d->b / 2);
	case DIST_PARETO:
		return d->b > 1 ? d->a * d->b / (d->b - 1) : INFINITY;
	default:
		return d->a;
	}
}
