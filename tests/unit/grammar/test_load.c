/* The entry: files, directories, texts, and memory that runs out at any point. */
#include "grammar/load.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "grammar/section.h"
#include "tests/unit/run.h"

static char dir[32];
static struct load_options options;

static void setup(void)
{
	strcpy(dir, "/tmp/lbd-load-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	options = (struct load_options){.compat = 206};
}

static void teardown(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static char *in_dir(const char *name)
{
	static char paths[16][64];
	static unsigned next;
	char *path = paths[next++ % 16];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(in_dir(name), "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

/* Names of the sections that were read, each followed by a blank. */
static const char *sections_of(const struct loaded *l)
{
	static char names[256];

	names[0] = '\0';
	vec_each (section, &l->tree.sections) {
		strcat(names, (*section)->header->words[1].text.ptr);
		strcat(names, " ");
	}
	return names;
}

/* Is a diagnostic of this code among them? */
static bool has_code(const struct loaded *l, enum diag_code code)
{
	vec_each (g, &l->diags.list) {
		if ((*g)->code == code)
			return true;
	}
	return false;
}

START_TEST(test_directory)
{
	const char *paths[] = {in_dir("one"), dir};
	struct loaded *l;

	write_file("one", "backend one\n");
	write_file("c.cfg", "backend c\n");
	write_file("B.cfg", "backend B\n");
	write_file("10.cfg", "backend ten\n");
	write_file(".hidden.cfg", "backend hidden\n");
	write_file("other.conf", "backend other\n");
	ck_assert_int_eq(mkdir(in_dir("dir.cfg"), 0700), 0);
	l = load_files(paths, 2, &options);
	ck_assert_str_eq(sections_of(l), "one ten B c ");
	loaded_free(&l);
	ck_assert_ptr_null(l);
}
END_TEST

START_TEST(test_unreadable)
{
	const char *paths[] = {in_dir("missing"), dir, in_dir("good")};
	struct loaded *l;

	write_file("good", "backend good\n");
	l = load_files(paths, 3, &options);
	ck_assert(has_code(l, D_FILE_UNREADABLE));
	ck_assert(has_code(l, D_DIRECTORY_EMPTY));
	ck_assert_uint_ge(l->diags.errors, 2);
	ck_assert_str_eq(sections_of(l), "good ");
	ck_assert_ptr_null(l->model);
	loaded_free(&l);
	ck_assert_int_eq(symlink("nowhere", in_dir("broken.cfg")), 0);
	paths[0] = dir;
	l = load_files(paths, 1, &options);
	ck_assert(has_code(l, D_FILE_UNREADABLE));
	loaded_free(&l);
}
END_TEST

START_TEST(test_work_dir)
{
	const char *paths[] = {"a.cfg"};
	struct loaded *l;

	write_file("a.cfg", "backend a \"${.FILE}\"\n");
	options.work_dir = dir;
	l = load_files(paths, 1, &options);
	ck_assert_str_eq(sections_of(l), "a ");
	ck_assert(str_is(l->tree.sections.v[0]->header->words[2].text, "a.cfg"));
	loaded_free(&l);
}
END_TEST

START_TEST(test_text)
{
	struct loaded *l = load_text(STR("<text>"), STR("frontend \"f\nfrontend g\n\tbind :80"), &options);

	ck_assert_str_eq(sections_of(l), "f g ");
	ck_assert(has_code(l, D_QUOTE_UNMATCHED));
	ck_assert(has_code(l, D_LINE_END_MISSING));
	loaded_free(&l);
	loaded_free(&l);
	loaded_free(NULL);
}
END_TEST

/* However little memory there is: a diagnostic, never a crash or a leak. */
START_TEST(test_memory)
{
	static const char text[] =
		"global\n\tsetenv A \"b c\"\n.if defined(A) && streq(\"$A\",x)\n.else\nfrontend f\n"
		"\tbind \"${A[*]}\":80 $A\n\tbad \"x\n\ta \"\" b\n.endif\nfronted x\n.endif\n";
	struct loaded *l;

	for (options.memory = 1; options.memory < 2000000; options.memory += options.memory / 16 + 61) {
		l = load_text(STR("t"), STR(text), &options);
		ck_assert_ptr_nonnull(l);
		ck_assert_ptr_null(l->model);
		ck_assert_uint_gt(l->diags.errors, 0);
		loaded_free(&l);
	}
	l = load_text(STR("t"), STR(text), &options);
	ck_assert(!has_code(l, D_OUT_OF_MEMORY));
	loaded_free(&l);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("load");
	TCase *tc = tcase_create("load");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_directory);
	tcase_add_test(tc, test_unreadable);
	tcase_add_test(tc, test_work_dir);
	tcase_add_test(tc, test_text);
	tcase_add_test(tc, test_memory);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
