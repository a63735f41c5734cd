/* What choosing a server costs: nanoseconds to take a place and to give it back, by algorithm and number of
 * servers, with lbd's own code and nothing else (no sockets). 64 requests are under way at a time. `make
 * tests/bench/picks` builds it. One thread. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/backend/balance_key.h"
#include "runtime/backend/balance_response.h"
#include "runtime/lab/world.h"

enum { UNDER_WAY = 64, SIZES = 3, ROUNDS = 5 };

static const char *const algorithms[] = {
	"roundrobin",
	"static-rr",
	"leastconn",
	"first",
	"random(2)",
	"source",
	"source hash-type consistent",
	"source hash-type consistent hash-balance-factor 150",
	"response-time",
};
static const unsigned sizes[SIZES] = {5, 100, 5000};

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void take(struct world *w, struct srv_request *r, uint32_t n)
{
	*r = (struct srv_request){.worker = w->worker, .backend = &w->proxy};
	if (balance_is_fixed(&w->proxy)) {
		r->key = balance_scatter(n);
		r->has_key = true;
	}
	if (place_take(r) != PLACE_TAKEN)
		abort();
}

/* Nanoseconds for each of n places. */
static double run(struct world *w, uint32_t n)
{
	static struct srv_request r[UNDER_WAY];
	double begin;

	for (uint32_t i = 0; i < UNDER_WAY; i++)
		take(w, &r[i], i);
	begin = seconds();
	for (uint32_t i = 0; i < n; i++) {
		struct srv_request *at = &r[i % UNDER_WAY];

		response_note(at->server, 1000, w->worker->now);
		place_leave(at);
		take(w, at, i);
	}
	begin = seconds() - begin;
	for (uint32_t i = 0; i < UNDER_WAY; i++)
		place_leave(&r[i]);
	return begin * 1e9 / n;
}

/* The best of some rounds: the others were disturbed. */
static double measure(const char *algorithm, unsigned servers, uint32_t n)
{
	struct load_options options = {.compat = 304, .offline = true};
	struct lab_result result = {0};
	double best = 1e9;
	struct scenario *s;
	struct world w;
	char text[256];

	snprintf(text, sizeof(text), "arrivals poisson 1/s\nservers s %u\nalgorithm %s\n", servers,
		 algorithm);
	s = scenario_load("bench", str_from(text), STR_NONE, &options);
	if (!s || s->diags.errors || !world_init(&w, s, &s->algorithms.v[0], &result))
		abort();
	for (int i = 0; i < ROUNDS; i++) {
		double ns = run(&w, n);

		best = ns < best ? ns : best;
	}
	world_free(&w);
	lab_result_free(&result);
	scenario_free(&s);
	return best;
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;

	printf("%-54s", "nanoseconds to take a place and give it back");
	for (int k = 0; k < SIZES; k++)
		printf("%8u", sizes[k]);
	printf("  servers\n");
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++) {
		printf("%-54s", algorithms[i]);
		for (int k = 0; k < SIZES; k++)
			printf("%8.0f", measure(algorithms[i], sizes[k], n ? n : 1));
		printf("\n");
		fflush(stdout);
	}
	return 0;
}
