/* Log formats and format strings: nodes, flags, mistakes. */
#include <check.h>
#include <stdlib.h>

#include "grammar/base/out.h"
#include "grammar/rows.h"
#include "tests/unit/grammar/lang_fixture.h"
#include "tests/unit/run.h"

static struct fixture f;

static void setup(void)
{
	fixture_start(&f);
}

static void teardown(void)
{
	fixture_stop(&f);
}

static void write_node(struct out *o, const struct logfmt_node *node)
{
	static const char names[] = "QEXM";

	if (node->kind == LOGFMT_TEXT)
		out_printf(o, "'%.*s'", STR_ARG(node->text));
	else if (node->kind == LOGFMT_ALIAS)
		out_printf(o, "%%%s", logfmt_row(node->alias)->name);
	else
		out_printf(o, "[%.*s]", STR_ARG(node->sample->text));
	for (int i = 0; names[i]; i++)
		if (node->flags >> i & 1)
			out_printf(o, "+%c", names[i]);
}

static const char *parse(const char *word)
{
	struct out o = out_growing(1 << 20);
	const struct logfmt *fmt;
	const char *text;

	fixture_words(&f, word);
	fmt = logfmt_parse(&f.c, &f.words[0], &f.scope);
	if (!fmt || f.diags.list.n)
		return fixture_diags(&f);
	for (uint32_t i = 0; i < fmt->n; i++)
		write_node(&o, &fmt->nodes[i]);
	out_char(&o, 0);
	text = arena_str(f.arena, out_get(&o)).ptr;
	out_free(&o);
	return text;
}

START_TEST(test_nodes)
{
	static const struct {
		const char *written, *nodes;
	} rows[] = {
		{"''", ""},
		{"abc", "'abc'"},
		{"%ci:%cp", "%ci':'%cp"},
		{"'%ci   %cp'", "%ci' '%cp"},
		{"100%%x%-y", "'100%x-y'"},
		{"%ci_x", "%ci'_x'"},
		{"%[path]", "[path]"},
		{"%{+Q}[hdr(a),lower]]", "[hdr(a),lower]+Q']'"},
		{"'%{+Q}o %ci %{-Q,+X}cp %{+E}r'", "' '%ci+Q' '%cp+X' '%r+Q+E"},
		{"%{+Q}o%{+X}o%ci", "%ci+Q+X"},
		{"%{+Q+X}ci", "%ci+Q+X"},
		{"%{}ci", "%ci"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_str_eq(parse(rows[i].written), rows[i].nodes);
	f.scope.format = FORMAT_HTTP;
	ck_assert_str_eq(parse("'%ci   %cp'"), "%ci'   '%cp");
}
END_TEST

START_TEST(test_mistakes)
{
	static const struct {
		const char *written, *diags;
	} rows[] = {
		{"a%zz", "unknown-alias: no alias `%zz` in log formats [zz] {no such format variable 'zz'. If "
			 "you wanted to emit "
			 "the '%' character verbatim, you need to use '%%'.}"},
		{"%sslx", "unknown-alias: no alias `%sslx` in log formats [sslx] {no such format variable "
			  "'sslx'. If you wanted to "
			  "emit the '%' character verbatim, you need to use '%%'.} +1,4'sslc'"},
		{"100%",
		 "log-format-syntax: an alias is missing behind `%` [%] {truncated line after '%'.} +3,0'%'"},
		{"'100% x'",
		 "log-format-syntax: an alias is missing behind `%` [% x] {unexpected variable name near ' ' "
		 "at position "
		 "4 line : '100% x'. Maybe you want to write a single '%', use the syntax '%%'.} +4,0'%'"},
		{"%{+Q",
		 "log-format-syntax: these flags are not closed by `}` [{+Q] {truncated line after '+Q'.}"},
		{"%{+Q}", "log-format-syntax: an alias is missing behind these flags [%{+Q}] {parse argument "
			  "modifier without "
			  "variable name near '%{+Q}'.}"},
		{"'%{+Q} ci'", "log-format-syntax: an alias is missing behind these flags [%{+Q}] {parse "
			       "argument modifier without "
			       "variable name near '%{+Q}'.}"},
		{"%[path", "log-format-syntax: this expression is not closed by `]` [%[] {missing ']' after "
			   "'path'.} +6,0']'"},
		{"%[pathh]", "unknown-fetch: unknown sample fetch `pathh` [pathh] {failed to parse sample "
			     "expression <pathh]> : "
			     "unknown fetch method 'pathh'.} +2,5'path'"},
		{"%[path,lowr]",
		 "unknown-converter: unknown converter `lowr` [lowr] {failed to parse sample expression "
		 "<path,lowr]> : unknown converter 'lowr'.} +7,4'lower'"},
		{"%[]", "unknown-fetch: a sample fetch is missing [] {failed to parse sample expression <]> : "
			"missing fetch method.}"},
		{"%{Z,+Q}ci", "log-format-flag: `Z` is no flag [Z]"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_str_eq(parse(rows[i].written), rows[i].diags);
	f.proxy.mode = MODE_TCP;
	ck_assert_str_eq(
		parse("%HM"),
		"unknown-alias: `%HM` needs mode http [HM] {format variable 'HM' is reserved for HTTP mode.}");
}
END_TEST

START_TEST(test_builtin)
{
	static const char *const texts[] = {LOGFMT_HTTP, LOGFMT_TCP, LOGFMT_CLF, LOGFMT_DEFAULT};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_ptr_nonnull(logfmt_builtin(&f.c, texts[i]));
	ck_assert_uint_eq(f.diags.list.n, 0);
	ck_assert_ptr_nonnull(logfmt_builtin(&f.c, LOGFMT_HTTPS));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("logfmt");
	TCase *t = tcase_create("logfmt");

	tcase_add_checked_fixture(t, setup, teardown);
	suite_add_tcase(s, t);
	tcase_add_test(t, test_nodes);
	tcase_add_test(t, test_mistakes);
	tcase_add_test(t, test_builtin);
	return unit_run(s);
}
