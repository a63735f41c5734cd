/* The table of a cache: finding, expiry, variants, room, entries in use, several threads at once. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/cache/cache.h"
#include "tests/unit/run.h"

enum { NOW = 1000 };

static struct cache_conf conf;
static struct cache_conf *confs[] = {&conf};
static struct model model;
static struct caches *all;
static struct cache *cache;

static void setup(void)
{
	conf = (struct cache_conf){.name = STR("c"), .total_mb = 1, .max_age = 60, .max_secondary = 2};
	model.caches.v = confs;
	model.caches.n = 1;
	all = caches_new(&model);
	ck_assert_ptr_nonnull(all);
	cache = cache_find(all, STR("c"));
	ck_assert_ptr_nonnull(cache);
}

static void teardown(void)
{
	caches_free(&all);
	ck_assert_ptr_null(all);
}

static struct cache_key key_of(const char *text)
{
	struct cache_key key = {str_from(text), 0};

	for (size_t i = 0; i < key.text.len; i++)
		key.hash = key.hash * 31 + (unsigned char)text[i];
	return key;
}

static struct cache_begin begin_of(const char *key, uint64_t length)
{
	return (struct cache_begin){
		.key = key_of(key), .head = STR("head"), .length = length, .life = {10, 3}, .now = NOW};
}

static bool put(const struct cache_begin *b, struct str body)
{
	struct cache_store *s = cache_store_begin(cache, b);

	if (!s)
		return false;
	if (!cache_store_append(s, body)) {
		cache_store_abort(&s);
		return false;
	}
	cache_store_finish(&s);
	ck_assert_ptr_null(s);
	return true;
}

static bool put_text(const char *key, const char *body)
{
	struct cache_begin b = begin_of(key, strlen(body));

	return put(&b, str_from(body));
}

/* Its body, or NULL. */
static const char *get(const char *key, const struct cache_vary *vary, int64_t now)
{
	static char text[64];
	struct cache_key k = key_of(key);
	struct cache_entry *e = cache_lookup(cache, &k, vary, now);

	if (!e)
		return NULL;
	snprintf(text, sizeof(text), "%.*s", STR_ARG(cache_entry_body(e)));
	cache_entry_release(&e);
	return text;
}

START_TEST(what_is_put_is_found)
{
	struct cache_key k = key_of("a");
	struct cache_entry *e;

	ck_assert_ptr_null(get("a", NULL, NOW));
	ck_assert(put_text("a", "one"));
	ck_assert(put_text("b", ""));
	ck_assert_str_eq(get("a", NULL, NOW), "one");
	ck_assert_str_eq(get("b", NULL, NOW), "");
	ck_assert_ptr_null(get("c", NULL, NOW));
	ck_assert(put_text("a", "two"));
	ck_assert_str_eq(get("a", NULL, NOW), "two");
	e = cache_lookup(cache, &k, NULL, NOW + 4);
	ck_assert(str_is(cache_entry_head(e), "head"));
	ck_assert_uint_eq(cache_entry_age(e, NOW + 4), 7);
	ck_assert_uint_eq(cache_entry_age(e, NOW - 4), 3);
	cache_entry_release(&e);
	ck_assert_ptr_null(e);
}
END_TEST

START_TEST(time_runs_out)
{
	ck_assert(put_text("a", "one"));
	ck_assert_str_eq(get("a", NULL, NOW + 9), "one");
	ck_assert_ptr_null(get("a", NULL, NOW + 10));
	ck_assert_ptr_null(get("a", NULL, NOW));
}
END_TEST

START_TEST(invalidation_takes_all_of_a_key)
{
	struct cache_key k = key_of("a");
	struct cache_begin b = begin_of("a", 3);

	b.vary_bits = CACHE_VARY_REFERER;
	ck_assert(put_text("a", "one"));
	ck_assert(put(&b, STR("two")));
	ck_assert(put_text("b", "other"));
	cache_invalidate(cache, &k);
	ck_assert_ptr_null(get("a", &b.vary, NOW));
	ck_assert_str_eq(get("b", NULL, NOW), "other");
}
END_TEST

START_TEST(variants_stand_side_by_side)
{
	struct cache_begin b = begin_of("a", 3);
	struct cache_vary one = {256, 1}, two = {256, 3}, other = {256, 5};

	b.vary_bits = CACHE_VARY_REFERER;
	b.vary.referer = one.referer;
	ck_assert(put(&b, STR("one")));
	b.vary.referer = two.referer;
	ck_assert(put(&b, STR("two")));
	ck_assert_str_eq(get("a", &one, NOW), "one");
	ck_assert_str_eq(get("a", &two, NOW), "two");
	ck_assert_ptr_null(get("a", &other, NOW));
	ck_assert_ptr_null(get("a", NULL, NOW));
	b.vary.referer = other.referer;
	ck_assert(!put(&b, STR("xxx"))); /* max-secondary-entries */
	b.now = NOW + 10;                /* those have expired */
	ck_assert(put(&b, STR("xxx")));
	ck_assert_str_eq(get("a", &other, NOW + 10), "xxx");
}
END_TEST

static char bulk[8192];

static bool put_number(int i, size_t size)
{
	char name[16];
	struct cache_begin b;

	snprintf(name, sizeof(name), "%d", i);
	b = begin_of(name, size);
	return put(&b, str_make(bulk, size));
}

static bool have_number(int i)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", i);
	return get(name, NULL, NOW) != NULL;
}

START_TEST(objects_have_a_largest_size)
{
	struct cache_begin b = begin_of("s", UINT64_MAX);
	struct cache_store *s;

	ck_assert(put_number(1, 4092)); /* a 256th of a megabyte is 4096, the head has 4 */
	ck_assert(!put_number(2, 4093));
	b.overhead = 100;
	s = cache_store_begin(cache, &b);
	ck_assert_ptr_nonnull(s);
	ck_assert(cache_store_append(s, str_make(bulk, 3992)));
	ck_assert(cache_store_append(s, STR("")));
	ck_assert(!cache_store_append(s, STR("x")));
	cache_store_abort(&s);
	ck_assert_ptr_null(s);
}
END_TEST

START_TEST(oldest_make_room)
{
	struct cache_key k = key_of("0");
	struct cache_entry *used;

	/* 1,024 blocks, 4 each */
	for (int i = 0; i < 256; i++)
		ck_assert(put_number(i, 4000));
	used = cache_lookup(cache, &k, NULL, NOW); /* the oldest, now the one that was used last */
	ck_assert_ptr_nonnull(used);
	ck_assert(put_number(256, 4000));
	ck_assert(!have_number(1));
	ck_assert(have_number(2)); /* which makes 3 the oldest */
	ck_assert(put_number(257, 4000));
	ck_assert(!have_number(3));
	ck_assert(have_number(0));
	cache_entry_release(&used);
}
END_TEST

START_TEST(what_is_read_stays)
{
	static struct cache_entry *used[256];
	struct cache_key k;
	char name[16];

	for (int i = 0; i < 256; i++) {
		ck_assert(put_number(i, 4000));
		snprintf(name, sizeof(name), "%d", i);
		k = key_of(name);
		used[i] = cache_lookup(cache, &k, NULL, NOW);
	}
	ck_assert(!put_number(256, 4000));
	k = key_of("7");
	cache_invalidate(cache, &k); /* still being read: its bytes are there */
	ck_assert_uint_eq(cache_entry_body(used[7]).len, 4000);
	ck_assert(put_number(256, 4000));
	for (int i = 0; i < 256; i++)
		cache_entry_release(&used[i]);
}
END_TEST

START_TEST(it_can_be_shown)
{
	struct out o = out_growing(1 << 16);
	struct cache_begin b = begin_of("a", 3);

	b.vary_bits = CACHE_VARY_ENCODING | CACHE_VARY_REFERER;
	b.vary = (struct cache_vary){256, 0x04030201};
	b.overhead = 2000;
	ck_assert(put(&b, STR("one")));
	caches_show(all, NOW + 2, &o);
	out_char(&o, '\0');
	ck_assert_ptr_nonnull(strstr(o.buf, ": c (shctx:0x"));
	ck_assert_ptr_nonnull(strstr(o.buf, ", available blocks:1024)\n"));
	ck_assert_ptr_nonnull(
		strstr(o.buf, "hash:97 vary:0x0001000001020304 size:2007 (2 blocks), refcount:0, expire:8\n"));
	out_free(&o);
}
END_TEST

enum { THREADS = 4, ROUNDS = 3000 };

static void *hammer(void *arg)
{
	unsigned seed = *(unsigned *)arg;

	for (int i = 0; i < ROUNDS; i++) {
		char name[16];
		struct cache_key k;
		struct cache_entry *e;

		seed = seed * 1103515245u + 12345u;
		snprintf(name, sizeof(name), "%u", seed >> 16 & 31);
		k = key_of(name);
		e = cache_lookup(cache, &k, NULL, NOW);
		if (!e && !(seed >> 24 & 3))
			put_number(atoi(name), 4000);
		else if (e && cache_entry_body(e).len != 4000)
			return arg;
		cache_entry_release(&e);
		if (!(seed >> 22 & 63))
			cache_invalidate(cache, &k);
	}
	return NULL;
}

START_TEST(threads_share_it)
{
	pthread_t threads[THREADS];
	unsigned seeds[THREADS];
	void *result;

	for (unsigned i = 0; i < THREADS; i++) {
		seeds[i] = i + 1;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, &seeds[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		ck_assert_ptr_null(result);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cache");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(s, tc);
	tcase_add_test(tc, what_is_put_is_found);
	tcase_add_test(tc, time_runs_out);
	tcase_add_test(tc, invalidation_takes_all_of_a_key);
	tcase_add_test(tc, variants_stand_side_by_side);
	tcase_add_test(tc, objects_have_a_largest_size);
	tcase_add_test(tc, oldest_make_room);
	tcase_add_test(tc, what_is_read_stays);
	tcase_add_test(tc, it_can_be_shown);
	tcase_add_test(tc, threads_share_it);
	tcase_set_timeout(tc, 60);
	return unit_run_here(s);
}
