/* The chunk decoder and trailer sections: the same however the bytes arrive. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/http/h1_chunk.h"
#include "runtime/http/h1_write.h"
#include "tests/unit/run.h"

struct row {
	const char *in;
	enum h1_chunk_result result;
	const char *body, *rest; /* rest: behind the last chunk's line */
};

static const struct row rows[] = {
	{"5\r\nabcde\r\n0\r\n\r\n", H1_CHUNK_LAST, "abcde", "\r\n"},
	{"1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", H1_CHUNK_LAST, "abcdef", "\r\n"},
	{"0\r\nx: y\r\n\r\n", H1_CHUNK_LAST, "", "x: y\r\n\r\n"},
	{"00000000000000005\r\nabcde\r\n0000\r\n", H1_CHUNK_LAST, "abcde", ""},
	{"a\r\nabcdefghij\r\nA\r\n0123456789\r\n0\r\n", H1_CHUNK_LAST, "abcdefghij0123456789", ""},
	{"5\nabcde\n0\n\n", H1_CHUNK_LAST, "abcde", "\n"},
	{"5 \t \r\nabcde\r\n0;a=\"b;c\"\r\n", H1_CHUNK_LAST, "abcde", ""},
	{"5;\nabcde\n0\n", H1_CHUNK_LAST, "abcde", ""},
	{"5\r\nabcd\r\n0\r\n", H1_CHUNK_LAST, "abcd\r", ""},
	{"fffffffffffff\r\nabcde", H1_CHUNK_MORE, "abcde", ""},
	{"5\r\nab", H1_CHUNK_MORE, "ab", ""},
	{"10000000000000\r\n", H1_CHUNK_BAD, "", ""},
	{"ffffffffffffffff\r\n", H1_CHUNK_BAD, "", ""},
	{"10000000000000005\r\n", H1_CHUNK_BAD, "", ""},
	{"g\r\n", H1_CHUNK_BAD, "", ""},
	{"0x5\r\n", H1_CHUNK_BAD, "", ""},
	{"-5\r\n", H1_CHUNK_BAD, "", ""},
	{"\r\n", H1_CHUNK_BAD, "", ""},
	{" 5\r\n", H1_CHUNK_BAD, "", ""},
	{";a\r\n", H1_CHUNK_BAD, "", ""},
	{"5 x\r\n", H1_CHUNK_BAD, "", ""},
	{"5\ra", H1_CHUNK_BAD, "", ""},
	{"5;a\rb\r\n", H1_CHUNK_BAD, "", ""},
	{"5\r\nabcdef\r\n", H1_CHUNK_BAD, "abcde", ""},
	{"5\r\nabcde\rx", H1_CHUNK_BAD, "abcde", ""},
};

/* Pieces end at `first` and then after every `step` bytes. */
static void check_split(const struct row *r, size_t first, size_t step)
{
	size_t len = strlen(r->in), done = 0, have = 0, upto = first;
	enum h1_chunk_result result = H1_CHUNK_MORE;
	struct h1_chunks c;
	char body[256];

	h1_chunks_init(&c);
	while (result == H1_CHUNK_MORE && done < len) {
		size_t n = (upto < len ? upto : len) - done;
		char *piece = malloc(n ? n : 1);
		struct str out;
		uint32_t used;

		memcpy(piece, r->in + done, n);
		result = h1_chunks_decode(&c, piece, (uint32_t)n, &out, &used);
		ck_assert_uint_le(used, n);
		ck_assert(result != H1_CHUNK_MORE || used == n);
		memcpy(body + have, out.ptr, out.len);
		have += out.len;
		done += used;
		upto = done + step > upto ? done + step : upto + step;
		free(piece);
	}
	ck_assert_msg(result == r->result, "got %d, want %d: %s (%zu)", result, r->result, r->in, first);
	ck_assert_msg(have == strlen(r->body) && !memcmp(body, r->body, have), "%.*s: %s (%zu)", (int)have,
		      body, r->in, first);
	if (result == H1_CHUNK_LAST)
		ck_assert_str_eq(r->in + done, r->rest);
}

START_TEST(chunks_are_taken_off)
{
	const struct row *r = &rows[_i];
	size_t len = strlen(r->in);

	check_split(r, len, len);
	for (size_t at = 1; at < len; at++)
		check_split(r, at, len);
	for (size_t step = 1; step < 4; step++)
		check_split(r, step, step);
}
END_TEST

START_TEST(one_chunk_stays_where_it_is)
{
	char text[] = "5;x\r\nabcde\r\n";
	struct h1_chunks c;
	struct str body;
	uint32_t used;

	h1_chunks_init(&c);
	ck_assert_int_eq(h1_chunks_decode(&c, text, sizeof(text) - 1, &body, &used), H1_CHUNK_MORE);
	ck_assert_ptr_eq(body.ptr, text + 5);
	ck_assert_uint_eq(body.len, 5);
	ck_assert_uint_eq(used, sizeof(text) - 1);
}
END_TEST

static void check_trailers(const char *in, enum h1_result want, const char *out)
{
	struct scratch scratch;
	struct http_msg m = {.scratch = &scratch};
	char *text = strdup(in), got[512];
	struct h1_parser p;
	struct h1_out o;
	enum h1_result result = H1_MORE;
	size_t n = 0;

	scratch_init(&scratch, &scratch_malloc);
	h1_parse_trailers_init(&p, &m, 101);
	for (size_t upto = 0; result == H1_MORE && upto <= strlen(in); upto++)
		result = h1_parse(&p, &m, text, (uint32_t)upto);
	ck_assert_msg(result == want, "got %d: %s", result, in);
	h1_out_init(&o, &scratch);
	if (result == H1_DONE)
		h1_write_trailers(&o, &m);
	for (int i = 0; i < o.n; i++) {
		memcpy(got + n, o.iov[i].iov_base, o.iov[i].iov_len);
		n += o.iov[i].iov_len;
	}
	ck_assert_msg(n == strlen(out) && !memcmp(got, out, n), "got %.*s, want %s", (int)n, got, out);
	scratch_reset(&scratch);
	free(text);
}

START_TEST(trailers_are_fields)
{
	check_trailers("\r\n", H1_DONE, "\r\n");
	check_trailers("\n", H1_DONE, "\r\n");
	check_trailers("X-A: 1\r\nx-b:2\r\nX-C:   3  \r\n\r\n", H1_DONE, "x-a: 1\r\nx-b: 2\r\nx-c: 3\r\n\r\n");
	check_trailers("x: y\r\n z\r\n\r\n", H1_DONE, "x: y   z\r\n\r\n");
	check_trailers("x: z\n\n", H1_DONE, "x: z\r\n\r\n");
	check_trailers("x y: z\r\n\r\n", H1_BAD, "");
	check_trailers("content-length: 3\r\n\r\n", H1_DONE, "content-length: 3\r\n\r\n");
	check_trailers("xy\r\n\r\n", H1_BAD, "");
	check_trailers(": y\r\n\r\n", H1_BAD, "");
	check_trailers("x: y\rz\r\n\r\n", H1_BAD, "");
	check_trailers("x: y\r\n", H1_MORE, "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("h1_chunk");
	TCase *tc = tcase_create("h1_chunk");

	tcase_add_loop_test(tc, chunks_are_taken_off, 0, sizeof(rows) / sizeof(*rows));
	tcase_add_test(tc, one_chunk_stays_where_it_is);
	tcase_add_test(tc, trailers_are_fields);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
