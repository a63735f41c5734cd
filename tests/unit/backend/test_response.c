/* balance response-time: the figure that it keeps of a server, and what it chooses. */
#include <check.h>

#include "runtime/backend/balance.h"
#include "runtime/backend/balance_response.h"
#include "tests/unit/backend/farm.h"
#include "tests/unit/run.h"

static uint32_t us_of(uint64_t figure)
{
	return (uint32_t)(figure >> 32);
}

START_TEST(figures)
{
	uint64_t f = response_figure_next(0, 500, 1000);

	ck_assert_uint_eq(us_of(f), 500);
	f = response_figure_next(f, 4000, 1001); /* slower: believed at once */
	ck_assert_uint_eq(us_of(f), 4000);
	f = response_figure_next(f, 400, 1002); /* faster: an eighth of it */
	ck_assert_uint_eq(us_of(f), 3550);
	f = response_figure_next(f, 400, 11002); /* ten seconds later: half of it */
	ck_assert_uint_eq(us_of(f), 1975);
	f = response_figure_next(f, 400, 1000000); /* long ago: hardly anything is left of it */
	ck_assert_uint_lt(us_of(f), 420);
	ck_assert_uint_eq(us_of(response_figure_next(f, 0, 1000001)) > 0, 1); /* never 0, which means unknown */
	ck_assert_uint_eq(us_of(response_figure_next(f, UINT64_MAX, 1000001)), UINT32_MAX);
}
END_TEST

static struct rig {
	struct farm f;
	struct worker w;
	struct srv_request r;
	unsigned picked[FARM_MAX];
} rig;

static void rig_init(const char *weights)
{
	memset(&rig, 0, sizeof(rig));
	farm_init(&rig.f, BAL_RESPONSE_TIME, weights);
	rig.w.random[0] = 1;
	rig.w.random[1] = 2;
	rig.w.now = 100000;
	rig.r.worker = &rig.w;
	rig.r.backend = &rig.f.proxy;
}

static void pick(unsigned times)
{
	bool full;

	memset(rig.picked, 0, sizeof(rig.picked));
	while (times--) {
		struct server *s = balance_pick(&rig.f.proxy, &rig.r, &full);

		ck_assert_ptr_nonnull(s);
		rig.picked[s->index]++;
	}
}

START_TEST(prefers_the_fast)
{
	rig_init("1,1,1");
	response_measured(&rig.f.servers[0], 1000, rig.w.now);
	response_measured(&rig.f.servers[1], 2000, rig.w.now);
	response_measured(&rig.f.servers[2], 9000, rig.w.now);
	pick(9000);
	/* Of two that are drawn the faster one: 5, 3 and 1 of 9 pairs. */
	ck_assert_uint_gt(rig.picked[0], 4700);
	ck_assert_uint_gt(rig.picked[1], 2700);
	ck_assert_uint_gt(rig.picked[2], 800);
	ck_assert_uint_lt(rig.picked[2], 1200);
	farm_free(&rig.f);
}
END_TEST

START_TEST(looks_at_load_and_weight)
{
	rig_init("1,4");
	response_measured(&rig.f.servers[0], 1000, rig.w.now);
	response_measured(&rig.f.servers[1], 3000, rig.w.now);
	pick(1000);
	ck_assert_uint_gt(rig.picked[1], rig.picked[0]); /* 3000 / 4 */
	atomic_store(&rig.f.servers[1].conns, 9);
	pick(1000);
	ck_assert_uint_gt(rig.picked[0], rig.picked[1]);
	farm_free(&rig.f);
}
END_TEST

/* Whoever was not measured for a second gets one request, not all of them. */
START_TEST(probes)
{
	rig_init("1,1");
	response_measured(&rig.f.servers[0], 1000, rig.w.now);
	response_measured(&rig.f.servers[1], 900000, rig.w.now);
	rig.w.now += 1001;
	response_measured(&rig.f.servers[0], 1000, rig.w.now);
	pick(1000);
	ck_assert_uint_gt(rig.picked[1], 0);
	/* it is drawn twice in a quarter of the cases, and then has to be taken */
	ck_assert_uint_lt(rig.picked[1], 320);
	farm_free(&rig.f);
}
END_TEST

START_TEST(full_and_avoided)
{
	bool full;

	rig_init("1,1");
	rig.f.confs[0].maxconn = rig.f.confs[1].maxconn = 1;
	atomic_store(&rig.f.servers[0].maxconn, 1);
	atomic_store(&rig.f.servers[1].maxconn, 1);
	rig.r.avoid = &rig.f.servers[0];
	for (int i = 0; i < 50; i++)
		ck_assert_ptr_eq(balance_pick(&rig.f.proxy, &rig.r, &full), &rig.f.servers[1]);
	atomic_store(&rig.f.servers[1].conns, 1);
	ck_assert_ptr_eq(balance_pick(&rig.f.proxy, &rig.r, &full), &rig.f.servers[0]);
	atomic_store(&rig.f.servers[0].conns, 1);
	ck_assert_ptr_null(balance_pick(&rig.f.proxy, &rig.r, &full));
	ck_assert(full);
	atomic_store(&rig.f.servers[0].oper, SRV_STOPPED);
	balance_update(&rig.f.servers[0]);
	atomic_store(&rig.f.servers[1].conns, 0);
	for (int i = 0; i < 50; i++)
		ck_assert_ptr_eq(balance_pick(&rig.f.proxy, &rig.r, &full), &rig.f.servers[1]);
	farm_free(&rig.f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("response times");
	TCase *t = tcase_create("choice");

	tcase_add_test(t, figures);
	tcase_add_test(t, prefers_the_fast);
	tcase_add_test(t, looks_at_load_and_weight);
	tcase_add_test(t, probes);
	tcase_add_test(t, full_and_avoided);
	suite_add_tcase(s, t);
	return unit_run(s);
}
