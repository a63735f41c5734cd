/* Conditions as `-cc` evaluates them; the golden tests have those of .if. */
#include "grammar/predicate.h"
#include "tests/unit/run.h"

#include <check.h>
#include <stdlib.h>

static struct arena *arena;
static struct sources sources;
static struct diags diags;
static struct env env;
static int compat;

static void setup(void)
{
	static const char *const list[] = {"FOO=foo", "EMPTY=", NULL};

	arena = arena_new();
	sources = (struct sources){.arena = arena};
	diags = (struct diags){.arena = arena};
	env = (struct env){.arena = arena};
	env_load(&env, list);
	compat = 206;
}

static void teardown(void)
{
	arena_free(&arena);
}

static enum predicate_result eval(struct str text)
{
	struct predicate_context context = {.arena = arena, .diags = &diags, .env = &env, .compat = compat};

	return predicate_eval_text(&context, &sources, text);
}
#define EXPECT(text, result) ck_assert_msg(eval(STR(text)) == PREDICATE_##result, "%s is not " #result, text)

START_TEST(test_values)
{
	EXPECT("", FALSE);
	EXPECT("0", FALSE);
	EXPECT("1", TRUE);
	EXPECT("  1  ", TRUE);
	EXPECT("1 && !0 || 0", TRUE);
	EXPECT("0 && 0 || 1", TRUE);
	EXPECT("0 && (0 || 1)", FALSE);
	EXPECT("!!!1", FALSE);
	EXPECT("defined(FOO) && defined(EMPTY) && !defined(BAR)", TRUE);
	EXPECT("streq(a,a)&&strneq(a,b)", TRUE);
	EXPECT("streq(\"a,b\",'a,b')", TRUE);
	EXPECT("streq(a\\ b,a b)", TRUE);
	EXPECT("streq('\\n',\"\\n\")", FALSE);
	EXPECT("streq(\"a\\\"b\",'a\"b')", TRUE);
	ck_assert_uint_eq(diags.list.n, 0);
}
END_TEST

START_TEST(test_errors)
{
	EXPECT(" ", ERROR);
	EXPECT("foo", ERROR);
	EXPECT("1 1", ERROR);
	EXPECT("0 && foo", ERROR);
	EXPECT("streq(a)", ERROR);
	EXPECT("streq(a,b,c,d,e,f)", ERROR);
	EXPECT("streq(a,b", ERROR);
	EXPECT("openssl_version_atleast(1.1)", ERROR);
	ck_assert_uint_eq(diags.errors, 8);
	ck_assert(diags.list.v[0]->haproxy_unplaced);
}
END_TEST

static void expect_version(const char *version, bool at_least)
{
	struct str atleast = arena_printf(arena, "version_atleast(%s)", version);
	struct str before = arena_printf(arena, "version_before(%s)", version);

	ck_assert_msg(eval(atleast) == (at_least ? PREDICATE_TRUE : PREDICATE_FALSE), "%s", version);
	ck_assert_msg(eval(before) == (at_least ? PREDICATE_FALSE : PREDICATE_TRUE), "%s", version);
}

/* As HAProxy 2.6.12 answers. */
START_TEST(test_versions)
{
	static const char *const reached[] = {
		"2.6.12",   "2.6.12.0", "2.6.12.", "2.6.12-0", "2.6.12-dev1", "2.6.12-rc1", "2.6.12-1+deb12u5",
		"2.6-dev1", "2.6",      "2",       "02.06.12", "2.6.13a",     "9a"};
	static const char *const later[] = {"2.6.13",   "2.6.12.1", "2.6.12-1", "2.6.12-5",   "2.6.13-dev1",
					    "2.6.13-a", "2.6.13-",  "2.7-dev1", "2.7-rc1",    "2.7",
					    "3",        "9.",       " 9",       "99999999999"};

	for (unsigned i = 0; i < sizeof(reached) / sizeof(*reached); i++)
		expect_version(reached[i], true);
	for (unsigned i = 0; i < sizeof(later) / sizeof(*later); i++)
		expect_version(later[i], false);
}
END_TEST

START_TEST(test_compat)
{
	EXPECT("strstr(abc,b)", ERROR);
	compat = 304;
	EXPECT("strstr(abc,b)", TRUE);
	EXPECT("strstr(abc,d)", FALSE);
	EXPECT("enabled(EPOLL) && !enabled(KQUEUE)", TRUE);
	EXPECT("version_atleast(3.4) && version_before(3.5)", TRUE);
	EXPECT("awslc_api_atleast(1)", FALSE);
}
END_TEST

START_TEST(test_features)
{
	struct out o = out_growing(4096);

	EXPECT("feature(EPOLL)", TRUE);
	EXPECT("feature(epoll)", FALSE);
	EXPECT("feature(WURFL)", FALSE);
	predicate_features(&o);
	out_char(&o, '\0');
	ck_assert_ptr_nonnull(strstr(o.buf, " +EPOLL "));
	ck_assert_ptr_nonnull(strstr(o.buf, " -WURFL "));
	out_free(&o);
}
END_TEST

/* Neither deep nor long conditions hurt. */
START_TEST(test_extremes)
{
	enum { N = 100000 };
	char *text = malloc(N + 2);

	memset(text, '!', N);
	memcpy(text + N, "1", 2);
	ck_assert_int_eq(eval(str_make(text, N + 1)), PREDICATE_TRUE);
	memset(text, '(', N);
	ck_assert_int_eq(eval(str_make(text, N + 1)), PREDICATE_ERROR);
	memset(text, '(', 250);
	text[250] = '1';
	memset(text + 251, ')', 250);
	ck_assert_int_eq(eval(str_make(text, 501)), PREDICATE_TRUE);
	for (int i = 0; i < N; i++)
		text[i] = "1&&"[i % 3];
	ck_assert_int_eq(eval(str_make(text, N)), PREDICATE_TRUE);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("predicate");
	TCase *tc = tcase_create("predicate");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_values);
	tcase_add_test(tc, test_errors);
	tcase_add_test(tc, test_versions);
	tcase_add_test(tc, test_compat);
	tcase_add_test(tc, test_features);
	tcase_add_test(tc, test_extremes);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
