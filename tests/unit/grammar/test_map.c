/* Maps against a table that is looked through: puts, removals and look-ups in random order. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "grammar/base/map.h"
#include "tests/unit/run.h"

enum { KEYS = 300, ROUNDS = 20000 };

START_TEST(random_order)
{
	static char names[KEYS][16];
	struct arena *a = arena_new();
	struct map m = {0};
	void *wanted[KEYS] = {0};
	uint32_t count = 0, seed = 7;

	for (int i = 0; i < KEYS; i++)
		snprintf(names[i], sizeof(names[i]), "k%d", i);
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t k = (seed = seed * 1664525 + 1013904223) >> 8, which = k % KEYS;
		struct str name = str_from(names[which]);

		if (k / KEYS % 2) {
			ck_assert_ptr_eq(map_put(a, &m, name, &names[k % 7]), wanted[which]);
			count += !wanted[which];
			wanted[which] = &names[k % 7];
		} else {
			ck_assert_ptr_eq(map_remove(&m, name), wanted[which]);
			count -= wanted[which] != NULL;
			wanted[which] = NULL;
		}
		ck_assert_uint_eq(m.count, count);
		which = (which * 31 + 5) % KEYS;
		ck_assert_ptr_eq(map_get(&m, str_from(names[which])), wanted[which]);
	}
	for (int i = 0; i < KEYS; i++)
		ck_assert_ptr_eq(map_get(&m, str_from(names[i])), wanted[i]);
	arena_free(&a);
}
END_TEST

START_TEST(empty)
{
	struct map m = {0};

	ck_assert_ptr_null(map_remove(&m, STR("x")));
	ck_assert_ptr_null(map_get(&m, STR("x")));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("map");
	TCase *tc = tcase_create("map");

	tcase_add_test(tc, random_order);
	tcase_add_test(tc, empty);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
