/* Where heads are wrong: positions and states as HAProxy 2.6 shows them for the same bytes. */
#include "runtime/http/h1_fault.h"
#include "tests/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define H "Host: a\r\n"

static const struct {
	const char *bytes, *state;
	uint32_t pos;
	bool response;
} cases[] = {
	{"GET /\x01 HTTP/1.1\r\n" H "\r\n", "MSG_RQURI(4)", 5, false},
	{"\x01GET / HTTP/1.1\r\n\r\n", "MSG_RQBEFORE(0)", 0, false},
	{"G@T / HTTP/1.1\r\n" H "\r\n", "MSG_RQMETH(2)", 1, false},
	{"GET\x01 / HTTP/1.1\r\n\r\n", "MSG_RQMETH(2)", 3, false},
	{"GET\r\n\r\n", "MSG_DATA(27)", 3, false},
	{"GET /\r\n" H "\r\n", "MSG_DATA(27)", 5, false},
	{"GET HTTP/1.1\r\n" H "\r\n", "MSG_DATA(27)", 12, false},
	{"GET / HTTP/1.x\r\n" H "\r\n", "MSG_RQVER(6)", 13, false},
	{"GET / XTTP/1.1\r\n" H "\r\n", "MSG_DATA(27)", 6, false},
	{"GET / HTTP/1.1 x\r\n" H "\r\n", "MSG_RQVER(6)", 14, false},
	{"GET / HTTP/1.1\rX\n" H "\r\n", "MSG_RQLINE_END(7)", 15, false},
	{"GET /a b HTTP/1.1\r\n" H "\r\n", "MSG_RQVER(6)", 7, false},
	{"GET /#x HTTP/1.1\r\n" H "\r\n", "MSG_RQURI(4)", 5, false},
	{"GET / HTTP/1.1\r\n" H "foo bar: x\r\n\r\n", "MSG_HDR_NAME(17)", 28, false},
	{"GET / HTTP/1.1\r\n" H ": x\r\n\r\n", "MSG_HDR_NAME(17)", 25, false},
	{"GET / HTTP/1.1\r\n" H "foo\r\n\r\n", "MSG_HDR_NAME(17)", 28, false},
	{"GET / HTTP/1.1\r\n" H "foo: a\rb\r\n\r\n", "MSG_HDR_L2_LF(23)", 32, false},
	{"GET / HTTP/1.1\r\n" H "\rX\n", "MSG_LAST_LF(25)", 26, false},
	{"GET / HTTP/1.1\r\n foo: x\r\n\r\n", "MSG_HDR_NAME(17)", 16, false},
	{"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "MSG_HDR_L2_LWS(24)", 32, false},
	{"GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "MSG_HDR_L2_LWS(24)", 51, false},
	{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "MSG_HDR_L2_LWS(24)", 31, false},
	{"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "MSG_LAST_LF(25)", 30, false},
	{"HTTP/1.x 200 OK\r\n\r\n", "MSG_RPVER(10)", 7, true},
	{"HTTP/1.1 200 OK\rX\n", "MSG_RPLINE_END(15)", 16, true},
	{"HTTP/1.1 200 OK\r\nfoo bar\x01: x\r\n\r\n", "MSG_HDR_NAME(17)", 20, true},
	{"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "MSG_HDR_L2_LWS(24)", 33, true},
	{"HTTP/1.1 200 OK\r\nfoo: a\r\n\rb", "MSG_LAST_LF(25)", 26, true},
	{"HTTP/1.1 200 OK\r\nfoo: aaa", "MSG_HDR_VAL(22)", 25, true},
};

START_TEST(as_haproxy)
{
	struct h1_fault f =
		h1_fault_find(cases[_i].bytes, (uint32_t)strlen(cases[_i].bytes), cases[_i].response);

	ck_assert_str_eq(f.state, cases[_i].state);
	ck_assert_uint_eq(f.pos, cases[_i].pos);
}
END_TEST

/* Whatever the bytes are, and wherever they end: an answer inside them. */
START_TEST(any_bytes)
{
	char *bytes;

	for (uint32_t len = 0; len < strlen(cases[_i].bytes); len++)
		for (int c = 0; c < 256; c += 5) {
			bytes = malloc(len + 1);
			memcpy(bytes, cases[_i].bytes, len);
			bytes[len] = (char)c;
			struct h1_fault f = h1_fault_find(bytes, len + 1, cases[_i].response);
			ck_assert_uint_le(f.pos, len + 1);
			ck_assert_ptr_nonnull(f.state);
			free(bytes);
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("h1_fault");
	TCase *t = tcase_create("heads");

	tcase_add_loop_test(t, as_haproxy, 0, sizeof(cases) / sizeof(*cases));
	tcase_add_loop_test(t, any_bytes, 0, sizeof(cases) / sizeof(*cases));
	suite_add_tcase(s, t);
	return unit_run(s);
}
