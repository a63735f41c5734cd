/* Stick tables by themselves: keys, growth, age, room, rates, and eight threads on the same few keys (for
 * ThreadSanitizer too: nothing may be counted twice or not at all). */
#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/stick/table.h"
#include "tests/unit/run.h"

static struct model model;
static struct table_conf conf;
static struct table_conf *confs[1] = {&conf};
static struct stick_tables *all;
static struct stick_table *table;

static void stores(enum stick_data data, uint32_t length, uint32_t period)
{
	conf.stores |= 1u << data;
	conf.length[data] = length;
	conf.period[data] = period;
}

static void open_table(uint32_t size, uint32_t expire, uint32_t threads)
{
	conf.name = STR("t");
	conf.key_type = STICK_KEY_STRING;
	conf.key_len = 20;
	conf.size = size;
	conf.expire = expire;
	stores(STICK_GPC0, 1, 0);
	model.tables.v = confs;
	model.tables.n = 1;
	all = stick_tables_new(&model, threads);
	ck_assert_ptr_nonnull(all);
	table = all->v[0];
}

static void teardown(void)
{
	stick_tables_free(&all);
	conf = (struct table_conf){0};
}

static struct str number_key(char *text, uint32_t n)
{
	return str_make(text, (size_t)sprintf(text, "k%u", n));
}

static bool put(uint32_t n, uint64_t now)
{
	struct stick_hold h;
	char text[16];

	if (!stick_open(&h, table, number_key(text, n), now))
		return false;
	stick_add(&h, STICK_GPC0, 0, now, 1);
	stick_touch(&h, now);
	stick_leave(&h);
	return true;
}

/* The counter of a key; -1: it is not there. */
static int64_t get(uint32_t n, uint64_t now)
{
	struct stick_hold h;
	int64_t value;
	char text[16];

	if (!stick_find(&h, table, number_key(text, n), now))
		return -1;
	ck_assert(stick_read(&h, STICK_GPC0, 0, now, &value));
	stick_leave(&h);
	return value;
}

/* The hash table grows while it is used; every key is found at every moment. */
START_TEST(test_growth)
{
	open_table(1 << 20, 0, 4);
	ck_assert_uint_gt(table->nshards, 1);
	for (uint32_t i = 0; i < 50000; i++) {
		ck_assert(put(i, 1));
		ck_assert_int_eq(get(i / 2, 1), 1);
	}
	for (uint32_t i = 0; i < 50000; i++)
		ck_assert(put(i, 1));
	ck_assert_uint_eq(table->used, 50000);
	for (uint32_t i = 0; i < 50000; i++)
		ck_assert_int_eq(get(i, 1), 2);
	ck_assert_int_eq(get(50000, 1), -1);
	stick_clear(table, 1, NULL, NULL);
	ck_assert_uint_eq(table->used, 0);
	ck_assert_int_eq(get(1, 1), -1);
}
END_TEST

/* HAProxy 2.6 forgets one more than a 256th of the size, the oldest ones. */
START_TEST(test_room)
{
	open_table(1024, 50000, 1);
	for (uint32_t i = 0; i < 1024; i++)
		put(i, 1);
	put(0, 2); /* used again */
	put(1024, 3);
	ck_assert_uint_eq(table->used, 1020);
	ck_assert_int_eq(get(0, 3), 2);
	for (uint32_t i = 1; i <= 5; i++)
		ck_assert_int_eq(get(i, 3), -1);
	ck_assert_int_eq(get(6, 3), 1);
}
END_TEST

START_TEST(test_nopurge)
{
	conf.nopurge = true;
	open_table(2, 0, 1);
	ck_assert(put(1, 1) && put(2, 1) && !put(3, 1));
	ck_assert(put(1, 1));
	ck_assert_uint_eq(table->used, 2);
}
END_TEST

/* Who is referred to stays, whatever happens. */
START_TEST(test_reference)
{
	struct stick_hold h;
	char text[16];

	open_table(2, 100, 1);
	ck_assert(stick_open(&h, table, number_key(text, 1), 10));
	stick_ref(&h);
	stick_leave(&h);
	for (uint32_t i = 2; i < 10; i++)
		ck_assert(put(i, 10));
	ck_assert_int_eq(get(1, 10), 0);
	stick_sweep(table, 1000, 0);
	ck_assert_uint_eq(table->used, 1);
	ck_assert_int_eq(get(1, 1000), 0);
	stick_clear(table, 1000, NULL, NULL);
	stick_enter(&h, table, h.entry);
	ck_assert(!stick_remove(&h));
	stick_enter(&h, table, h.entry);
	stick_unref(&h);
	stick_leave(&h);
	ck_assert_int_eq(get(1, 1000), -1);
	ck_assert_uint_eq(table->used, 0);
}
END_TEST

START_TEST(test_expiry)
{
	uint64_t now = UINT32_MAX - 50; /* the 32 bits of entries wrap in between */

	open_table(10, 100, 1);
	put(1, now);
	put(2, now + 60);
	ck_assert_int_eq(get(1, now + 99), 1);
	ck_assert_int_eq(get(1, now + 100), -1);
	ck_assert_uint_eq(table->used, 1);
	stick_sweep(table, now + 159, 0);
	ck_assert_uint_eq(table->used, 1);
	stick_sweep(table, now + 160, 0);
	ck_assert_uint_eq(table->used, 0);
}
END_TEST

/* As HAProxy 2.6 shows a table with conn_rate(1000) when 20 events come within a second, read every 100 ms. */
START_TEST(test_rate)
{
	static const uint32_t expected[] = {2,  4,  6,  8,  10, 12, 14, 16, 18, 20, 20, 20,
					    18, 16, 14, 12, 10, 8,  6,  4,  3,  3,  2,  2};
	struct stick_rate r = {0};
	uint32_t now = 5000, next = 0, events = 24;

	for (uint32_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		for (; next < events && next * 50 <= 75 + i * 100; next++)
			stick_rate_add(&r, now + next * 50, 1000, 1);
		ck_assert_uint_eq(stick_rate_read(&r, now + 75 + i * 100, 1000), expected[i]);
	}
	ck_assert_uint_eq(stick_rate_read(&r, now + 60000, 1000), 0);
}
END_TEST

/* n in a period are n, not one more and not one less. */
START_TEST(test_rate_limit)
{
	struct stick_rate r = {0};

	for (uint32_t i = 1; i <= 1000; i++) {
		stick_rate_add(&r, 777, 10000, 1);
		ck_assert_uint_eq(stick_rate_read(&r, 777, 10000), i);
	}
}
END_TEST

/* Clocks of threads are not quite the same: who is behind the one that counted first counts with it. */
START_TEST(test_rate_behind)
{
	struct stick_rate r = {0};

	for (uint32_t i = 0; i < 100; i++)
		stick_rate_add(&r, 778 - i % 3, 10000, 1);
	ck_assert_uint_eq(stick_rate_read(&r, 776, 10000), 100);
	stick_rate_add(&r, 11000, 10000, 1);
	ck_assert_uint_eq(stick_rate_read(&r, 10700, 10000), 101);
}
END_TEST

START_TEST(test_data)
{
	struct stick_hold h;
	int64_t value;

	stores(STICK_GPC, 3, 0);
	stores(STICK_GPC_RATE, 2, 1000);
	stores(STICK_BYTES_IN_CNT, 1, 0);
	open_table(4, 0, 1);
	ck_assert(stick_open(&h, table, STR("x"), 1));
	ck_assert_uint_eq((uintptr_t)stick_at(&h, STICK_BYTES_IN_CNT, 0) % 8, 0);
	stick_add(&h, STICK_BYTES_IN_CNT, 0, 1, 1ull << 40);
	ck_assert(stick_read(&h, STICK_BYTES_IN_CNT, 0, 1, &value) && value == 1ll << 40);
	for (uint32_t i = 0; i < 3; i++)
		stick_write(&h, STICK_GPC, i, 1, 10 + i);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert(stick_read(&h, STICK_GPC, i, 1, &value) && value == 10 + i);
	ck_assert(!stick_read(&h, STICK_GPC, 3, 1, &value));
	stick_add(&h, STICK_GPC_RATE, 1, 5, 7);
	ck_assert(stick_read(&h, STICK_GPC_RATE, 1, 5, &value) && value == 7);
	ck_assert(!stick_read(&h, STICK_CONN_CNT, 0, 1, &value));
	ck_assert(stick_read(&h, STICK_GPC0, 0, 1, &value) && value == 0);
	stick_leave(&h);
}
END_TEST

START_TEST(test_texts)
{
	uint32_t a, b;

	open_table(4, 0, 1);
	a = stick_text_put(all, STR("s1"));
	b = stick_text_put(all, STR("s2"));
	ck_assert(a && b && a != b);
	ck_assert_uint_eq(stick_text_put(all, STR("s1")), a);
	ck_assert(str_is(stick_text_get(all, b), "s2"));
	ck_assert_uint_eq(stick_text_get(all, 0).len, 0);
	ck_assert_uint_eq(stick_text_get(all, 99).len, 0);
}
END_TEST

enum { THREADS = 8, ROUNDS = 20000, KEYS = 7, LIMIT = 1000 };

static atomic_uint admitted[KEYS];

/* Counts, and lets pass as long as the rate allows, as `track-sc0` and a `deny` do. */
static void *hammer(void *arg)
{
	uint32_t random = (uint32_t)(uintptr_t)arg;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct stick_hold h;
		int64_t rate;
		char text[16];
		uint32_t n;

		random = random * 1103515245 + 12345;
		n = (random >> 16) % KEYS;
		if (!stick_open(&h, table, number_key(text, n), 1000))
			return arg;
		stick_ref(&h);
		stick_add(&h, STICK_GPC0, 0, 1000, 1);
		stick_add(&h, STICK_HTTP_REQ_RATE, 0, 1000, 1);
		if (stick_read(&h, STICK_HTTP_REQ_RATE, 0, 1000, &rate) && rate <= LIMIT)
			atomic_fetch_add(&admitted[n], 1);
		stick_touch(&h, 1000);
		stick_leave(&h);
		stick_enter(&h, table, h.entry);
		stick_unref(&h);
		stick_leave(&h);
		put(1000 + random % 5000, 1000); /* and others come and go meanwhile */
	}
	return NULL;
}

START_TEST(test_threads)
{
	pthread_t threads[THREADS];
	int64_t sum = 0;
	void *failed;

	stores(STICK_HTTP_REQ_RATE, 1, 10000);
	open_table(SHRT_MAX, 10000, THREADS);
	for (uintptr_t i = 0; i < THREADS; i++)
		ck_assert(!pthread_create(&threads[i], NULL, hammer, (void *)(i + 1)));
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &failed);
		ck_assert_ptr_null(failed);
	}
	for (uint32_t i = 0; i < KEYS; i++) {
		sum += get(i, 1000);
		ck_assert_uint_eq(admitted[i], LIMIT);
	}
	ck_assert_int_eq(sum, THREADS * ROUNDS);
}
END_TEST

/* A table that is full all the time: threads make room for each other in one another's shards. */
static void *crowd(void *arg)
{
	uint32_t base = (uint32_t)(uintptr_t)arg * 100000;

	for (uint32_t i = 0; i < ROUNDS; i++)
		put(base + i, 1000 + i);
	return NULL;
}

START_TEST(test_full)
{
	pthread_t threads[THREADS];

	open_table(5000, 0, THREADS);
	for (uintptr_t i = 0; i < THREADS; i++)
		ck_assert(!pthread_create(&threads[i], NULL, crowd, (void *)i));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_le(table->used, 5000);
	ck_assert_uint_gt(table->used, 4000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stick table");
	TCase *c = tcase_create("table");

	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_growth);
	tcase_add_test(c, test_room);
	tcase_add_test(c, test_nopurge);
	tcase_add_test(c, test_reference);
	tcase_add_test(c, test_expiry);
	tcase_add_test(c, test_rate);
	tcase_add_test(c, test_rate_limit);
	tcase_add_test(c, test_rate_behind);
	tcase_add_test(c, test_data);
	tcase_add_test(c, test_texts);
	tcase_add_test(c, test_threads);
	tcase_add_test(c, test_full);
	suite_add_tcase(s, c);
	return unit_run(s);
}
