/* Server requests on one worker: idle connections, retries, redispatch, queues. Real sockets, a real loop. */
#include <stdio.h>

#include "tests/unit/backend/desk.h"
#include "tests/unit/run.h"

enum { REQUESTS = 8 };

struct rig {
	struct farm f;
	struct generation g;
	struct worker *w;
	struct srv_request r[REQUESTS];
	int outcome[REQUESTS]; /* -1: not yet */
	int fd, dead_fd;
	struct sockaddr_in at, dead;
};

static struct rig rig;

static void done(struct srv_request *r, enum srv_outcome outcome)
{
	ck_assert_int_ne(outcome, SRV_PENDING);
	rig.outcome[r - rig.r] = (int)outcome;
}

static void request_init(int i)
{
	rig.r[i] =
		(struct srv_request){.worker = rig.w, .backend = &rig.f.proxy, .done = done, .reuse_ok = true};
	rig.outcome[i] = -1;
}

/* A port that refuses: it is bound, so that nobody else gets it, and nobody listens. */
static int hold_any(struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*at);

	*at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	ck_assert_int_eq(bind(fd, (struct sockaddr *)at, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)at, &len), 0);
	return fd;
}

/* Weights as for farm_init(). Times are short, so that tests are. */
static void rig_init(const char *weights)
{
	farm_init(&rig.f, BAL_ROUNDROBIN, weights);
	rig.g = farm_generation(&rig.f);
	rig.f.proxy.generation = &rig.g;
	rig.f.proxy_conf.timeout[TMO_CONNECT] = 30;
	rig.f.proxy_conf.timeout[TMO_QUEUE] = 5000;
	rig.f.proxy_conf.retries = 3;
	rig.f.proxy_conf.retry_on = RETRY_ON_CONN_FAILURE;
	rig.f.proxy_conf.reuse = REUSE_ALWAYS;
	rig.w = desk_worker(NULL, &rig.g, 0);
	rig.fd = listen_any(&rig.at);
	rig.dead_fd = hold_any(&rig.dead);
	for (uint32_t i = 0; i < rig.f.proxy.nservers; i++)
		server_at(&rig.f.servers[i], &rig.at);
	for (int i = 0; i < REQUESTS; i++)
		request_init(i);
}

static void rig_free(void)
{
	desk_worker_free(rig.w);
	farm_free(&rig.f);
	close(rig.fd);
	close(rig.dead_fd);
}

static void rig_run(unsigned ms)
{
	uint64_t end;

	worker_clock(rig.w);
	end = rig.w->now + ms;
	while (rig.w->now < end) {
		ev_run(rig.w->loop, EVRUN_NOWAIT);
		usleep(500);
	}
}

/* Runs the loop until the request is through. */
static enum srv_outcome await(int i)
{
	for (int n = 0; rig.outcome[i] < 0 && n < 10000; n++) {
		ev_run(rig.w->loop, EVRUN_NOWAIT);
		usleep(500);
	}
	ck_assert_int_ge(rig.outcome[i], 0);
	return (enum srv_outcome)rig.outcome[i];
}

static enum srv_outcome start(int i)
{
	enum srv_outcome outcome = srv_request_start(&rig.r[i]);

	return outcome == SRV_PENDING ? await(i) : outcome;
}

static struct srv_counters *counted(int i)
{
	return counters_srv(rig.w, (uint32_t)i);
}

START_TEST(connects_and_reuses)
{
	struct srv_conn *first;

	rig_init("1");
	ck_assert_int_eq(start(0), SRV_CONNECTED);
	first = rig.r[0].conn;
	ck_assert(first->fresh);
	ck_assert_uint_eq(rig.f.servers[0].conns, 1);
	srv_request_finish(&rig.r[0], true);
	ck_assert_ptr_null(rig.r[0].conn);
	ck_assert_uint_eq(rig.f.servers[0].conns, 0);
	ck_assert_uint_eq(rig.f.servers[0].idle, 1);
	ck_assert_int_eq(srv_request_start(&rig.r[1]), SRV_CONNECTED); /* at once */
	ck_assert_ptr_eq(rig.r[1].conn, first);
	ck_assert(!first->fresh);
	ck_assert_uint_eq(rig.f.servers[0].idle, 0);
	request_init(2);
	rig.r[2].reuse_ok = false;
	srv_request_finish(&rig.r[1], true);
	ck_assert_int_eq(start(2), SRV_CONNECTED);
	ck_assert_ptr_ne(rig.r[2].conn, first);
	srv_request_finish(&rig.r[2], false);
	ck_assert_uint_eq(rig.f.servers[0].idle, 1);
	ck_assert_uint_eq(counted(0)->connect, 2);
	ck_assert_uint_eq(counted(0)->reuse, 1);
	ck_assert_uint_eq(counted(0)->cum_sess, 3);
	ck_assert_uint_eq(counted(0)->cum_lbconn, 3);
	ck_assert_uint_eq(counted(0)->max_sess, 1);
	rig_free();
}
END_TEST

START_TEST(idle_that_closes_is_dropped)
{
	int fd;

	rig_init("1");
	ck_assert_int_eq(start(0), SRV_CONNECTED);
	fd = accept(rig.fd, NULL, NULL);
	srv_request_finish(&rig.r[0], true);
	close(fd);
	rig_run(5);
	ck_assert_uint_eq(rig.f.servers[0].idle, 0);
	ck_assert_int_eq(start(1), SRV_CONNECTED);
	ck_assert(rig.r[1].conn->fresh);
	srv_request_finish(&rig.r[1], false);
	rig_free();
}
END_TEST

static void several(int from, int n)
{
	for (int i = from; i < from + n; i++)
		ck_assert_int_eq(start(i), SRV_CONNECTED);
	for (int i = from; i < from + n; i++)
		srv_request_finish(&rig.r[i], true);
}

/* Runs the loop until the number of idle connections changes; the new number. */
static unsigned await_purge(void)
{
	unsigned before = rig.f.servers[0].idle;

	for (int i = 0; i < 5000 && rig.f.servers[0].idle == before; i++)
		rig_run(1);
	return rig.f.servers[0].idle;
}

START_TEST(purge_closes_half)
{
	rig_init("1");
	rig.f.confs[0].pool_purge_delay = 50;
	several(0, 5);
	ck_assert_uint_eq(rig.f.servers[0].idle, 5);
	ck_assert_uint_eq(await_purge(), 2);
	ck_assert_uint_eq(await_purge(), 1);
	ck_assert_uint_eq(await_purge(), 0);
	rig_free();
}
END_TEST

START_TEST(pool_limits)
{
	rig_init("1");
	rig.f.confs[0].pool_max_conn = 2;
	several(0, 4);
	ck_assert_uint_eq(rig.f.servers[0].idle, 2);
	rig.f.confs[0].pool_purge_delay = 0;
	several(4, 3);
	ck_assert_uint_eq(rig.f.servers[0].idle, 0); /* taken, and not kept again */
	rig.f.confs[0].pool_purge_delay = 1000;
	rig.f.confs[0].pool_max_conn = -1;
	rig.f.confs[0].max_reuse = 1;
	request_init(0);
	several(0, 1);
	ck_assert_uint_eq(rig.f.servers[0].idle, 1);
	request_init(1);
	several(1, 1);
	ck_assert_uint_eq(rig.f.servers[0].idle, 0);
	rig_free();
}
END_TEST

START_TEST(never_shared)
{
	int me, you;

	rig_init("1");
	rig.f.proxy_conf.reuse = REUSE_NEVER;
	rig.r[0].owner = rig.r[1].owner = &me;
	rig.r[2].owner = &you;
	rig.r[0].owner_max = rig.r[1].owner_max = rig.r[2].owner_max = 5;
	rig.r[1].reuse_ok = rig.r[2].reuse_ok = false;
	ck_assert_int_eq(start(0), SRV_CONNECTED);
	srv_request_finish(&rig.r[0], true);
	ck_assert_int_eq(start(2), SRV_CONNECTED);
	ck_assert(rig.r[2].conn->fresh);
	ck_assert_int_eq(srv_request_start(&rig.r[1]), SRV_CONNECTED);
	ck_assert(!rig.r[1].conn->fresh);
	srv_request_finish(&rig.r[1], true);
	srv_request_finish(&rig.r[2], true);
	ck_assert_uint_eq(rig.f.servers[0].idle, 2);
	srv_owner_left(rig.w, &me);
	ck_assert_uint_eq(rig.f.servers[0].idle, 1);
	srv_owner_left(rig.w, &you);
	ck_assert_uint_eq(rig.f.servers[0].idle, 0);
	rig_free();
}
END_TEST

START_TEST(refused_rests_and_fails)
{
	uint64_t begun;

	rig_init("1");
	server_at(&rig.f.servers[0], &rig.dead);
	begun = rig.w->now;
	ck_assert_int_eq(start(0), SRV_CONNECT_FAILED);
	ck_assert_uint_ge(rig.w->now - begun, 3 * 30); /* min(timeout connect, 1s) before each retry */
	ck_assert_uint_eq(rig.r[0].retries, 3);
	ck_assert(!rig.r[0].redispatched);
	ck_assert_ptr_eq(rig.r[0].server, &rig.f.servers[0]);
	ck_assert_uint_eq(rig.f.servers[0].conns, 0);
	ck_assert_uint_eq(counted(0)->retries, 3);
	ck_assert_uint_eq(counted(0)->connect, 4);
	ck_assert_uint_eq(counted(0)->cum_sess, 4);
	ck_assert_uint_eq(counted(0)->failed_conns, 1);
	ck_assert_uint_eq(counters_be(rig.w, 0)->failed_conns, 1);
	ck_assert_uint_eq(counters_be(rig.w, 0)->retries, 3);
	rig_free();
}
END_TEST

/* Manual, "retry-on": it names what is tried again. */
START_TEST(refused_fails_when_others_are_retried)
{
	rig_init("1");
	rig.f.proxy_conf.retry_on = RETRY_ON_EMPTY_RESPONSE;
	server_at(&rig.f.servers[0], &rig.dead);
	ck_assert_int_eq(start(0), SRV_CONNECT_FAILED);
	ck_assert_uint_eq(rig.r[0].retries, 0);
	ck_assert_uint_eq(counted(0)->connect, 1);
	ck_assert_uint_eq(counted(0)->failed_conns, 1);
	rig_free();
}
END_TEST

/* Balanced by chance: any other server, at once. */
START_TEST(redispatch_at_once)
{
	uint64_t begun;

	rig_init("1,1");
	rig.f.proxy_conf.redispatch_interval = (uint32_t)-1;
	rig.f.proxy_conf.timeout[TMO_CONNECT] = 5000;
	server_at(&rig.f.servers[0], &rig.dead);
	begun = rig.w->now;
	ck_assert_int_eq(start(0), SRV_CONNECTED);
	ck_assert_uint_lt(rig.w->now - begun, 500);
	ck_assert_ptr_eq(rig.r[0].server, &rig.f.servers[1]);
	ck_assert(rig.r[0].redispatched);
	ck_assert_uint_eq(rig.r[0].retries, 1);
	ck_assert_uint_eq(counted(0)->redispatches, 1);
	ck_assert_uint_eq(counted(0)->retries, 0);
	ck_assert_uint_eq(counters_be(rig.w, 0)->cum_lbconn, 2);
	srv_request_finish(&rig.r[0], false);
	rig_free();
}
END_TEST

/* A server that the request belongs to is left with the last retry only. */
START_TEST(redispatch_of_preferred)
{
	rig_init("1,1");
	rig.f.proxy_conf.redispatch_interval = (uint32_t)-1;
	server_at(&rig.f.servers[0], &rig.dead);
	rig.r[0].server = &rig.f.servers[0];
	ck_assert_int_eq(start(0), SRV_CONNECTED);
	ck_assert_uint_eq(rig.r[0].retries, 3);
	ck_assert(rig.r[0].redispatched);
	ck_assert_uint_eq(counted(0)->retries, 2);
	ck_assert_uint_eq(counted(0)->redispatches, 1);
	ck_assert_uint_eq(counted(1)->cum_lbconn, 1);
	srv_request_finish(&rig.r[0], false);
	request_init(1);
	rig.r[1].server = &rig.f.servers[0];
	rig.r[1].forced = true;
	ck_assert_int_eq(start(1), SRV_CONNECT_FAILED);
	ck_assert_ptr_eq(rig.r[1].server, &rig.f.servers[0]);
	request_init(2);
	rig.f.proxy_conf.redispatch_interval = 1;
	rig.r[2].server = &rig.f.servers[0];
	ck_assert_int_eq(start(2), SRV_CONNECTED);
	ck_assert_uint_eq(rig.r[2].retries, 1);
	srv_request_finish(&rig.r[2], false);
	rig_free();
}
END_TEST

/* With one server, a redispatch comes back to it and counts as a retry. */
START_TEST(redispatch_nowhere)
{
	rig_init("1");
	rig.f.proxy_conf.redispatch_interval = (uint32_t)-1;
	server_at(&rig.f.servers[0], &rig.dead);
	ck_assert_int_eq(start(0), SRV_CONNECT_FAILED);
	ck_assert(!rig.r[0].redispatched);
	ck_assert_uint_eq(counted(0)->retries, 3);
	ck_assert_uint_eq(counted(0)->redispatches, 0);
	ck_assert_uint_eq(counted(0)->cum_lbconn, 1);
	ck_assert_uint_eq(rig.f.servers[0].conns, 0);
	rig_free();
}
END_TEST

START_TEST(retry_after_connecting)
{
	struct srv_conn *first;

	rig_init("1");
	ck_assert_int_eq(start(0), SRV_CONNECTED);
	srv_request_finish(&rig.r[0], true);
	ck_assert_int_eq(start(1), SRV_CONNECTED);
	first = rig.r[1].conn;
	ck_assert(!first->fresh);
	ck_assert_int_eq(srv_request_retry(&rig.r[1]), SRV_PENDING); /* an old connection: at once, a new one */
	ck_assert_int_eq(await(1), SRV_CONNECTED);
	ck_assert(rig.r[1].conn->fresh);
	ck_assert_uint_eq(rig.r[1].retries, 1);
	ck_assert_uint_eq(rig.f.servers[0].conns, 1);
	srv_request_finish(&rig.r[1], false);
	rig_free();
}
END_TEST

START_TEST(no_server)
{
	rig_init("1,1");
	atomic_store(&rig.f.servers[0].oper, SRV_STOPPED);
	atomic_store(&rig.f.servers[1].weight, 0);
	balance_update(&rig.f.servers[0]);
	balance_update(&rig.f.servers[1]);
	ck_assert_int_eq(srv_request_start(&rig.r[0]), SRV_NO_SERVER);
	ck_assert_ptr_null(rig.r[0].server);
	rig.r[1].server = &rig.f.servers[1]; /* weightless, but it is this one's */
	ck_assert_int_eq(start(1), SRV_CONNECTED);
	srv_request_finish(&rig.r[1], false);
	rig.r[2].server = &rig.f.servers[0];
	ck_assert_int_eq(srv_request_start(&rig.r[2]), SRV_NO_SERVER);
	rig.r[3].server = &rig.f.servers[0];
	rig.r[3].forced = true;
	ck_assert_int_eq(start(3), SRV_CONNECTED);
	srv_request_finish(&rig.r[3], false);
	rig_free();
}
END_TEST

START_TEST(queue_in_order)
{
	rig_init("1,1");
	rig.f.servers[0].maxconn = rig.f.servers[1].maxconn = 1;
	ck_assert_int_eq(start(0), SRV_CONNECTED); /* a */
	ck_assert_int_eq(start(1), SRV_CONNECTED); /* b */
	rig.r[2].server = &rig.f.servers[0];
	ck_assert_int_eq(srv_request_start(&rig.r[2]), SRV_PENDING);
	ck_assert_int_eq(srv_request_start(&rig.r[3]), SRV_PENDING);
	rig.r[4].server = &rig.f.servers[0];
	ck_assert_int_eq(srv_request_start(&rig.r[4]), SRV_PENDING);
	ck_assert_int_eq(srv_request_start(&rig.r[5]), SRV_PENDING);
	ck_assert_uint_eq(rig.f.proxy.queued, 4);
	ck_assert_uint_eq(rig.f.proxy.queued_any, 2);
	ck_assert_uint_eq(rig.f.servers[0].queued, 2);
	srv_request_finish(&rig.r[0], true);
	ck_assert_int_eq(rig.outcome[2], -1); /* told by the loop only */
	ck_assert_int_eq(await(2), SRV_CONNECTED);
	ck_assert_uint_eq(rig.r[2].srv_queue_pos, 1);
	srv_request_finish(&rig.r[2], true);
	ck_assert_int_eq(await(3), SRV_CONNECTED); /* came before 4 */
	ck_assert_ptr_eq(rig.r[3].server, &rig.f.servers[0]);
	ck_assert_uint_eq(rig.r[3].backend_queue_pos, 1);
	srv_request_finish(&rig.r[1], true);
	ck_assert_int_eq(await(5), SRV_CONNECTED);
	ck_assert_ptr_eq(rig.r[5].server, &rig.f.servers[1]);
	ck_assert_uint_eq(rig.r[5].backend_queue_pos, 2);
	srv_request_finish(&rig.r[3], true);
	ck_assert_int_eq(await(4), SRV_CONNECTED);
	ck_assert_uint_eq(rig.r[4].srv_queue_pos, 2);
	srv_request_finish(&rig.r[4], true);
	srv_request_finish(&rig.r[5], true);
	ck_assert_uint_eq(rig.f.proxy.queued, 0);
	ck_assert_uint_eq(rig.f.servers[0].conns, 0);
	ck_assert_uint_eq(counters_be(rig.w, 0)->max_queue, 2);
	ck_assert_uint_eq(counted(0)->max_queue, 2);
	ck_assert_uint_eq(counted(0)->cum_lbconn, 1);
	rig_free();
}
END_TEST

/* A connection that became idle goes to whoever waited for the place. */
START_TEST(queue_reuses)
{
	struct srv_conn *first;

	rig_init("1");
	rig.f.servers[0].maxconn = 1;
	ck_assert_int_eq(start(0), SRV_CONNECTED);
	first = rig.r[0].conn;
	ck_assert_int_eq(srv_request_start(&rig.r[1]), SRV_PENDING);
	srv_request_finish(&rig.r[0], true);
	ck_assert_int_eq(await(1), SRV_CONNECTED);
	ck_assert_ptr_eq(rig.r[1].conn, first);
	rig.r[2].reuse_ok = false;
	srv_request_finish(&rig.r[1], true);
	ck_assert_int_eq(start(2), SRV_CONNECTED); /* a new one: the idle one would be too many */
	ck_assert_uint_eq(rig.f.servers[0].idle, 0);
	srv_request_finish(&rig.r[2], false);
	rig_free();
}
END_TEST

START_TEST(queue_is_left)
{
	rig_init("1");
	rig.f.servers[0].maxconn = 1;
	rig.f.proxy_conf.timeout[TMO_QUEUE] = 20;
	ck_assert_int_eq(start(0), SRV_CONNECTED);
	for (int i = 1; i < 5; i++)
		ck_assert_int_eq(srv_request_start(&rig.r[i]), SRV_PENDING);
	srv_request_cancel(&rig.r[2]);
	srv_request_finish(&rig.r[0], false); /* grants 1 a place, which it leaves before it knows */
	srv_request_cancel(&rig.r[1]);
	ck_assert_int_eq(await(3), SRV_CONNECTED);
	ck_assert_int_eq(await(4), SRV_QUEUE_TIMEOUT);
	ck_assert_ptr_null(rig.r[4].server);
	ck_assert_uint_eq(rig.r[4].backend_queue_pos, 3);
	rig_run(5);
	ck_assert_int_eq(rig.outcome[1], -1);
	ck_assert_int_eq(rig.outcome[2], -1);
	srv_request_finish(&rig.r[3], false);
	ck_assert_uint_eq(rig.f.servers[0].conns, 0);
	ck_assert_uint_eq(rig.f.proxy.queued, 0);
	rig_free();
}
END_TEST

START_TEST(queue_full)
{
	rig_init("1,1");
	rig.f.servers[0].maxconn = rig.f.confs[0].maxqueue = 1;
	for (int i = 0; i < 3; i++)
		rig.r[i].server = &rig.f.servers[0];
	ck_assert_int_eq(start(0), SRV_CONNECTED);
	ck_assert_int_eq(srv_request_start(&rig.r[1]), SRV_PENDING);
	ck_assert_int_eq(srv_request_start(&rig.r[2]), SRV_QUEUE_FULL);
	ck_assert_ptr_eq(rig.r[2].server, &rig.f.servers[0]);
	ck_assert_uint_eq(counted(0)->failed_conns, 1);
	srv_request_cancel(&rig.r[1]);
	srv_request_finish(&rig.r[0], false);
	rig_free();
}
END_TEST

/* A server that goes away: its queue moves to the others with `option redispatch`, and stays without. */
START_TEST(queue_moves)
{
	rig_init("1,1");
	rig.f.servers[0].maxconn = 1;
	rig.r[0].server = rig.r[1].server = rig.r[2].server = &rig.f.servers[0];
	rig.r[2].forced = true;
	ck_assert_int_eq(start(0), SRV_CONNECTED);
	ck_assert_int_eq(srv_request_start(&rig.r[1]), SRV_PENDING);
	ck_assert_int_eq(srv_request_start(&rig.r[2]), SRV_PENDING);
	atomic_store(&rig.f.servers[0].admin, SRV_ADM_MAINT);
	ck_assert_uint_eq(server_changed(rig.w, &rig.f.servers[0]), 0);
	ck_assert_uint_eq(rig.f.servers[0].queued, 2);
	atomic_store(&rig.f.servers[0].admin, 0);
	server_changed(rig.w, &rig.f.servers[0]);
	rig.f.proxy_conf.redispatch_interval = (uint32_t)-1;
	atomic_store(&rig.f.servers[0].admin, SRV_ADM_MAINT);
	ck_assert_uint_eq(server_changed(rig.w, &rig.f.servers[0]), 1);
	ck_assert_int_eq(await(1), SRV_CONNECTED);
	ck_assert_ptr_eq(rig.r[1].server, &rig.f.servers[1]);
	ck_assert(rig.r[1].redispatched);
	ck_assert_uint_eq(rig.r[1].retries, 0);
	ck_assert_uint_eq(counted(0)->redispatches, 1);
	ck_assert_uint_eq(counted(0)->down_trans, 2);
	srv_request_finish(&rig.r[0], false);
	ck_assert_int_eq(await(2), SRV_CONNECTED);
	srv_request_finish(&rig.r[1], false);
	srv_request_finish(&rig.r[2], false);
	rig_free();
}
END_TEST

static const union addr *told_dst(struct srv_request *r)
{
	(void)r;
	return (const union addr *)&rig.at;
}

START_TEST(proxy_header_first)
{
	char text[200] = "", expected[200];
	union addr client;
	int fd;

	rig_init("1");
	rig.f.confs[0].send_proxy = true;
	ck_assert_int_eq(inet_pton(AF_INET, "192.0.2.9", &client.in.sin_addr), 1);
	client.in.sin_family = AF_INET;
	client.in.sin_port = htons(4711);
	rig.r[0].client = &client;
	rig.r[0].client_dst = told_dst;
	ck_assert_int_eq(start(0), SRV_CONNECTED);
	fd = accept(rig.fd, NULL, NULL);
	ck_assert_int_gt(recv(fd, text, sizeof(text) - 1, 0), 0);
	snprintf(expected, sizeof(expected), "PROXY TCP4 192.0.2.9 127.0.0.1 4711 %u\r\n",
		 ntohs(rig.at.sin_port));
	ck_assert_str_eq(text, expected);
	close(fd);
	srv_request_finish(&rig.r[0], true);
	ck_assert_uint_eq(rig.f.servers[0].idle, 0); /* nobody else may have it */
	rig_free();
}
END_TEST

/* `server s 127.0.0.1` without a port: the one that the client connected to. */
START_TEST(port_of_the_client)
{
	rig_init("1");
	rig.f.confs[0].addr.port_given = false;
	rig.f.servers[0].addr.in.sin_port = 0;
	rig.r[0].client_dst = told_dst;
	ck_assert_int_eq(start(0), SRV_CONNECTED);
	srv_request_finish(&rig.r[0], false);
	ck_assert_int_eq(srv_request_start(&rig.r[1]), SRV_RESOURCES);
	ck_assert_uint_eq(rig.f.servers[0].conns, 0);
	rig_free();
}
END_TEST

static char killed_by;

static void killed(struct srv_request *r, char cause)
{
	killed_by = cause;
	srv_request_finish(r, false);
}

START_TEST(sessions_shut_down)
{
	struct worker *workers[1];
	struct process p = {.workers = workers, .nworkers = 1};

	rig_init("1");
	rig.f.confs[0].on_marked_down = 1;
	rig.r[0].killed = killed;
	workers[0] = rig.w;
	rig.w->process = &p;
	ck_assert_int_eq(start(0), SRV_CONNECTED);
	atomic_store(&rig.f.servers[0].oper, SRV_STOPPED);
	server_changed(rig.w, &rig.f.servers[0]);
	server_shut_streams(rig.w, &rig.f.servers[0]);
	ck_assert_int_eq(killed_by, 0);
	rig_run(3);
	ck_assert_int_eq(killed_by, 'D');
	ck_assert_uint_eq(rig.f.servers[0].conns, 0);
	rig.w->process = NULL;
	rig_free();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("connect");
	TCase *tc = tcase_create("one worker");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, connects_and_reuses);
	tcase_add_test(tc, idle_that_closes_is_dropped);
	tcase_add_test(tc, purge_closes_half);
	tcase_add_test(tc, pool_limits);
	tcase_add_test(tc, never_shared);
	tcase_add_test(tc, refused_rests_and_fails);
	tcase_add_test(tc, refused_fails_when_others_are_retried);
	tcase_add_test(tc, redispatch_at_once);
	tcase_add_test(tc, redispatch_of_preferred);
	tcase_add_test(tc, redispatch_nowhere);
	tcase_add_test(tc, retry_after_connecting);
	tcase_add_test(tc, no_server);
	tcase_add_test(tc, queue_in_order);
	tcase_add_test(tc, queue_reuses);
	tcase_add_test(tc, queue_is_left);
	tcase_add_test(tc, queue_full);
	tcase_add_test(tc, queue_moves);
	tcase_add_test(tc, proxy_header_first);
	tcase_add_test(tc, port_of_the_client);
	tcase_add_test(tc, sessions_shut_down);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
