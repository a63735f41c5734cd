/* SOCKS4: what is sent, and answers in one piece and in many, good, bad and cut off. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/backend/socks.h"
#include "tests/unit/run.h"

START_TEST(request)
{
	static const unsigned char expected[SOCKS_REQUEST] = {4,   1,   0x1f, 0x90, 10,  1,   2,   3,
							      'H', 'A', 'P',  'r',  'o', 'x', 'y', 0};
	union addr to = {
		.in = {.sin_family = AF_INET, .sin_port = htons(8080), .sin_addr.s_addr = htonl(0x0a010203)}};
	char bytes[SOCKS_REQUEST];

	ck_assert(socks_request(bytes, &to));
	ck_assert_mem_eq(bytes, expected, sizeof(expected));
	to = (union addr){.in6 = {.sin6_family = AF_INET6}};
	ck_assert(!socks_request(bytes, &to));
}
END_TEST

static struct conn conn;
static struct socks state;
static int peer;

static void begin(void)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	conn = (struct conn){.io.fd = fds[0], .transport = &transport_raw};
	state = (struct socks){0};
	peer = fds[1];
}

static void end(void)
{
	close(conn.io.fd);
	close(peer);
}

static void say(const char *bytes, size_t n)
{
	ck_assert_int_eq(write(peer, bytes, n), (ssize_t)n);
}

START_TEST(whole)
{
	ck_assert_int_eq(socks_answer(&conn, &state), SOCKS_WAIT);
	say(_i ? "\0\x5b\0\0\0\0\0\0more" : "\0\x5a\0\0\0\0\0\0more", 12);
	ck_assert_int_eq(socks_answer(&conn, &state), _i ? SOCKS_DENIED : SOCKS_GRANTED);
	ck_assert_int_eq(transport_raw.recv(&conn, (char[8]){0}, 8), 4); /* what follows was left */
}
END_TEST

START_TEST(byte_by_byte)
{
	static const char answer[SOCKS_ANSWER] = {0, 90, 1, 2, 3, 4, 5, 6};

	for (int i = 0; i < SOCKS_ANSWER; i++) {
		say(answer + i, 1);
		ck_assert_int_eq(socks_answer(&conn, &state),
				 i + 1 < SOCKS_ANSWER ? SOCKS_WAIT : SOCKS_GRANTED);
	}
}
END_TEST

START_TEST(cut_off)
{
	say("\0\x5a\0", 3);
	ck_assert_int_eq(socks_answer(&conn, &state), SOCKS_WAIT);
	shutdown(peer, SHUT_WR);
	ck_assert_int_eq(socks_answer(&conn, &state), SOCKS_BROKEN);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("socks");
	TCase *tc = tcase_create("socks");

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, request);
	tcase_add_loop_test(tc, whole, 0, 2);
	tcase_add_test(tc, byte_by_byte);
	tcase_add_test(tc, cut_off);
	return unit_run(suite);
}
