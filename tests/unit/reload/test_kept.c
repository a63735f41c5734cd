/* Sockets of an old process: found again by address, type, interface and IPV6_V6ONLY; the rest is closed. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/reload/kept.h"
#include "tests/unit/run.h"

static int listen_on(struct sockaddr_storage *ss, socklen_t len, bool v6only)
{
	int fd = socket(ss->ss_family, SOCK_STREAM, 0), one = v6only;

	if (ss->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)ss, len), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	if (ss->ss_family != AF_UNIX)
		getsockname(fd, (struct sockaddr *)ss, &len);
	return fd;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

START_TEST(inet)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_storage a = {0}, b = {0};
	struct fd_set_kept *k = kept_new();
	int fa, fb;

	memcpy(&a, &in, sizeof(in));
	memcpy(&b, &in, sizeof(in));
	fa = listen_on(&a, sizeof(in), false);
	fb = listen_on(&b, sizeof(in), false);
	ck_assert(kept_add(k, fa, STR_NONE));
	ck_assert(kept_add(k, fb, STR("lo")));
	ck_assert_uint_eq(kept_count(k), 2);
	ck_assert_int_eq(kept_take(k, &b, SOCK_STREAM, STR_NONE, false), -1);
	ck_assert_int_eq(kept_take(k, &a, SOCK_DGRAM, STR_NONE, false), -1);
	ck_assert_int_eq(kept_take(k, &a, SOCK_STREAM, STR_NONE, false), fa);
	ck_assert_int_eq(kept_take(k, &a, SOCK_STREAM, STR_NONE, false), -1);
	kept_free(&k);
	ck_assert_ptr_null(k);
	ck_assert(is_open(fa));
	ck_assert(!is_open(fb));
	close(fa);
}
END_TEST

START_TEST(inet6)
{
	struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_storage a = {0};
	struct fd_set_kept *k = kept_new();
	int fd;

	memcpy(&a, &in, sizeof(in));
	fd = listen_on(&a, sizeof(in), true);
	ck_assert(kept_add(k, fd, STR_NONE));
	ck_assert_int_eq(kept_take(k, &a, SOCK_STREAM, STR_NONE, false), -1);
	ck_assert_int_eq(kept_take(k, &a, SOCK_STREAM, STR_NONE, true), fd);
	kept_free(&k);
	close(fd);
}
END_TEST

static void unix_addr(struct sockaddr_storage *ss, const char *name, bool abstract)
{
	struct sockaddr_un *un = (struct sockaddr_un *)ss;

	memset(ss, 0, sizeof(*ss));
	un->sun_family = AF_UNIX;
	snprintf(un->sun_path + abstract, sizeof(un->sun_path) - 1, "%s", name);
}

START_TEST(unix_names)
{
	char dir[] = "kept-XXXXXX", name[64], temp[80];
	struct sockaddr_storage t, want;
	struct fd_set_kept *k = kept_new();
	int fd, fa;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(name, sizeof(name), "%s/s", dir);
	snprintf(temp, sizeof(temp), "%s.4711.tmp", name);
	unix_addr(&t, temp, false);
	fd = listen_on(&t, sizeof(struct sockaddr_un), false);
	ck_assert(kept_add(k, fd, STR_NONE));
	unix_addr(&want, "elsewhere", false);
	ck_assert_int_eq(kept_take(k, &want, SOCK_STREAM, STR_NONE, false), -1);
	unix_addr(&want, name, false);
	ck_assert_int_eq(kept_take(k, &want, SOCK_STREAM, STR_NONE, false), fd);
	close(fd);
	unlink(temp);
	rmdir(dir);
	unix_addr(&t, dir, true);
	fa = listen_on(&t, sizeof(struct sockaddr_un), false);
	ck_assert(kept_add(k, fa, STR_NONE));
	ck_assert_int_eq(kept_take(k, &t, SOCK_STREAM, STR_NONE, false), fa);
	close(fa);
	kept_free(&k);
}
END_TEST

START_TEST(refused)
{
	struct fd_set_kept *k = kept_new();
	int ends[2], fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert(!kept_add(k, ends[0], STR_NONE));
	ck_assert(!kept_add(k, fd, STR_NONE)); /* not listening */
	ck_assert(is_open(fd) && is_open(ends[0]));
	kept_free(&k);
	close(fd);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kept");
	TCase *t = tcase_create("kept");

	tcase_add_test(t, inet);
	tcase_add_test(t, inet6);
	tcase_add_test(t, unix_names);
	tcase_add_test(t, refused);
	suite_add_tcase(s, t);
	return unit_run(s);
}
