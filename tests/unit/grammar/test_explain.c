/* Explanations are true: each example gets what it is an example of, or does not. */
#include "grammar/explain.h"

#include <check.h>

#include "grammar/load.h"

/* Does a text get a diagnostic of this code? */
static bool reports(const char *text, enum diag_code code)
{
	static const char *const variables[] = {"FOO=foo", NULL};
	struct load_options options = {.compat = 206, .offline = true, .environ = variables};
	struct loaded *l = load_text(STR("example.cfg"), str_from(text), &options);
	bool found = false;

	ck_assert_ptr_nonnull(l);
	vec_each (g, &l->diags.list)
		found |= (*g)->code == code;
	loaded_free(&l);
	return found;
}

START_TEST(test_examples)
{
	unsigned n = 0;

	for (enum diag_code code = 0; code < D_COUNT; code++) {
		const struct explanation *e = explanation_get(code);
		const char *name = diag_code_info(code)->readable;

		if (!e || !e->wrong)
			continue;
		ck_assert_msg(reports(e->wrong, code), "%s: the wrong example is fine", name);
		ck_assert_msg(e->right && !reports(e->right, code), "%s: the right example is wrong", name);
		n++;
	}
	ck_assert_uint_gt(n, 30);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("explain");
	TCase *tc = tcase_create("explain");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, test_examples);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
