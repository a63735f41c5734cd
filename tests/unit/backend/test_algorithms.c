/* Algorithms other than roundrobin against what HAProxy did, and the keys of hashes. */
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/backend/balance_key.h"
#include "tests/unit/backend/farm.h"
#include "tests/unit/run.h"

struct recorded {
	const char *weights, *events;
};

static const struct recorded static_rr[] = {
#define RECORDED(weights, events) {weights, events},
#include "tests/unit/backend/static_rr.def"
};
static const struct recorded leastconn[] = {
#include "tests/unit/backend/leastconn.def"
#undef RECORDED
};

static const struct hashed {
	bool consistent;
	uint8_t function;
	bool avalanche;
	const char *weights, *key;
	char server;
} hashes[] = {
#define HASHED(consistent, function, avalanche, weights, key, server)                                          \
	{consistent, function, avalanche, weights, key, server},
#include "tests/unit/backend/hashes.def"
#undef HASHED
};

static struct farm f;
static struct worker worker = {.random = {1}};

static char pick(struct srv_request *r)
{
	bool full;
	struct server *s = balance_pick(&f.proxy, r, &full);

	return s ? (char)('a' + (s - f.servers)) : full ? 'F' : '-';
}

static void load(char server, int n)
{
	struct server *s = &f.servers[server - 'a'];

	atomic_store(&s->conns, (unsigned)((int)atomic_load(&s->conns) + n));
	balance_loaded(s);
}

static void serve(struct srv_request *r, char expected, const char *weights, int at)
{
	char server = pick(r);

	ck_assert_msg(server == expected, "%s: event %d should be %c but is %c", weights, at, expected, server);
	load(server, 1);
}

START_TEST(static_rr_recorded)
{
	struct srv_request r = {.worker = &worker};
	const char *at = static_rr[_i].events;

	farm_init(&f, BAL_STATIC_RR, static_rr[_i].weights);
	for (; *at; at++) {
		if (*at >= 'a') {
			ck_assert_int_eq(pick(&r), *at);
			continue;
		}
		atomic_store(&f.servers[at[1] - '0'].admin, *at == 'D' ? SRV_ADM_MAINT : 0);
		balance_update(&f.servers[at[1] - '0']);
		at += 2;
	}
	farm_free(&f);
}
END_TEST

START_TEST(leastconn_recorded)
{
	struct srv_request r = {.worker = &worker};
	const char *events = leastconn[_i].events, *at;

	farm_init(&f, BAL_LEASTCONN, leastconn[_i].weights);
	for (at = events; *at; at++) {
		if (*at == '-')
			load(*++at, -1);
		else if (*at == '+')
			at++, serve(&r, *at, leastconn[_i].weights, (int)(at - events));
		else {
			serve(&r, *at, leastconn[_i].weights, (int)(at - events));
			load(*at, -1);
		}
	}
	farm_free(&f);
}
END_TEST

START_TEST(leastconn_passes_over)
{
	struct srv_request r = {.worker = &worker};

	farm_init(&f, BAL_LEASTCONN, "1,1,1");
	f.servers[0].maxconn = 1;
	load('a', 1);
	load('b', 2);
	load('c', 3);
	ck_assert_int_eq(pick(&r), 'b');
	r.avoid = &f.servers[1];
	ck_assert_int_eq(pick(&r), 'c');
	f.servers[1].maxconn = f.servers[2].maxconn = 2;
	ck_assert_int_eq(pick(&r), 'F');
	load('a', -1);
	ck_assert_int_eq(pick(&r), 'a');
	atomic_store(&f.servers[0].oper, SRV_STOPPED);
	balance_update(&f.servers[0]);
	ck_assert_int_eq(pick(&r), 'F');
	farm_free(&f);
}
END_TEST

START_TEST(first_by_id)
{
	struct srv_request r = {.worker = &worker};

	farm_init(&f, BAL_FIRST, "1,1,1");
	atomic_store(&f.servers[0].oper, SRV_STOPPED);
	balance_update(&f.servers[0]);
	f.confs[0].id = 9;
	atomic_store(&f.servers[0].oper, SRV_RUNNING);
	balance_update(&f.servers[0]);
	for (int i = 0; i < 3; i++)
		f.servers[i].maxconn = 1;
	ck_assert_int_eq(pick(&r), 'b');
	ck_assert_int_eq(pick(&r), 'b');
	load('b', 1);
	ck_assert_int_eq(pick(&r), 'c');
	load('c', 1);
	ck_assert_int_eq(pick(&r), 'a');
	load('a', 1);
	ck_assert_int_eq(pick(&r), 'F');
	load('c', -1);
	r.avoid = &f.servers[2];
	ck_assert_int_eq(pick(&r), 'c');
	farm_free(&f);
}
END_TEST

static struct server *first_with_room(void)
{
	for (uint32_t i = 0; i < f.proxy.nservers; i++)
		if (server_is_usable(&f.servers[i]) && f.servers[i].conns < f.servers[i].maxconn)
			return &f.servers[i];
	return NULL;
}

/* Against a look at each server, while places are taken and given back, limits change and servers go and come.
 */
START_TEST(first_of_many)
{
	struct srv_request r = {.worker = &worker};
	char weights[2 * FARM_MAX + 1] = "";
	bool full;

	for (int i = 0; i < FARM_MAX; i++)
		strcat(weights, i ? ",1" : "1");
	farm_init(&f, BAL_FIRST, weights);
	for (int i = 0; i < FARM_MAX; i++)
		f.servers[i].maxconn = 1;
	for (int i = 0; i < 20000; i++) {
		struct server *some = &f.servers[worker_random(&worker) % FARM_MAX];
		struct server *s = balance_pick(&f.proxy, &r, &full);

		ck_assert_ptr_eq(s, first_with_room());
		ck_assert(s || full || !f.proxy.usable);
		if (s && worker_random(&worker) % 4) {
			s->conns++;
			balance_loaded(s);
		}
		if (some->conns && worker_random(&worker) % 2) {
			some->conns--;
			balance_loaded(some);
		} else if (worker_random(&worker) % 16 == 0) {
			some->maxconn = (unsigned)(worker_random(&worker) % 3 + 1);
			balance_limited(some);
		} else if (worker_random(&worker) % 16 == 0) {
			some->admin ^= SRV_ADM_MAINT;
			balance_update(some);
		}
	}
	farm_free(&f);
}
END_TEST

/* The order is that of arrival: one that comes back takes nobody from the one that works. */
START_TEST(sticky_in_order)
{
	struct srv_request r = {.worker = &worker};

	farm_init(&f, BAL_STICKY, "1,1,1");
	ck_assert_int_eq(pick(&r), 'a');
	ck_assert_int_eq(pick(&r), 'a');
	f.servers[0].admin = SRV_ADM_MAINT;
	balance_update(&f.servers[0]);
	ck_assert_int_eq(pick(&r), 'b');
	f.servers[0].admin = 0;
	balance_update(&f.servers[0]);
	ck_assert_int_eq(pick(&r), 'b');
	f.servers[1].admin = SRV_ADM_MAINT;
	balance_update(&f.servers[1]);
	ck_assert_int_eq(pick(&r), 'c');
	f.servers[2].admin = SRV_ADM_MAINT;
	balance_update(&f.servers[2]);
	ck_assert_int_eq(pick(&r), 'a');
	farm_free(&f);
}
END_TEST

static void hash_init(const struct hashed *h)
{
	farm_init(&f, BAL_ROUNDROBIN, h->weights);
	balance_free(&f.proxy);
	f.proxy.usable = f.proxy.usable_backup = 0;
	f.proxy_conf.balance = (struct balance_conf){.kind = BAL_HDR, .name = STR("x-k")};
	f.proxy_conf.hash_type = h->consistent;
	f.proxy_conf.hash_func = h->function;
	f.proxy_conf.hash_avalanche = h->avalanche;
	ck_assert(balance_init(&f.proxy));
}

START_TEST(hashes_recorded)
{
	struct srv_request r = {.worker = &worker, .backend = &f.proxy};
	const struct hashed *h = &hashes[_i];

	hash_init(h);
	balance_key_sample(&r, str_from(h->key));
	ck_assert_int_eq(pick(&r), h->server);
	farm_free(&f);
}
END_TEST

/* Of the keys of a ring only those of the server that leaves move, and they come back with it. */
START_TEST(ring_moves_little)
{
	struct srv_request r = {.worker = &worker, .backend = &f.proxy};
	const struct hashed h = {.consistent = true, .avalanche = true, .weights = "1,2,3,4,5"};
	char before[1000], key[16];
	int moved = 0;

	hash_init(&h);
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		balance_key_sample(&r, str_from(key));
		before[i] = pick(&r);
	}
	atomic_store(&f.servers[3].oper, SRV_STOPPED);
	balance_update(&f.servers[3]);
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		balance_key_sample(&r, str_from(key));
		ck_assert(before[i] == 'd' ? pick(&r) != 'd' : pick(&r) == before[i]);
		moved += before[i] == 'd';
	}
	ck_assert_int_gt(moved, 100);
	ck_assert_int_lt(moved, 500);
	atomic_store(&f.servers[3].oper, SRV_RUNNING);
	atomic_store(&f.servers[3].weight, 200); /* beyond what it was configured for */
	balance_update(&f.servers[3]);
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		balance_key_sample(&r, str_from(key));
		moved -= pick(&r) == 'd';
	}
	ck_assert_int_lt(moved, -300);
	farm_free(&f);
}
END_TEST

/* Without a key: point by point, as recorded with weights 1,1,1. */
START_TEST(ring_without_key)
{
	struct srv_request r = {.worker = &worker, .backend = &f.proxy};
	const struct hashed h = {.consistent = true, .avalanche = true, .weights = "1,1,1"};

	hash_init(&h);
	for (const char *at = "ccbacaabcaaabbcaccbcabccabacbcbaacbabbcb"; *at; at++)
		ck_assert_int_eq(pick(&r), *at);
	farm_free(&f);
}
END_TEST

START_TEST(random_by_weight)
{
	struct srv_request r = {.worker = &worker};
	int got[3] = {0};

	farm_init(&f, BAL_RANDOM, "10,20,30");
	f.proxy_conf.balance.draws = 1;
	for (int i = 0; i < 6000; i++)
		got[pick(&r) - 'a']++;
	ck_assert_int_gt(got[0], 700);
	ck_assert_int_gt(got[1], got[0]);
	ck_assert_int_gt(got[2], got[1]);
	f.proxy_conf.balance.draws = 20; /* enough to see all of them: the least loaded */
	load('a', 3);
	load('b', 4);
	load('c', 5);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(pick(&r), 'c');
	f.servers[0].maxconn = f.servers[1].maxconn = f.servers[2].maxconn = 1;
	ck_assert_int_eq(pick(&r), 'F');
	farm_free(&f);
}
END_TEST

/* --- keys */

static uint32_t sdbm(const char *text)
{
	static const struct proxy_conf plain;

	return balance_hash(&plain, str_from(text));
}

static struct scratch scratch;
static struct http_hdr fields[4];

static struct http_msg message(const char *uri, const char *name, const char *value)
{
	struct http_msg m = {.scratch = &scratch, .uri = str_from(uri), .hdrs = fields, .cap = 4};

	if (name) {
		fields[0] = (struct http_hdr){.name = name, .value = value};
		fields[0].name_len = (uint16_t)strlen(name);
		fields[0].value_len = (uint32_t)strlen(value);
		fields[0].id = (uint8_t)http_name_of(str_from(name));
		m.nhdrs = 1;
	}
	return m;
}

/* expected NULL: no key. */
static void expect_key(struct balance_conf balance, const char *uri, const char *value, const char *expected)
{
	struct http_msg m = message(uri, value ? "X-K" : NULL, value);
	struct srv_request r = {.backend = &f.proxy};

	f.proxy.conf = &f.proxy_conf;
	f.proxy_conf.balance = balance;
	balance_key(&r, &m);
	ck_assert_msg(r.has_key == (expected != NULL), "%s", uri);
	if (expected)
		ck_assert_msg(r.key == sdbm(expected), "%s should give %s", uri, expected);
}

START_TEST(keys_of_uris)
{
	expect_key((struct balance_conf){.kind = BAL_URI}, "/a/b?x=1", NULL, "/a/b");
	expect_key((struct balance_conf){.kind = BAL_URI, .whole = true}, "/a/b?x=1", NULL, "/a/b?x=1");
	expect_key((struct balance_conf){.kind = BAL_URI, .len = 8}, "/u1/a/b/c", NULL, "/u1/a/b/");
	expect_key((struct balance_conf){.kind = BAL_URI, .depth = 2}, "/u2/a/b", NULL, "/u2/a");
	expect_key((struct balance_conf){.kind = BAL_URI, .depth = 2}, "/u2/", NULL, "/u2/");
	expect_key((struct balance_conf){.kind = BAL_URI, .depth = 1, .whole = true}, "/u3?q", NULL, "/u3?q");
	expect_key((struct balance_conf){.kind = BAL_URI, .path_only = true}, "http://h/a?x", NULL, "/a");
	expect_key((struct balance_conf){.kind = BAL_URI}, "http://h/a?x", NULL, "http://h/a");
}
END_TEST

START_TEST(keys_of_parameters)
{
	const struct balance_conf k = {.kind = BAL_URL_PARAM, .name = STR("k")};

	expect_key(k, "/?k=abc", NULL, "abc");
	expect_key(k, "/?z=1&k=abc&k=d", NULL, "abc");
	expect_key(k, "/?kk=a&k=b", NULL, "b");
	expect_key(k, "/?&k=a", NULL, "a");
	expect_key(k, "/?k=%61", NULL, "%61");
	expect_key(k, "/?k=a;z=1", NULL, "a;z=1");
	expect_key(k, "/?k=", NULL, "");
	expect_key(k, "/?k", NULL, NULL);
	expect_key(k, "/?K=a", NULL, NULL);
	expect_key(k, "/", NULL, NULL);
}
END_TEST

START_TEST(keys_of_headers)
{
	const struct balance_conf k = {.kind = BAL_HDR, .name = STR("x-k")};
	struct balance_conf domain = k;

	expect_key(k, "/", "abc", "abc");
	expect_key(k, "/", "a, b", "a");
	expect_key(k, "/", "", NULL);
	expect_key(k, "/", NULL, NULL);
	domain.use_domain_only = true;
	expect_key(domain, "/", "www.example.com", "example");
	expect_key(domain, "/", "example.com:80", "example");
	expect_key(domain, "/", "localhost", "localhost");
	expect_key(domain, "/", "1.2.3.4", "3");
	expect_key(domain, "/", "a.b.c.d.e", "d");
}
END_TEST

START_TEST(keys_of_clients)
{
	union addr client = {.family = AF_INET};
	struct srv_request r = {.backend = &f.proxy, .client = &client};

	f.proxy.conf = &f.proxy_conf;
	f.proxy_conf.balance.kind = BAL_SOURCE;
	inet_pton(AF_INET, "1.2.3.4", &client.in.sin_addr);
	balance_key(&r, NULL);
	ck_assert_uint_eq(r.key, 0x01020304);
	client.family = AF_INET6;
	inet_pton(AF_INET6, "2001:db8::1", &client.in6.sin6_addr);
	balance_key(&r, NULL);
	ck_assert_uint_eq(r.key, 0x20010db8 ^ 1);
	client.family = AF_UNIX;
	balance_key(&r, NULL);
	ck_assert(!r.has_key);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(*(table)))

int main(void)
{
	Suite *suite = suite_create("algorithms");
	TCase *recorded = tcase_create("recorded"), *tc = tcase_create("rules");

	tcase_add_loop_test(recorded, static_rr_recorded, 0, COUNT(static_rr));
	tcase_add_loop_test(recorded, leastconn_recorded, 0, COUNT(leastconn));
	tcase_add_loop_test(recorded, hashes_recorded, 0, COUNT(hashes));
	tcase_add_test(tc, leastconn_passes_over);
	tcase_add_test(tc, first_by_id);
	tcase_add_test(tc, first_of_many);
	tcase_add_test(tc, sticky_in_order);
	tcase_add_test(tc, ring_moves_little);
	tcase_add_test(tc, ring_without_key);
	tcase_add_test(tc, random_by_weight);
	tcase_add_test(tc, keys_of_uris);
	tcase_add_test(tc, keys_of_parameters);
	tcase_add_test(tc, keys_of_headers);
	tcase_add_test(tc, keys_of_clients);
	suite_add_tcase(suite, recorded);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
