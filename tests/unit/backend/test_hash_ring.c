/* Choices in a ring while servers come, go and change their weights, against the definition: of all points that
 * servers have now, the nearest. */
#include <check.h>
#include <stdlib.h>

#include "runtime/backend/balance.h"
#include "runtime/core/worker.h"
#include "runtime/eval/hash.h"
#include "tests/unit/backend/farm.h"
#include "tests/unit/run.h"

enum { CHANGES = 300, KEYS = 60, POINTS_APART = 4096 };

static struct farm f;
static struct worker worker;

static uint32_t some(uint32_t below)
{
	return (uint32_t)(worker_random(&worker) >> 32) % below;
}

static struct server *pick(uint32_t key)
{
	struct srv_request r = {.worker = &worker, .backend = &f.proxy, .key = key, .has_key = true};
	bool full;

	return balance_pick(&f.proxy, &r, &full);
}

/* The nearest of a server's points, ahead of the key and behind it. */
static void nearest(const struct server *s, uint32_t key, uint32_t *ahead, uint32_t *behind)
{
	for (uint32_t k = 0; k < s->lb_weight; k++) {
		uint32_t point = hash_avalanche(s->conf->id * POINTS_APART + k);

		*ahead = point - key < *ahead ? point - key : *ahead;
		*behind = key - point < *behind ? key - point : *behind;
	}
}

/* The server whose point is the nearest, of two at the same distance that with the one ahead. */
static const struct server *defined(uint32_t key)
{
	uint32_t least_ahead = UINT32_MAX, least_behind = UINT32_MAX;
	const struct server *at_ahead = NULL, *at_behind = NULL;

	for (uint32_t i = 0; i < f.proxy.nservers; i++) {
		uint32_t ahead = least_ahead, behind = least_behind;

		nearest(f.proxy.servers[i], key, &ahead, &behind);
		at_ahead = ahead < least_ahead ? f.proxy.servers[i] : at_ahead;
		at_behind = behind < least_behind ? f.proxy.servers[i] : at_behind;
		least_ahead = ahead;
		least_behind = behind;
	}
	return least_behind < least_ahead ? at_behind : at_ahead;
}

static void keys_try(void)
{
	for (int i = 0; i < KEYS; i++) {
		uint32_t key = (uint32_t)worker_random(&worker);

		ck_assert_ptr_eq(pick(key), defined(key));
	}
}

/* Up or down, warm or not, a percentage of its weight, or more than it is configured for. */
static void server_change(struct server *s)
{
	switch (some(4)) {
	case 0:
		atomic_store(&s->oper, s->oper == SRV_RUNNING ? SRV_STOPPED : SRV_RUNNING);
		break;
	case 1:
		atomic_store(&s->warmth, 1 + some(SERVER_WARM));
		break;
	case 2:
		atomic_store(&s->weight, some(s->conf->weight + 1u));
		break;
	default:
		atomic_store(&s->weight, some(3) ? s->conf->weight : 1 + some(20));
	}
	balance_update(s);
}

static void begin(enum balance_kind kind, uint64_t seed)
{
	farm_init(&f, kind, "1,2,3,1,5,1,1,10,2,2,1,1,4,1,1,1,7,1,3,1");
	balance_free(&f.proxy);
	f.proxy_conf.hash_type = 1;
	f.proxy_conf.hash_avalanche = true;
	ck_assert(balance_init(&f.proxy));
	worker = (struct worker){.random = {seed, 1}};
}

START_TEST(as_defined)
{
	begin(BAL_SOURCE, (uint64_t)_i);
	for (int i = 0; i < CHANGES; i++) {
		server_change(&f.servers[some(f.proxy.nservers)]);
		keys_try();
	}
	farm_free(&f);
}
END_TEST

/* Removed for good, one after the other; the others go on as they were. */
START_TEST(removed)
{
	begin(BAL_SOURCE, 7);
	while (f.proxy.nservers > 1) {
		struct server *s = f.proxy.servers[--f.proxy.nservers];

		atomic_store(&s->oper, SRV_STOPPED);
		balance_update(s);
		balance_remove(s);
		server_change(&f.servers[some(f.proxy.nservers)]);
		keys_try();
	}
	farm_free(&f);
}
END_TEST

/* Who draws ahead draws nobody that is gone, down or weightless by then. */
START_TEST(random_of_those_there)
{
	struct srv_request r = {.worker = &worker, .backend = &f.proxy};
	uint32_t got[FARM_MAX] = {0};
	bool full;

	begin(BAL_RANDOM, 9);
	f.proxy_conf.balance.draws = 1 + (uint32_t)_i;
	for (int i = 0; i < CHANGES; i++) {
		server_change(&f.servers[some(f.proxy.nservers)]);
		for (int k = 0; k < KEYS; k++) {
			struct server *s = balance_pick(&f.proxy, &r, &full);

			ck_assert(atomic_load(&f.proxy.usable) ? s && s->lb_weight : !s);
			got[s ? s->index : FARM_MAX - 1]++;
		}
	}
	for (uint32_t i = 0; i < f.proxy.nservers; i++)
		ck_assert_uint_gt(got[i], 0);
	farm_free(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hash_ring");
	TCase *tc = tcase_create("hash_ring");

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, as_defined, 1, 6);
	tcase_add_test(tc, removed);
	tcase_add_loop_test(tc, random_of_those_there, 0, 4);
	return unit_run(suite);
}
