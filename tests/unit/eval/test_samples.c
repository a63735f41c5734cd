/* Fetches and converters against values that HAProxy 2.6 gave for the same expression and request
 * (samples.def). */
#include <check.h>
#include <stdlib.h>

#include "grammar/base/out.h"
#include "tests/unit/eval/eval_fixture.h"
#include "tests/unit/run.h"

static struct eval_fixture t;

static void setup(void)
{
	eval_fixture_start(&t);
}

static void teardown(void)
{
	eval_fixture_stop(&t);
}

/* As HAProxy writes it into an HTTP message. */
static const char *http_text(struct str text)
{
	struct out o = out_growing(1 << 16);
	const char *result;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		out_printf(&o, (c < ' ' && c != '\t') || c == 0x7f ? "%%%02X" : "%c", c);
	}
	result = arena_str(t.f.arena, out_get(&o)).ptr;
	out_free(&o);
	return result;
}

/* What a format string gives for an expression: nothing when it has no value. */
static const char *value_of(const char *expression)
{
	struct word w = {.text = str_from(expression)};
	const struct sample_expr *x;
	struct str text;
	size_t end;

	x = sample_parse(&t.f.c, &w, 0, 0, &end, &t.f.scope);
	lang_resolve(&t.f.c);
	ck_assert_msg(x && !t.f.diags.errors, "%s: %s", expression, fixture_diags(&t.f));
	eval_fixture_engine(&t);
	if (!sample_text(&t.e, x, &text))
		return "";
	return http_text(text);
}

static const struct {
	const char *request, *expression, *value;
} rows[] = {
#define REQUEST(text) {text, NULL, NULL},
#define SAMPLE(expression, value) {NULL, expression, value},
#include "tests/unit/eval/samples.def"
#include "tests/unit/eval/samples_new.def"
#undef REQUEST
#undef SAMPLE
};

START_TEST(test_sample)
{
	int at = _i;

	while (at > 0 && !rows[at].request)
		at--;
	if (rows[at].request)
		eval_fixture_request(&t, rows[at].request);
	if (!rows[_i].expression)
		return;
	ck_assert_msg(!strcmp(value_of(rows[_i].expression), rows[_i].value), "%s: got '%s', want '%s'",
		      rows[_i].expression, value_of(rows[_i].expression), rows[_i].value);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("samples");
	TCase *tc = tcase_create("samples");

	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, test_sample, 0, sizeof(rows) / sizeof(rows[0]));
	return unit_run_here(s);
}
