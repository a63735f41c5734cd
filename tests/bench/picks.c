/* What choosing a server costs: nanoseconds to take a place and to give it back, by algorithm and number of
 * servers, with lbd's own code and nothing else (no sockets). 64 requests are under way at a time. `make
 * tests/bench/picks` builds it: picks [REQUESTS [WORD]], only the algorithms with that word. One thread. Each
 * figure is that of the quietest of many short runs, so that other programs on the machine hardly matter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/backend/balance_key.h"
#include "runtime/backend/balance_response.h"
#include "runtime/eval/hash.h"
#include "runtime/lab/world.h"

enum { UNDER_WAY = 64, SIZES = 3, BATCH = 20000 };

static const struct {
	const char *name;
	bool unequal; /* weights from 1 to 100 */
} algorithms[] = {
	{"roundrobin", false},
	{"roundrobin", true},
	{"static-rr", false},
	{"leastconn", false},
	{"leastconn", true},
	{"first", false},
	{"random(2)", false},
	{"source", false},
	{"source hash-type consistent", false},
	{"source hash-type consistent hash-balance-factor 150", false},
	{"response-time", false},
};
static const unsigned sizes[SIZES] = {5, 100, 5000};

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void take(struct srv_request *r, uint32_t n)
{
	r->server = NULL;
	r->key = hash_avalanche(n);
	if (place_take(r) != PLACE_TAKEN)
		abort();
}

/* Nanoseconds for each of n places. */
static double run(struct world *w, uint32_t n)
{
	static struct srv_request r[UNDER_WAY];
	double begin;

	for (uint32_t i = 0; i < UNDER_WAY; i++) {
		r[i] = (struct srv_request){.worker = w->worker, .backend = &w->proxy};
		r[i].has_key = balance_is_fixed(&w->proxy);
		take(&r[i], i);
	}
	begin = seconds();
	for (uint32_t i = 0; i < n; i++) {
		struct srv_request *at = &r[i % UNDER_WAY];

		response_note(at->server, 1000, w->worker->now);
		place_leave(at);
		take(at, i);
	}
	begin = seconds() - begin;
	for (uint32_t i = 0; i < UNDER_WAY; i++)
		place_leave(&r[i]);
	return begin * 1e9 / n;
}

static struct scenario *scenario_make(const char *algorithm, bool unequal, unsigned servers)
{
	struct load_options options = {.compat = 304, .offline = true};
	struct scenario *s;
	char text[256];

	snprintf(text, sizeof(text), "arrivals poisson 1/s\nservers s %u\nalgorithm %s\n", servers, algorithm);
	s = scenario_load("bench", str_from(text), STR_NONE, &options);
	if (!s || s->diags.errors)
		abort();
	for (uint32_t i = 0; unequal && i < s->backend->servers.n; i++)
		((struct server_conf *)s->backend->servers.v[i])->weight = (uint16_t)(1 + i * 37 % 100);
	return s;
}

static double measure(const char *algorithm, bool unequal, unsigned servers, uint32_t n)
{
	struct scenario *s = scenario_make(algorithm, unequal, servers);
	struct lab_result result = {0};
	double best = 1e9;
	struct world w;

	if (!world_init(&w, s, &s->algorithms.v[0], &result))
		abort();
	for (uint32_t done = 0; done < n; done += BATCH) {
		double ns = run(&w, BATCH);

		best = ns < best ? ns : best;
	}
	world_free(&w);
	lab_result_free(&result);
	scenario_free(&s);
	return best;
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 2000000;

	printf("%-54s", "nanoseconds to take a place and give it back");
	for (int k = 0; k < SIZES; k++)
		printf("%8u", sizes[k]);
	printf("  servers\n");
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++) {
		if (argc > 2 && !strstr(algorithms[i].name, argv[2]))
			continue;
		printf("%s%-*s", algorithms[i].name, 54 - (int)strlen(algorithms[i].name),
		       algorithms[i].unequal ? ", weights 1 to 100" : "");
		for (int k = 0; k < SIZES; k++)
			printf("%8.0f",
			       measure(algorithms[i].name, algorithms[i].unequal, sizes[k], n ? n : 1));
		printf("\n");
		fflush(stdout);
	}
	return 0;
}
