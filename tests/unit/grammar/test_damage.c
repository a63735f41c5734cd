/* Every sample with any one line damaged: an error at that very line, whatever else is said, and never a crash.
 */
#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "grammar/base/out.h"
#include "grammar/load.h"
#include "tests/unit/run.h"

/* What is done to a line: `text` instead of its first byte that is not blank, or behind its end. */
struct damage {
	const char *what;
	const char *text;
	bool behind;
};

static const struct damage damages[] = {
	{"keyword garbled", "zqx", false},       {"quote opened before it", "\"", false},
	{"quote opened behind it", " \"", true}, {"escape broken", " \\xg", true},
	{"variable broken", " \"${1}\"", true},  {"NUL byte", "", true},
};

static bool is_empty(struct str line)
{
	line = str_trim(line);
	return !line.len || line.ptr[0] == '#';
}

/* The text with one of its lines, the bytes [from, from + len), damaged. */
static struct out damaged(struct str text, size_t from, size_t len, const struct damage *d)
{
	struct out o = out_growing(1 << 20);
	size_t at = from;

	if (d->behind) {
		size_t comment = str_chr(str_sub(text, from, len), '#');
		at = from + comment;
	} else {
		while (text.ptr[at] == ' ' || text.ptr[at] == '\t')
			at++;
	}
	out_str(&o, str_sub(text, 0, at));
	if (d->text[0])
		out_puts(&o, d->text);
	else
		out_char(&o, '\0');
	out_str(&o, str_tail(text, at + !d->behind));
	return o;
}

static bool error_at(const struct loaded *l, uint32_t line)
{
	vec_each (g, &l->diags.list) {
		if ((*g)->severity == SEV_ERROR &&
		    sources_position(&l->sources, (*g)->span.source, (*g)->span.off).line == line)
			return true;
	}
	return false;
}

static void try_damage(const char *path, struct str text, size_t from, size_t len, uint32_t line,
		       const struct damage *d)
{
	struct load_options options = {.compat = 206, .offline = true};
	struct out o = damaged(text, from, len, d);
	struct loaded *l = load_text(str_from(path), out_get(&o), &options);

	ck_assert_ptr_nonnull(l);
	ck_assert_msg(error_at(l, line), "%s:%u: %s: no error there", path, line, d->what);
	loaded_free(&l);
	out_free(&o);
}

static void damage_lines(const char *path, struct str text)
{
	uint32_t line = 1;

	for (size_t from = 0, end; from < text.len; from = end + 1, line++) {
		end = from + str_chr(str_tail(text, from), '\n');
		if (is_empty(str_sub(text, from, end - from)))
			continue;
		for (unsigned i = 0; i < sizeof(damages) / sizeof(damages[0]); i++)
			try_damage(path, text, from, end - from, line, &damages[i]);
	}
}

START_TEST(test_samples)
{
	const char *srcdir = getenv("srcdir");
	struct arena *arena = arena_new();
	struct sources sources = {.arena = arena};
	char pattern[4096];
	glob_t paths;

	snprintf(pattern, sizeof(pattern), "%s/samples/*.cfg", srcdir ? srcdir : ".");
	ck_assert_int_eq(glob(pattern, 0, NULL, &paths), 0);
	for (size_t i = 0; i < paths.gl_pathc; i++) {
		uint32_t source = sources_add_file(&sources, paths.gl_pathv[i]);
		ck_assert_uint_ne(source, 0);
		damage_lines(paths.gl_pathv[i], sources_get(&sources, source)->text);
	}
	ck_assert_uint_gt(sources.list.n, 0);
	globfree(&paths);
	arena_free(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("damage");
	TCase *tc = tcase_create("damage");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_samples);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
