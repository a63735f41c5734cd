/* Mode tcp over real sockets: what passes, how it ends, and what the log record says about it. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/proxy/session.h"
#include "runtime/stats/counters.h"
#include "tests/unit/proxy/rig.h"
#include "tests/unit/run.h"

static struct rig rig;
static int client, server;

static void begin(void)
{
	rig_init(&rig);
}

static void pair_up(void)
{
	rig_start(&rig);
	client = rig_connect(&rig);
	server = rig_accept(&rig);
}

static void finish(void)
{
	close(client);
	close(server);
	rig_free(&rig);
}

START_TEST(both_ways_and_half_close)
{
	struct log_record record;

	pair_up();
	rig_send(client, "hello", 5);
	rig_expect(server, "hello", 5);
	rig_send(server, "good day", 8);
	rig_expect(client, "good day", 8);
	shutdown(client, SHUT_WR);
	rig_expect_end(server);
	rig_send(server, "more", 4);
	rig_expect(client, "more", 4);
	close(server);
	rig_expect_end(client);
	record = rig_record(&rig, 0);
	ck_assert_uint_eq(record.bytes_in, 5);
	ck_assert_uint_eq(record.bytes_out, 12);
	ck_assert_int_eq(record.cause, '-');
	ck_assert_int_ge(record.t_queue, 0);
	ck_assert_int_ge(record.t_connect, 0);
	ck_assert_uint_eq(record.feconn, 1);
	ck_assert_uint_eq(record.beconn, 0);
	ck_assert(str_is(record.server, "s1"));
}
END_TEST

START_TEST(server_speaks_first_and_ends_first)
{
	pair_up();
	rig_send(server, "220 hi", 6);
	rig_expect(client, "220 hi", 6);
	shutdown(server, SHUT_WR);
	rig_expect_end(client);
	rig_send(client, "late", 4);
	rig_expect(server, "late", 4);
	shutdown(client, SHUT_WR);
	rig_expect_end(server);
	rig_expect_letters(&rig, 0, "--");
}
END_TEST

START_TEST(client_resets)
{
	pair_up();
	rig_send(client, "x", 1);
	rig_expect(server, "x", 1);
	rig_reset(client);
	rig_expect_reset(server);
	rig_expect_letters(&rig, 0, "CD");
}
END_TEST

START_TEST(server_resets)
{
	pair_up();
	rig_send(client, "x", 1);
	rig_expect(server, "x", 1);
	rig_reset(server);
	rig_expect_end(client);
	rig_expect_letters(&rig, 0, "SD");
}
END_TEST

START_TEST(client_is_silent)
{
	rig.px->timeout[TMO_CLIENT] = 60;
	rig.px->timeout[TMO_SERVER] = 5000;
	pair_up();
	rig_expect_end(client);
	rig_expect_end(server);
	rig_expect_letters(&rig, 0, "cD");
}
END_TEST

START_TEST(server_is_silent)
{
	rig.px->timeout[TMO_CLIENT] = 5000;
	rig.px->timeout[TMO_SERVER] = 60;
	pair_up();
	rig_expect_end(client);
	rig_expect_letters(&rig, 0, "sD");
}
END_TEST

START_TEST(activity_defers_the_timeout)
{
	rig.px->timeout[TMO_CLIENT] = 150;
	rig.px->timeout[TMO_SERVER] = 150;
	pair_up();
	for (int i = 0; i < 6; i++) {
		usleep(60000);
		rig_send(client, "tick", 4);
		rig_expect(server, "tick", 4);
		rig_send(server, "tack", 4);
		rig_expect(client, "tack", 4);
	}
	rig_expect_end(client);
	ck_assert_int_ge(rig_record(&rig, 0).t_total, 6 * 60 + 150);
}
END_TEST

START_TEST(tunnel_timeout_replaces_both)
{
	rig.px->timeout[TMO_CLIENT] = 50;
	rig.px->timeout[TMO_SERVER] = 50;
	rig.px->timeout[TMO_TUNNEL] = 300;
	pair_up();
	rig_expect_end(client);
	ck_assert_int_ge(rig_record(&rig, 0).t_total, 300);
}
END_TEST

START_TEST(fin_timeouts)
{
	rig.px->timeout[TMO_CLIENT] = 5000;
	rig.px->timeout[TMO_SERVER] = 5000;
	rig.px->timeout[TMO_CLIENT_FIN] = 4000;
	rig.px->timeout[TMO_SERVER_FIN] = 60;
	pair_up();
	rig_send(client, "x", 1); /* through: the proxy is connected */
	rig_expect(server, "x", 1);
	shutdown(client, SHUT_WR); /* nothing but the server's answer is expected now */
	rig_expect_end(server);
	rig_expect_end(client);
	rig_expect_letters(&rig, 0, "sD");
	ck_assert_int_lt(rig_record(&rig, 0).t_total, 3000);
}
END_TEST

START_TEST(nobody_listens)
{
	close(rig.origin);
	rig.origin = -1;
	rig_start(&rig);
	client = rig_connect(&rig);
	rig_expect_end(client);
	rig_expect_letters(&rig, 0, "SC");
	ck_assert_int_eq(rig_record(&rig, 0).t_connect, -1);
	server = -1;
}
END_TEST

struct bulk {
	int in, out;
	uint32_t seed;
	size_t size;
	bool slow;
};

static void fill(char *data, size_t size, uint32_t *seed)
{
	for (size_t i = 0; i < size; i++) {
		*seed = *seed * 1664525 + 1013904223;
		data[i] = (char)(*seed >> 24);
	}
}

static void *bulk_send(void *arg)
{
	struct bulk *b = arg;
	char *data = malloc(b->size);
	uint32_t seed = b->seed;

	fill(data, b->size, &seed);
	for (size_t done = 0; done < b->size;) {
		ssize_t n = send(b->in, data + done, b->size - done, MSG_NOSIGNAL);

		if (n <= 0)
			abort();
		done += (size_t)n;
	}
	shutdown(b->in, SHUT_WR);
	free(data);
	return NULL;
}

static void *bulk_receive(void *arg)
{
	struct bulk *b = arg;
	char *got = malloc(65536), *expected = malloc(65536);
	uint32_t seed = b->seed;
	size_t total = 0;
	ssize_t n;

	while ((n = recv(b->out, got, 65536, 0)) > 0) {
		fill(expected, (size_t)n, &seed);
		if (memcmp(got, expected, (size_t)n))
			abort();
		total += (size_t)n;
		if (b->slow && total % 7 == 0)
			usleep(1000);
	}
	free(got);
	free(expected);
	if (n < 0 || total != b->size)
		abort();
	return NULL;
}

/* _i: bit 0 nosplice, bit 1 splice at once, bit 2 slow receivers. */
START_TEST(bulk_both_ways)
{
	struct bulk up = {.seed = 1, .size = 6000001, .slow = _i & 4},
		    down = {.seed = 2, .size = 5000003, .slow = _i & 4};
	pthread_t threads[4];

	rig.model->global.nosplice = _i & 1;
	if (_i & 2)
		rig.px->options[PO_SPLICE_REQUEST >> 6] |= 1ULL << (PO_SPLICE_REQUEST & 63);
	rig.px->timeout[TMO_CLIENT] = rig.px->timeout[TMO_SERVER] = 5000;
	pair_up();
	up.in = down.out = client;
	up.out = down.in = server;
	pthread_create(&threads[0], NULL, bulk_send, &up);
	pthread_create(&threads[1], NULL, bulk_send, &down);
	pthread_create(&threads[2], NULL, bulk_receive, &up);
	pthread_create(&threads[3], NULL, bulk_receive, &down);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	rig_expect_letters(&rig, 0, "--");
	ck_assert_uint_eq(rig_record(&rig, 0).bytes_in, up.size);
	ck_assert_uint_eq(rig_record(&rig, 0).bytes_out, down.size);
}
END_TEST

START_TEST(receiver_stands_still)
{
	char data[65536] = {0};
	struct pollfd full;

	rig.px->timeout[TMO_CLIENT] = 5000;
	rig.px->timeout[TMO_SERVER] = 400;
	pair_up();
	full = (struct pollfd){.fd = client, .events = POLLOUT};
	while (poll(&full, 1, 300) == 1) /* until back-pressure reaches us, or the end */
		if (send(client, data, sizeof(data), MSG_DONTWAIT | MSG_NOSIGNAL) <= 0)
			break;
	rig_expect_letters(&rig, 0, "sD");
}
END_TEST

static struct rule rules[2];

static void set_rules(enum ruleset set, enum rig_action action, int64_t bytes)
{
	rules[0] = (struct rule){.action = action, .num = bytes};
	rig.px->rules[set] = (struct rules){.v = rules, .n = 1};
}

START_TEST(request_rules_wait_for_bytes)
{
	set_rules(RS_TCP_REQ_CONT, RIG_ACCEPT, 4);
	rig.px->tcp_req_inspect = 5000;
	rig_start(&rig);
	client = rig_connect(&rig);
	rig_send(client, "ab", 2);
	usleep(50000);
	rig_send(client, "cd", 2);
	server = rig_accept(&rig);
	rig_expect(server, "abcd", 4);
}
END_TEST

START_TEST(request_rules_run_out_of_time)
{
	set_rules(RS_TCP_REQ_CONT, RIG_REJECT, 4);
	rig.px->tcp_req_inspect = 80;
	pair_up(); /* the delay is over, the condition false: it goes on */
	rig_send(client, "abcdef", 6);
	rig_expect(server, "abcdef", 6);
	close(client);
	close(server);
	client = server = -1;
	ck_assert_int_ge(rig_record(&rig, 0).t_queue, 80);
}
END_TEST

static struct fe_counters counted(void)
{
	struct fe_counters sum;

	counters_fe_sum(rig.process, 0, &sum);
	return sum;
}

START_TEST(request_is_rejected)
{
	set_rules(RS_TCP_REQ_CONT, RIG_REJECT, 1);
	rig.px->tcp_req_inspect = 5000;
	rig_start(&rig);
	client = rig_connect(&rig);
	server = -1;
	rig_send(client, "x", 1);
	rig_expect_end(client);
	rig_expect_letters(&rig, 0, "PR");
	ck_assert_uint_eq(counted().denied_req, 1);
}
END_TEST

START_TEST(response_is_rejected)
{
	set_rules(RS_TCP_RES_CONT, RIG_REJECT, 3);
	rig.px->tcp_res_inspect = 5000;
	pair_up();
	rig_send(server, "ab", 2);
	usleep(30000);
	rig_send(server, "c", 1);
	rig_expect_end(client);
	rig_expect_letters(&rig, 0, "PD");
}
END_TEST

START_TEST(client_leaves_before_a_server_is_found)
{
	rig.px->timeout[TMO_SERVER] = 100; /* the origin never accepts, and never ends */
	rig_start(&rig);
	server = -1;
	for (int i = 0; i < 20; i++) /* whenever it is noticed, nothing stays behind */
		close(rig_connect(&rig));
	client = -1;
	rig_record(&rig, 19);
}
END_TEST

START_TEST(silent_client_while_rules_wait)
{
	set_rules(RS_TCP_REQ_CONT, RIG_ACCEPT, 4);
	rig.px->tcp_req_inspect = 5000;
	rig.px->timeout[TMO_CLIENT] = 60;
	rig_start(&rig);
	server = -1;
	client = rig_connect(&rig);
	rig_expect_end(client);
	rig_expect_letters(&rig, 0, "cR");
}
END_TEST

START_TEST(response_waits_for_bytes)
{
	set_rules(RS_TCP_RES_CONT, RIG_ACCEPT, 3);
	rig.px->tcp_res_inspect = 5000;
	pair_up();
	rig_send(server, "ab", 2);
	usleep(30000);
	rig_send(server, "c", 1);
	rig_expect(client, "abc", 3);
}
END_TEST

START_TEST(connection_is_rejected)
{
	set_rules(RS_TCP_REQ_CONN, RIG_REJECT, 0);
	rig_start(&rig);
	client = rig_connect(&rig);
	server = -1;
	rig_expect_reset(client);
	ck_assert_uint_eq(counted().denied_conn, 1);
}
END_TEST

START_TEST(address_of_the_proxy_protocol)
{
	struct bind_conf *b = (struct bind_conf *)rig.px->binds.v[0];

	b->accept_proxy = true;
	rig_start(&rig);
	client = rig_connect(&rig);
	rig_send(client, "PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\nhello", 45);
	server = rig_accept(&rig);
	rig_expect(server, "hello", 5);
}
END_TEST

START_TEST(proxy_protocol_is_missing)
{
	struct bind_conf *b = (struct bind_conf *)rig.px->binds.v[0];

	b->accept_proxy = true;
	rig.px->timeout[TMO_CLIENT] = 50;
	rig_start(&rig);
	server = rig_connect(&rig);
	rig_expect_end(server);
	client = rig_connect(&rig);
	rig_send(client, "GET / HTTP/1.1\r\n", 16);
	rig_expect_reset(client);
}
END_TEST

START_TEST(default_log_comes_first_and_alone)
{
	rig.px->log_format = NULL;
	pair_up();
	rig_record(&rig, 0);
	close(server);
	rig_expect_end(client);
	close(client);
	client = server = -1;
	for (int i = 0; i < 1000 && atomic_load(&rig.process->connections); i++)
		usleep(1000);
	ck_assert_uint_eq(rig_records(), 1);
}
END_TEST

START_TEST(logasap)
{
	rig.px->options[PO_LOGASAP >> 6] |= 1ULL << (PO_LOGASAP & 63);
	pair_up();
	ck_assert_uint_eq(rig_record(&rig, 0).beconn, 1);
}
END_TEST

START_TEST(soft_stop_lets_streams_finish)
{
	struct process *p;

	pair_up();
	rig_send(client, "x", 1);
	rig_expect(server, "x", 1);
	p = rig.process;
	process_soft_stop(p, 0);
	for (int i = 0; i < 1000 && atomic_load(&p->accepting); i++)
		usleep(1000);
	ck_assert_uint_eq(atomic_load(&p->accepting), 0);
	rig_send(client, "y", 1);
	rig_expect(server, "y", 1);
}
END_TEST

/* Connections keep coming while the process stops: each is served or refused, and the process ends. */
static void *keep_connecting(void *arg)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons(rig.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int n = 0, fd;

	(void)arg;
	do {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(fd, (struct sockaddr *)&in, sizeof(in))) {
			close(fd);
			break;
		}
		close(fd);
	} while (++n < 100000);
	return NULL;
}

START_TEST(stop_under_fire)
{
	pthread_t threads[2];

	rig.nworkers = 3;
	rig.px->timeout[TMO_SERVER] = 200;
	rig_start(&rig);
	pthread_create(&threads[0], NULL, keep_connecting, NULL);
	pthread_create(&threads[1], NULL, keep_connecting, NULL);
	usleep(100000);
	rig_stop(&rig);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	client = server = -1;
}
END_TEST

START_TEST(hard_stop_comes_after)
{
	pair_up();
	process_soft_stop(rig.process, 100);
	rig_expect_end(client);
	rig_expect_end(server);
}
END_TEST

/* maxconn of the frontend: the third connection waits in the backlog until one of the two has gone. */
START_TEST(frontend_maxconn)
{
	struct pollfd origin = {.events = POLLIN};
	int second, third;

	rig.px->maxconn = 2;
	rig.nworkers = (uint32_t)_i;
	pair_up();
	second = rig_connect(&rig);
	close(rig_accept(&rig));
	third = rig_connect(&rig);
	origin.fd = rig.origin;
	ck_assert_int_eq(poll(&origin, 1, 150), 0);
	close(second);
	ck_assert_int_eq(poll(&origin, 1, 3000), 1);
	close(rig_accept(&rig));
	close(third);
}
END_TEST

/* rate-limit sessions: what is above the limit waits in the backlog. */
START_TEST(frontend_rate)
{
	struct timespec begun, ended;
	int clients[15];

	rig.px->rate_limit_sessions = 10;
	rig.nworkers = (uint32_t)_i;
	rig_start(&rig);
	clock_gettime(CLOCK_MONOTONIC, &begun);
	for (int i = 0; i < 15; i++)
		clients[i] = rig_connect(&rig);
	for (int i = 0; i < 15; i++) {
		close(rig_accept(&rig));
		close(clients[i]);
	}
	clock_gettime(CLOCK_MONOTONIC, &ended);
	ck_assert_int_gt((ended.tv_sec - begun.tv_sec) * 1000 + (ended.tv_nsec - begun.tv_nsec) / 1000000, 200);
	client = server = -1;
}
END_TEST

START_TEST(many_at_once)
{
	int clients[60], servers[60];

	rig.nworkers = 3;
	rig.px->maxconn = 100;
	rig_start(&rig);
	for (int i = 0; i < 60; i++) {
		clients[i] = rig_connect(&rig);
		servers[i] = rig_accept(&rig);
		rig_send(servers[i], "hello", 5);
	}
	for (int i = 0; i < 3; i++) /* nobody serves nearly all of them */
		ck_assert_uint_ge(atomic_load(&rig.process->workers[i]->load), 5);
	for (int i = 0; i < 60; i++) {
		rig_expect(clients[i], "hello", 5);
		close(clients[i]);
	}
	for (int i = 0; i < 60; i++) {
		rig_expect_end(servers[i]);
		close(servers[i]);
	}
	client = server = -1;
}
END_TEST

static TCase *cases(void)
{
	TCase *t = tcase_create("tcp");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, begin, finish);
	tcase_add_test(t, both_ways_and_half_close);
	tcase_add_test(t, server_speaks_first_and_ends_first);
	tcase_add_test(t, client_resets);
	tcase_add_test(t, server_resets);
	tcase_add_test(t, client_is_silent);
	tcase_add_test(t, server_is_silent);
	tcase_add_test(t, activity_defers_the_timeout);
	tcase_add_test(t, tunnel_timeout_replaces_both);
	tcase_add_test(t, fin_timeouts);
	tcase_add_test(t, nobody_listens);
	tcase_add_loop_test(t, bulk_both_ways, 0, 8);
	tcase_add_test(t, receiver_stands_still);
	tcase_add_test(t, request_rules_wait_for_bytes);
	tcase_add_test(t, request_rules_run_out_of_time);
	tcase_add_test(t, request_is_rejected);
	tcase_add_test(t, response_is_rejected);
	tcase_add_test(t, client_leaves_before_a_server_is_found);
	tcase_add_test(t, silent_client_while_rules_wait);
	tcase_add_test(t, response_waits_for_bytes);
	tcase_add_test(t, connection_is_rejected);
	tcase_add_test(t, address_of_the_proxy_protocol);
	tcase_add_test(t, proxy_protocol_is_missing);
	tcase_add_test(t, default_log_comes_first_and_alone);
	tcase_add_test(t, logasap);
	tcase_add_test(t, soft_stop_lets_streams_finish);
	tcase_add_loop_test(t, stop_under_fire, 0, 5);
	tcase_add_test(t, hard_stop_comes_after);
	tcase_add_loop_test(t, frontend_maxconn, 1, 3);
	tcase_add_loop_test(t, frontend_rate, 1, 3);
	tcase_add_test(t, many_at_once);
	return t;
}

int main(void)
{
	Suite *s = suite_create("tcp");

	suite_add_tcase(s, cases());
	return unit_run(s);
}
