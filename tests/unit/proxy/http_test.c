/* Mode http over real sockets: the test is the client and the server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/eval/eval.h"
#include "runtime/proxy/http_stream.h"
#include "runtime/stats/stats_http.h"
#include "tests/unit/proxy/rig.h"
#include "tests/unit/run.h"

#define GET "GET / HTTP/1.1\r\nhost: h\r\n\r\n"
#define OK2 "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
#define send_text(fd, text) rig_send(fd, text, sizeof(text) - 1)
#define expect_text(fd, text) rig_expect(fd, text, sizeof(text) - 1)

static struct rig r;
/* Has the linker take the real functions of http_session.c instead of the rig's. */
enum http_next (*const real)(struct http_stream *) = http_stream_run;

__attribute__((weak)) struct str redirect_location(struct eval *e, const struct rule *rule)
{
	(void)e;
	return rule->str2;
}

__attribute__((weak)) enum srv_outcome srv_request_retry(struct srv_request *request)
{
	(void)request;
	return SRV_CONNECT_FAILED;
}

__attribute__((weak)) bool sample_text(struct eval *e, const struct sample_expr *expr, struct str *text)
{
	(void)e, (void)expr, (void)text;
	return false;
}

static void setup(void)
{
	rig_init(&r);
	r.px->mode = MODE_HTTP;
	r.px->timeout[TMO_CLIENT] = r.px->timeout[TMO_SERVER] = 2000;
	r.model->global.tune_bufsize = 16384;
	r.model->global.tune_maxrewrite = 1024;
	r.model->global.tune_http_maxhdr = 101;
}

static void teardown(void)
{
	rig_free(&r);
}

START_TEST(request_and_response_pass)
{
	int client, server;

	rig_start(&r);
	client = rig_connect(&r);
	send_text(client, "GET / HTTP/1.1\r\nHost: h\r\nA:b\r\n\r\n");
	server = rig_accept(&r);
	expect_text(server, "GET / HTTP/1.1\r\nhost: h\r\na: b\r\n\r\n");
	send_text(server, OK2);
	expect_text(client, OK2);
	ck_assert_int_eq(rig_record(&r, 0).status, 200);
	ck_assert_uint_eq(rig_record(&r, 0).bytes_in, 40);
	ck_assert_uint_eq(rig_record(&r, 0).bytes_out, 51);
	rig_expect_letters(&r, 0, "--");
	close(client);
	close(server);
}
END_TEST

START_TEST(client_connection_carries_several_requests)
{
	int client, server;

	rig_start(&r);
	client = rig_connect(&r);
	for (int i = 0; i < 3; i++) {
		send_text(client, GET);
		server = rig_accept(&r);
		expect_text(server, GET);
		send_text(server, OK2);
		expect_text(client, OK2);
		close(server);
	}
	close(client);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
	int client, server;

	rig_start(&r);
	client = rig_connect(&r);
	send_text(client, "GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\ncontent-length: 3\r\n\r\nabcGET /3 "
			  "HTTP/1.1\r\nconnection: close\r\n\r\n");
	server = rig_accept(&r);
	expect_text(server, "GET /1 HTTP/1.1\r\n\r\n");
	send_text(server, OK2);
	expect_text(client, OK2);
	close(server);
	server = rig_accept(&r);
	expect_text(server, "POST /2 HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc");
	send_text(server, OK2);
	expect_text(client, OK2);
	close(server);
	server = rig_accept(&r);
	expect_text(server, "GET /3 HTTP/1.1\r\n\r\n");
	send_text(server, OK2);
	expect_text(client, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
	rig_expect_end(client);
	close(server);
	close(client);
}
END_TEST

START_TEST(bodies_are_streamed_both_ways)
{
	enum { SIZE = 1000000 };
	char *body = malloc(SIZE), head[200];
	int client, server, n;

	for (int i = 0; i < SIZE; i++)
		body[i] = (char)(i * 7 + i / 1000);
	rig_start(&r);
	client = rig_connect(&r);
	n = sprintf(head, "POST / HTTP/1.1\r\ncontent-length: %d\r\n\r\n", SIZE);
	rig_send(client, head, (size_t)n);
	server = rig_accept(&r);
	rig_expect(server, head, (size_t)n);
	for (int at = 0; at < SIZE; at += SIZE / 10) {
		rig_send(client, body + at, SIZE / 10);
		rig_expect(server, body + at, SIZE / 10);
	}
	n = sprintf(head, "HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n", SIZE);
	rig_send(server, head, (size_t)n);
	rig_expect(client, head, (size_t)n);
	for (int at = 0; at < SIZE; at += SIZE / 10) {
		rig_send(server, body + at, SIZE / 10);
		rig_expect(client, body + at, SIZE / 10);
	}
	ck_assert_uint_eq(rig_record(&r, 0).bytes_in, SIZE + 20 + 4 + 1 + 8 + 14 + 7 + 1);
	ck_assert_uint_eq(rig_record(&r, 0).bytes_out, SIZE + 20 + 8 + 3 + 2 + 14 + 7 + 1);
	free(body);
	close(client);
	close(server);
}
END_TEST

START_TEST(chunks_are_framed_anew)
{
	int client, server;

	rig_start(&r);
	client = rig_connect(&r);
	send_text(client, "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n");
	server = rig_accept(&r);
	expect_text(server, "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
	send_text(client, "3\r\ndef\r\n0\r\nX-T: u\r\n");
	expect_text(server, "3\r\ndef\r\n");
	send_text(client, "\r\n");
	expect_text(server, "0\r\nx-t: u\r\n\r\n");
	send_text(server, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\n01234");
	expect_text(client, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n01234\r\n");
	send_text(server, "56789\r\n0\r\n\r\n");
	expect_text(client, "5\r\n56789\r\n0\r\n\r\n");
	send_text(client, GET);
	close(server);
	server = rig_accept(&r);
	expect_text(server, GET);
	close(client);
	close(server);
}
END_TEST

START_TEST(garbage_is_refused)
{
	int client;

	rig_start(&r);
	client = rig_connect(&r);
	send_text(client, "GET / HTTP/1.1\r\nbad line\r\n\r\n");
	expect_text(client, "HTTP/1.1 400 Bad request\r\nContent-length: 90\r\nCache-Control: "
			    "no-cache\r\nConnection: close\r\n"
			    "Content-Type: text/html\r\n\r\n<html><body><h1>400 Bad request</h1>\n"
			    "Your browser sent an invalid request.\n</body></html>\n");
	rig_expect_end(client);
	ck_assert_int_eq(rig_record(&r, 0).status, 400);
	ck_assert(rig_record(&r, 0).bad_request);
	rig_expect_letters(&r, 0, "PR");
	close(client);
}
END_TEST

START_TEST(bad_responses_become_502)
{
	static const char *const answers[] = {"", "garbage\r\n\r\n", "HTTP/1.1 200 OK\r\nconte",
					      "HTTP/1.1 200 OK\r\nbad\r\n\r\n"};
	static const char *const letters[] = {"SH", "PH", "SH", "PH"};
	int client, server;

	rig_start(&r);
	for (unsigned i = 0; i < 4; i++) {
		client = rig_connect(&r);
		send_text(client, GET);
		server = rig_accept(&r);
		expect_text(server, GET);
		rig_send(server, answers[i], strlen(answers[i]));
		close(server);
		expect_text(client, "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 107\r\n");
		rig_expect_letters(&r, i, letters[i]);
		close(client);
	}
}
END_TEST

START_TEST(silence_runs_into_timeouts)
{
	int client, server;

	r.px->timeout[TMO_CLIENT] = r.px->timeout[TMO_SERVER] = 100;
	rig_start(&r);
	client = rig_connect(&r);
	send_text(client, GET);
	server = rig_accept(&r);
	expect_text(server, GET);
	expect_text(client, "HTTP/1.1 504 Gateway Time-out\r\n");
	rig_expect_letters(&r, 0, "sH");
	close(client);
	close(server);
	client = rig_connect(&r);
	expect_text(client, "HTTP/1.1 408 Request Time-out\r\n");
	rig_expect_letters(&r, 1, "cR");
	close(client);
	client = rig_connect(&r);
	send_text(client, "POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc");
	server = rig_accept(&r);
	expect_text(server, "POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc");
	expect_text(client, "HTTP/1.1 504 Gateway Time-out\r\n");
	rig_expect_letters(&r, 2, "sH");
	close(client);
	close(server);
}
END_TEST

START_TEST(interim_responses_pass)
{
	int client, server;

	rig_start(&r);
	client = rig_connect(&r);
	send_text(client, "POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n");
	server = rig_accept(&r);
	expect_text(server, "POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n");
	send_text(server, "HTTP/1.1 100 Continue\r\n\r\n");
	expect_text(client, "HTTP/1.1 100 Continue\r\n\r\n");
	send_text(client, "abc");
	expect_text(server, "abc");
	send_text(server, "HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\ncontent-length: 0\r\n\r\n");
	expect_text(client, "HTTP/1.1 103 Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n");
	ck_assert_int_eq(rig_record(&r, 0).status, 204);
	close(client);
	close(server);
}
END_TEST

START_TEST(upgrades_become_tunnels)
{
	int client, server;

	rig_start(&r);
	client = rig_connect(&r);
	send_text(client, "GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nearly");
	server = rig_accept(&r);
	expect_text(server, "GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
	send_text(server, "HTTP/1.1 101 Switch\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nhello");
	expect_text(client, "HTTP/1.1 101 Switch\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nhello");
	expect_text(server, "early");
	for (int i = 0; i < 3; i++) {
		send_text(client, "up");
		expect_text(server, "up");
		send_text(server, "down");
		expect_text(client, "down");
	}
	shutdown(client, SHUT_WR);
	rig_expect_end(server);
	send_text(server, "last");
	expect_text(client, "last");
	close(server);
	rig_expect_end(client);
	rig_expect_letters(&r, 0, "--");
	close(client);
}
END_TEST

START_TEST(clients_may_leave_at_any_time)
{
	static const char request[] = "POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nabcde";
	int client, server;

	rig_start(&r);
	for (size_t n = 0; n < sizeof(request) - 1; n += 3) {
		client = rig_connect(&r);
		rig_send(client, request, n);
		rig_reset(client);
	}
	client = rig_connect(&r);
	send_text(client, GET);
	server = rig_accept(&r);
	close(server);
	close(client);
}
END_TEST

/* Looks at a running worker's figure on purpose. */
static __attribute__((noinline, no_sanitize("thread"))) uint64_t buffers_used(void)
{
	return *(volatile uint64_t *)&r.process->workers[0]->buffers.used;
}

START_TEST(slow_readers_hold_one_buffer)
{
	enum { SIZE = 8000000 };
	char *body = calloc(1, SIZE);
	int client, server, small = 65536;
	pid_t pid;

	rig_start(&r);
	client = rig_connect(&r);
	setsockopt(client, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	send_text(client, GET);
	server = rig_accept(&r);
	expect_text(server, GET);
	pid = fork();
	if (!pid) {
		send_text(server, "HTTP/1.1 200 OK\r\ncontent-length: 8000000\r\n\r\n");
		rig_send(server, body, SIZE);
		_exit(0);
	}
	close(server);
	usleep(200000);
	ck_assert_uint_le(buffers_used(), 2);
	expect_text(client, "HTTP/1.1 200 OK\r\ncontent-length: 8000000\r\n\r\n");
	rig_expect(client, body, SIZE);
	close(client);
	free(body);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("http");
	TCase *tc = tcase_create("http");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, request_and_response_pass);
	tcase_add_test(tc, client_connection_carries_several_requests);
	tcase_add_test(tc, pipelined_requests_are_answered_in_order);
	tcase_add_test(tc, bodies_are_streamed_both_ways);
	tcase_add_test(tc, chunks_are_framed_anew);
	tcase_add_test(tc, garbage_is_refused);
	tcase_add_test(tc, bad_responses_become_502);
	tcase_add_test(tc, silence_runs_into_timeouts);
	tcase_add_test(tc, interim_responses_pass);
	tcase_add_test(tc, upgrades_become_tunnels);
	tcase_add_test(tc, clients_may_leave_at_any_time);
	tcase_add_test(tc, slow_readers_hold_one_buffer);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
