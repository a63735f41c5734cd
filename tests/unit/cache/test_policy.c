/* What may be kept and given out again, against what HAProxy 2.6 does (policy.def). */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/cache/cache_policy.h"
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

static struct http_msg message(const char *fields)
{
	struct http_msg m = {.scratch = &scratch, .version = 11};
	struct str rest = str_from(fields);

	while (rest.len) {
		size_t end = str_chr(rest, '\n'), colon = str_chr(rest, ':');

		ck_assert(http_add(&m, str_sub(rest, 0, colon),
				   str_trim(str_sub(rest, colon + 1, end - colon - 1))));
		rest = str_tail(rest, end + 1);
	}
	return m;
}

enum { NOW = 1700000000, MAX_AGE = 20 };

static const struct {
	const char *fields;
	int seconds;
} responses[] = {
#define RESPONSE(fields, seconds) {fields, seconds},
#define REQUEST(method, version, fields, allows)
#define CONDITION(request, response, fits)
#define VARY(request, response, fits)
#include "tests/unit/cache/policy.def"
#undef RESPONSE
#undef REQUEST
};

START_TEST(responses_are_kept_as_long)
{
	struct http_msg m = message(responses[_i].fields);
	struct cache_request r = {.store = true};
	struct cache_lifetime life = {0};
	bool kept;

	m.is_response = true;
	m.status = 200;
	kept = cache_response_judge(&m, &r, NOW, MAX_AGE, &life);
	ck_assert_msg((kept ? (int)life.seconds : 0) == responses[_i].seconds, "%s: %d", responses[_i].fields,
		      kept ? (int)life.seconds : 0);
}
END_TEST

START_TEST(only_some_are_kept_at_all)
{
	struct cache_request plain = {.store = true}, not = {.lookup = true},
			     secret = {.store = true, .authorized = true};
	struct http_msg m = message("Cache-Control: max-age=5\n"),
			public = message("Cache-Control: public, max-age=5\n");
	struct cache_lifetime life;

	m.status = 203;
	public.status = 200;
	ck_assert(!cache_response_judge(&m, &plain, NOW, MAX_AGE, &life));
	m.status = 200;
	ck_assert(cache_response_judge(&m, &plain, NOW, MAX_AGE, &life));
	ck_assert(!cache_response_judge(&m, &plain, NOW, 0, &life));
	ck_assert(!cache_response_judge(&m, &not, NOW, MAX_AGE, &life));
	ck_assert(!cache_response_judge(&m, &secret, NOW, MAX_AGE, &life));
	ck_assert(cache_response_judge(&public, &secret, NOW, MAX_AGE, &life));
}
END_TEST

static const struct {
	const char *method;
	int version;
	const char *fields, *allows;
} requests[] = {
#define RESPONSE(fields, seconds)
#define REQUEST(method, version, fields, allows) {method, version, fields, allows},
#include "tests/unit/cache/policy.def"
#undef REQUEST
#undef CONDITION
};

static enum http_method method_of(const char *name)
{
	static const char *const names[] = {"",       "GET",     "HEAD",    "POST", "PUT",
					    "DELETE", "CONNECT", "OPTIONS", "TRACE"};

	for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return (enum http_method)i;
	return HTTP_M_OTHER;
}

START_TEST(requests_allow)
{
	struct http_msg m = message(requests[_i].fields);
	struct cache_request r;
	char allows[8];

	m.method = (uint8_t)method_of(requests[_i].method);
	m.version = (uint8_t)requests[_i].version;
	cache_request_judge(&m, &r);
	snprintf(allows, sizeof(allows), "%s%s%s", r.lookup ? "l" : "", r.store ? "s" : "",
		 r.invalidates ? "i" : "");
	ck_assert_str_eq(allows, requests[_i].allows);
}
END_TEST

static const struct {
	const char *request, *response;
	bool fits;
} conditions[] = {
#define REQUEST(method, version, fields, allows)
#define CONDITION(request, response, fits) {request, response, fits},
#include "tests/unit/cache/policy.def"
#undef CONDITION
#undef VARY
};

START_TEST(conditions_hold)
{
	struct http_msg request = message(conditions[_i].request), response = message(conditions[_i].response);

	ck_assert_msg(cache_not_modified(&request, &response) == conditions[_i].fits, "%s",
		      conditions[_i].request);
}
END_TEST

static const struct {
	const char *request, *response;
	int fits;
} varies[] = {
#define CONDITION(request, response, fits)
#define VARY(request, response, fits) {request, response, fits},
#include "tests/unit/cache/policy.def"
};

START_TEST(variants_fit)
{
	struct http_msg request = message(varies[_i].request), response = message(varies[_i].response);
	struct cache_vary wanted, kept = {0};
	uint8_t bits;
	int fits = -1;

	cache_vary_request(&request, &wanted);
	if (cache_vary_response(&response, &bits, &kept.encodings))
		fits = cache_vary_matches(bits, &kept, &wanted);
	ck_assert_msg(fits == varies[_i].fits, "%s | %s: %d", varies[_i].request, varies[_i].response, fits);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cache policy");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, responses_are_kept_as_long, 0, sizeof(responses) / sizeof(responses[0]));
	tcase_add_test(tc, only_some_are_kept_at_all);
	tcase_add_loop_test(tc, requests_allow, 0, sizeof(requests) / sizeof(requests[0]));
	tcase_add_loop_test(tc, conditions_hold, 0, sizeof(conditions) / sizeof(conditions[0]));
	tcase_add_loop_test(tc, variants_fit, 0, sizeof(varies) / sizeof(varies[0]));
	return unit_run_here(s);
}
