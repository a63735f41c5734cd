/* Sources: positions, lines, reading files. */
#include "grammar/text.h"
#include "tests/unit/run.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct arena *arena;
static struct sources sources;

static void setup(void)
{
	arena = arena_new();
	sources = (struct sources){.arena = arena};
}

static void teardown(void)
{
	arena_free(&arena);
}

static void expect_position(uint32_t source, uint32_t off, uint32_t line, uint32_t column)
{
	struct position p = sources_position(&sources, source, off);

	ck_assert_uint_eq(p.line, line);
	ck_assert_uint_eq(p.column, column);
}

static void expect_line(uint32_t source, uint32_t line, const char *text)
{
	struct str s = sources_line(&sources, source, line);

	ck_assert_msg(str_is(s, text), "line %u is '%.*s', not '%s'", line, STR_ARG(s), text);
}

START_TEST(test_positions)
{
	uint32_t id = sources_add(&sources, STR("a"), STR("one\n\r\ntwo\r\nlast"), true);

	ck_assert_uint_eq(id, 1);
	expect_position(id, 0, 1, 1);
	expect_position(id, 3, 1, 4);
	expect_position(id, 4, 2, 1);
	expect_position(id, 6, 3, 1);
	expect_position(id, 11, 4, 1);
	expect_position(id, 15, 4, 5);
	expect_position(id, 999, 4, 5);
	expect_line(id, 1, "one");
	expect_line(id, 2, "");
	expect_line(id, 3, "two");
	expect_line(id, 4, "last");
	expect_line(id, 5, "");
	expect_line(id, 0, "");
}
END_TEST

START_TEST(test_ends)
{
	uint32_t empty = sources_add(&sources, STR("empty"), STR(""), true);
	uint32_t one = sources_add(&sources, STR("one"), STR("x\n"), true);

	expect_position(empty, 0, 1, 1);
	ck_assert_uint_eq(sources_get(&sources, empty)->nlines, 1);
	expect_position(one, 1, 1, 2);
	expect_position(one, 2, 1, 3);
	ck_assert_uint_eq(sources_get(&sources, one)->nlines, 1);
	expect_position(0, 0, 0, 0);
	expect_position(3, 0, 0, 0);
	ck_assert_ptr_null(sources_get(&sources, 3));
	ck_assert(str_is(sources_span(&sources, (struct span){one, 0, 1}), "x"));
	ck_assert_uint_eq(sources_span(&sources, (struct span){one, 1, 99}).len, 1);
}
END_TEST

static void write_file(const char *path, const char *data, size_t len)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, len, f), len);
	fclose(f);
}

START_TEST(test_files)
{
	char dir[] = "/tmp/lbd-text-XXXXXX", path[64], *big = malloc(300000);
	const struct source *src;
	uint32_t id;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.cfg", dir);
	memset(big, 'x', 300000);
	write_file(path, big, 300000);
	id = sources_add_file(&sources, path);
	src = sources_get(&sources, id);
	ck_assert_ptr_nonnull(src);
	ck_assert_uint_eq(src->text.len, 300000);
	ck_assert_int_eq(src->text.ptr[300000], '\0');
	ck_assert_int_eq(memcmp(src->text.ptr, big, 300000), 0);
	write_file(path, "", 0);
	id = sources_add_file(&sources, path);
	ck_assert_uint_eq(sources_get(&sources, id)->text.len, 0);
	ck_assert_uint_eq(sources_add_file(&sources, dir), 0);
	ck_assert_int_eq(errno, EISDIR);
	unlink(path);
	ck_assert_uint_eq(sources_add_file(&sources, path), 0);
	ck_assert_int_eq(errno, ENOENT);
	rmdir(dir);
	free(big);
}
END_TEST

/* A pipe has no size, and comes in pieces. */
START_TEST(test_pipe)
{
	char path[64], *big = malloc(200000);
	const struct source *src;
	int fds[2];
	pid_t pid;

	memset(big, 'y', 200000);
	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		ssize_t n = write(fds[1], big, 200000);
		_exit(n == 200000 ? 0 : 1);
	}
	close(fds[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	src = sources_get(&sources, sources_add_file(&sources, path));
	ck_assert_ptr_nonnull(src);
	ck_assert_uint_eq(src->text.len, 200000);
	ck_assert_int_eq(memcmp(src->text.ptr, big, 200000), 0);
	close(fds[0]);
	free(big);
}
END_TEST

START_TEST(test_no_memory)
{
	char path[] = "/tmp/lbd-text-XXXXXX", data[20000] = {0};
	int fd = mkstemp(path);

	ck_assert_int_eq(write(fd, data, sizeof(data)), (ssize_t)sizeof(data));
	close(fd);
	arena_limit(arena, 10000);
	ck_assert_uint_eq(sources_add_file(&sources, path), 0);
	ck_assert_int_eq(errno, ENOMEM);
	unlink(path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("text");
	TCase *tc = tcase_create("text");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_positions);
	tcase_add_test(tc, test_ends);
	tcase_add_test(tc, test_files);
	tcase_add_test(tc, test_pipe);
	tcase_add_test(tc, test_no_memory);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
