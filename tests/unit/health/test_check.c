/* Health checks against a server that answers what the test wants: real sockets, a real loop. */
#include <pthread.h>
#include <stdio.h>

#include "runtime/core/log.h"
#include "runtime/health/check_run.h"
#include "tests/unit/backend/desk.h"
#include "tests/unit/run.h"

static struct rig {
	struct farm f;
	struct generation g;
	struct hc_step steps[2];
	struct process p;
	struct worker *w, *workers[1];
	struct eval_engine *engines[1];
	struct sockaddr_in at;
	int fd;
	pthread_t thread;
	const char *_Atomic answer; /* NULL: none, and the connection stays open */
	char request[1000];
	pthread_mutex_t lock;
} rig = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void serve(int fd)
{
	const char *answer = atomic_load(&rig.answer);
	char request[1000];
	ssize_t n = recv(fd, request, sizeof(request) - 1, 0);

	if (n > 0) {
		request[n] = 0;
		pthread_mutex_lock(&rig.lock);
		memcpy(rig.request, request, (size_t)n + 1);
		pthread_mutex_unlock(&rig.lock);
	}
	if (!answer)
		return; /* left to the end of the process */
	if (n > 0 && *answer)
		send(fd, answer, strlen(answer), MSG_NOSIGNAL);
	close(fd);
}

/* What `option httpchk` alone asks for. */
static void plain_steps(void)
{
	static const struct pattern fine = {.min = 200, .max = 399};

	rig.steps[0] = (struct hc_step){.kind = HC_SEND, .number = 1};
	rig.steps[1] = (struct hc_step){
		.kind = HC_EXPECT, .number = 2, .expect = HCE_STATUS, .statuses = &fine, .nstatuses = 1};
	rig.f.proxy_conf.check.steps = rig.steps;
	rig.f.proxy_conf.check.nsteps = 2;
}

static void *server_main(void *arg)
{
	int fd;

	(void)arg;
	while ((fd = accept(rig.fd, NULL, NULL)) >= 0)
		serve(fd);
	return NULL;
}

static void rig_init(const char *weights, enum check_kind kind)
{
	farm_init(&rig.f, BAL_ROUNDROBIN, weights);
	rig.f.proxy_conf.check.kind = kind;
	if (kind == CHECK_HTTP)
		plain_steps();
	rig.f.proxy_conf.timeout[TMO_CHECK] = 400;
	rig.f.proxy_conf.timeout[TMO_CONNECT] = 10000; /* else an interval: little on a busy machine */
	rig.g = farm_generation(&rig.f);
	rig.g.model = model_new(206);
	rig.g.engines = rig.engines;
	rig.engines[0] = eval_engine_new(rig.g.model);
	rig.f.proxy.generation = &rig.g;
	rig.p = (struct process){.workers = rig.workers, .nworkers = 1, .generation = &rig.g};
	rig.w = rig.workers[0] = desk_worker(&rig.p, &rig.g, 0);
	ck_assert(log_init(rig.w));
	rig.fd = listen_any(&rig.at);
	pthread_create(&rig.thread, NULL, server_main, NULL);
	for (uint32_t i = 0; i < rig.f.proxy.nservers; i++) {
		server_at(&rig.f.servers[i], &rig.at);
		rig.f.confs[i].name = STR("s");
		rig.f.confs[i].proxy = &rig.f.proxy_conf;
	}
	rig.f.confs[0].check = true;
	rig.f.confs[0].inter = 15;
	rig.f.confs[0].rise = rig.f.confs[0].fall = 2;
}

static void checks_begin(void)
{
	ck_assert(checks_init(&rig.g));
	checks_start(rig.w, &rig.g);
}

static void server_close(void)
{
	if (rig.fd < 0)
		return;
	shutdown(rig.fd, SHUT_RDWR);
	pthread_join(rig.thread, NULL);
	close(rig.fd);
	rig.fd = -1;
}

static void rig_free(void)
{
	checks_stop(rig.w, &rig.g);
	server_close();
	checks_free(&rig.g);
	log_free(rig.w);
	desk_worker_free(rig.w);
	farm_free(&rig.f);
	eval_engine_free(&rig.engines[0]);
	model_release(&rig.g.model);
}

static struct check_report report(void)
{
	struct check_report r;

	ck_assert(check_report(&rig.f.servers[0], &r));
	return r;
}

/* Runs the loop until the server is in the state. */
static void await_oper(int server, enum srv_oper oper)
{
	for (int i = 0; i < 20000 && atomic_load(&rig.f.servers[server].oper) != (int)oper; i++) {
		ev_run(rig.w->loop, EVRUN_NOWAIT);
		usleep(1000);
	}
	ck_assert_int_eq(rig.f.servers[server].oper, oper);
}

/* Runs the loop until a check has ended. */
static struct check_report await_check(void)
{
	uint64_t last = report().last;

	for (int i = 0; i < 20000 && report().last == last; i++) {
		ev_run(rig.w->loop, EVRUN_NOWAIT);
		usleep(1000);
	}
	ck_assert_uint_ne(report().last, last);
	return report();
}

START_TEST(layer4)
{
	struct check_report r;

	rig_init("1", CHECK_L4);
	checks_begin();
	r = await_check();
	ck_assert_int_eq(r.status, CHECK_L4_OK);
	ck_assert_int_eq(r.health, 3);
	server_close();
	await_oper(0, SRV_STOPPED);
	r = report();
	ck_assert_int_eq(r.status, CHECK_L4_CONNECT);
	ck_assert_str_eq(r.info, "Connection refused");
	ck_assert_int_eq(r.health, 0);
	ck_assert_uint_eq(rig.f.proxy.usable, 0);
	ck_assert_uint_eq(counters_srv(rig.w, 0)->failed_checks, 2);
	ck_assert_uint_eq(counters_srv(rig.w, 0)->down_trans, 1);
	ck_assert_uint_eq(counters_be(rig.w, 0)->down_trans, 1);
	rig_free();
}
END_TEST

START_TEST(falls_and_rises)
{
	rig_init("1", CHECK_HTTP);
	atomic_store(&rig.answer, "HTTP/1.0 200 OK\r\n\r\n");
	checks_begin();
	ck_assert_int_eq(await_check().health, 3);
	atomic_store(&rig.answer, "HTTP/1.0 500 No\r\n\r\n");
	while (await_check().result != 2)
		;
	ck_assert_int_eq(report().health, 2); /* one failure is forgiven */
	ck_assert_int_eq(rig.f.servers[0].oper, SRV_RUNNING);
	ck_assert_int_eq(await_check().health, 0);
	ck_assert_int_eq(rig.f.servers[0].oper, SRV_STOPPED);
	atomic_store(&rig.answer, "HTTP/1.0 200 OK\r\n\r\n");
	while (await_check().result != 3)
		;
	ck_assert_int_eq(report().health, 1);
	ck_assert_int_eq(rig.f.servers[0].oper, SRV_STOPPED);
	ck_assert_int_eq(await_check().health, 3);
	ck_assert_int_eq(rig.f.servers[0].oper, SRV_RUNNING);
	ck_assert_uint_eq(rig.f.proxy.usable, 1);
	rig_free();
}
END_TEST

static const struct {
	const char *answer;
	enum check_status status;
	uint16_t code;
	const char *info;
} answers[] = {
	{"HTTP/1.0 200 OK\r\n\r\n", CHECK_L7_OK, 200, ""},
	{"HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", CHECK_L7_OK, 301, ""},
	{"HTTP/1.1 200\r\n\r\n", CHECK_L7_OK, 200, ""},
	{"HTTP/1.1 503 Go Away\r\nContent-Length: 5\r\n\r\nhello", CHECK_L7_STATUS, 503, "Go Away"},
	{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Lost\r\n\r\n", CHECK_L7_STATUS, 404, "Lost"},
	{"garbage\r\n\r\n", CHECK_L7_RESPONSE, 0, ""},
	{"HTTP/1.1 20", CHECK_L7_RESPONSE, 0, ""},
	{"HTTP/1.1 2x0 OK\r\n\r\n", CHECK_L7_RESPONSE, 0, ""},
	{"", CHECK_L7_RESPONSE, 0, ""},
	{NULL, CHECK_L7_TIMEOUT, 0, ""},
};

START_TEST(verdicts)
{
	struct check_report r;

	rig_init("1", CHECK_HTTP);
	atomic_store(&rig.answer, answers[_i].answer);
	if (answers[_i].answer)
		rig.f.proxy_conf.timeout[TMO_CHECK] = 10000; /* only silence is to be timed out */
	checks_begin();
	r = await_check();
	ck_assert_int_eq(r.status, answers[_i].status);
	ck_assert_uint_eq(r.code, answers[_i].code);
	ck_assert_str_eq(r.info, answers[_i].info);
	pthread_mutex_lock(&rig.lock);
	ck_assert_str_eq(rig.request, "OPTIONS / HTTP/1.0\r\n\r\n");
	pthread_mutex_unlock(&rig.lock);
	rig_free();
}
END_TEST

static const struct {
	enum hc_expect expect;
	bool negated;
	const char *text, *answer;
	enum check_status status;
	const char *info;
} expectations[] = {
	{HCE_STRING, false, "hello", "HTTP/1.0 500 No\r\n\r\nsay hello", CHECK_L7_OK, ""},
	{HCE_STRING, false, "hello", "HTTP/1.0 200 OK\r\n\r\nbye", CHECK_L7_RESPONSE,
	 "HTTP content check did not match"},
	{HCE_STRING, false, "lo wo",
	 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n9\r\nlo world!\r\n0\r\n\r\n",
	 CHECK_L7_OK, ""},
	{HCE_STRING, true, "hello", "HTTP/1.0 200 OK\r\n\r\nhello", CHECK_L7_RESPONSE,
	 "HTTP check matched unwanted content"},
	{HCE_STRING, true, "hello", "HTTP/1.0 200 OK\r\n\r\n", CHECK_L7_RESPONSE,
	 "HTTP content check could not find a response body"},
	{HCE_STRING, false, "lost", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhilost", CHECK_L7_RESPONSE,
	 "HTTP content check did not match"},
};

START_TEST(expects)
{
	struct check_report r;

	rig_init("1", CHECK_HTTP);
	rig.steps[1] = (struct hc_step){.kind = HC_EXPECT,
					.expect = expectations[_i].expect,
					.negated = expectations[_i].negated,
					.text = str_from(expectations[_i].text)};
	atomic_store(&rig.answer, expectations[_i].answer);
	rig.f.proxy_conf.timeout[TMO_CHECK] = 10000;
	checks_begin();
	r = await_check();
	ck_assert_int_eq(r.status, expectations[_i].status);
	ck_assert_str_eq(r.info, expectations[_i].info);
	rig_free();
}
END_TEST

START_TEST(sends_what_is_asked_for)
{
	rig_init("1", CHECK_HTTP);
	rig.steps[0] = (struct hc_step){.kind = HC_SEND,
					.method = STR("GET"),
					.uri = STR("/ping"),
					.version = STR("HTTP/1.1"),
					.body = STR("hello")};
	rig.f.confs[0].check_send_proxy = rig.f.confs[0].send_proxy_v2 = true;
	atomic_store(&rig.answer, "HTTP/1.0 200 OK\r\n\r\n");
	checks_begin();
	await_check();
	pthread_mutex_lock(&rig.lock);
	ck_assert_mem_eq(rig.request, "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);
	pthread_mutex_unlock(&rig.lock);
	rig_free();
}
END_TEST

/* disable-on-404 */
START_TEST(stops_on_404)
{
	rig_init("1", CHECK_HTTP);
	rig.f.proxy_conf.check.disable_on_404 = true;
	atomic_store(&rig.answer, "HTTP/1.0 404 Later\r\n\r\n");
	/* Followers are found through the generation's index: none here, so the tracked one is given directly.
	 */
	ck_assert(checks_init(&rig.g));
	checks_start(rig.w, &rig.g);
	await_oper(0, SRV_STOPPING);
	ck_assert_int_eq(report().status, CHECK_L7_CONDITIONAL);
	ck_assert(!server_is_usable(&rig.f.servers[0]));
	ck_assert(server_is_reachable(&rig.f.servers[0]));
	atomic_store(&rig.answer, "HTTP/1.0 200 OK\r\n\r\n");
	await_oper(0, SRV_RUNNING);
	atomic_store(&rig.answer, "HTTP/1.0 500 No\r\n\r\n");
	await_oper(0, SRV_STOPPED);
	atomic_store(&rig.answer, "HTTP/1.0 404 Later\r\n\r\n"); /* from down, 404 is a failure */
	for (int i = 0; i < 3; i++)
		await_check();
	ck_assert_int_eq(rig.f.servers[0].oper, SRV_STOPPED);
	rig_free();
}
END_TEST

START_TEST(intervals)
{
	struct check *k;

	rig_init("1", CHECK_L4);
	rig.f.confs[0].inter = 1000;
	rig.f.confs[0].fastinter = 100;
	rig.f.confs[0].downinter = 5000;
	ck_assert(checks_init(&rig.g));
	k = rig.f.servers[0].check;
	k->report.health = 3;
	ck_assert_uint_eq(check_interval(k), 1000);
	k->report.health = 2;
	ck_assert_uint_eq(check_interval(k), 100);
	k->report.health = 1;
	ck_assert_uint_eq(check_interval(k), 100);
	k->report.health = 0;
	ck_assert_uint_eq(check_interval(k), 5000);
	rig_free();
}
END_TEST

START_TEST(state_words)
{
	char text[64];
	struct server *s;

	rig_init("1,1", CHECK_L4);
	ck_assert(checks_init(&rig.g));
	s = &rig.f.servers[0];
	server_state_text(&rig.f.servers[1], text, sizeof(text));
	ck_assert_str_eq(text, "no check");
	server_state_text(s, text, sizeof(text));
	ck_assert_str_eq(text, "UP 1/2");
	s->check->report.health = 3;
	server_state_text(s, text, sizeof(text));
	ck_assert_str_eq(text, "UP");
	atomic_store(&s->oper, SRV_STOPPING);
	server_state_text(s, text, sizeof(text));
	ck_assert_str_eq(text, "NOLB");
	atomic_store(&s->oper, SRV_STOPPED);
	s->check->report.health = 1;
	server_state_text(s, text, sizeof(text));
	ck_assert_str_eq(text, "DOWN 1/2");
	s->check->report.health = 0;
	server_state_text(s, text, sizeof(text));
	ck_assert_str_eq(text, "DOWN");
	atomic_store(&s->admin, SRV_ADM_MAINT);
	server_state_text(s, text, sizeof(text));
	ck_assert_str_eq(text, "MAINT");
	atomic_store(&s->admin, SRV_ADM_RMAINT);
	server_state_text(s, text, sizeof(text));
	ck_assert_str_eq(text, "MAINT (resolution)");
	rig_free();
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(*(table)))

int main(void)
{
	Suite *suite = suite_create("checks");
	TCase *tc = tcase_create("one server");

	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, layer4);
	tcase_add_test(tc, falls_and_rises);
	tcase_add_loop_test(tc, verdicts, 0, COUNT(answers));
	tcase_add_loop_test(tc, expects, 0, COUNT(expectations));
	tcase_add_test(tc, sends_what_is_asked_for);
	tcase_add_test(tc, stops_on_404);
	tcase_add_test(tc, intervals);
	tcase_add_test(tc, state_words);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
