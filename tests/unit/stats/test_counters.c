/* Counters: rates, running averages, and sums over workers. */
#include <check.h>
#include <stdlib.h>

#include "runtime/core/process.h"
#include "runtime/stats/counters.h"
#include "tests/unit/run.h"

static struct process process;
static struct worker w0, w1, *workers[] = {&w0, &w1};
static struct generation generation;

static void setup(void)
{
	process = (struct process){.workers = workers, .nworkers = 2};
	generation.nproxies = 3;
	generation.nservers = 2;
	ck_assert(counters_init(&w0, &generation));
	ck_assert(counters_init(&w1, &generation));
}

static void teardown(void)
{
	counters_free(&w0);
	counters_free(&w1);
}

START_TEST(sums)
{
	struct fe_counters fe;
	struct srv_counters srv;

	counters_fe(&w0, 2)->cum_req += 5;
	counters_fe(&w1, 2)->cum_req += 7;
	counters_fe(&w0, 2)->max_sess = 9;
	counters_fe(&w1, 2)->max_sess = 3;
	counters_srv(&w1, 1)->last_sess = 77;
	counters_fe_sum(&process, 2, &fe);
	ck_assert_uint_eq(fe.cum_req, 12);
	ck_assert_uint_eq(fe.max_sess, 9);
	counters_srv_sum(&process, 1, &srv);
	ck_assert_uint_eq(srv.last_sess, 77);
	counters_fe_sum(&process, 1, &fe);
	ck_assert_uint_eq(fe.cum_req, 0);
	counters_clear(&w0, false);
	counters_fe_sum(&process, 2, &fe);
	ck_assert_uint_eq(fe.cum_req, 12);
	ck_assert_uint_eq(fe.max_sess, 3);
	counters_clear(&w1, true);
	counters_fe_sum(&process, 2, &fe);
	ck_assert_uint_eq(fe.cum_req, 5);
	ck_assert_uint_eq((uintptr_t)counters_fe(&w0, 0) % 64, 0);
}
END_TEST

START_TEST(rates)
{
	struct rate r = {0};
	struct fe_counters fe;

	ck_assert_uint_eq(rate_read(&r, 5000), 0);
	rate_add(&r, 5000, 10);
	ck_assert_uint_eq(rate_read(&r, 5999), 10);
	ck_assert_uint_eq(rate_read(&r, 6000), 10);
	ck_assert_uint_eq(rate_read(&r, 6500), 5);
	ck_assert_uint_eq(rate_read(&r, 7000), 0);
	rate_add(&r, 6500, 4);
	ck_assert_uint_eq(rate_read(&r, 6500), 9);
	ck_assert_uint_eq(r.max, 10);
	rate_add(&counters_fe(&w0, 0)->req_rate, 8000, 6);
	rate_add(&counters_fe(&w1, 0)->req_rate, 7999, 8);
	counters_fe_sum(&process, 0, &fe);
	ck_assert_uint_eq(rate_read(&fe.req_rate, 8000), 14);
	ck_assert_uint_eq(rate_read(&fe.req_rate, 8500), 10);
	ck_assert_uint_eq(fe.req_rate.max, 14);
}
END_TEST

START_TEST(averages)
{
	struct srv_counters sum;
	struct srv_counters *a = counters_srv(&w0, 0), *b = counters_srv(&w1, 0);

	a->cum_lbconn = 299;
	b->cum_lbconn = 99;
	a->t_time = 100 * 1024;
	b->t_time = 200 * 1024;
	counters_srv_sum(&process, 0, &sum);
	ck_assert_uint_eq(sum.t_time / 1024, 125);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("counters");
	TCase *t = tcase_create("counters");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, sums);
	tcase_add_test(t, rates);
	tcase_add_test(t, averages);
	suite_add_tcase(s, t);
	return unit_run(s);
}
