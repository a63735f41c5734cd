/* Rings under load: hash-balance-factor, hash-preserve-affinity, hash-key. First: the very servers that HAProxy
 * chose, with requests that stay and requests that end. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/backend/balance_key.h"
#include "runtime/core/worker.h"
#include "tests/unit/backend/farm.h"
#include "tests/unit/run.h"

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
	static struct worker worker;
	struct srv_request request = {.worker = &worker, .backend = &f->proxy};
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

static struct server *ring_of(struct farm *f, const char *weights, const char *key)
{
	farm_init(f, BAL_HDR, weights);
	balance_free(&f->proxy);
	f->proxy_conf.hash_type = 1;
	ck_assert(balance_init(&f->proxy));
	return pick(f, str_from(key));
}

/* maxconn: a key leaves its server when that is full; maxqueue: when its queue is, too; when all are, nobody
 * leaves. */
START_TEST(affinity)
{
	struct server *home;
	struct farm f;

	home = ring_of(&f, "1,1,1", "key");
	atomic_store(&home->maxconn, 2);
	((struct server_conf *)home->conf)->maxqueue = 3;
	atomic_store(&home->conns, 2);
	ck_assert_ptr_eq(pick(&f, STR("key")), home);
	f.proxy_conf.hash_preserve = HASH_PRESERVE_MAXCONN;
	ck_assert_ptr_ne(pick(&f, STR("key")), home);
	f.proxy_conf.hash_preserve = HASH_PRESERVE_MAXQUEUE;
	ck_assert_ptr_eq(pick(&f, STR("key")), home);
	atomic_store(&home->queued, 3);
	ck_assert_ptr_ne(pick(&f, STR("key")), home);
	((struct server_conf *)home->conf)->maxqueue = 0; /* a queue without an end */
	ck_assert_ptr_eq(pick(&f, STR("key")), home);
	f.proxy_conf.hash_preserve = HASH_PRESERVE_MAXCONN;
	for (int i = 0; i < 3; i++) {
		atomic_store(&f.servers[i].maxconn, 2);
		atomic_store(&f.servers[i].conns, 2);
	}
	ck_assert_ptr_eq(pick(&f, STR("key")), home);
	farm_free(&f);
}
END_TEST

static const struct server *addressed(struct farm *f, int order, enum hash_key by, const char *key)
{
	static const struct str guids[] = {{"one", 3}, {"two", 3}, {"three", 5}};

	farm_init(f, BAL_HDR, "1,1,1");
	balance_free(&f->proxy);
	f->proxy_conf.hash_type = 1;
	for (int i = 0; i < 3; i++) {
		int at = (i + order) % 3;

		f->rare[i].guid = guids[at];
		f->rare[i].hash_key = by;
		f->confs[i].rare = &f->rare[i];
		f->servers[i].addr.in =
			(struct sockaddr_in){.sin_family = AF_INET,
					     .sin_port = (in_port_t)(0x5000 + at),
					     .sin_addr.s_addr = (in_addr_t)(0x0100000a + (at << 24))};
	}
	ck_assert(balance_init(&f->proxy));
	return pick(f, str_from(key));
}

/* Known by their addresses or GUIDs, servers keep their keys in whatever order they are named. */
START_TEST(hash_keys)
{
	char key[16];
	int moved = 0;
	struct farm f;

	for (int i = 0; i < 200; i++) {
		union addr a, b;

		snprintf(key, sizeof(key), "k%d", i);
		a = addressed(&f, 0, (enum hash_key)_i, key)->addr;
		farm_free(&f);
		b = addressed(&f, 1, (enum hash_key)_i, key)->addr;
		farm_free(&f);
		moved += memcmp(&a.in, &b.in, sizeof(a.in)) != 0;
	}
	if (_i == HASH_KEY_ID || _i == HASH_KEY_ID32)
		ck_assert_int_gt(moved, 100);
	else
		ck_assert_int_eq(moved, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bounded loads");
	TCase *tc = tcase_create("bounded loads");

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, as_recorded, 0, sizeof(recorded) / sizeof(*recorded));
	tcase_add_test(tc, bounds);
	tcase_add_test(tc, random_is_bounded);
	tcase_add_test(tc, affinity);
	tcase_add_loop_test(tc, hash_keys, 0, HASH_KEY_GUID + 1);
	return unit_run(suite);
}
