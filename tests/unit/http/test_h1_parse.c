/* The HTTP/1 parser and the serializer: what is accepted and what goes on to the next hop, the same however the
 * bytes arrive. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/http/h1_parse.h"
#include "runtime/http/h1_write.h"
#include "tests/unit/run.h"

enum { REFUSED = H1_BAD, MORE = H1_MORE, OK = H1_DONE, CODED = H1_UNSUPPORTED };

struct row {
	const char *in;
	int result;
	const char *out; /* NULL: exactly what came in */
};

struct parsed {
	enum h1_result result;
	uint32_t pos, counted;
	struct http_msg msg;
	size_t out_len;
	char out[8192];
};

static struct scratch scratch;

static void setup(void)
{
	scratch_init(&scratch, &scratch_malloc);
}

static void teardown(void)
{
	scratch_reset(&scratch);
}

/* Feeds [0, first), then the rest in pieces of `step`, each time in a buffer of just that size. */
static void parse_split(struct parsed *got, bool response, const char *in, size_t len, size_t first,
			size_t step)
{
	struct h1_parser p;
	struct h1_out o;
	char *data = NULL;
	size_t have = 0;

	scratch_reset(&scratch);
	got->msg = (struct http_msg){.is_response = response, .scratch = &scratch, .method = HTTP_M_GET};
	h1_parse_init(&p, &got->msg, 101, 15360);
	got->result = H1_MORE;
	for (size_t upto = first; got->result == H1_MORE; upto += step) {
		char *moved = malloc(upto < len ? upto + 1 : len + 1);

		upto = upto < len ? upto : len;
		if (have)
			memcpy(moved, data, have);
		memcpy(moved + have, in + have, upto - have);
		if (data)
			h1_parse_moved(&got->msg, data, moved);
		free(data);
		data = moved;
		have = upto;
		got->result = h1_parse(&p, &got->msg, data, (uint32_t)have);
		if (have == len)
			break;
	}
	got->pos = p.pos;
	got->counted = got->msg.counted;
	got->out_len = 0;
	h1_out_init(&o, &scratch);
	if (got->result == H1_DONE)
		h1_write_head(&o, &got->msg, STR_NONE);
	for (int i = o.first; i < o.n; i++) {
		memcpy(got->out + got->out_len, o.iov[i].iov_base, o.iov[i].iov_len);
		got->out_len += o.iov[i].iov_len;
	}
	free(data);
}

static void same(const struct parsed *a, const struct parsed *b, const char *in, size_t split)
{
	ck_assert_msg(a->result == b->result, "result %d, split at %zu %d: %s", a->result, split, b->result,
		      in);
	if (a->result != H1_DONE)
		return;
	ck_assert_msg(a->pos == b->pos && a->counted == b->counted, "split at %zu: %s", split, in);
	ck_assert_msg(a->out_len == b->out_len && !memcmp(a->out, b->out, a->out_len), "split at %zu: %s",
		      split, in);
	ck_assert_uint_eq(a->msg.body, b->msg.body);
	ck_assert_uint_eq(a->msg.keep_alive, b->msg.keep_alive);
	ck_assert_uint_eq(a->msg.nhdrs, b->msg.nhdrs);
}

static void check_row(const struct row *r, bool response)
{
	static struct parsed whole, split;
	const char *want = r->out ? r->out : r->in;
	size_t len = strlen(r->in);

	parse_split(&whole, response, r->in, len, len, 1);
	ck_assert_msg((int)whole.result == r->result, "got %d, want %d: %s", whole.result, r->result, r->in);
	if (whole.result == H1_DONE)
		ck_assert_msg(whole.out_len == strlen(want) && !memcmp(whole.out, want, whole.out_len),
			      "got:\n%.*s\nwant:\n%s", (int)whole.out_len, whole.out, want);
	for (size_t at = 0; at < len; at++) {
		parse_split(&split, response, r->in, len, at, len);
		same(&whole, &split, r->in, at);
	}
	parse_split(&split, response, r->in, len, 1, 1);
	same(&whole, &split, r->in, 1);
}

static const struct row requests[] = {
	{"GET / HTTP/1.1\r\nhost: h\r\n\r\n", OK, NULL},
	{"GET / HTTP/1.1\r\nHost: h\r\n\r\n", OK, "GET / HTTP/1.1\r\nhost: h\r\n\r\n"},
	{"BREW /a!\"$%&'()*+,-./:;<=>?@[\\]^_`{|}~ HTTP/1.1\r\n\r\n", OK, NULL},
	{"get  / \t HTTP/1.1\r\n\r\n", OK, "get / HTTP/1.1\r\n\r\n"},
	{"\r\n\n\r\nGET / HTTP/1.0\nA:b\n\n", OK, "GET / HTTP/1.0\r\na: b\r\n\r\n"},
	{"GET / HTTP/2.0\r\n\r\n", OK, "GET / HTTP/1.1\r\n\r\n"},
	{"GET / HTTP/0.9\r\n\r\n", OK, NULL},
	{"GET / HTTP/1.1 \r\n\r\n", REFUSED, NULL},
	{"GET /\r\n\r\n", REFUSED, NULL},
	{"GET / http/1.1\r\n\r\n", REFUSED, NULL},
	{"GET / RTSP/1.0\r\n\r\n", REFUSED, NULL},
	{"GET / HTTP/1.10\r\n\r\n", REFUSED, NULL},
	{"GET /a#b HTTP/1.1\r\n\r\n", REFUSED, NULL},
	{"GET x HTTP/1.1\r\n\r\n", OK, NULL},
	{"GET x HTTP/1.1\r\nhost: h\r\n\r\n", REFUSED, NULL},
	{"GET u@x:80 HTTP/1.1\r\nhost: x:80\r\n\r\n", OK, NULL},
	{"GET\t/ HTTP/1.1\r\n\r\n", OK, "GET / HTTP/1.1\r\n\r\n"},
	{"GET /\tHTTP/1.1\r\n\r\n", OK, "GET / HTTP/1.1\r\n\r\n"},
	{"G(T / HTTP/1.1\r\n\r\n", REFUSED, NULL},
	{" GET / HTTP/1.1\r\n\r\n", REFUSED, NULL},
	{"GET / HTTP/1.1\r\r\n\r\n", REFUSED, NULL},
	{"\x16\x03\x01", REFUSED, NULL},
	{"GET / HTTP/1.1\r\nho", MORE, NULL},
	{"GET / HTTP/1.1\r\na: b\r\n c\r\n\td\r\ne: f\r\n\r\n", OK,
	 "GET / HTTP/1.1\r\na: b   c  \td\r\ne: f\r\n\r\n"},
	{"GET / HTTP/1.1\r\na:\r\n c\r\n\r\n", OK, "GET / HTTP/1.1\r\na: c\r\n\r\n"},
	{"GET / HTTP/1.1\r\na: b\r\n \r\n\r\n", OK, "GET / HTTP/1.1\r\na: b\r\n\r\n"},
	{"GET / HTTP/1.1\r\n a: b\r\n\r\n", REFUSED, NULL},
	{"GET / HTTP/1.1\r\na : b\r\n\r\n", REFUSED, NULL},
	{"GET / HTTP/1.1\r\n: b\r\n\r\n", REFUSED, NULL},
	{"GET / HTTP/1.1\r\nab\r\n\r\n", REFUSED, NULL},
	{"GET / HTTP/1.1\r\na: b\rc\r\n\r\n", REFUSED, NULL},
	{"GET / HTTP/1.1\r\na: b\r\n\rc", REFUSED, NULL},
	{"GET / HTTP/1.1\r\na:\r\nb: \r\nc:   \r\nD:x \t\r\n\r\n", OK,
	 "GET / HTTP/1.1\r\na: \r\nb: \r\nc: \r\nd: x\r\n\r\n"},
	{"GET / HTTP/1.1\r\nX-Quite-A-Long-Field-Name_With!Marks: V\r\n\r\n", OK,
	 "GET / HTTP/1.1\r\nx-quite-a-long-field-name_with!marks: V\r\n\r\n"},
	{"GET / HTTP/1.1\r\nhost: h\r\nhost: i\r\n\r\n", REFUSED, NULL},
	{"GET / HTTP/1.1\r\nhost: h\r\na: b\r\nhost: H\r\n\r\n", OK,
	 "GET / HTTP/1.1\r\nhost: h\r\na: b\r\n\r\n"},
	{"GET http://h/x HTTP/1.1\r\nhost: i\r\n\r\n", REFUSED, NULL},
	{"GET http://h/x HTTP/1.1\r\nhost: H\r\n\r\n", OK, NULL},
	{"GET http://u@h:80/x HTTP/1.1\r\nhost: h:80\r\n\r\n", OK,
	 "GET http://u@h/x HTTP/1.1\r\nhost: h\r\n\r\n"},
	{"GET http://h/x HTTP/1.1\r\nhost: h:80\r\n\r\n", OK, NULL},
	{"GET ws://h:80/x HTTP/1.1\r\nhost: h\r\n\r\n", REFUSED, NULL},
	{"GET https://h:443/ HTTP/1.1\r\n\r\n", OK, "GET https://h/ HTTP/1.1\r\n\r\n"},
	{"CONNECT h:80 HTTP/1.1\r\nhost: h:80\r\n\r\n", OK, "CONNECT h:80 HTTP/1.1\r\nhost: h\r\n\r\n"},
	{"CONNECT h HTTP/1.1\r\n\r\n", REFUSED, NULL},
	{"CONNECT / HTTP/1.1\r\n\r\n", REFUSED, NULL},
	{"CONNECT h:1 HTTP/1.1\r\ncontent-length: 5\r\n\r\n", OK,
	 "CONNECT h:1 HTTP/1.1\r\ncontent-length: 5\r\n\r\n"},
	{"GET ftp://h:/ HTTP/1.1\r\nhost: h\r\n\r\n", OK, "GET ftp://h/ HTTP/1.1\r\nhost: h\r\n\r\n"},
	{"GET http://h:80/ HTTP/1.1\r\nhost: H\r\n\r\n", OK, "GET http://h/ HTTP/1.1\r\nhost: h\r\n\r\n"},
	{"GET / HTTP/1.1\r\nconnection: x , close\r\n\r\n", OK, "GET / HTTP/1.1\r\nconnection: x \r\n\r\n"},
	{"GET / HTTP/1.1\r\nconnection: , x\r\n\r\n", OK, "GET / HTTP/1.1\r\nconnection: , x\r\n\r\n"},
	{"POST / HTTP/1.1\r\ncontent-length: 5, 5\r\n\r\n", OK, "POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\n"},
	{"POST / HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 05\r\n\r\n", OK,
	 "POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\n"},
	{"POST / HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n", REFUSED, NULL},
	{"POST / HTTP/1.1\r\ncontent-length: +5\r\n\r\n", REFUSED, NULL},
	{"POST / HTTP/1.1\r\ncontent-length: 5,\r\n\r\n", REFUSED, NULL},
	{"POST / HTTP/1.1\r\ncontent-length: \r\n\r\n", REFUSED, NULL},
	{"POST / HTTP/1.1\r\ncontent-length: 9223372036854775807\r\n\r\n", OK, NULL},
	{"POST / HTTP/1.1\r\ncontent-length: 9223372036854775808\r\n\r\n", REFUSED, NULL},
	{"POST / HTTP/1.1\r\ncontent-length: 18446744073709551621\r\n\r\n", REFUSED, NULL},
	{"POST / HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n", OK,
	 "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"},
	{"POST / HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n", REFUSED, NULL},
	{"POST / HTTP/1.1\r\ntransfer-encoding: chunked, gzip\r\n\r\n", REFUSED, NULL},
	{"POST / HTTP/1.1\r\ntransfer-encoding: gzip, chunked\r\n\r\n", CODED, NULL},
	{"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n", REFUSED, NULL},
	{"POST / HTTP/1.1\r\ntransfer-encoding: Chunked,\r\n\r\n", OK, NULL},
	{"GET / HTTP/1.1\r\nconnection: close\r\na: b\r\n\r\n", OK, "GET / HTTP/1.1\r\na: b\r\n\r\n"},
	{"GET / HTTP/1.1\r\nconnection: a, close, b\r\n\r\n", OK, "GET / HTTP/1.1\r\nconnection: a,b\r\n\r\n"},
	{"GET / HTTP/1.1\r\nconnection: a , b, Keep-Alive\r\n\r\n", OK,
	 "GET / HTTP/1.1\r\nconnection: a , b\r\n\r\n"},
	{"GET / HTTP/1.1\r\nconnection: a, b,c ,d\r\n\r\n", OK, NULL},
	{"GET / HTTP/1.1\r\nconnection: A ,\tB\t,close , c\r\n\r\n", OK,
	 "GET / HTTP/1.1\r\nconnection: A ,\tB\t,c\r\n\r\n"},
	{"GET / HTTP/1.1\r\nconnection: ,\r\n\r\n", OK, "GET / HTTP/1.1\r\n\r\n"},
	{"POST / HTTP/1.1\r\ntransfer-encoding:\r\n\r\n", REFUSED, NULL},
	{"POST / HTTP/1.1\r\ncontent-length: 3\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n", OK,
	 "POST / HTTP/1.1\r\ncontent-length: 3\r\nconnection: upgrade\r\n\r\n"},
	{"GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n", REFUSED, NULL},
	{"GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: "
	 "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
	 OK, NULL},
};

static const struct row responses[] = {
	{"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", OK, NULL},
	{"HTTP/1.1  200   O  K  \r\nA:b\r\n\r\n", OK, "HTTP/1.1 200 O  K  \r\na: b\r\n\r\n"},
	{"HTTP/1.1 200\r\n\r\n", OK, "HTTP/1.1 200 \r\n\r\n"},
	{"HTTP/1.1 099 X\r\n\r\n", OK, NULL},
	{"HTTP/1.1 20 X\r\n\r\n", OK, NULL},
	{"HTTP/1.1 2000 X\r\n\r\n", OK, NULL},
	{"HTTP/1.1 20000 X\r\n\r\n", OK, NULL},
	{"HTTP/1.1  00200 X\r\n\r\n", OK, "HTTP/1.1 00200 X\r\n\r\n"},
	{"HTTP/1.1 2xx X\r\n\r\n", REFUSED, NULL},
	{"HTTP/3.0 200 OK\r\n\r\n", OK, "HTTP/1.1 200 OK\r\n\r\n"},
	{"RTSP/1.0 200 OK\r\n\r\n", OK, NULL},
	{"ICY 200 OK\r\n\r\n", REFUSED, NULL},
	{"hello", REFUSED, NULL},
	{"HTT", MORE, NULL},
	{"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n", REFUSED, NULL},
	{"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\n", REFUSED, NULL},
	{"HTTP/1.1 200 OK\r\nte: gzip\r\nhost: a\r\nhost: b\r\n\r\n", OK, NULL},
	{"HTTP/1.1 200 OK\r\nconnection: x-a, close\r\n\r\n", OK, "HTTP/1.1 200 OK\r\nconnection: x-a\r\n\r\n"},
};

START_TEST(requests_come_out_as_haproxy_sends_them)
{
	check_row(&requests[_i], false);
}
END_TEST

START_TEST(responses_come_out_as_haproxy_sends_them)
{
	check_row(&responses[_i], true);
}
END_TEST

static enum h1_result parse(struct parsed *got, bool response, const char *in)
{
	parse_split(got, response, in, strlen(in), strlen(in), 1);
	return got->result;
}

START_TEST(sizes_are_counted_as_by_haproxy)
{
	static struct parsed got;

	ck_assert_int_eq(parse(&got, false, "GET / HTTP/1.1\r\nhost: h\r\n\r\n"), H1_DONE);
	ck_assert_uint_eq(got.counted, 38);
	ck_assert_int_eq(
		parse(&got, false,
		      "GET / HTTP/1.1\r\nhost: h\r\nx-a: 1\r\nconnection: close\r\ncookie: c=d\r\n\r\n"),
		H1_DONE);
	ck_assert_uint_eq(got.counted, 51);
	ck_assert_int_eq(parse(&got, true, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), H1_DONE);
	ck_assert_uint_eq(got.counted, 49);
	ck_assert_int_eq(parse(&got, true, "HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n"), H1_DONE);
	ck_assert_uint_eq(got.counted, 50);
}
END_TEST

/* A head whose one field has a value of n bytes, behind `before`. */
static enum h1_result parse_sized(const char *before, int n)
{
	static struct parsed got;
	char *text = malloc((size_t)n + 4096);
	struct h1_parser p;
	enum h1_result result;
	int len = sprintf(text, "GET / HTTP/1.1\r\n%sa: %0*d\r\n\r\n", before, n, 0);

	scratch_reset(&scratch);
	got.msg = (struct http_msg){.scratch = &scratch};
	h1_parse_init(&p, &got.msg, 101, 15360);
	result = h1_parse(&p, &got.msg, text, (uint32_t)len);
	free(text);
	return result;
}

START_TEST(heads_have_haproxys_limits)
{
	char many[1024] = "";
	static struct parsed got;

	ck_assert_int_eq(parse_sized("host: h\r\n", 15241), H1_DONE);
	ck_assert_int_eq(parse_sized("host: h\r\n", 15242), H1_BAD);
	for (int i = 0; i < 99; i++)
		strcat(many, "b: c\r\n");
	ck_assert_int_eq(parse_sized(many, 1), H1_DONE);
	strcat(many, "b: c\r\n");
	ck_assert_int_eq(parse_sized(many, 1), H1_BAD);
	sprintf(many, "GET / HTTP/1.1\r\n%0255d: x\r\n\r\n", 0);
	ck_assert_int_eq(parse(&got, false, many), H1_DONE);
	sprintf(many, "GET / HTTP/1.1\r\n%0256d: x\r\n\r\n", 0);
	ck_assert_int_eq(parse(&got, false, many), H1_BAD);
}
END_TEST

START_TEST(targets_pass_like_at_haproxy)
{
	ck_assert(h1_target_chars("/aa\x80", 4, false));
	ck_assert(!h1_target_chars("/a\x80", 3, false));
	ck_assert(!h1_target_chars("/!aaaa\x80zzzz", 11, false));
	ck_assert(h1_target_chars("/aaa\x80zzz", 8, false));
	ck_assert(!h1_target_chars("/aaa\x80zz", 7, false));
	ck_assert(!h1_target_chars("/aaa\x80\x80\x80\x80", 8, false));
	ck_assert(!h1_target_chars("/aaa\xa4zzz", 8, false));
	/* relaxed: what passes above 0x7f is followed by fours again, `#` is not */
	ck_assert(h1_target_chars("/#\x80", 3, true));
	ck_assert(!h1_target_chars("/\x7f", 2, true));
	ck_assert(h1_target_chars("/\x80"
				  "b\x7f",
				  4, true));
	ck_assert(h1_target_chars("/#b\x80"
				  "aa\x7f$",
				  8, true));
	ck_assert(!h1_target_chars("/#\x7f\xa3"
				   "a\x7f",
				   6, true));
}
END_TEST

static enum http_body body_of(bool response, enum http_method method, const char *in)
{
	struct http_msg m = {.is_response = response, .scratch = &scratch, .method = (uint8_t)method};
	struct h1_parser p;
	char *text = strdup(in);

	scratch_reset(&scratch);
	h1_parse_init(&p, &m, 101, 15360);
	ck_assert_int_eq(h1_parse(&p, &m, text, (uint32_t)strlen(text)), H1_DONE);
	free(text);
	return m.body;
}

START_TEST(bodies_end_as_the_head_says)
{
	ck_assert_int_eq(body_of(false, 0, "GET / HTTP/1.1\r\n\r\n"), HTTP_BODY_NONE);
	ck_assert_int_eq(body_of(false, 0, "GET / HTTP/1.1\r\ncontent-length: 3\r\n\r\n"), HTTP_BODY_LENGTH);
	ck_assert_int_eq(body_of(false, 0, "GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"),
			 HTTP_BODY_CHUNKED);
	ck_assert_int_eq(body_of(true, HTTP_M_GET, "HTTP/1.1 200 OK\r\n\r\n"), HTTP_BODY_UNTIL_CLOSE);
	ck_assert_int_eq(body_of(true, HTTP_M_HEAD, "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n"),
			 HTTP_BODY_NONE);
	ck_assert_int_eq(body_of(true, HTTP_M_GET, "HTTP/1.1 204 No\r\ncontent-length: 3\r\n\r\n"),
			 HTTP_BODY_NONE);
	ck_assert_int_eq(body_of(true, HTTP_M_GET, "HTTP/1.1 304 No\r\ncontent-length: 3\r\n\r\n"),
			 HTTP_BODY_NONE);
	ck_assert_int_eq(body_of(true, HTTP_M_GET, "HTTP/1.1 100 Go\r\n\r\n"), HTTP_BODY_NONE);
	ck_assert_int_eq(body_of(true, HTTP_M_GET, "HTTP/1.1 101 Go\r\n\r\n"), HTTP_BODY_TUNNEL);
	ck_assert_int_eq(body_of(true, HTTP_M_CONNECT, "HTTP/1.1 200 Go\r\n\r\n"), HTTP_BODY_TUNNEL);
	ck_assert_int_eq(body_of(true, HTTP_M_CONNECT, "HTTP/1.1 403 No\r\ncontent-length: 3\r\n\r\n"),
			 HTTP_BODY_LENGTH);
}
END_TEST

START_TEST(edits_replace_only_their_lines)
{
	char text[] = "GET /path HTTP/1.1\r\nhost: h\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n";
	struct http_msg m = {.scratch = &scratch};
	struct h1_parser p;
	struct h1_out o;
	char out[512];
	size_t len = 0;

	h1_parse_init(&p, &m, 101, 15360);
	ck_assert_int_eq(h1_parse(&p, &m, text, sizeof(text) - 1), H1_DONE);
	http_set_value(&m, http_find(&m, STR("A"), NULL), STR("changed"));
	http_del_all(&m, STR("B"));
	ck_assert(http_add(&m, STR("X-Added"), STR("yes")));
	h1_out_init(&o, &scratch);
	h1_write_head(&o, &m, STR("close"));
	ck_assert_ptr_eq(o.iov[0].iov_base, text);
	ck_assert_int_le(o.n, 4);
	for (int i = 0; i < o.n; i++) {
		memcpy(out + len, o.iov[i].iov_base, o.iov[i].iov_len);
		len += o.iov[i].iov_len;
	}
	ck_assert_uint_eq(len, o.bytes);
	out[len] = '\0';
	ck_assert_str_eq(out, "GET /path HTTP/1.1\r\nhost: h\r\na: changed\r\nc: 3\r\nx-added: "
			      "yes\r\nconnection: close\r\n\r\n");
}
END_TEST

START_TEST(queue_is_sent_in_parts_and_flattened)
{
	char text[200], want[400], got[400];
	struct h1_out o;
	size_t n = 0, have = 0;

	memset(text, 0, sizeof(text));
	h1_out_init(&o, &scratch);
	for (size_t i = 0; i < sizeof(text) - 1; i += 2) {
		text[i] = (char)('a' + i % 26);
		h1_out_slice(&o, text + i, 1);
		want[n++] = text[i];
	}
	h1_out_chunk_size(&o, 0x3b6e);
	memcpy(want + n, "3B6E\r\n", 6);
	n += 6;
	ck_assert(!o.failed);
	ck_assert_uint_eq(o.bytes, n);
	while (!h1_out_empty(&o)) {
		size_t part = o.bytes < 7 ? o.bytes : 7;

		for (size_t left = part, i = o.first, at = 0; left; left--) {
			got[have++] = ((char *)o.iov[i].iov_base)[at++];
			if (at == o.iov[i].iov_len) {
				i++;
				at = 0;
			}
		}
		h1_out_sent(&o, part);
	}
	ck_assert_uint_eq(have, n);
	ck_assert(!memcmp(got, want, n));
	ck_assert_int_eq(o.n, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("h1_parse");
	TCase *tc = tcase_create("h1_parse");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, requests_come_out_as_haproxy_sends_them, 0,
			    sizeof(requests) / sizeof(*requests));
	tcase_add_loop_test(tc, responses_come_out_as_haproxy_sends_them, 0,
			    sizeof(responses) / sizeof(*responses));
	tcase_add_test(tc, sizes_are_counted_as_by_haproxy);
	tcase_add_test(tc, heads_have_haproxys_limits);
	tcase_add_test(tc, targets_pass_like_at_haproxy);
	tcase_add_test(tc, bodies_end_as_the_head_says);
	tcase_add_test(tc, edits_replace_only_their_lines);
	tcase_add_test(tc, queue_is_sent_in_parts_and_flattened);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
