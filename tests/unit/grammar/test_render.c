/* Renderers: what a person and a program get to see. */
#include "grammar/render.h"
#include "tests/unit/run.h"

#include <check.h>
#include <jansson.h>
#include <stdio.h>

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

static uint32_t add_text(const char *name, const char *text)
{
	return sources_add(&sources, str_from(name), str_from(text), true);
}

/* The span of the n-th (from 0) occurrence of a text. */
static struct span find(uint32_t source, const char *needle, unsigned nth)
{
	const char *text = sources_get(&sources, source)->text.ptr, *p = strstr(text, needle);

	while (nth-- && p)
		p = strstr(p + 1, needle);
	ck_assert_msg(p != NULL, "no '%s'", needle);
	return (struct span){source, (uint32_t)(p - text), (uint32_t)strlen(needle)};
}

static void expect_text(struct render_options options, const char *expected)
{
	render_text(&out, &diags, &sources, &options);
	out_char(&out, '\0');
	ck_assert_str_eq(out.buf, expected);
}

START_TEST(test_full)
{
	uint32_t id = add_text(
		"haproxy.cfg",
		"frontend f\n    use_backend bk_api if { path /api }\n\n\n\n\n\n\n\nbackend bk_apis\n");
	struct diag *g =
		diag_add(&diags, D_FILE_UNREADABLE, find(id, "bk_api", 0), "no backend named `%s`", "bk_api");

	diag_label(&diags, g, "not defined");
	diag_also(&diags, g, find(id, "bk_apis", 0), "a similar name is defined here");
	diag_note(&diags, g, "names are case-sensitive");
	diag_help(&diags, g, "spell it out");
	diag_fix(&diags, g, FIX_LIKELY, find(id, "bk_api", 0), STR("bk_apis"), "use `%s`", "bk_apis");
	diag_haproxy(&diags, g, "unable to find it");
	expect_text((struct render_options){.haproxy = true, .explain = "lbcheck explain"},
		    "error[LBE0002]: no backend named `bk_api`\n"
		    "  --> haproxy.cfg:2:17\n"
		    "   |\n"
		    " 2 |     use_backend bk_api if { path /api }\n"
		    "   |                 ^^^^^^ not defined\n"
		    "...\n"
		    "10 | backend bk_apis\n"
		    "   |         ------- a similar name is defined here\n"
		    "   |\n"
		    "   = note: names are case-sensitive\n"
		    "   = help: spell it out\n"
		    "help: use `bk_apis` [fix: likely]\n"
		    "   |\n"
		    " 2 |     use_backend bk_apis if { path /api }\n"
		    "   |                 ~~~~~~~\n"
		    "   = haproxy: unable to find it\n"
		    "   = see: `lbcheck explain LBE0002`\n"
		    "\n");
}
END_TEST

START_TEST(test_labels)
{
	uint32_t a = add_text("a.cfg", "server s1 weight 1 weight 2\nx\nserver s1\n"),
		 b = add_text("b.cfg", "\tserver s1\n");
	struct diag *g = diag_add(&diags, D_FILE_UNREADABLE, find(a, "weight", 1), "twice");

	diag_label(&diags, g, "second");
	diag_also(&diags, g, find(a, "weight", 0), "first");
	diag_also(&diags, g, find(a, "s1", 0), "in this server");
	diag_also(&diags, g, find(a, "s1", 1), "here too");
	diag_also(&diags, g, find(b, "s1", 0), "and there");
	expect_text((struct render_options){0}, "error[LBE0002]: twice\n"
						" --> a.cfg:1:20\n"
						"  |\n"
						"1 | server s1 weight 1 weight 2\n"
						"  |        -- ------   ^^^^^^ second\n"
						"  |        |  |\n"
						"  |        |  first\n"
						"  |        in this server\n"
						"2 | x\n"
						"3 | server s1\n"
						"  |        -- here too\n"
						" ::: b.cfg:1:9\n"
						"  |\n"
						"1 |     server s1\n"
						"  |            -- and there\n"
						"\n");
}
END_TEST

/* Columns count characters, carets count columns. */
START_TEST(test_characters)
{
	uint32_t id = add_text("u.cfg", "\tb\xc3\xa4h \xe6\xbc\xa2 \x1b[31m \xff \xe2\x80\xae x!\n");

	diag_label(&diags, diag_add(&diags, D_FILE_UNREADABLE, find(id, "x", 0), "odd \x1b byte"), "here");
	diag_label(&diags, diag_add(&diags, D_FILE_UNREADABLE, find(id, "\xe6\xbc\xa2", 0), "wide"), "wide");
	expect_text((struct render_options){0},
		    "error[LBE0002]: odd \xe2\x90\x9b byte\n"
		    " --> u.cfg:1:18\n"
		    "  |\n"
		    "1 |     b\xc3\xa4h \xe6\xbc\xa2 \xe2\x90\x9b[31m \xef\xbf\xbd <U+202E> x!\n"
		    "  |                             ^ here\n"
		    "\n"
		    "error[LBE0002]: wide\n"
		    " --> u.cfg:1:6\n"
		    "  |\n"
		    "1 |     b\xc3\xa4h \xe6\xbc\xa2 \xe2\x90\x9b[31m \xef\xbf\xbd <U+202E> x!\n"
		    "  |         ^^ wide\n"
		    "\n");
}
END_TEST

START_TEST(test_window)
{
	char line[3001];
	uint32_t id;

	memset(line, 'a', 3000);
	memcpy(line + 1500, "ERR", 3);
	line[3000] = '\0';
	id = add_text("long.cfg", line);
	diag_label(&diags, diag_add(&diags, D_FILE_UNREADABLE, find(id, "ERR", 0), "long"), "here");
	expect_text((struct render_options){.width = 60},
		    "error[LBE0002]: long\n"
		    " --> long.cfg:1:1501\n"
		    "  |\n"
		    "1 | ...aaaaaaaaaaaaaaaaERRaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\n"
		    "  |                    ^^^ here\n"
		    "\n");
}
END_TEST

START_TEST(test_line_end)
{
	uint32_t id = add_text("e.cfg", "abc\r\ndef");
	struct diag *g = diag_add(&diags, D_FILE_UNREADABLE, (struct span){id, 8, 0}, "no end");

	diag_fix(&diags, g, FIX_CERTAIN, (struct span){id, 8, 0}, STR("\n"), "add a line end");
	g = diag_add(&diags, D_OUT_OF_MEMORY, SPAN_NONE, "placeless");
	diag_note(&diags, g, "a note");
	g = diag_add(&diags, D_FILE_UNREADABLE, (struct span){id, 1, 7}, "two lines");
	diag_fix(&diags, g, FIX_CERTAIN, (struct span){id, 0, 1}, STR(""), "remove it");
	expect_text((struct render_options){0}, "error[LBE0002]: no end\n"
						" --> e.cfg:2:4\n"
						"  |\n"
						"2 | def\n"
						"  |    ^\n"
						"  |\n"
						"help: add a line end [fix: certain]\n"
						"\n"
						"error[LBE0001]: placeless\n"
						"  = note: a note\n"
						"\n"
						"error[LBE0002]: two lines\n"
						" --> e.cfg:1:2\n"
						"  |\n"
						"1 | abc\n"
						"  |  ^^\n"
						"  |\n"
						"help: remove it [fix: certain]\n"
						"  |\n"
						"1 - abc\n"
						"1 + bc\n"
						"\n");
}
END_TEST

START_TEST(test_limit_and_color)
{
	uint32_t id = add_text("c.cfg", "x\n");

	for (int i = 0; i < 3; i++)
		diag_add(&diags, D_FILE_UNREADABLE, find(id, "x", 0), "m");
	expect_text((struct render_options){.max = 1, .color = true},
		    "\033[1;31merror[LBE0002]\033[0m\033[1m: m\033[0m\n"
		    "\033[1;34m --> \033[0mc.cfg:1:1\n"
		    "\033[1;34m  |\033[0m\n"
		    "\033[1;34m1 |\033[0m x\n"
		    "\033[1;34m  |\033[0m \033[1;31m^\033[0m\n"
		    "\n"
		    "... and 2 more\n");
}
END_TEST

START_TEST(test_haproxy)
{
	uint32_t id = add_text("h.cfg", "x\ny\n");

	diag_haproxy(&diags, diag_add(&diags, D_FILE_UNREADABLE, find(id, "y", 0), "m"), "unknown keyword 'y'");
	diag_haproxy(&diags, diag_add(&diags, D_FILE_UNREADABLE, find(id, "y", 0), "m"),
		     ": unmatched:\n  y\n  ^");
	diag_haproxy_unplaced(&diags, diag_add(&diags, D_FILE_UNREADABLE, find(id, "y", 0), "m"),
			      "Proxy 'f': bad.");
	diag_add(&diags, D_FILE_UNREADABLE, find(id, "x", 0), "our words");
	render_haproxy(&out, &diags, &sources, &(struct render_options){.pid = 42});
	out_char(&out, '\0');
	ck_assert_str_eq(out.buf, "[ALERT]    (42) : config : parsing [h.cfg:2] : unknown keyword 'y'\n"
				  "[ALERT]    (42) : config : parsing [h.cfg:2]: unmatched:\n  y\n  ^\n"
				  "[ALERT]    (42) : config : Proxy 'f': bad.\n"
				  "[ALERT]    (42) : config : parsing [h.cfg:1] : our words.\n");
}
END_TEST

static json_int_t number_at(json_t *object, const char *name)
{
	ck_assert_msg(json_is_integer(json_object_get(object, name)), "no number %s", name);
	return json_integer_value(json_object_get(object, name));
}

static void expect_string(json_t *object, const char *name, const char *value)
{
	ck_assert_msg(json_is_string(json_object_get(object, name)), "no string %s", name);
	ck_assert_str_eq(json_string_value(json_object_get(object, name)), value);
}

START_TEST(test_json)
{
	uint32_t id = add_text("j\".cfg", "a\n\xc3\xa4 bad \xff\n");
	struct diag *g = diag_add(&diags, D_FILE_UNREADABLE, find(id, "bad", 0), "msg `\x01`");
	json_t *root, *span, *child;

	diag_also(&diags, g, find(id, "a", 0), "see \"this\"");
	diag_note(&diags, g, "note");
	diag_fix(&diags, g, FIX_CERTAIN, find(id, "bad ", 0), STR(""), "drop");
	diag_haproxy(&diags, g, "words");
	render_json(&out, &diags, &sources, &(struct render_options){0});
	ck_assert_int_eq(out.buf[out.len - 1], '\n');
	root = json_loadb(out.buf, out.len, 0, NULL);
	ck_assert_ptr_nonnull(root);
	expect_string(root, "message", "msg `\x01`");
	expect_string(root, "level", "error");
	expect_string(root, "haproxy", "words");
	expect_string(json_object_get(root, "code"), "code", "LBE0002");
	expect_string(json_object_get(root, "code"), "name", "unreadable-file");
	span = json_array_get(json_object_get(root, "spans"), 0);
	expect_string(span, "file_name", "j\".cfg");
	ck_assert_int_eq(number_at(span, "byte_start"), 5);
	ck_assert_int_eq(number_at(span, "byte_end"), 8);
	ck_assert_int_eq(number_at(span, "line_start"), 2);
	ck_assert_int_eq(number_at(span, "column_start"), 3);
	ck_assert_int_eq(number_at(span, "column_end"), 6);
	span = json_array_get(json_object_get(root, "spans"), 1);
	expect_string(span, "label", "see \"this\"");
	child = json_array_get(json_object_get(root, "children"), 1);
	expect_string(child, "message", "drop");
	span = json_array_get(json_object_get(child, "spans"), 0);
	expect_string(span, "suggested_replacement", "");
	expect_string(span, "suggestion_applicability", "MachineApplicable");
	json_decref(root);
}
END_TEST

START_TEST(test_sort)
{
	uint32_t id = add_text("s.cfg", "abc\n");

	diag_add(&diags, D_FILE_UNREADABLE, find(id, "c", 0), "1");
	diag_add(&diags, D_FILE_UNREADABLE, find(id, "a", 0), "2");
	diag_add(&diags, D_FILE_UNREADABLE, SPAN_NONE, "3");
	diag_add(&diags, D_FILE_UNREADABLE, find(id, "a", 0), "4");
	diags_sort(&diags);
	ck_assert(str_is(diags.list.v[0]->message, "3"));
	ck_assert(str_is(diags.list.v[1]->message, "2"));
	ck_assert(str_is(diags.list.v[2]->message, "4"));
	ck_assert(str_is(diags.list.v[3]->message, "1"));
	ck_assert_uint_eq(diags.errors, 4);
}
END_TEST

/* Beyond the limit diagnostics are counted, and take no memory. */
START_TEST(test_many)
{
	uint32_t id = add_text("m.cfg", "x\n");
	size_t size = 0;

	for (int i = 0; i < DIAGS_MAX + 50000; i++) {
		struct diag *g = diag_add(&diags, D_FILE_UNREADABLE, find(id, "x", 0), "message %d", i);
		diag_label(&diags, g, "label %d", i);
		diag_also(&diags, g, find(id, "x", 0), "also %d", i);
		diag_note(&diags, g, "note %d", i);
		diag_help(&diags, g, "help %d", i);
		diag_haproxy(&diags, g, "words %d", i);
		diag_fix(&diags, g, FIX_LIKELY, find(id, "x", 0), STR("y"), "fix %d", i);
		if (i == DIAGS_MAX + 10)
			size = arena_size(arena);
	}
	ck_assert_uint_eq(arena_size(arena), size);
	ck_assert_uint_eq(diags.list.n, DIAGS_MAX);
	ck_assert_uint_eq(diags.errors, DIAGS_MAX + 50000);
	render_text(&out, &diags, &sources, &(struct render_options){.max = 1});
	out_char(&out, '\0');
	ck_assert_ptr_nonnull(strstr(out.buf, "... and 59999 more\n"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("render");
	TCase *tc = tcase_create("render");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_full);
	tcase_add_test(tc, test_labels);
	tcase_add_test(tc, test_characters);
	tcase_add_test(tc, test_window);
	tcase_add_test(tc, test_line_end);
	tcase_add_test(tc, test_limit_and_color);
	tcase_add_test(tc, test_haproxy);
	tcase_add_test(tc, test_json);
	tcase_add_test(tc, test_sort);
	tcase_add_test(tc, test_many);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
