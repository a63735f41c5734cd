/* Explanations are true: each example gets what it is an example of, or does not. */
#include "grammar/explain.h"

#include <check.h>
#include <stdio.h>

#include "grammar/policy.h"
#include "tests/unit/run.h"

/* Does a text get a diagnostic of this code from lbcheck, as that version? */
static bool reports_as(const char *text, enum diag_code code, int compat, bool offline)
{
	static const char *const variables[] = {"FOO=foo", NULL};
	struct load_options options = {.compat = compat, .offline = offline, .environ = variables};
	struct policy policy = {0};
	struct loaded *l = load_text(STR("example.cfg"), str_from(text), &options);
	bool found = false;

	ck_assert_ptr_nonnull(l);
	policy.classes[DC_PEDANTIC] = SWITCH_ON;
	policy_apply(&policy, l);
	vec_each (g, &l->diags.list)
		found |= (*g)->code == code;
	loaded_free(&l);
	return found;
}

/* ... as any of them, on this machine or apart from it. */
static bool reports(const char *text, enum diag_code code)
{
	return reports_as(text, code, 206, true) || reports_as(text, code, 304, true) ||
	       reports_as(text, code, 304, false);
}

START_TEST(test_examples)
{
	unsigned n = 0, failed = 0;

	for (enum diag_code code = 0; code < D_COUNT; code++) {
		const struct explanation *e = explanation_get(code);
		const char *name = diag_code_info(code)->readable;

		if (!e || !e->wrong)
			continue;
		n++;
		if (!reports(e->wrong, code))
			failed += (unsigned)printf("%s: the wrong example is fine\n", name);
		if (!e->right || reports(e->right, code))
			failed += (unsigned)printf("%s: the right example is wrong\n", name);
	}
	ck_assert_uint_gt(n, 120);
	ck_assert_uint_eq(failed, 0);
}
END_TEST

/* Every code has an explanation, and an example with its repair or none. */
START_TEST(test_complete)
{
	for (enum diag_code code = 0; code < D_COUNT; code++) {
		const struct explanation *e = explanation_get(code);

		ck_assert_msg(e != NULL, "%s is not explained", diag_code_info(code)->readable);
		ck_assert_msg(!e->wrong == !e->right, "%s has half an example", diag_code_info(code)->readable);
		ck_assert_ptr_null(strchr(e->text, '\n'));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("explain");
	TCase *tc = tcase_create("explain");

	tcase_add_test(tc, test_examples);
	tcase_add_test(tc, test_complete);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
