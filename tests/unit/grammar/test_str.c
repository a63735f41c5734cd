/* Slices: what words are made of, for each byte there is. */
#include <check.h>

#include "grammar/name.h"
#include "tests/unit/run.h"

static bool in_name(int byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
	       byte == '-' || byte == '_' || byte == '.' || byte == ':';
}

START_TEST(names)
{
	for (int byte = 0; byte < 256; byte++) {
		char name[] = {'a', (char)byte, ' ', 'b'};

		ck_assert_uint_eq(name_bad_byte(str_make(name, sizeof(name))), in_name(byte) ? 2 : 1);
		ck_assert_uint_eq(name_bad_byte(str_make(name, 2)), in_name(byte) ? 2 : 1);
	}
	ck_assert_uint_eq(name_bad_byte(STR("x_Y-9.z:")), 8);
	ck_assert_uint_eq(name_bad_byte(STR_NONE), 0);
	ck_assert_uint_eq(str_word_run(STR("a-b"), "_."), 1);
	ck_assert_uint_eq(str_word_run(STR("ab-"), ""), 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("str");
	TCase *tc = tcase_create("str");

	tcase_add_test(tc, names);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
