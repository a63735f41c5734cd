/* Simulations whose results are known: shares by weight, queueing theory (M/M/1, M/D/1, M/M/c), what hashing
 * moves, Little's law. Seeds are fixed, so that a result that is right once is right always. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/lab/report.h"
#include "tests/unit/run.h"

static struct scenario *scenario;
static struct lab_result result;

/* Runs the n-th algorithm of a scenario. */
static void simulate(const char *text, uint32_t n)
{
	struct load_options options = {.compat = 304, .offline = true};

	scenario = scenario_load("test", str_from(text), STR_NONE, &options);
	ck_assert_ptr_nonnull(scenario);
	ck_assert_msg(!scenario->diags.errors, "%.*s", STR_ARG(scenario->diags.list.v[0]->message));
	ck_assert_uint_lt(n, scenario->algorithms.n);
	ck_assert(lab_simulate(scenario, &scenario->algorithms.v[n], &result));
}

static void forget(void)
{
	lab_result_free(&result);
	scenario_free(&scenario);
}

static void about(double value, double expected, double tolerance)
{
	ck_assert_msg(fabs(value - expected) <= tolerance * expected, "%g is not about %g", value, expected);
}

static double mean(void)
{
	return histogram_mean(result.times) * 1e-9;
}

static double quantile(double part)
{
	return (double)histogram_quantile(result.times, part) * 1e-9;
}

START_TEST(shares_by_weight)
{
	simulate("requests 60000\narrivals constant 1000/s\nalgorithm roundrobin\nalgorithm static-rr\n"
		 "servers a 2 service 1ms weight 2\nservers b 2 service 1ms weight 1\n",
		 (uint32_t)_i);
	ck_assert_uint_eq(result.ends[END_DONE], 60000);
	ck_assert_uint_eq(result.servers[0].requests, 20000);
	ck_assert_uint_eq(result.servers[1].requests, 20000);
	ck_assert_uint_eq(result.servers[2].requests, 10000);
	ck_assert_uint_eq(result.servers[3].requests, 10000);
	about(lab_utilisation(&result, 0), 1.0 / 3, 0.01);
	forget();
}
END_TEST

/* Mean 1 / (mu - lambda), and exponential: the p-quantile is -ln(1 - p) means. */
START_TEST(one_server)
{
	simulate("requests 1000000\narrivals poisson 80/s\nserver s service exp(10ms)\nalgorithm roundrobin\n",
		 0);
	about(mean(), 0.05, 0.03);
	about(quantile(0.5), 0.05 * log(2), 0.03);
	about(quantile(0.99), 0.05 * log(100), 0.05);
	about(lab_utilisation(&result, 0), 0.8, 0.01);
	forget();
}
END_TEST

/* Waiting is half of M/M/1's: rho / (2 mu (1 - rho)). */
START_TEST(constant_service)
{
	simulate("requests 1000000\narrivals poisson 80/s\nserver s service 10ms\nalgorithm leastconn\n", 0);
	about(mean(), 0.01 + 0.8 * 0.01 / (2 * 0.2), 0.03);
	forget();
}
END_TEST

/* Four servers of one place each and one queue before them, lbd's own: M/M/4. Erlang's C at 0.8 is 0.5964, the
 * mean wait C / (4 mu - lambda). */
START_TEST(one_queue)
{
	simulate("requests 1000000\narrivals poisson 320/s\nservers s 4 service exp(10ms) maxconn 1\n"
		 "algorithm leastconn\nalgorithm roundrobin\n",
		 (uint32_t)_i);
	about(histogram_mean(result.queued) * 1e-9, 0.5964 / 80, 0.04);
	about(mean(), 0.01 + 0.5964 / 80, 0.03);
	for (int i = 0; i < 4; i++)
		ck_assert_uint_le(result.servers[i].peak, 1);
	forget();
}
END_TEST

#define HASHED                                                                                                 \
	"duration 40s\narrivals constant 2000/s\nkeys 2000\nservers s 10 service 1ms workers 0\nat 20s "       \
	"disable s4\n"

/* When one of ten servers leaves, consistent hashing moves its keys and no others; a map moves most of them. */
START_TEST(keys_that_move)
{
	simulate(HASHED
		 "algorithm source hash-type consistent\nalgorithm uri hash-type consistent sdbm avalanche\n"
		 "algorithm source\n",
		 (uint32_t)_i);
	if (_i < 2)
		ck_assert_msg(result.moved > 100 && result.moved < 320, "%llu of 2000 keys moved",
			      (unsigned long long)result.moved);
	else
		ck_assert_uint_gt(result.moved, 1600);
	forget();
}
END_TEST

/* Little: users in the system = throughput * time that each needs. */
START_TEST(closed_group)
{
	simulate("requests 200000\narrivals closed 50 think exp(90ms)\nserver s service exp(10ms) workers 0\n"
		 "algorithm roundrobin\n",
		 0);
	about(mean(), 0.01, 0.02);
	about((double)result.ends[END_DONE] / result.duration * (mean() + 0.09), 50, 0.02);
	forget();
}
END_TEST

/* The same seed, the same everything; each algorithm gets the same requests. */
START_TEST(repeatable)
{
	static const char text[] =
		"requests 20000\narrivals poisson 300/s\nservers s 4 service lognormal(5ms,1)\n"
		"algorithm random(2)\nalgorithm random(2)\nalgorithm response-time\n";
	double first;
	uint64_t max;

	simulate(text, 0);
	first = mean();
	max = result.times->max;
	forget();
	simulate(text, 1);
	ck_assert(mean() == first);
	ck_assert_uint_eq(result.times->max, max);
	ck_assert_uint_eq(result.arrived, 20000);
	forget();
}
END_TEST

/* A server that refuses costs retries and no request, but for those that were there when it died. */
START_TEST(failure)
{
	simulate("duration 30s\narrivals poisson 500/s\nbackend option redispatch\nbackend timeout connect 1s\n"
		 "servers s 4 service exp(4ms) check inter 1s fall 3 rise 2\nalgorithm roundrobin\n"
		 "at 10s fail s2\nat 20s recover s2\n",
		 0);
	ck_assert_uint_eq(result.ends[END_REFUSED], 0);
	ck_assert_uint_le(result.ends[END_RESET], 5);
	ck_assert_uint_eq(result.ends[END_DONE] + result.ends[END_RESET], result.arrived);
	ck_assert_uint_gt(result.retries,
			  100); /* until the third check: two to three seconds of a quarter of 500/s */
	ck_assert_uint_lt(result.retries, 500);
	ck_assert_uint_lt(result.servers[1].requests, result.servers[0].requests * 3 / 4);
	forget();
}
END_TEST

/* A server that hangs: those that it has taken run into `timeout server`, and nobody waits longer. */
START_TEST(hanging)
{
	simulate("duration 20s\narrivals poisson 200/s\nbackend timeout server 1s\n"
		 "servers s 4 service exp(4ms) check inter 1s fall 2\nalgorithm leastconn\nat 5s hang s1\n",
		 0);
	ck_assert_uint_gt(result.ends[END_SERVER_TIMEOUT], 0);
	ck_assert_uint_eq(result.ends[END_UNFINISHED], 0);
	ck_assert(quantile(1) < 1.0);
	forget();
}
END_TEST

/* What `retry-on` names is saved by another server, as long as there are retries; what it does not name is not.
 */
START_TEST(retry_on)
{
	static const char farm[] =
		"servers s 4 service exp(4ms) workers 0 check inter 1s fall 2\nalgorithm roundrobin\n";
	static const struct {
		const char *words, *event;
		enum lab_end end;
		bool saved;
	} cases[] = {
		{"empty-response", "at 5s fail s1", END_RESET, true},
		{"conn-failure", "at 5s fail s1", END_RESET, false},
		{"none", "at 5s fail s1", END_REFUSED, false},
		{"conn-failure", "at 5s fail s1", END_REFUSED, true},
		{"response-timeout", "at 5s hang s1", END_SERVER_TIMEOUT, true},
		{"conn-failure", "at 5s hang s1", END_SERVER_TIMEOUT, false},
	};
	char text[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(text, sizeof(text),
			 "duration 10s\narrivals poisson 2000/s\nbackend option redispatch 1\nbackend retry-on "
			 "%s\n"
			 "backend timeout server 500ms\n%s%s\n",
			 cases[i].words, farm, cases[i].event);
		simulate(text, 0);
		ck_assert_msg(!result.ends[cases[i].end] == cases[i].saved, "%s, %s: %llu", cases[i].words,
			      cases[i].event, (unsigned long long)result.ends[cases[i].end]);
		forget();
	}
}
END_TEST

START_TEST(queue_bounds)
{
	simulate("duration 10s\narrivals constant 300/s\nbackend timeout queue 100ms\n"
		 "servers s 2 service 10ms maxconn 1\nalgorithm roundrobin\n",
		 0);
	ck_assert_uint_gt(result.ends[END_QUEUE_TIMEOUT], 800); /* 300 come, 200 are served a second */
	ck_assert_uint_lt(result.ends[END_QUEUE_TIMEOUT], 1050);
	ck_assert(quantile(1) <= 0.1125);
	forget();
}
END_TEST

/* Agents move work from a slow machine to the fast ones; response-time finds out by itself. */
START_TEST(unequal_machines)
{
	simulate("duration 120s\narrivals poisson 400/s\nservers s 3 service exp(5ms) weight 100\n"
		 "server slow service exp(20ms) weight 100\nalgorithm roundrobin agents\nalgorithm "
		 "response-time\n"
		 "algorithm leastconn\n",
		 (uint32_t)_i);
	ck_assert_uint_lt(result.servers[3].requests, result.servers[0].requests * 2 / 3);
	ck_assert_uint_gt(result.servers[3].requests, 0);
	ck_assert_uint_gt(result.ends[END_DONE], result.arrived * 99 / 100);
	forget();
}
END_TEST

START_TEST(histogram)
{
	static struct histogram h;

	for (uint64_t i = 1; i <= 1000000; i++)
		histogram_add(&h, i * 1000);
	about((double)histogram_quantile(&h, 0.5), 5e8, 0.01);
	about((double)histogram_quantile(&h, 0.999), 9.99e8, 0.01);
	ck_assert_uint_eq(histogram_quantile(&h, 1), 1000000000);
	about(histogram_mean(&h), 5.000005e8, 1e-6);
	histogram_add(&h, UINT64_MAX);
	histogram_add(&h, 0);
	ck_assert_uint_eq(h.max, UINT64_MAX);
}
END_TEST

/* Widening keeps what was measured. */
START_TEST(loads)
{
	struct series s;
	double sum = 0;

	ck_assert(series_init(&s, 2));
	series_set(&s, 0, 4, 500000000);
	series_set(&s, 1, 1, 500000000);
	series_set(&s, 0, 2, 1500000000);
	series_end(&s, 10000000000);
	ck_assert_uint_le(series_cells(&s), SERIES_CELLS);
	for (uint32_t i = 0; i < series_cells(&s); i++)
		sum += s.load[0][i];
	about(sum, 4 + 2 * 8.5, 1e-9);
	about(series_at(&s, 1, series_cells(&s) - 1), 1, 1e-9);
	ck_assert(series_at(&s, 0, 0) == 0);
	series_free(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("simulate");
	TCase *tc = tcase_create("simulate");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, shares_by_weight, 0, 2);
	tcase_add_test(tc, one_server);
	tcase_add_test(tc, constant_service);
	tcase_add_loop_test(tc, one_queue, 0, 2);
	tcase_add_loop_test(tc, keys_that_move, 0, 3);
	tcase_add_test(tc, closed_group);
	tcase_add_test(tc, repeatable);
	tcase_add_test(tc, failure);
	tcase_add_test(tc, hanging);
	tcase_add_test(tc, retry_on);
	tcase_add_test(tc, queue_bounds);
	tcase_add_loop_test(tc, unequal_machines, 0, 3);
	tcase_add_test(tc, histogram);
	tcase_add_test(tc, loads);
	return unit_run(suite);
}
