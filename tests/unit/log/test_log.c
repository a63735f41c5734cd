/* Log lines byte by byte as HAProxy 2.6.12 sends them, levels, lengths, and that a full or absent target costs
 * a line and no time. */
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "grammar/base/out.h"
#include "runtime/backend/server.h"
#include "runtime/core/log.h"
#include "runtime/core/process.h"
#include "tests/unit/run.h"

/* Stands in for the evaluator. */
__attribute__((weak)) void logfmt_eval(struct eval *e, const struct logfmt *fmt, struct out *out)
{
	(void)fmt;
	out_str(out, e->log->uri);
}

static struct model *model;
static struct generation generation;
static struct process process;
static struct worker worker, *workers[1];
static struct log_target target;
static struct proxy_conf conf;
static struct proxy px;
static int udp = -1;

static void setup(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);

	setenv("TZ", "UTC", 1);
	memset(&process, 0, sizeof(process));
	memset(&worker, 0, sizeof(worker));
	memset(&target, 0, sizeof(target));
	memset(&conf, 0, sizeof(conf));
	model = model_new(206);
	ck_assert_ptr_nonnull(model);
	generation.model = model;
	process.generation = &generation;
	process.pid = 4389;
	worker.process = &process;
	workers[0] = &worker;
	process.workers = workers;
	process.nworkers = 1;
	worker.wall = (struct timeval){1795351944, 406972}; /* 2026-11-22 12:52:24 */
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(udp, (struct sockaddr *)&in, sizeof(in)), 0);
	ck_assert_int_eq(getsockname(udp, (struct sockaddr *)&in, &len), 0);
	target.addr.kind = ADDR_INET;
	memcpy(target.addr.ip, &in.sin_addr, 4);
	target.addr.port = ntohs(in.sin_port);
	target.facility = 16;
	target.max_level = 7;
	conf.name = STR("b");
	conf.log_targets.v = &target;
	conf.log_targets.n = 1;
	px.conf = &conf;
	px.generation = &generation;
	ck_assert(log_init(&worker));
}

static void teardown(void)
{
	log_free(&worker);
	ck_assert_ptr_null(worker.log);
	model_release(&model);
	close(udp);
}

static const char *received(void)
{
	static char text[2048];
	ssize_t n = recv(udp, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n < 0 ? 0 : n] = 0;
	return text;
}

#define EVENT "backend b has no server available!"

START_TEST(headers)
{
	static const char *const want[] = {
		[LOGP_LOCAL] = "<128>Nov 22 12:52:24 haproxy[4389]: " EVENT "\n",
		[LOGP_RFC3164] = "<128>Nov 22 12:52:24 localhost haproxy[4389]: " EVENT "\n",
		[LOGP_RFC5424] = "<128>1 2026-11-22T12:52:24.406972+00:00 - haproxy 4389 - - " EVENT "\n",
		[LOGP_PRIORITY] = "<128>" EVENT "\n",
		[LOGP_SHORT] = "<0>" EVENT "\n",
		[LOGP_TIMED] = "<0>2026-11-22T12:52:24.406972+00:00 " EVENT "\n",
		[LOGP_ISO] = "2026-11-22T12:52:24.406972+00:00 " EVENT "\n",
		[LOGP_RAW] = EVENT "\n",
	};

	target.proto = (enum log_proto)_i;
	log_event(&worker, &conf, LL_EMERG, "backend %s has no server available!", "b");
	ck_assert_str_eq(received(), want[_i]);
	ck_assert_uint_eq(log_dropped(&process), 0);
}
END_TEST

START_TEST(host_and_tag)
{
	model->global.log_send_hostname = STR("vm");
	model->global.log_tag = STR("mytag");
	log_event(&worker, &conf, LL_ALERT, "x");
	ck_assert_str_eq(received(), "<129>Nov 22 12:52:24 vm mytag[4389]: x\n");
	conf.log_tag = STR("ftag");
	target.proto = LOGP_RFC5424;
	log_event(&worker, &conf, LL_ALERT, "x");
	ck_assert_str_eq(received(), "<129>1 2026-11-22T12:52:24.406972+00:00 vm ftag 4389 - - x\n");
	target.proto = LOGP_RFC3164;
	worker.wall.tv_sec -= 20 * 86400;
	log_event(&worker, &conf, LL_ALERT, "x");
	ck_assert_str_eq(received(), "<129>Nov  2 12:52:24 vm ftag[4389]: x\n");
}
END_TEST

START_TEST(levels)
{
	target.max_level = LL_WARNING;
	log_event(&worker, &conf, LL_NOTICE, "x");
	ck_assert_str_eq(received(), "");
	target.min_level = LL_ERR;
	target.proto = LOGP_PRIORITY;
	log_event(&worker, &conf, LL_EMERG, "x");
	ck_assert_str_eq(received(), "<131>x\n");
	log_event(&worker, &conf, LL_WARNING, "a\nb\x01");
	ck_assert_str_eq(received(), "<132>a#0Ab#01\n");
}
END_TEST

START_TEST(lengths)
{
	const char *got;

	target.max_len = 80;
	log_event(&worker, &conf, LL_ALERT, "%0200d", 1);
	got = received();
	ck_assert_uint_eq(strlen(got), 81);
	ck_assert_int_eq(got[80], '\n');
	ck_assert(!strncmp(got, "<129>Nov 22", 11));
}
END_TEST

static void traffic(struct log_record *r)
{
	struct eval e = {.log = r};
	union addr src = {
		.in = {.sin_family = AF_INET, .sin_port = htons(46208), .sin_addr.s_addr = htonl(0x7f000001)}};
	union addr dst = {
		.in = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(0x7f000002)}};

	e.src = &src;
	e.dst = &dst;
	log_traffic(&worker, &px, &e);
}

START_TEST(traffic_default)
{
	struct log_record r = {.log_level = LL_INFO, .cause = '-', .status = 200};

	target.proto = LOGP_PRIORITY;
	traffic(&r);
	ck_assert_str_eq(received(), "<134>Connect from 127.0.0.1:46208 to 127.0.0.2:80 (b/TCP)\n");
	r.log_level = -1;
	traffic(&r);
	ck_assert_str_eq(received(), "");
	conf.options[PO_LOG_SEPARATE_ERRORS >> 6] |= 1ull << (PO_LOG_SEPARATE_ERRORS & 63);
	r.log_level = LL_INFO;
	r.status = 503;
	conf.mode = MODE_HTTP;
	traffic(&r);
	ck_assert_str_eq(received(), ""); /* no request yet */
	r.method = STR("GET");
	traffic(&r);
	ck_assert_str_eq(received(), "<131>Connect from 127.0.0.1:46208 to 127.0.0.2:80 (b/HTTP)\n");
	r.status = 200;
	r.cause = 'L'; /* a rule's answer is none */
	traffic(&r);
	ck_assert_int_eq(received()[3], '4');
	r.cause = 'C';
	target.max_level = LL_CRIT;
	traffic(&r);
	ck_assert_str_eq(received(), "");
}
END_TEST

START_TEST(sampled)
{
	static const char want[] = "1011100000101110000010";
	struct proxy_conf *px_conf = ARENA_NEW(model->arena, struct proxy_conf);

	target.sample = STR("1,3-5:10");
	target.proto = LOGP_RAW;
	*px_conf = conf;
	*vec_push(model->arena, &model->proxies) = px_conf;
	ck_assert(log_prepare(&worker, model));
	for (size_t i = 0; i < sizeof(want) - 1; i++) {
		log_event(&worker, &conf, LL_NOTICE, "x");
		ck_assert_int_eq(received()[0] == 'x', want[i] == '1');
	}
}
END_TEST

START_TEST(pipe_never_blocks)
{
	char text[256], block[4096] = {0};
	int ends[2];
	ssize_t n;

	ck_assert_int_eq(pipe(ends), 0);
	target.addr = (struct addr_conf){.kind = ADDR_FD, .fd = ends[1]};
	target.max_len = 80;
	log_event(&worker, &conf, LL_ALERT, "%0200d", 1);
	n = read(ends[0], text, sizeof(text));
	ck_assert_int_eq(n, 80);
	ck_assert_int_eq(text[79], '\n');
	ck_assert_int_eq(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	while (write(ends[1], block, sizeof(block)) > 0)
		;
	fcntl(ends[1], F_SETFL, 0);
	log_event(&worker, &conf, LL_ALERT, "x");
	log_event(&worker, &conf, LL_ALERT, "x");
	ck_assert_uint_eq(log_dropped(&process), 2);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

START_TEST(absent_target)
{
	target.addr = (struct addr_conf){.kind = ADDR_UNIX, .path = STR("nowhere.sock")};
	log_event(&worker, &conf, LL_ALERT, "x");
	ck_assert_uint_eq(log_dropped(&process), 1);
	log_global(&process, LL_NOTICE, "no global target: %d", 1);
	ck_assert_uint_eq(log_dropped(&process), 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("log");
	TCase *t = tcase_create("log");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, headers, 0, LOGP_RAW + 1);
	tcase_add_test(t, host_and_tag);
	tcase_add_test(t, levels);
	tcase_add_test(t, lengths);
	tcase_add_test(t, traffic_default);
	tcase_add_test(t, sampled);
	tcase_add_test(t, pipe_never_blocks);
	tcase_add_test(t, absent_target);
	suite_add_tcase(s, t);
	return unit_run(s);
}
