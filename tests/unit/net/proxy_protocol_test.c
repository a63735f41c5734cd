/* Headers of the PROXY protocol, good and bad, and every way of cutting the good ones short. */
#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>

#include "runtime/net/address.h"
#include "runtime/net/proxy_protocol.h"
#include "tests/unit/run.h"

static union addr src, dst;

static size_t parsed(const char *data, size_t len)
{
	char *copy = malloc(len ? len : 1); /* of exactly that size, so that reading on is seen */
	struct str fields;
	size_t n = 0;

	memset(&src, 0, sizeof(src));
	memset(&dst, 0, sizeof(dst));
	memcpy(copy, data, len);
	if (proxy_protocol_read(str_make(copy, len), &src, &dst, &n, &fields) != HEADER_DONE)
		n = 0;
	free(copy);
	return n;
}

#define PARSED(literal) parsed(literal, sizeof(literal) - 1)

static void is(const union addr *a, const char *ip, uint16_t port)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(a->family, a->family == AF_INET ? (const void *)&a->in.sin_addr : &a->in6.sin6_addr, text,
		  sizeof(text));
	ck_assert_str_eq(text, ip);
	ck_assert_uint_eq(address_port(a), port);
}

START_TEST(version_1)
{
	ck_assert_uint_eq(PARSED("PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\nGET /"), 40);
	is(&src, "192.0.2.1", 1000);
	is(&dst, "192.0.2.2", 80);
	ck_assert_uint_eq(PARSED("PROXY TCP6 2001:db8::1 ::1 65535 0\r\n"), 36);
	is(&src, "2001:db8::1", 65535);
	is(&dst, "::1", 0);
	ck_assert_uint_eq(PARSED("PROXY UNKNOWN\r\nrest"), 15);
	ck_assert_uint_eq(PARSED("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), 35);
	ck_assert_uint_eq(src.family, AF_UNSPEC);
}
END_TEST

START_TEST(version_1_is_strict)
{
	ck_assert_uint_eq(PARSED("PROXY TCP4 192.0.2.1 192.0.2.2 1000\r\n"), 0);
	ck_assert_uint_eq(PARSED("PROXY TCP4 192.0.2.1 192.0.2.2 1000 80 \r\n"), 0);
	ck_assert_uint_eq(PARSED("PROXY TCP4 192.0.2.1 192.0.2.2  1000 80\r\n"), 0);
	ck_assert_uint_eq(PARSED("PROXY TCP4 192.0.2.1 192.0.2.2 1000 65536\r\n"), 0);
	ck_assert_uint_eq(PARSED("PROXY TCP4 192.0.2.1 192.0.2.2 1000 -1\r\n"), 0);
	ck_assert_uint_eq(PARSED("PROXY TCP4 192.0.2 192.0.2.2 1000 80\r\n"), 0);
	ck_assert_uint_eq(PARSED("PROXY TCP4 ::1 ::2 1000 80\r\n"), 0);
	ck_assert_uint_eq(PARSED("PROXY TCP6 192.0.2.1 192.0.2.2 1000 80\r\n"), 0);
	ck_assert_uint_eq(PARSED("PROXY UDP4 192.0.2.1 192.0.2.2 1000 80\r\n"), 0);
	ck_assert_uint_eq(PARSED("PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\n"), 0);
	ck_assert_uint_eq(PARSED("PROXY \r\n"), 0);
	ck_assert_uint_eq(PARSED("PROXY\r\n"), 0);
	ck_assert_uint_eq(PARSED("GET / HTTP/1.1\r\n"), 0);
	ck_assert_uint_eq(
		PARSED("PROXY UNKNOWN "
		       "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
		       "00000000000000\r\n"),
		0);
	ck_assert_uint_eq(src.family, AF_UNSPEC);
}
END_TEST

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define FOUR "\xc0\x00\x02\x01\xc0\x00\x02\x02\x03\xe8\x00\x50"
#define SIX "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x03\xe8\x00\x50"

START_TEST(version_2)
{
	ck_assert_uint_eq(PARSED(SIGNATURE "\x21\x11\x00\x0c" FOUR "hello"), 28);
	is(&src, "192.0.2.1", 1000);
	is(&dst, "192.0.2.2", 80);
	ck_assert_uint_eq(PARSED(SIGNATURE "\x21\x11\x00\x11" FOUR "\x04\x00\x02zzhello"), 33);
	ck_assert_uint_eq(PARSED(SIGNATURE "\x21\x21\x00\x24" SIX), 52);
	is(&src, "2001:db8::1", 1000);
	is(&dst, "::1", 80);
	ck_assert_uint_eq(PARSED(SIGNATURE "\x20\x00\x00\x00"), 16);
	ck_assert_uint_eq(PARSED(SIGNATURE "\x20\x11\x00\x0c" FOUR), 28);
	ck_assert_uint_eq(src.family, AF_UNSPEC);
}
END_TEST

START_TEST(version_2_is_strict)
{
	ck_assert_uint_eq(PARSED(SIGNATURE "\x21\x00\x00\x00"), 0);
	ck_assert_uint_eq(PARSED(SIGNATURE "\x22\x11\x00\x0c" FOUR), 0);
	ck_assert_uint_eq(PARSED(SIGNATURE "\x31\x11\x00\x0c" FOUR), 0);
	ck_assert_uint_eq(PARSED(SIGNATURE "\x21\x12\x00\x0c" FOUR), 0);
	ck_assert_uint_eq(PARSED(SIGNATURE "\x21\x11\x00\x0b" FOUR), 0);
	ck_assert_uint_eq(PARSED(SIGNATURE "\x21\x21\x00\x0c" FOUR), 0);
	ck_assert_uint_eq(PARSED(SIGNATURE "\x21\x11\xff\xff" FOUR), 0);
}
END_TEST

START_TEST(cut_short)
{
	static const char one[] = "PROXY TCP6 2001:db8::1 ::1 65535 0\r\n",
			  two[] = SIGNATURE "\x21\x21\x00\x24" SIX;

	for (size_t n = 0; n < sizeof(one) - 1; n++)
		ck_assert_uint_eq(parsed(one, n), 0);
	for (size_t n = 0; n < sizeof(two) - 1; n++)
		ck_assert_uint_eq(parsed(two, n), 0);
}
END_TEST

/* Any byte anywhere: no reading past the end (a sanitizer would say so), never more than was there. */
START_TEST(damaged)
{
	char good[][64] = {"PROXY TCP6 2001:db8::1 ::1 65535 0\r\n",
			   SIGNATURE "\x21\x11\x00\x11" FOUR "\x04\x00\x02zz"};
	unsigned short seed[3] = {1, 2, 3};

	for (int n = 0; n < 20000; n++) {
		char data[64];
		size_t len = (size_t)nrand48(seed) % 64;

		memcpy(data, good[n & 1], 64);
		for (int k = nrand48(seed) % 3; k >= 0; k--)
			data[nrand48(seed) % 64] = (char)nrand48(seed);
		ck_assert_uint_le(parsed(data, len), len);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("proxy_protocol");
	TCase *t = tcase_create("headers");

	suite_add_tcase(s, t);
	tcase_add_test(t, version_1);
	tcase_add_test(t, version_1_is_strict);
	tcase_add_test(t, version_2);
	tcase_add_test(t, version_2_is_strict);
	tcase_add_test(t, cut_short);
	tcase_add_test(t, damaged);
	return unit_run(s);
}
