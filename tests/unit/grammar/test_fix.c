/* Applying fixes: atomic, without overlaps, and the differences they make. */
#include "grammar/fix.h"
#include "tests/unit/run.h"

#include <check.h>

static struct arena *arena;
static struct sources sources;
static struct diags diags;
static struct out out;

static void setup(void)
{
	arena = arena_new();
	sources = (struct sources){.arena = arena};
	diags = (struct diags){.arena = arena};
	out = out_growing(1 << 20);
}

static void teardown(void)
{
	out_free(&out);
	arena_free(&arena);
}

static uint32_t add_text(const char *text)
{
	return sources_add(&sources, STR("f.cfg"), str_from(text), true);
}

static struct diag_fix *add_fix(enum fix_certainty certainty, uint32_t source, uint32_t off, uint32_t len,
				const char *text)
{
	struct span span = {source, off, len};
	struct diag *g = diag_add(&diags, D_FILE_UNREADABLE, span, "m");

	return diag_fix(&diags, g, certainty, span, str_from(text), "fix");
}

static void more(struct diag_fix *fix, uint32_t source, uint32_t off, uint32_t len, const char *text)
{
	*vec_push(arena, &fix->edits) = (struct diag_edit){{source, off, len}, str_from(text)};
}

static struct fixes expect_result(enum fix_certainty up_to, uint32_t source, const char *expected)
{
	struct fixes f = fixes_choose(arena, &diags, up_to);

	out.len = 0;
	fixes_write(&out, &f, &sources, source);
	out_char(&out, '\0');
	ck_assert_str_eq(out.buf, expected);
	return f;
}

static void expect_diff(const char *expected)
{
	struct fixes f = fixes_choose(arena, &diags, FIX_LIKELY);

	out.len = 0;
	fixes_diff(&out, &f, &sources);
	out_char(&out, '\0');
	ck_assert_str_eq(out.buf, expected);
}

START_TEST(test_choice)
{
	uint32_t id = add_text("one two three\n");
	struct fixes f;

	add_fix(FIX_CERTAIN, id, 0, 3, "ONE");
	add_fix(FIX_LIKELY, id, 4, 3, "TWO");
	diag_fix(&diags, diags.list.v[1], FIX_LIKELY, (struct span){id, 4, 3}, STR("OTHER"), "alternative");
	diag_add(&diags, D_FILE_UNREADABLE, SPAN_NONE, "no fix");
	f = expect_result(FIX_CERTAIN, id, "ONE two three\n");
	ck_assert_uint_eq(f.applied, 1);
	ck_assert_uint_eq(f.likely, 1);
	f = expect_result(FIX_LIKELY, id, "ONE TWO three\n");
	ck_assert_uint_eq(f.applied, 2);
	diag_fix(&diags, diags.list.v[1], FIX_CERTAIN, (struct span){id, 4, 3}, STR("sure"), "better");
	expect_result(FIX_LIKELY, id, "ONE sure three\n");
}
END_TEST

START_TEST(test_overlaps)
{
	uint32_t id = add_text("abcdef\n");
	struct fixes f;

	add_fix(FIX_CERTAIN, id, 1, 2, "X");
	add_fix(FIX_CERTAIN, id, 2, 2, "Y"); /* refused */
	add_fix(FIX_CERTAIN, id, 3, 1, "Z");
	add_fix(FIX_CERTAIN, id, 3, 0, "+"); /* before what is replaced */
	add_fix(FIX_CERTAIN, id, 3, 0, "-"); /* refused: no order */
	add_fix(FIX_CERTAIN, id, 3, 1, "Z"); /* the same again */
	add_fix(FIX_CERTAIN, id, 2, 0, "?"); /* refused: within what is replaced */
	add_fix(FIX_CERTAIN, id, 0, 9, "?"); /* refused */
	f = expect_result(FIX_CERTAIN, id, "aX+Zef\n");
	ck_assert_uint_eq(f.applied, 4);
	ck_assert_uint_eq(f.refused, 4);
}
END_TEST

START_TEST(test_atomic)
{
	uint32_t id = add_text("abcdef\n");
	struct diag_fix *fix;
	struct fixes f;

	add_fix(FIX_CERTAIN, id, 4, 1, "E");
	fix = add_fix(FIX_CERTAIN, id, 0, 1, "A");
	more(fix, id, 4, 2, "!");
	fix = add_fix(FIX_CERTAIN, id, 1, 1, "B");
	more(fix, id, 1, 2, "overlaps itself");
	fix = add_fix(FIX_CERTAIN, id, 5, 1, "F");
	more(fix, id, 2, 1, "C");
	f = expect_result(FIX_CERTAIN, id, "abCdEF\n");
	ck_assert_uint_eq(f.applied, 2);
	ck_assert_uint_eq(f.refused, 2);
}
END_TEST

START_TEST(test_diff)
{
	uint32_t id = add_text("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n");

	add_fix(FIX_CERTAIN, id, 2, 1, "two");
	add_fix(FIX_CERTAIN, id, 10, 2, "");       /* line 6 */
	add_fix(FIX_CERTAIN, id, 38, 0, "x\ny\n"); /* before line 17 */
	expect_diff("--- f.cfg\n"
		    "+++ f.cfg\n"
		    "@@ -1,9 +1,8 @@\n"
		    " 1\n-2\n+two\n 3\n 4\n 5\n-6\n 7\n 8\n 9\n"
		    "@@ -13,6 +12,8 @@\n"
		    " 13\n 14\n 15\n-16\n+16x\n+y\n+\n 17\n 18\n");
}
END_TEST

START_TEST(test_diff_ends)
{
	uint32_t a = add_text("a"), b = add_text(""), untouched = add_text("c\n");
	struct fixes f;

	add_fix(FIX_CERTAIN, a, 1, 0, "\n");
	add_fix(FIX_CERTAIN, b, 0, 0, "new\n");
	expect_diff("--- f.cfg\n+++ f.cfg\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n"
		    "--- f.cfg\n+++ f.cfg\n@@ -0,0 +1,1 @@\n+new\n");
	f = fixes_choose(arena, &diags, FIX_CERTAIN);
	ck_assert(fixes_touch(&f, a));
	ck_assert(fixes_touch(&f, b));
	ck_assert(!fixes_touch(&f, untouched));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fix");
	TCase *tc = tcase_create("fix");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_choice);
	tcase_add_test(tc, test_overlaps);
	tcase_add_test(tc, test_atomic);
	tcase_add_test(tc, test_diff);
	tcase_add_test(tc, test_diff_ends);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
