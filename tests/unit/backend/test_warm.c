/* slowstart: how warmth grows, and what it does to shares and limits. */
#include <check.h>
#include <stdlib.h>

#include "runtime/backend/server_warm.h"
#include "runtime/core/worker.h"
#include "tests/unit/backend/farm.h"
#include "tests/unit/run.h"

START_TEST(warmth)
{
	ck_assert_uint_eq(server_warmth_at(0, 2000), 1);
	ck_assert_uint_eq(server_warmth_at(1000, 2000), 9); /* as HAProxy 2.6: 9/16 after half of the time */
	ck_assert_uint_eq(server_warmth_at(1999, 2000), 16);
	ck_assert_uint_eq(server_warmth_at(2000, 2000), SERVER_WARM);
	ck_assert_uint_eq(server_warmth_at(UINT64_MAX, 1), SERVER_WARM);
	ck_assert_uint_eq(server_warmth_at(INT32_MAX - 1, INT32_MAX), 16);
}
END_TEST

static unsigned picks_of(struct farm *f, int server)
{
	struct srv_request request = {0};
	unsigned n = 0;
	bool full;

	for (int i = 0; i < 1700; i++)
		n += balance_pick(&f->proxy, &request, &full) == &f->servers[server];
	return n;
}

/* One is cold: it gets a sixteenth of what the other one gets, and more with time. */
START_TEST(share)
{
	struct worker w = {.now = 100000};
	struct farm f;

	farm_init(&f, _i ? BAL_STATIC_RR : BAL_ROUNDROBIN, "100,100");
	f.confs[1].slowstart = 16000;
	server_warm_begin(&w, &f.servers[1]);
	balance_update(&f.servers[1]);
	ck_assert_uint_eq(server_shown_weight(&f.servers[1]), 7);
	ck_assert_uint_eq(picks_of(&f, 1), _i ? 850 : 100);
	w.now += 7000;
	ck_assert(server_warm_step(&w, &f.servers[1]));
	ck_assert_uint_eq(server_shown_weight(&f.servers[1]), 50);
	picks_of(&f, 1); /* what the change itself does to turns */
	ck_assert_int_le(abs((int)picks_of(&f, 1) - (_i ? 850 : 566)), 2); /* 8 of 8 + 16 */
	w.now += 9000;
	ck_assert(!server_warm_step(&w, &f.servers[1]));
	picks_of(&f, 1);
	ck_assert_int_le(abs((int)picks_of(&f, 1) - 850), 2);
	ck_assert_uint_eq(server_shown_weight(&f.servers[1]), 100);
	farm_free(&f);
}
END_TEST

START_TEST(limit)
{
	struct worker w = {.now = 100000};
	struct farm f;

	farm_init(&f, BAL_ROUNDROBIN, "1,1");
	f.confs[0].slowstart = 1600;
	atomic_store(&f.servers[0].maxconn, 40);
	ck_assert_uint_eq(server_limit(&f.servers[0]), 40);
	server_warm_begin(&w, &f.servers[0]);
	ck_assert_uint_eq(server_limit(&f.servers[0]), 2);
	atomic_store(&f.servers[0].maxconn, 3);
	ck_assert_uint_eq(server_limit(&f.servers[0]), 1);
	atomic_store(&f.servers[0].maxconn, 0);
	ck_assert_uint_eq(server_limit(&f.servers[0]), 0);
	server_warm_begin(&w, &f.servers[1]); /* has none */
	ck_assert_uint_eq(f.servers[1].warmth, SERVER_WARM);
	farm_free(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("slowstart");
	TCase *tc = tcase_create("slowstart");

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, warmth);
	tcase_add_loop_test(tc, share, 0, 2);
	tcase_add_test(tc, limit);
	return unit_run(suite);
}
