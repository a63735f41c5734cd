/* From text to tree: what golden tests do not show, that is spans of decoded bytes, the environment,
 * terminators. */
#include "grammar/expand.h"

#include <check.h>
#include <stdio.h>

#include "grammar/base/out.h"
#include "grammar/section.h"
#include "tests/unit/run.h"

static struct arena *arena;
static struct sources sources;
static struct diags diags;
static struct tree tree;
static struct load_options options;
static struct compile c;
static struct expand *x;

static void setup(void)
{
	static const char *const variables[] = {"FOO=foo", "EMPTY=", "LIST=p q", "FOO=later",
						"=bad",    "bad",    NULL};

	arena = arena_new();
	sources = (struct sources){.arena = arena};
	diags = (struct diags){.arena = arena};
	tree = (struct tree){0};
	options = (struct load_options){.compat = 206, .environ = variables};
	c = (struct compile){
		.arena = arena, .sources = &sources, .diags = &diags, .tree = &tree, .options = &options};
	x = expand_new(&c);
}

static void teardown(void)
{
	arena_free(&arena);
}

/* The last line of the last section that a text makes. */
static const struct line *read_text(const char *text)
{
	uint32_t source = sources_add(&sources, STR("t.cfg"), str_from(text), true);
	const struct section *section;

	expand_source(x, source);
	ck_assert_uint_gt(tree.sections.n, 0);
	section = tree.sections.v[tree.sections.n - 1];
	return section->lines.n ? section->lines.v[section->lines.n - 1] : section->header;
}

static void expect_span(const struct word *w, size_t off, size_t len, const char *text)
{
	struct str s = sources_span(&sources, word_span(w, off, len));

	ck_assert_msg(str_is(s, text), "[%zu, +%zu) is '%.*s', not '%s'", off, len, STR_ARG(s), text);
}

START_TEST(test_spans_plain)
{
	const struct line *line = read_text("frontend f\n\tacl abc \"def\" # x\n");

	ck_assert_uint_eq(line->nwords, 3);
	expect_span(&line->words[1], 0, 3, "abc");
	expect_span(&line->words[1], 1, 1, "b");
	expect_span(&line->words[1], 1, 99, "bc");
	expect_span(&line->words[1], 3, 0, "");
	expect_span(&line->words[1], 99, 1, "");
	expect_span(&line->words[2], 0, 3, "def");
	expect_span(&line->words[2], 2, 1, "f");
	ck_assert(str_is(sources_span(&sources, line->span), "acl abc \"def\""));
	ck_assert(str_is(sources_span(&sources, line->comment), "# x"));
}
END_TEST

START_TEST(test_spans_decoded)
{
	const struct line *line =
		read_text("frontend f\n\tx a\\x41b\"c\\\\d\"'e'\\ f \"${FOO}x${FOO}\" \"${LIST[*]}\"y\n");
	const struct word *w = line->words;

	ck_assert(str_is(w[1].text, "aAbc\\de f"));
	expect_span(&w[1], 0, 1, "a");
	expect_span(&w[1], 1, 1, "\\x41");
	expect_span(&w[1], 4, 1, "\\\\");
	expect_span(&w[1], 7, 2, "\\ f");
	ck_assert(str_is(w[2].text, "fooxfoo"));
	expect_span(&w[2], 0, 1, "${FOO}");
	expect_span(&w[2], 1, 2, "${FOO}");
	expect_span(&w[2], 2, 2, "${FOO}x");
	expect_span(&w[2], 3, 1, "x");
	expect_span(&w[2], 5, 2, "${FOO}");
	ck_assert_uint_eq(line->nwords, 5);
	ck_assert(str_is(w[3].text, "p"));
	ck_assert(str_is(w[4].text, "qy"));
	expect_span(&w[3], 0, 1, "${LIST[*]}");
	expect_span(&w[4], 1, 1, "y");
}
END_TEST

/* Every word ends in a NUL that does not count. */
START_TEST(test_terminators)
{
	static const char text[] = "frontend f\n\tab cd#e\n\t\"gh\" 'i'\\ j \"$FOO\" \"\" x\r\n\tlast";
	const struct section *section;

	read_text(text);
	section = tree.sections.v[0];
	vec_each (line, &section->lines) {
		for (uint32_t i = 0; i < (*line)->nwords; i++)
			ck_assert_int_eq((*line)->words[i].text.ptr[(*line)->words[i].text.len], '\0');
	}
	ck_assert_uint_eq(section->lines.n, 3);
	/* The source itself is as it was. */
	ck_assert(str_is(sources_get(&sources, 1)->text, text));
}
END_TEST

START_TEST(test_environment)
{
	ck_assert(str_is(*env_get(expand_env(x), STR("FOO")), "foo"));
	ck_assert(str_is(*env_get(expand_env(x), STR("EMPTY")), ""));
	ck_assert_ptr_null(env_get(expand_env(x), STR("bad")));
	ck_assert_ptr_null(env_get(expand_env(x), STR("")));
	read_text("global\n\tsetenv A 1\n\tpresetenv A 2\n\tpresetenv FOO 3\n\tunsetenv EMPTY\n\tpresetenv "
		  "EMPTY 4\n");
	ck_assert(str_is(*env_get(expand_env(x), STR("A")), "1"));
	ck_assert(str_is(*env_get(expand_env(x), STR("FOO")), "foo"));
	ck_assert(str_is(*env_get(expand_env(x), STR("EMPTY")), "4"));
	read_text("global\n\tresetenv A\n");
	ck_assert(str_is(*env_get(expand_env(x), STR("A")), "1"));
	ck_assert_ptr_null(env_get(expand_env(x), STR("FOO")));
	ck_assert_uint_eq(diags.list.n, 0);
}
END_TEST

/* What the program defines cannot be overridden from outside. */
START_TEST(test_defines)
{
	static const char *const defines[] = {"FOO=defined", NULL};

	options.defines = defines;
	x = expand_new(&c);
	ck_assert(str_is(read_text("global\n\tx \"$FOO\"\n")->words[1].text, "defined"));
}
END_TEST

START_TEST(test_addresses)
{
	const struct line *line = read_text("listen l\n\tbind plain:80 ${FOO}:80 $FOO$EMPTY\n");
	const struct word *w = line->words;

	ck_assert_ptr_eq(word_as_address(&tree, &w[1]), &w[1]);
	ck_assert(str_is(w[2].text, "${FOO}:80"));
	ck_assert(str_is(word_as_address(&tree, &w[2])->text, "foo:80"));
	expect_span(word_as_address(&tree, &w[2]), 3, 3, ":80");
	ck_assert(str_is(word_as_address(&tree, &w[3])->text, "foo"));
}
END_TEST

/* Sections and blocks end with their file, the environment does not. */
START_TEST(test_sources)
{
	read_text("global\n\tsetenv A 1\n.if 1\n");
	ck_assert_uint_eq(diags.errors, 1);
	read_text("stray \"$A\"\n");
	ck_assert_uint_eq(tree.sections.n, 2);
	ck_assert_ptr_null(tree.sections.v[1]->header);
	ck_assert(str_is(tree.sections.v[1]->lines.v[0]->words[1].text, "1"));
	ck_assert_uint_eq(diags.errors, 1);
}
END_TEST

/* A value that doubles with every line stops growing. */
START_TEST(test_doubling)
{
	struct out text = out_growing(1 << 16);

	out_puts(&text, "global\n");
	for (int i = 0; i < 60; i++)
		out_puts(&text, "\tsetenv A \"${A-0123456789}${A-0123456789}\"\n");
	out_puts(&text, "frontend f\n\tbind :80\n");
	out_char(&text, '\0');
	ck_assert(str_is(read_text(text.buf)->words[0].text, "bind"));
	ck_assert_uint_eq(diags.errors, 1);
	ck_assert_int_eq(diags.list.v[0]->code, D_EXPANSION_SIZE);
	ck_assert_uint_lt(arena_size(arena), 300 << 20);
	out_free(&text);
}
END_TEST

START_TEST(test_section_guess)
{
	ck_assert(str_is(section_guess(STR("fronted"))->name, "frontend"));
	ck_assert(str_is(section_guess(STR("default"))->name, "defaults"));
	ck_assert(str_is(section_guess(STR("Global"))->name, "global"));
	ck_assert_ptr_null(section_guess(STR("peer")));
	ck_assert_ptr_null(section_guess(STR("use_backend")));
	ck_assert_ptr_null(section_guess(STR("use-backend")));
	ck_assert_ptr_null(section_guess(STR("log-fromat")));
	ck_assert_ptr_null(section_guess(STR("option")));
	ck_assert_ptr_null(section_find(STR("Global")));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("expand");
	TCase *tc = tcase_create("expand");

	tcase_set_timeout(tc, 60); /* sanitizers on a busy machine */
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_spans_plain);
	tcase_add_test(tc, test_spans_decoded);
	tcase_add_test(tc, test_terminators);
	tcase_add_test(tc, test_environment);
	tcase_add_test(tc, test_defines);
	tcase_add_test(tc, test_addresses);
	tcase_add_test(tc, test_sources);
	tcase_add_test(tc, test_section_guess);
	tcase_add_test(tc, test_doubling);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
