/* Pattern objects (runtime/eval/pattern_ref.h): order, versions, look-ups by every method, updates while others
 * look up. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/eval/match.h"
#include "tests/unit/eval/eval_fixture.h"
#include "tests/unit/run.h"

static struct eval_fixture t;
static struct pattern_file file;
static struct pattern_file *files[1] = {&file};
static struct pattern_refs *refs;
static struct pattern_ref *ref;

static void start(void)
{
	static struct pattern_line lines[] = {{{"10.0.0.0/8", 10}, {"8", 1}, 1},
					      {{"10.1.0.0/16", 11}, {"16", 2}, 2},
					      {{"::/0", 4}, {"0", 1}, 3}};
	struct model *m = &t.f.model;

	eval_fixture_start(&t);
	file = (struct pattern_file){.path = STR("nets"), .map = true, .show_id = 7};
	file.lines.v = lines;
	file.lines.n = 3;
	m->pattern_files.v = files;
	m->pattern_files.n = 1;
	refs = pattern_refs_new(m);
	ck_assert_ptr_nonnull(refs);
	ref = pattern_ref_find(refs, STR("#7"));
	ck_assert_ptr_nonnull(ref);
	ck_assert_ptr_eq(ref, pattern_ref_find(refs, STR("nets")));
	ck_assert_ptr_null(pattern_ref_find(refs, STR("#8")));
}

static void stop(void)
{
	pattern_refs_release(&refs);
	t.f.model.pattern_files.n = 0;
	eval_fixture_stop(&t);
}

/* The value for a text, "-" without one. */
static const char *look(struct pattern_index *index, const char *text)
{
	struct sample s = {.type = SMP_STR, .str = str_from(text)};
	static char out[64];
	struct pattern_hit hit;

	if (!sample_cast(&t.e, &s, match_wants(MATCH_IP)) || !pattern_index_find(&t.e, index, &s, &hit))
		return "-";
	snprintf(out, sizeof(out), "%.*s", STR_ARG(hit.value));
	return out;
}

START_TEST(longest_network)
{
	struct pattern_index *ip = pattern_index_get(ref, MATCH_IP, false, SMP_STR);

	ck_assert_str_eq(look(ip, "10.1.2.3"), "16");
	ck_assert_str_eq(look(ip, "10.2.2.3"), "8");
	ck_assert_str_eq(look(ip, "11.0.0.1"), "0"); /* as ::ffff:11.0.0.1 */
	ck_assert_int_eq(pattern_ref_delete(ref, STR("10.1.0.0/16")), PATTERN_DONE);
	ck_assert_str_eq(look(ip, "10.1.2.3"), "8");
	ck_assert_int_eq(pattern_ref_add(ref, PATTERN_CURRENT, STR("zz"), STR("1"), NULL), PATTERN_BAD);
	ck_assert_int_eq(pattern_ref_state(ref).count, 2);
}
END_TEST

START_TEST(versions)
{
	struct pattern_index *ip = pattern_index_get(ref, MATCH_IP, false, SMP_STR);

	ck_assert_int_eq(pattern_ref_add(ref, 1, STR("9.9.9.9"), STR("n"), NULL), PATTERN_VERSION);
	ck_assert_uint_eq(pattern_ref_prepare(ref), 1);
	ck_assert_int_eq(pattern_ref_add(ref, 1, STR("9.9.9.9"), STR("n"), NULL), PATTERN_DONE);
	ck_assert_str_eq(look(ip, "9.9.9.9"), "0");
	ck_assert_int_eq(pattern_ref_commit(ref, 2), PATTERN_VERSION);
	ck_assert_int_eq(pattern_ref_commit(ref, 1), PATTERN_DONE);
	ck_assert_str_eq(look(ip, "9.9.9.9"), "n");
	ck_assert_str_eq(look(ip, "10.1.2.3"), "-");
	ck_assert_int_eq(pattern_ref_commit(ref, 1), PATTERN_VERSION);
	ck_assert_uint_eq(pattern_ref_state(ref).count, 1);
}
END_TEST

START_TEST(values_by_key)
{
	char message[PATTERN_MESSAGE];

	ck_assert_int_eq(pattern_ref_set(ref, STR("none"), STR("x"), message), PATTERN_NOT_FOUND);
	ck_assert_int_eq(pattern_ref_put(ref, STR("1.1.1.1"), STR("x"), message), PATTERN_DONE);
	ck_assert_int_eq(pattern_ref_put(ref, STR("1.1.1.1"), STR("y"), message), PATTERN_DONE);
	ck_assert_uint_eq(pattern_ref_state(ref).count, 4);
	ck_assert_ptr_nonnull(pattern_index_get(ref, MATCH_IP, false, SMP_SINT));
	ck_assert_int_eq(pattern_ref_set(ref, STR("1.1.1.1"), STR("z"), message), PATTERN_BAD);
	ck_assert_str_eq(message, "unable to parse 'z'");
	pattern_ref_clear(ref, PATTERN_CURRENT);
	ck_assert_uint_eq(pattern_ref_state(ref).count, 0);
}
END_TEST

static void *change(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2000; i++) {
		pattern_ref_put(ref, STR("10.1.0.0/16"), i & 1 ? STR("odd") : STR("even"), NULL);
		pattern_ref_add(ref, PATTERN_CURRENT, STR("10.3.0.0/16"), STR("three"), NULL);
		pattern_ref_delete(ref, STR("10.3.0.0/16"));
	}
	return NULL;
}

START_TEST(changes_while_looking)
{
	struct pattern_index *ip = pattern_index_get(ref, MATCH_IP, false, SMP_STR);
	pthread_t thread;
	const char *value;

	ck_assert_int_eq(pthread_create(&thread, NULL, change, NULL), 0);
	for (int i = 0; i < 2000; i++) {
		struct scratch_mark mark = scratch_mark(&t.scratch);

		value = look(ip, "10.1.2.3");
		ck_assert(!strcmp(value, "16") || !strcmp(value, "odd") || !strcmp(value, "even"));
		value = look(ip, "10.3.0.1");
		ck_assert(!strcmp(value, "8") || !strcmp(value, "three"));
		scratch_release(&t.scratch, mark);
	}
	pthread_join(thread, NULL);
	ck_assert_str_eq(look(ip, "10.1.2.3"), "odd");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pattern");
	TCase *c = tcase_create("pattern");

	tcase_add_checked_fixture(c, start, stop);
	tcase_add_test(c, longest_network);
	tcase_add_test(c, versions);
	tcase_add_test(c, values_by_key);
	tcase_add_test(c, changes_while_looking);
	suite_add_tcase(s, c);
	return unit_run(s);
}
