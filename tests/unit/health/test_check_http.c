/* The HTTP side of health checks: requests as sent, responses judged as they arrive, byte by byte. */
#include <check.h>
#include <stdlib.h>

#include "runtime/health/check_run.h"
#include "tests/unit/eval/eval_fixture.h"
#include "tests/unit/run.h"

static struct eval_fixture t;
static struct worker worker;
static struct generation generation;
static struct proxy proxy;
static struct server server;
static struct check check;
static struct eval_engine *engines[1];
static struct hc_step steps[3];
static struct pattern range;

static void setup(void)
{
	eval_fixture_start(&t);
	memset(steps, 0, sizeof(steps));
	worker.scratch = scratch_malloc;
	engines[0] = t.e.engine;
	generation = (struct generation){.model = &t.f.model, .engines = engines};
	proxy.conf = &t.f.backend;
	proxy.generation = &generation;
	proxy.servers = &server;
	proxy.nservers = 1;
	server.conf = &t.f.server;
	server.proxy = &proxy;
	t.f.backend.check = (struct check_conf){.kind = CHECK_HTTP, .steps = steps};
	check = (struct check){
		.server = &server, .worker = &worker, .report = {.health = 2, .rise = 2, .fall = 3}};
}

static void teardown(void)
{
	out_free(&check.request);
	eval_fixture_stop(&t);
}

static const char *request(void)
{
	check.request = out_growing(4096);
	ck_assert(check_http_request(&check));
	out_char(&check.request, 0);
	return check.request.buf;
}

/* The verdict on a response that came byte by byte and then, if `closed`, ended. */
static enum check_status judge(const char *response, bool closed, uint16_t *code, char info[128])
{
	enum check_status status = CHECK_UNKNOWN;

	for (size_t n = 0; n <= strlen(response); n++) {
		check.in = (struct buf){.data = (char *)response, .len = (uint32_t)n, .cap = 4096};
		check.no_more = false;
		*code = 0;
		info[0] = 0;
		if (check_http_response(&check, &status, code, info) == CHECK_DONE)
			return status;
	}
	check.no_more = closed;
	return closed && check_http_response(&check, &status, code, info) == CHECK_DONE ? status
											: CHECK_UNKNOWN;
}

#define JUDGED(response, closed, status_, code_, info_)                                                        \
	do {                                                                                                   \
		uint16_t code;                                                                                 \
		char info[128];                                                                                \
		ck_assert_int_eq(judge(response, closed, &code, info), status_);                               \
		ck_assert_int_eq(code, code_);                                                                 \
		ck_assert_str_eq(info, info_);                                                                 \
	} while (0)

START_TEST(default_request)
{
	ck_assert_str_eq(request(), "OPTIONS / HTTP/1.0\r\n\r\n");
}
END_TEST

START_TEST(full_request)
{
	struct reply_header headers[] = {{STR("Host"), logfmt_builtin(&t.f.c, "foo")},
					 {STR("X-A"), logfmt_builtin(&t.f.c, "b c")}};

	steps[0] = (struct hc_step){.kind = HC_SEND,
				    .method = STR("GET"),
				    .uri = STR("/z"),
				    .version = STR("HTTP/1.1"),
				    .body = STR("hello"),
				    .headers = headers,
				    .nheaders = 2};
	t.f.backend.check.nsteps = 1;
	ck_assert_str_eq(request(), "GET /z HTTP/1.1\r\nhost: foo\r\nx-a: b c\r\ncontent-length: "
				    "5\r\nconnection: close\r\n\r\nhello");
}
END_TEST

START_TEST(statuses)
{
	JUDGED("HTTP/1.1 200 OK\r\n\r\n", false, CHECK_L7_OK, 200, "");
	JUDGED("HTTP/1.0 399 X\r\nA: b\r\n\r\n", false, CHECK_L7_OK, 399, "");
	JUDGED("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nok", false, CHECK_L7_STATUS, 404,
	       "Not Found");
	JUDGED("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\n\r\n", false, CHECK_L7_STATUS, 503, "No");
	JUDGED("HTTP/1.1 200\n\n", false, CHECK_L7_OK, 200, "");
}
END_TEST

START_TEST(not_http)
{
	JUDGED("garbage\r\n\r\n", false, CHECK_L7_RESPONSE, 0, "");
	JUDGED("HTTP/1.1 2x0 OK\r\n\r\n", false, CHECK_L7_RESPONSE, 0, "");
	JUDGED("HTTP/1.1 2000 OK\r\n\r\n", false, CHECK_L7_RESPONSE, 0, "");
	JUDGED("HTTP/1.1 200 OK\r\nA: b\r\n", true, CHECK_L7_RESPONSE, 0, "");
	JUDGED("", true, CHECK_L7_RESPONSE, 0, "");
}
END_TEST

START_TEST(expected_status)
{
	range = (struct pattern){.min = 404, .max = 410};
	steps[0] =
		(struct hc_step){.kind = HC_EXPECT, .expect = HCE_STATUS, .statuses = &range, .nstatuses = 1};
	t.f.backend.check.nsteps = 1;
	JUDGED("HTTP/1.1 404 Not Found\r\n\r\n", false, CHECK_L7_OK, 404, "");
	JUDGED("HTTP/1.1 200 OK\r\n\r\n", false, CHECK_L7_STATUS, 200, "OK");
	steps[0].negated = true;
	JUDGED("HTTP/1.1 404 Not Found\r\n\r\n", false, CHECK_L7_STATUS, 404, "Not Found");
	JUDGED("HTTP/1.1 500 No\r\n\r\n", false, CHECK_L7_OK, 500, "");
}
END_TEST

START_TEST(expected_text)
{
	steps[0] = (struct hc_step){.kind = HC_EXPECT, .expect = HCE_STRING, .text = STR("foobar")};
	t.f.backend.check.nsteps = 1;
	JUDGED("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nxfoobary", false, CHECK_L7_OK, 200, "");
	JUDGED("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nfooba-", false, CHECK_L7_RESPONSE, 0,
	       "HTTP content check did not match");
	JUDGED("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nxfoo\r\n3;a=b\r\nbar\r\n0\r\n\r\n",
	       false, CHECK_L7_OK, 200, "");
	JUDGED("HTTP/1.1 200 OK\r\n\r\nfoo", true, CHECK_L7_RESPONSE, 0, "HTTP content check did not match");
	steps[0].negated = true;
	JUDGED("HTTP/1.1 200 OK\r\n\r\nfoobar", true, CHECK_L7_RESPONSE, 0,
	       "HTTP check matched unwanted content");
	JUDGED("HTTP/1.1 200 OK\r\n\r\nfoo", true, CHECK_L7_OK, 200, "");
}
END_TEST

START_TEST(expected_regex)
{
	steps[0] = (struct hc_step){.kind = HC_EXPECT,
				    .expect = HCE_RSTATUS,
				    .regex = regex_parse(&t.f.c, STR("^4"), false, SPAN_NONE)};
	t.f.backend.check.nsteps = 1;
	JUDGED("HTTP/1.1 404 No\r\n\r\n", false, CHECK_L7_OK, 404, "");
	JUDGED("HTTP/1.1 200 OK\r\n\r\n", false, CHECK_L7_STATUS, 200, "OK");
}
END_TEST

START_TEST(disabled_on_404)
{
	t.f.backend.check.disable_on_404 = true;
	JUDGED("HTTP/1.1 404 Not Found\r\n\r\n", false, CHECK_L7_CONDITIONAL, 404, "");
	check.report.health = 0;
	JUDGED("HTTP/1.1 404 Not Found\r\n\r\n", false, CHECK_L7_STATUS, 404, "Not Found");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("http checks");
	TCase *c = tcase_create("http");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, default_request);
	tcase_add_test(c, full_request);
	tcase_add_test(c, statuses);
	tcase_add_test(c, not_http);
	tcase_add_test(c, expected_status);
	tcase_add_test(c, expected_text);
	tcase_add_test(c, expected_regex);
	tcase_add_test(c, disabled_on_404);
	suite_add_tcase(s, c);
	return unit_run(s);
}
