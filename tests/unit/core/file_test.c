/* Whole files: bounds, files that do not say how long they are, what is no file. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/core/file.h"
#include "tests/unit/run.h"

static char path[] = "/tmp/file_test.XXXXXX";

static void expect(const char *text, size_t limit)
{
	size_t len = 0;
	char *got = file_read(path, limit, &len);

	ck_assert_ptr_nonnull(got);
	ck_assert_uint_eq(len, strlen(text));
	ck_assert_str_eq(got, text);
	free(got);
}

START_TEST(regular)
{
	int fd = mkstemp(path);
	size_t len;

	expect("", 0);
	ck_assert_int_eq(write(fd, "abcd", 4), 4);
	close(fd);
	expect("abcd", 4);
	expect("abcd", 1 << 20);
	ck_assert_ptr_null(file_read(path, 3, &len));
	ck_assert_int_eq(errno, EFBIG);
	unlink(path);
	ck_assert_ptr_null(file_read(path, 3, &len));
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

/* Neighbours of different protection: a line each in /proc/self/maps. */
static void make_maps(int n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *area = mmap(NULL, page * (size_t)n, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(area != MAP_FAILED);
	for (int i = 0; i < n; i += 2)
		ck_assert_int_eq(mprotect(area + page * (size_t)i, page, PROT_NONE), 0);
}

START_TEST(special)
{
	size_t len = 0, most;
	char *text;

	strcpy(path + strlen(path) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	expect("", 10);
	rmdir(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	expect("", 10);
	unlink(path);
	make_maps(1000);
	text = file_read("/proc/self/maps", 1 << 20, &len);
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_gt(len, 20000);
	ck_assert_uint_eq(strlen(text), len);
	ck_assert_ptr_nonnull(strstr(text, "[stack]"));
	most = len - 1000;
	free(text);
	ck_assert_ptr_null(file_read("/proc/self/maps", most, &len));
	ck_assert_int_eq(errno, EFBIG);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("file");
	TCase *tc = tcase_create("file");

	tcase_add_test(tc, regular);
	tcase_add_test(tc, special);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
