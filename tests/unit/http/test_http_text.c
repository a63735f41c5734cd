/* Responses to requests of our own: whole at the right byte, whatever pieces they come in, what they say and
 * how they are shown. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/http/http_text.h"
#include "tests/unit/run.h"

/* whole: the last byte makes it so; end: the end of the connection does; bad: something in it is wrong. */
enum how { WHOLE, END, BAD, CUT };

static const struct row {
	const char *text, *shown;
	enum how how;
	bool head_only;
} rows[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 200 OK\ncontent-length: 2\r\n\r\nab",
	 WHOLE, false},
	{"HTTP/1.1 200 OK\nX-A:  b \n\nrest", "HTTP/1.1 200 OK\nx-a: b\r\n\r\nrest", END, false},
	{"HTTP/1.1 204 No\r\n\r\n", "HTTP/1.1 204 No\n", WHOLE, false},
	{"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "HTTP/1.1 200 OK\ncontent-length: 7\r\n\r\n", WHOLE,
	 true},
	{"HTTP/1.1 100 Go\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	 "HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n", WHOLE, false},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\na;x=y\r\n0123456789\r\n0\r\nT: "
	 "1\r\n\r\n",
	 "HTTP/1.1 200 OK\ntransfer-encoding: Chunked\r\n\r\nabc0123456789", WHOLE, false},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", "", BAD, false},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "", BAD, false},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc", "", CUT, false},
	{"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "", BAD, false},
	{"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "", BAD, false},
	{"HTTP/1.1 99 No\r\n\r\n", "", BAD, false},
	{"SSH-2.0 hello\r\n", "", BAD, false},
	{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "", CUT, false},
};

/* Byte by byte; each text in memory of its own, so that a sanitizer sees what is read behind it. */
START_TEST(test_pieces)
{
	const struct row *row = &rows[_i];
	struct http_text t = {.head_only = row->head_only};
	enum http_text_state state = HTTP_TEXT_MORE;
	struct out out = out_growing(4096);
	size_t len = strlen(row->text), n;

	for (n = 0; n <= len && state == HTTP_TEXT_MORE; n++) {
		char *copy = malloc(n + 1);

		memcpy(copy, row->text, n);
		state = http_text_look(&t, str_make(copy, n));
		free(copy);
	}
	ck_assert_int_eq(state, row->how == WHOLE ? HTTP_TEXT_WHOLE
				: row->how == BAD ? HTTP_TEXT_BAD
						  : HTTP_TEXT_MORE);
	if (row->how == WHOLE)
		ck_assert_uint_eq(n - 1, len);
	ck_assert_int_eq(state == HTTP_TEXT_MORE && http_text_may_end(&t), row->how == END);
	if (row->how == WHOLE || row->how == END) {
		http_text_show(&t, str_from(row->text), &out);
		ck_assert(str_eq(out_get(&out), str_from(row->shown)));
	}
	out_free(&out);
}
END_TEST

START_TEST(test_parts)
{
	struct str text = STR("HTTP/1.1 102 P\r\nType: x\r\n\r\nHTTP/1.1 404 No\r\nTYPE: \t a b \r\ntype: c\r\n"
			      "Transfer-Encoding: chunked\r\nNone:\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n");
	struct http_text t = {.head_only = false};
	struct out out = out_growing(4096);

	ck_assert_int_eq(http_text_look(&t, text), HTTP_TEXT_WHOLE);
	ck_assert_uint_eq(t.status, 404);
	ck_assert(str_is(http_text_field(&t, text, "type"), "a b"));
	ck_assert_uint_eq(http_text_field(&t, text, "none").len, 0);
	ck_assert_uint_eq(http_text_field(&t, text, "typ").len, 0);
	http_text_body(&t, text, &out);
	ck_assert(str_is(out_get(&out), "abc"));
	out_free(&out);
}
END_TEST

/* A server that never comes to its point costs no stack. */
START_TEST(test_interim)
{
	static const char line[] = "HTTP/1.1 100 C\r\n\r\n", end[] = "HTTP/1.1 204 N\r\n\r\n";
	enum { LINES = 400000 };
	struct http_text t = {.head_only = false};
	struct out text = out_growing(LINES * sizeof(line));

	for (int i = 0; i < LINES; i++)
		out_puts(&text, line);
	ck_assert_int_eq(http_text_look(&t, out_get(&text)), HTTP_TEXT_MORE);
	out_puts(&text, end);
	ck_assert_int_eq(http_text_look(&t, out_get(&text)), HTTP_TEXT_WHOLE);
	out_free(&text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("http_text");
	TCase *t = tcase_create("responses");

	tcase_add_loop_test(t, test_pieces, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(t, test_parts);
	tcase_add_test(t, test_interim);
	suite_add_tcase(s, t);
	return unit_run(s);
}
