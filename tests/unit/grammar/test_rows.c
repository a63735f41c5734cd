/* Tests of grammar/rows.c: tables are sorted, and every row is found by its name. */
#include <check.h>
#include <stdlib.h>

#include "grammar/rows.h"
#include "tests/unit/run.h"

START_TEST(rows_are_sorted_and_found)
{
	enum fetch_id fetch;
	enum conv_id conv;
	enum logfmt_alias alias;

	for (int i = 0; i < FETCH_COUNT; i++) {
		ck_assert(fetch_find(str_from(fetch_row(i)->name), &fetch));
		ck_assert_int_eq(fetch, i);
	}
	for (int i = 0; i < CONV_COUNT; i++) {
		ck_assert(conv_find(str_from(conv_row(i)->name), &conv));
		ck_assert_int_eq(conv, i);
	}
	for (int i = 0; i < LOGFMT_COUNT; i++) {
		ck_assert(logfmt_find(str_from(logfmt_row(i)->name), &alias));
		ck_assert_int_eq(alias, i);
	}
	for (size_t i = 0; acl_alias_row(i); i++)
		ck_assert_ptr_eq(acl_alias_find(str_from(acl_alias_row(i)->name)), acl_alias_row(i));
}
END_TEST

START_TEST(unknown_names_are_not_found)
{
	enum fetch_id fetch;
	enum conv_id conv;

	ck_assert(!fetch_find(STR("pat"), &fetch));
	ck_assert(!fetch_find(STR("pathz"), &fetch));
	ck_assert(!fetch_find(STR(""), &fetch));
	ck_assert(!fetch_find(STR("PATH"), &fetch));
	ck_assert(!conv_find(STR("zzz"), &conv));
	ck_assert(!acl_alias_find(STR("always_true")));
}
END_TEST

START_TEST(actions_by_set_and_form)
{
	enum action_id id;

	for (int i = 0; i < ACTION_COUNT; i++) {
		for (int set = 0; set < RS_COUNT; set++)
			ck_assert_int_eq(action_find(str_from(action_row(i)->name), set, &id),
					 action_row(i)->sets >> set & 1);
	}
	ck_assert(action_find(STR("set-var(txn.x)"), RS_HTTP_REQ, &id));
	ck_assert_int_eq(id, ACTION_SET_VAR);
	ck_assert(!action_find(STR("deny(x)"), RS_HTTP_REQ, &id));
	ck_assert(!action_find(STR("set-status"), RS_HTTP_REQ, &id));
}
END_TEST

START_TEST(effective_rows_have_a_function)
{
	enum fetch_id fetch;

	ck_assert(fetch_find(STR("path"), &fetch) && fetch_row(fetch)->effective);
	ck_assert(fetch_find(STR("fcgi.docroot"), &fetch) && !fetch_row(fetch)->effective);
	ck_assert_uint_eq(fetch_row(FETCH_PATH)->places, PLACES_REQUEST);
	ck_assert_uint_eq(fetch_row(FETCH_STATUS)->places & PLACES_REQUEST, 0);
}
END_TEST

START_TEST(casts_as_measured)
{
	ck_assert(smp_type_casts(SMP_STR, SMP_SINT));
	ck_assert(!smp_type_casts(SMP_METH, SMP_SINT));
	ck_assert(!smp_type_casts(SMP_BIN, SMP_ADDR));
	ck_assert(smp_type_casts(SMP_IPV4, SMP_SINT));
	ck_assert(!smp_type_casts(SMP_IPV6, SMP_SINT));
	ck_assert(!smp_type_casts(SMP_BOOL, SMP_ADDR));
	ck_assert(smp_type_casts(SMP_METH, SMP_ANY));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rows");
	TCase *t = tcase_create("rows");

	suite_add_tcase(s, t);
	tcase_add_test(t, rows_are_sorted_and_found);
	tcase_add_test(t, unknown_names_are_not_found);
	tcase_add_test(t, actions_by_set_and_form);
	tcase_add_test(t, effective_rows_have_a_function);
	tcase_add_test(t, casts_as_measured);
	return unit_run(s);
}
