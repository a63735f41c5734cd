/* Who owns a key: what the table of owners says against what the points themselves say. */
#include <check.h>
#include <stdlib.h>

#include "runtime/backend/ring_owners.h"
#include "runtime/eval/hash.h"
#include "tests/unit/run.h"

enum { POINTS_MAX = 20000, KEYS = 2000 };

static struct owners_point points[POINTS_MAX];
static uint32_t npoints;

static struct owners_point point_at(const void *ring, uint32_t i)
{
	ck_assert_ptr_eq(ring, points);
	ck_assert_uint_lt(i, npoints);
	return points[i];
}

static int point_cmp(const void *pa, const void *pb)
{
	const struct owners_point *a = pa, *b = pb;

	return a->key < b->key ? -1 : a->key > b->key;
}

static struct owners owners_of(uint32_t n)
{
	struct owners o = {0};

	npoints = n;
	qsort(points, n, sizeof(*points), point_cmp);
	ck_assert(owners_init(&o, point_at, points, n));
	return o;
}

/* The first point at or behind the key, by halves: n when there is none. */
static uint32_t first_behind(uint32_t key)
{
	uint32_t from = 0, to = npoints;

	while (from < to) {
		uint32_t middle = (from + to) / 2;

		if (points[middle].key < key)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* The rule: the nearest on either side round the circle, of two at the same distance the one ahead. */
static uint32_t owner_of(uint32_t key)
{
	uint32_t at = first_behind(key) % npoints, before = (at ? at : npoints) - 1;

	return key - points[before].key < points[at].key - key ? points[before].seat : points[at].seat;
}

/* True: it is known. */
static bool is_owner(const struct owners *o, uint32_t key)
{
	uint32_t seat = owners_find(o, key);

	owners_fetch(o, key);
	if (seat == OWNERS_UNKNOWN)
		return false;
	ck_assert_msg(seat == owner_of(key), "%u points, key %08x: seat %u, not %u", npoints, key, seat,
		      owner_of(key));
	return true;
}

/* Keys where one owner's end, and others. How many of the others are known. */
static uint32_t keys_try(const struct owners *o)
{
	uint32_t known = 0;

	for (uint32_t i = 0; i < npoints; i++) {
		uint32_t key = points[i].key, middle = key + (points[(i + 1) % npoints].key - key) / 2;

		for (uint32_t d = 0; d < 5; d++) {
			is_owner(o, key + d - 2);
			is_owner(o, middle + d - 2);
		}
	}
	for (uint32_t d = 0; d < 5; d++)
		is_owner(o, d - 2);
	for (uint32_t i = 0; i < KEYS; i++)
		known += is_owner(o, hash_avalanche(i ^ 0x5eed));
	return known;
}

START_TEST(spread_evenly)
{
	static const uint32_t sizes[] = {1, 2, 3, 9, 10, 11, 16, 80, 160, 1600, POINTS_MAX};
	struct owners o;

	for (uint32_t i = 0; i < sizes[_i]; i++)
		points[i] = (struct owners_point){hash_avalanche(i), i % 1000};
	o = owners_of(sizes[_i]);
	ck_assert_uint_ge(keys_try(&o), KEYS * 97 / 100);
	owners_free(&o);
	ck_assert_uint_eq(owners_find(&o, 1), OWNERS_UNKNOWN);
}
END_TEST

/* More points in one place than a line holds, equal keys, both ends of the circle. */
START_TEST(crowded)
{
	static const uint32_t places[] = {0, 1, 0x7fffffff, 0xfffffffe, 0xffffffff};
	struct owners o;
	uint32_t n = 0;

	for (uint32_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		for (uint32_t k = 0; k < (uint32_t)_i; k++, n++)
			points[n] = (struct owners_point){places[i] + k / 2 * 3, n};
	for (uint32_t i = 0; i < 200; i++, n++)
		points[n] = (struct owners_point){hash_avalanche(i), n};
	o = owners_of(n);
	keys_try(&o);
	owners_free(&o);
}
END_TEST

START_TEST(one_place)
{
	static const uint32_t places[] = {0, 1, 0x80000000, 0xffffffff};
	struct owners o;

	for (uint32_t i = 0; i < 30; i++)
		points[i] = (struct owners_point){places[_i], i};
	o = owners_of(30);
	keys_try(&o);
	owners_free(&o);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ring_owners");
	TCase *tc = tcase_create("ring_owners");

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, spread_evenly, 0, 11);
	tcase_add_loop_test(tc, crowded, 1, 40);
	tcase_add_loop_test(tc, one_place, 0, 4);
	return unit_run(suite);
}
