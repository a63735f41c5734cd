/* The registry itself: rows are complete and unambiguous, look-ups find the longest name, and every example in
 * a row is accepted where it belongs. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "grammar/keyword.h"
#include "grammar/load.h"
#include "grammar/section.h"
#include "tests/unit/run.h"

/* Calls `each` for every row. */
static void rows_each(void (*each)(const struct keyword *row, void *data), void *data)
{
	uint32_t n;
	const struct keyword_area *const *areas = keyword_areas(&n);

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < areas[i]->n; j++)
			each(&areas[i]->rows[j], data);
}

static void row_is_complete(const struct keyword *row, void *data)
{
	(void)data;
	ck_assert_msg(row->name && *row->name, "a row without name");
	ck_assert_msg(row->in != 0, "%s is legal nowhere", row->name);
	ck_assert_msg(row->summary && *row->summary, "%s has no summary", row->name);
	ck_assert_msg(row->summary[strlen(row->summary) - 1] != '.', "%s: the summary ends with a full stop",
		      row->name);
	ck_assert_msg(row->kind != VAL_CUSTOM || row->parse, "%s: nobody reads its words", row->name);
	ck_assert_msg(row->kind != VAL_CHOICE || row->choices, "%s: a choice of nothing", row->name);
	ck_assert_msg(!row->until || row->since < row->until, "%s: until before since", row->name);
	ck_assert_msg(row->max >= row->min || row->kind == VAL_WORDS || row->kind == VAL_CHOICE, "%s: bounds",
		      row->name);
	ck_assert_msg(!(row->flags & KW_DEPRECATED) || row->replaced_by, "%s: deprecated in favour of nothing",
		      row->name);
}

START_TEST(test_rows_are_complete)
{
	rows_each(row_is_complete, NULL);
}
END_TEST

/* No two rows of one name that one version would both accept at one place. */
static void row_is_unique(const struct keyword *row, void *data)
{
	uint32_t n, j;
	const struct keyword_area *const *areas = keyword_areas(&n);

	(void)data;
	for (uint32_t i = 0; i < n; i++) {
		for (j = 0; j < areas[i]->n; j++) {
			const struct keyword *other = &areas[i]->rows[j];

			if (other == row || strcmp(other->name, row->name) != 0 || !(other->in & row->in))
				continue;
			ck_assert_msg((row->until && row->until <= other->since) ||
					      (other->until && other->until <= row->since),
				      "two rows named %s", row->name);
		}
	}
}

START_TEST(test_rows_are_unique)
{
	rows_each(row_is_unique, NULL);
}
END_TEST

static const char *found(struct keyword_index *index, const char *a, const char *b, uint32_t places,
			 uint32_t *used)
{
	struct word words[] = {{.text = str_from(a)}, {.text = str_from(b)}};
	const struct keyword *row = keyword_find(index, words, b ? 2 : 1, places, 304, used);

	return row ? row->name : "";
}

START_TEST(test_find)
{
	struct arena *a = arena_new();
	struct keyword_index *index = keyword_index_new(a);
	uint32_t used;

	ck_assert_str_eq(found(index, "timeout", "client", IN(FRONTEND), &used), "timeout client");
	ck_assert_uint_eq(used, 2);
	ck_assert_str_eq(found(index, "http-check", "expect", IN(BACKEND), &used), "http-check expect");
	ck_assert_str_eq(found(index, "http-check", "other", IN(BACKEND), &used), "http-check");
	ck_assert_uint_eq(used, 1);
	ck_assert_str_eq(found(index, "timeout", NULL, IN(FRONTEND), &used), "");
	ck_assert_str_eq(found(index, "maxconn", NULL, IN(GLOBAL), &used), "maxconn");
	ck_assert_str_eq(found(index, "maxconn", NULL, IN(BACKEND), &used), "");
	ck_assert_str_eq(found(index, "balance", "x", IN(GLOBAL), &used), "");
	arena_free(&a);
}
END_TEST

START_TEST(test_sections)
{
	for (enum keyword_place p = 0; p < PLACE_SECTIONS; p++) {
		ck_assert_str_eq(section_get(p)->name.ptr, keyword_place_name(p));
		ck_assert_ptr_eq(section_find(section_get(p)->name), section_get(p));
	}
	ck_assert_ptr_null(section_find(STR("maxconn")));
}
END_TEST

static enum keyword_place example_place(const struct keyword *row)
{
	static const enum keyword_place order[] = {PLACE_LISTEN, PLACE_FRONTEND, PLACE_BACKEND};

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (row->in >> order[i] & 1)
			return order[i];
	return (enum keyword_place)__builtin_ctz(row->in);
}

static void example_is_accepted(const struct keyword *row, void *data)
{
	struct load_options options = {.compat = row->since > 206 ? 304 : 206, .offline = true};
	enum keyword_place place = row->in & (IN(BIND) | IN_SRV) ? PLACE_LISTEN : example_place(row);
	struct loaded *l;
	char text[1024];

	if (!row->example)
		return;
	snprintf(text, sizeof(text), "%s%s\n    mode http\n    %s\n", keyword_place_name(place),
		 place == PLACE_GLOBAL ? "" : " x", row->example);
	if (place == PLACE_GLOBAL || place >= PLACE_USERLIST)
		snprintf(text, sizeof(text), "%s%s\n    %s\n", keyword_place_name(place),
			 place == PLACE_GLOBAL ? "" : " x", row->example);
	l = load_text(STR("example"), str_from(text), &options);
	ck_assert_msg(l->diags.errors == 0, "the example of %s is wrong: %.*s", row->name,
		      STR_ARG(l->diags.list.v[0]->message));
	loaded_free(&l);
	++*(int *)data;
}

START_TEST(test_examples)
{
	int n = 0;

	rows_each(example_is_accepted, &n);
	ck_assert_int_gt(n, 20);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("keyword");
	TCase *tc = tcase_create("keyword");

	tcase_add_test(tc, test_rows_are_complete);
	tcase_add_test(tc, test_rows_are_unique);
	tcase_add_test(tc, test_find);
	tcase_add_test(tc, test_sections);
	tcase_add_test(tc, test_examples);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
