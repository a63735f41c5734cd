/* Idle connections that go from worker to worker: first two workers whose loops are turned by hand, then four
 * that run, ask each other, give up and connect all at once. Meant for ThreadSanitizer too. */
#include "tests/unit/backend/desk.h"
#include "tests/unit/run.h"

enum { WORKERS = 4, AT_ONCE = 4, EACH = 1000 };

struct client {
	struct srv_request r; /* first */
	bool busy, connected;
	enum srv_outcome outcome;
	unsigned turns; /* of the loop until it lets go */
};

struct bench {
	struct worker *w;
	pthread_t thread;
	struct client clients[AT_ONCE];
	unsigned begun, served, given_up;
	uint32_t random;
};

static struct farm f;
static struct generation g;
static struct model model;
static struct process p;
static struct worker *workers[WORKERS];
static struct bench benches[WORKERS];
static struct server *server;
static atomic_uint running;
static int fd;

/* Nothing of what a stream would do: it only holds the connection. */
static void ignore(struct conn *c, int revents)
{
	(void)revents;
	conn_want(c, 0);
}

static void done(struct srv_request *r, enum srv_outcome outcome)
{
	struct client *c = (struct client *)r;

	ck_assert(c->busy && !c->connected);
	c->outcome = outcome;
	c->connected = outcome == SRV_CONNECTED;
	c->busy = c->connected;
	if (c->connected)
		c->r.conn->conn.ready = ignore;
}

static void begin(struct client *c, struct worker *w)
{
	enum srv_outcome outcome;

	c->r = (struct srv_request){.worker = w, .backend = &f.proxy, .done = done, .reuse_ok = true};
	c->connected = false;
	c->busy = true;
	outcome = srv_request_start(&c->r);
	if (outcome != SRV_PENDING)
		done(&c->r, outcome);
}

static void leave(struct client *c, bool reusable)
{
	c->busy = c->connected = false;
	srv_request_finish(&c->r, reusable);
}

static void set_up(uint32_t nworkers)
{
	struct sockaddr_in at;

	farm_init(&f, BAL_ROUNDROBIN, "1");
	g = farm_generation(&f);
	model.global = (struct global_conf){.idle_shared = true, .tune_pool_low = 50, .tune_pool_high = 60};
	g.model = &model;
	f.proxy.generation = &g;
	f.proxy_conf.timeout[TMO_CONNECT] = 20000;
	f.proxy_conf.reuse = REUSE_ALWAYS;
	p = (struct process){.workers = workers, .nworkers = nworkers, .generation = &g};
	fd = listen_any(&at);
	server = &f.servers[0];
	server_at(server, &at);
	f.confs[0].pool_purge_delay = 600000;
	for (uint32_t i = 0; i < nworkers; i++) {
		workers[i] = desk_worker(&p, &g, i);
		benches[i] = (struct bench){.w = workers[i], .random = i * 77 + 1};
	}
}

static unsigned idle_conns(void)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < p.nworkers; i++)
		n += ((struct srv_desk *)workers[i]->servers)->nidle;
	return n;
}

static unsigned connects(void)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < p.nworkers; i++)
		n += (unsigned)counters_srv(workers[i], 0)->connect;
	return n;
}

static void tear_down(void)
{
	uint64_t pieces = 0;

	ck_assert_uint_eq(server->conns, 0);
	ck_assert_uint_eq(server->idle, idle_conns());
	for (uint32_t i = 0; i < p.nworkers; i++)
		srv_conns_free(workers[i]);
	for (uint32_t i = 0; i < p.nworkers; i++) {
		pieces += workers[i]->srv_conns.used;
		counters_free(workers[i]);
		worker_free(&workers[i]);
	}
	ck_assert_uint_eq(pieces, 0);
	farm_free(&f);
	close(fd);
}

/* --- by hand */

static void turn(struct worker *w)
{
	ev_run(w->loop, EVRUN_NOWAIT);
}

/* Turns both loops until it is through. */
static void await(struct client *c)
{
	while (c->busy && !c->connected) {
		turn(workers[0]);
		turn(workers[1]);
	}
	ck_assert(c->connected);
}

/* Worker 0 has so many idle connections. */
static void stock(uint32_t n)
{
	struct client c[8] = {0};

	for (uint32_t i = 0; i < n; i++) {
		begin(&c[i], workers[0]);
		await(&c[i]);
	}
	for (uint32_t i = 0; i < n; i++)
		leave(&c[i], true);
	ck_assert_uint_eq(idle_conns(), n);
}

START_TEST(goes_there_and_back)
{
	struct client c = {0};
	struct conn *conn;

	set_up(2);
	stock(1);
	begin(&c, workers[1]);
	await(&c);
	conn = &c.r.conn->conn;
	ck_assert_ptr_eq(conn->worker, workers[1]);
	ck_assert_int_eq(conn->wants, EV_READ);
	ck_assert(!c.r.conn->fresh);
	ck_assert_uint_eq(c.r.conn->requests, 2);
	ck_assert_uint_eq(connects(), 1);
	ck_assert_uint_eq(counters_srv(workers[1], 0)->reuse, 1);
	ck_assert_uint_eq(server->idle, 0);
	leave(&c, true);
	begin(&c, workers[0]);
	await(&c);
	ck_assert_ptr_eq(&c.r.conn->conn, conn);
	ck_assert_ptr_eq(conn->worker, workers[0]);
	leave(&c, true);
	tear_down();
}
END_TEST

/* The loop that a connection came to hears of its end. */
START_TEST(end_is_heard_of)
{
	struct client c = {0};
	int peer;

	set_up(2);
	stock(1);
	peer = accept(fd, NULL, NULL);
	begin(&c, workers[1]);
	await(&c);
	leave(&c, true);
	ck_assert_uint_eq(server->idle, 1);
	close(peer);
	while (server->idle)
		turn(workers[1]);
	ck_assert_uint_eq(idle_conns(), 0);
	tear_down();
}
END_TEST

START_TEST(none_is_there_any_more)
{
	struct client c = {0}, taker = {0};

	set_up(2);
	stock(1);
	begin(&c, workers[1]); /* asks */
	begin(&taker, workers[0]);
	ck_assert(taker.connected);
	await(&c); /* connects */
	ck_assert_uint_eq(connects(), 2);
	leave(&c, false);
	leave(&taker, false);
	ck_assert_uint_eq(server->idle_at, 0); /* known from now on */
	begin(&c, workers[1]);
	await(&c);
	leave(&c, false);
	tear_down();
}
END_TEST

/* Who does not answer is not waited for long, and what comes afterwards is closed. */
START_TEST(late_answer)
{
	struct client c = {0};

	set_up(2);
	stock(1);
	begin(&c, workers[1]);
	while (!c.connected)
		turn(workers[1]);
	ck_assert_uint_eq(connects(), 2);
	ck_assert(c.r.conn->fresh);
	turn(workers[0]);
	turn(workers[1]);
	turn(workers[1]);
	ck_assert_uint_eq(server->idle, 0);
	leave(&c, true);
	ck_assert_uint_eq(server->idle, 1);
	tear_down();
}
END_TEST

START_TEST(cancelled_meanwhile)
{
	struct client c = {0};

	set_up(2);
	stock(2);
	begin(&c, workers[1]);
	srv_request_cancel(&c.r);
	ck_assert(idle_forget(workers[1], server)); /* a question still names it */
	turn(workers[0]);
	ck_assert_uint_eq(server->idle, 1);
	turn(workers[1]);
	turn(workers[1]);
	ck_assert(!idle_forget(workers[1], server));
	begin(&c, workers[1]); /* and one that nobody will ever read */
	srv_request_cancel(&c.r);
	tear_down();
}
END_TEST

START_TEST(not_wanted)
{
	struct client c = {0};

	set_up(2);
	stock(2);
	f.confs[0].pool_low_conn = 3;
	begin(&c, workers[1]);
	ck_assert_ptr_null(c.r.borrow);
	srv_request_cancel(&c.r);
	f.confs[0].pool_low_conn = 2;
	model.global.idle_shared = false;
	begin(&c, workers[1]);
	ck_assert_ptr_null(c.r.borrow);
	srv_request_cancel(&c.r);
	model.global.idle_shared = true;
	begin(&c, workers[1]);
	ck_assert_ptr_nonnull(c.r.borrow);
	await(&c);
	ck_assert_uint_eq(connects(), 4);
	leave(&c, true);
	tear_down();
}
END_TEST

/* --- all at once */

static unsigned chance(struct bench *b, unsigned n)
{
	b->random = b->random * 1103515245 + 12345;
	return (b->random >> 16) % n;
}

static void step(struct bench *b, struct client *c)
{
	if (!c->busy && b->begun < EACH) {
		b->begun++;
		c->turns = chance(b, 4);
		begin(c, b->w);
		ck_assert(c->busy);
	} else if (c->connected) {
		if (c->turns--)
			return;
		leave(c, chance(b, 8));
		b->served++;
	} else if (c->busy && !chance(b, 200)) {
		srv_request_cancel(&c->r);
		c->busy = false;
		b->given_up++;
	}
}

static bool is_busy(const struct bench *b)
{
	for (int i = 0; i < AT_ONCE; i++)
		if (b->clients[i].busy)
			return true;
	return b->begun < EACH;
}

static void *bench_main(void *arg)
{
	struct bench *b = arg;

	while (is_busy(b)) {
		for (int i = 0; i < AT_ONCE; i++)
			step(b, &b->clients[i]);
		turn(b->w);
	}
	atomic_fetch_sub(&running, 1);
	while (atomic_load(&running)) /* who still runs may ask */
		turn(b->w);
	return NULL;
}

START_TEST(all_at_once)
{
	unsigned reuse = 0, served = 0;

	set_up(WORKERS);
	atomic_store(&running, WORKERS);
	for (int i = 0; i < WORKERS; i++)
		pthread_create(&benches[i].thread, NULL, bench_main, &benches[i]);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(benches[i].thread, NULL);
	for (int i = 0; i < WORKERS; i++) {
		ck_assert_uint_eq(benches[i].served + benches[i].given_up, EACH);
		served += benches[i].served;
		reuse += (unsigned)counters_srv(workers[i], 0)->reuse;
	}
	ck_assert_uint_le(served, connects() + reuse);
	ck_assert_uint_gt(reuse, 0);
	tear_down();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("borrowed connections");
	TCase *tc = tcase_create("borrow");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, goes_there_and_back);
	tcase_add_test(tc, end_is_heard_of);
	tcase_add_test(tc, none_is_there_any_more);
	tcase_add_test(tc, late_answer);
	tcase_add_test(tc, cancelled_meanwhile);
	tcase_add_test(tc, not_wanted);
	tcase_add_test(tc, all_at_once);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
