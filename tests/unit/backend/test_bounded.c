/* hash-balance-factor: the very servers that HAProxy chose, with requests that stay and requests that end. */
#include <check.h>
#include <stdlib.h>

#include "runtime/backend/balance_key.h"
#include "runtime/core/worker.h"
#include "tests/unit/backend/farm.h"

enum { REQUESTS = 64 };

static const struct recorded {
	const char *weights;
	int factor;
	const char *events, *picks;
} recorded[] = {
#define BOUNDED(weights, factor, events, picks) {weights, factor, events, picks},
#include "tests/unit/backend/bounded.def"
#undef BOUNDED
};

static struct server *pick(struct farm *f, struct str key)
{
	struct srv_request request = {.backend = &f->proxy};
	bool full;

	balance_key_sample(&request, key);
	return balance_pick(&f->proxy, &request, &full);
}

static void count(struct farm *f, struct server *s, int by)
{
	atomic_fetch_add(&s->conns, (unsigned)by);
	atomic_fetch_add(&f->proxy.served, (unsigned)by);
}

START_TEST(as_recorded)
{
	const struct recorded *r = &recorded[_i];
	struct server *at[REQUESTS], *s;
	struct farm f;
	size_t n = 0;

	farm_init(&f, BAL_HDR, r->weights);
	balance_free(&f.proxy);
	f.proxy_conf.hash_type = 1;
	f.proxy_conf.hash_avalanche = true;
	f.proxy_conf.hash_balance_factor = r->factor;
	ck_assert(balance_init(&f.proxy));
	for (const char *event = r->events; *event; event += strspn(event, " ")) {
		size_t len = strcspn(event, " ");

		if (*event == '-') {
			count(&f, at[atoi(event + 1)], -1);
		} else {
			s = pick(&f, str_make(event, len));
			ck_assert_ptr_nonnull(s);
			ck_assert_msg(s == &f.servers[r->picks[n] - '0'], "%s %d: pick %zu", r->weights,
				      r->factor, n);
			count(&f, s, 1);
			at[n++] = s;
		}
		event += len;
	}
	ck_assert_uint_eq(n, strlen(r->picks));
	farm_free(&f);
}
END_TEST

/* One key for all: without the factor one server has them all, with it nobody has more than he may, and servers
 * that leave have nothing. */
START_TEST(bounds)
{
	struct farm f;

	farm_init(&f, BAL_HDR, "1,1,1,1");
	balance_free(&f.proxy);
	f.proxy_conf.hash_type = 1;
	f.proxy_conf.hash_balance_factor = 125;
	ck_assert(balance_init(&f.proxy));
	for (int i = 0; i < 1000; i++) {
		if (i == 500) {
			atomic_store(&f.servers[2].admin, SRV_ADM_MAINT);
			count(&f, &f.servers[2], -(int)f.servers[2].conns);
			balance_update(&f.servers[2]);
		}
		count(&f, pick(&f, STR("hot")), 1);
	}
	ck_assert_uint_eq(f.servers[2].conns, 0);
	for (int i = 0; i < 4; i++)
		ck_assert_uint_le(f.servers[i].conns, (f.proxy.served * 125 / 100) / 3 + 1);
	farm_free(&f);
}
END_TEST

/* With random, too: draws are judged by the same bound. */
START_TEST(random_is_bounded)
{
	struct worker w = {.random = {1, 2}};
	struct srv_request request = {.worker = &w};
	struct farm f;
	bool full;

	farm_init(&f, BAL_RANDOM, "1,1,1");
	f.proxy_conf.balance.draws = 1;
	f.proxy_conf.hash_balance_factor = 101;
	request.backend = &f.proxy;
	for (int i = 0; i < 300; i++)
		count(&f, balance_pick(&f.proxy, &request, &full), 1);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_le(f.servers[i].conns, 102);
	farm_free(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bounded loads");
	TCase *tc = tcase_create("bounded loads");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, as_recorded, 0, sizeof(recorded) / sizeof(*recorded));
	tcase_add_test(tc, bounds);
	tcase_add_test(tc, random_is_bounded);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
