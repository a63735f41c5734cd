/* Message, scratch memory and parts of a request target. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/eval/message.h"
#include "tests/unit/run.h"

static struct scratch scratch;

static void setup(void)
{
	scratch_init(&scratch, &scratch_malloc);
}

static void teardown(void)
{
	scratch_reset(&scratch);
}

static void must_be(struct str got, const char *want)
{
	ck_assert_msg(str_is(got, want), "got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

START_TEST(names_are_known_in_any_case)
{
	static const struct {
		const char *text;
		enum http_name id;
	} names[] = {
		{"host", HN_HOST},
		{"HOST", HN_HOST},
		{"Connection", HN_CONNECTION},
		{"content-LENGTH", HN_CONTENT_LENGTH},
		{"Transfer-Encoding", HN_TRANSFER_ENCODING},
		{"Upgrade", HN_UPGRADE},
		{"Expect", HN_EXPECT},
		{"Cookie", HN_COOKIE},
		{"Set-Cookie", HN_SET_COOKIE},
		{"Keep-Alive", HN_KEEP_ALIVE},
		{"Proxy-Connection", HN_PROXY_CONNECTION},
		{"TE", HN_TE},
		{"Trailer", HN_TRAILER},
		{"X-Forwarded-For", HN_X_FORWARDED_FOR},
		{"Authorization", HN_AUTHORIZATION},
		{"Cache-Control", HN_CACHE_CONTROL},
		{"Date", HN_DATE},
		{"Location", HN_LOCATION},
		{"", HN_OTHER},
		{"hosts", HN_OTHER},
		{"t\x65\x20", HN_OTHER},
		{"content\rlength", HN_OTHER},
		{"x-forwarded-foz", HN_OTHER},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		ck_assert_int_eq(http_name_of(str_from(names[i].text)), names[i].id);
}
END_TEST

START_TEST(fields_are_found_added_and_deleted)
{
	struct http_msg m = {.scratch = &scratch};
	struct http_hdr *h;
	char name[16];

	ck_assert(http_add(&m, STR("Host"), STR("a")));
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "X-%d", i);
		ck_assert(http_add(&m, scratch_dup(&scratch, str_from(name)), STR("v")));
	}
	ck_assert(http_add(&m, STR("x-7"), STR("second")));
	ck_assert(m.edited);
	h = http_find(&m, STR("X-7"), NULL);
	ck_assert(h && str_eq(str_make(h->value, h->value_len), STR("v")));
	h = http_find(&m, STR("X-7"), h);
	ck_assert(h && str_eq(str_make(h->value, h->value_len), STR("second")));
	ck_assert(!http_find(&m, STR("X-7"), h));
	http_set_value(&m, h, STR("third"));
	must_be(str_make(h->value, h->value_len), "third");
	http_del_all(&m, STR("x-7"));
	ck_assert(!http_find(&m, STR("X-7"), NULL));
	ck_assert(http_find(&m, STR("X-8"), NULL));
	ck_assert(http_find_id(&m, HN_HOST, NULL) == http_find(&m, STR("HOST"), NULL));
	http_del(&m, http_find_id(&m, HN_HOST, NULL));
	ck_assert(!http_find_id(&m, HN_HOST, NULL));
}
END_TEST

START_TEST(adding_ends_with_the_memory)
{
	struct http_msg m = {.scratch = &scratch};
	int n = 0;

	scratch.limit = 2 * SCRATCH_CHUNK;
	while (n < 10000 && http_add(&m, STR("a"), STR("b")))
		n++;
	ck_assert_int_lt(n, 10000);
	ck_assert_int_eq(m.nhdrs, n);
	m.scratch = NULL;
	ck_assert(!http_add(&m, STR("a"), STR("b")));
}
END_TEST

START_TEST(targets_have_parts)
{
	static const struct {
		const char *uri, *scheme, *authority, *pathq, *path, *query;
	} rows[] = {
		{"/", "", "", "/", "/", ""},
		{"/a?b", "", "", "/a?b", "/a", "b"},
		{"/a??b", "", "", "/a??b", "/a", "?b"},
		{"/a?", "", "", "/a?", "/a", ""},
		{"/?b/c://d", "", "", "/?b/c://d", "/", "b/c://d"},
		{"//x/y", "", "", "//x/y", "//x/y", ""},
		{"/a#f?b", "", "", "/a#f?b", "/a#f", "b"},
		{"*", "", "", "", "", ""},
		{"", "", "", "", "", ""},
		{"http://h/p?q", "http", "h", "/p?q", "/p", "q"},
		{"http://h", "http", "h", "", "", ""},
		{"http:///x", "http", "", "/x", "/x", ""},
		{"ftp+a.b-c://h:1/x", "ftp+a.b-c", "h:1", "/x", "/x", ""},
		{"h:80", "", "h:80", "", "", ""},
		{"[::1]:80", "", "[::1]:80", "", "", ""},
		{"1http://h/x", "", "1http:", "", "", ""},
		{"a/b?c", "", "a", "", "", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct str uri = str_from(rows[i].uri);

		must_be(http_uri_scheme(uri), rows[i].scheme);
		must_be(http_uri_authority(uri), rows[i].authority);
		must_be(http_uri_pathq(uri), rows[i].pathq);
		must_be(http_uri_path(uri), rows[i].path);
		must_be(http_uri_query(uri), rows[i].query);
	}
}
END_TEST

START_TEST(reasons_are_haproxys)
{
	ck_assert_str_eq(http_reason(200), "OK");
	ck_assert_str_eq(http_reason(299), "Success");
	ck_assert_str_eq(http_reason(302), "Moved Temporarily");
	ck_assert_str_eq(http_reason(102), "Processing");
	ck_assert_str_eq(http_reason(199), "Informational");
	ck_assert_str_eq(http_reason(399), "Redirection");
	ck_assert_str_eq(http_reason(599), "Server Error");
	ck_assert_str_eq(http_reason(600), "Other");
	ck_assert_str_eq(http_reason(0), "Other");
}
END_TEST

START_TEST(scratch_is_aligned_and_bounded)
{
	char *small = scratch_alloc(&scratch, 1);
	char *large = scratch_alloc(&scratch, 10000);
	char *next = scratch_alloc(&scratch, 1);
	struct str text;

	ck_assert(small && large && next);
	ck_assert_uint_eq((uintptr_t)large % 8, 0);
	ck_assert_ptr_eq(next, small + 8);
	memset(large, 'x', 10000);
	text = scratch_printf(&scratch, "%d-%s", 7, "abc");
	must_be(text, "7-abc");
	text = scratch_printf(&scratch, "%5000d", 1);
	ck_assert_uint_eq(text.len, 5000);
	ck_assert(scratch_dup(&scratch, STR("")).ptr);
	ck_assert(!scratch_alloc(&scratch, scratch.limit));
	ck_assert(!scratch_alloc(&scratch, SIZE_MAX));
	scratch_reset(&scratch);
	ck_assert_uint_eq(scratch.total, 0);
	must_be(scratch_printf(&scratch, "%s", "again"), "again");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("message");
	TCase *tc = tcase_create("message");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, names_are_known_in_any_case);
	tcase_add_test(tc, fields_are_found_added_and_deleted);
	tcase_add_test(tc, adding_ends_with_the_memory);
	tcase_add_test(tc, targets_have_parts);
	tcase_add_test(tc, reasons_are_haproxys);
	tcase_add_test(tc, scratch_is_aligned_and_bounded);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
