/* Limits of throughput as arithmetic: a sender that always has something to send asks, sends, sleeps as it was
 * told, and asks again. Over any period no more passes than the limit, over many not much less, and it is not
 * woken more often than it has to be. */
#include <check.h>
#include <stdlib.h>

#include "runtime/proxy/bandwidth.h"
#include "runtime/stick/rate.h"
#include "tests/unit/run.h"

enum { MOST = 20000 };

struct run {
	uint64_t limit;
	uint32_t period, piece;
	uint64_t sent[MOST]; /* in each ms */
	uint64_t total;
	uint32_t asked;
};

static void run_for(struct run *r, uint32_t ms, uint32_t begin)
{
	struct stick_rate rate = {0};
	uint32_t at = 0;

	while (at < ms) {
		uint64_t left = bandwidth_left(&rate, begin + at, r->limit, r->period);

		r->asked++;
		if (left >= r->piece || (left && bandwidth_closes(&rate, begin + at, r->period))) {
			stick_rate_add(&rate, begin + at, r->period, (uint32_t)left);
			r->sent[at] += left;
			r->total += left;
		} else {
			uint32_t wait = bandwidth_delay(&rate, begin + at, r->limit, r->period, r->piece);
			uint32_t close = bandwidth_until_close(&rate, begin + at, r->limit, r->period);

			if (close < wait)
				wait = close;
			ck_assert_uint_gt(wait, 0);
			ck_assert_uint_le(wait, 2 * r->period);
			at += wait;
		}
	}
}

static void check_run(uint64_t limit, uint32_t period, uint32_t piece, uint32_t begin)
{
	struct run *r = calloc(1, sizeof(*r));
	uint32_t ms = MOST - 1, periods = ms / period;

	ck_assert_ptr_nonnull(r);
	r->limit = limit;
	r->period = period;
	r->piece = piece;
	run_for(r, ms, begin);
	ck_assert_msg(r->total <= limit * (periods + 1), "%lu per %u ms: %lu in %u ms", (unsigned long)limit,
		      period, (unsigned long)r->total, ms);
	ck_assert_msg(r->total * 100 >= limit * periods * 95, "%lu per %u ms: only %lu in %u ms",
		      (unsigned long)limit, period, (unsigned long)r->total, ms);
	ck_assert_uint_le(r->asked, 4 * (r->total / piece + periods + 1));
	free(r);
}

START_TEST(test_steady)
{
	check_run(1000000, 1000, 16000, 1);
	check_run(1000000, 1000, 1448, 123456);
	check_run(20000, 1000, 1448, 7);
	check_run(5000, 100, 1250, 4294960000u); /* the clock wraps */
	check_run(300, 100, 20, 99);
	check_run(4000000000u, 1000, 64000000, 5);
}
END_TEST

START_TEST(test_window)
{
	struct stick_rate rate = {0};

	ck_assert_uint_eq(bandwidth_left(&rate, 1000, 500, 100), 500);
	stick_rate_add(&rate, 1001, 100, 500);
	ck_assert_uint_eq(bandwidth_left(&rate, 1001, 500, 100), 0);
	ck_assert_uint_eq(bandwidth_left(&rate, 1100, 500, 100), 0);
	/* half a period later half of it has faded */
	ck_assert_uint_eq(bandwidth_left(&rate, 1151, 500, 100), 250);
	ck_assert_uint_eq(bandwidth_delay(&rate, 1001, 500, 100, 250), 150);
	ck_assert_uint_eq(bandwidth_left(&rate, 1301, 500, 100), 500);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bandwidth");
	TCase *c = tcase_create("reckoning");

	tcase_add_test(c, test_steady);
	tcase_add_test(c, test_window);
	suite_add_tcase(s, c);
	return unit_run(s);
}
