/* Places at servers under contention: eight workers, few places, requests that give up, servers that come and
 * go. Nobody may wait for ever, no server may have more than its maxconn, every request is told exactly once.
 * Meant for ThreadSanitizer. */
#include "tests/unit/backend/desk.h"
#include "tests/unit/run.h"

enum { WORKERS = 8, AT_ONCE = 4, EACH = 400, SERVERS = 3, MAXCONN = 2 };

struct client {
	struct srv_request r; /* first */
	struct bench *bench;
	bool connected, busy;
	unsigned turns; /* of the loop until it lets go */
	unsigned told;
};

struct bench {
	struct worker *w;
	pthread_t thread;
	struct client clients[AT_ONCE];
	unsigned begun, served, given_up, failed;
	uint32_t random;
};

static struct hall {
	struct farm f;
	struct generation g;
	struct process p;
	struct bench benches[WORKERS];
	struct worker *workers[WORKERS];
	atomic_uint in_use[SERVERS], most[SERVERS];
	atomic_bool over;
	int fd;
} hall;

static unsigned chance(struct bench *b, unsigned n)
{
	b->random = b->random * 1103515245 + 12345;
	return (b->random >> 16) % n;
}

static void ignore(struct conn *c, int revents)
{
	(void)revents;
	conn_want(c, 0);
}

static void enter(struct client *c)
{
	unsigned i = (unsigned)(c->r.server - hall.f.servers);
	unsigned now = atomic_fetch_add(&hall.in_use[i], 1) + 1, most = atomic_load(&hall.most[i]);

	while (now > most && !atomic_compare_exchange_weak(&hall.most[i], &most, now))
		;
	c->connected = true;
	c->turns = chance(c->bench, 4);
	c->r.conn->conn.ready = ignore;
	conn_want(&c->r.conn->conn, 0);
}

static void done(struct srv_request *r, enum srv_outcome outcome)
{
	struct client *c = (struct client *)r;

	ck_assert(c->busy && !c->connected);
	c->told++;
	ck_assert_uint_eq(c->told, 1);
	if (outcome == SRV_CONNECTED) {
		enter(c);
		return;
	}
	c->busy = false;
	c->bench->failed++;
}

static void begin(struct client *c)
{
	struct bench *b = c->bench;
	enum srv_outcome outcome;

	b->begun++;
	c->r = (struct srv_request){
		.worker = b->w, .backend = &hall.f.proxy, .done = done, .reuse_ok = chance(b, 2)};
	if (!chance(b, 4))
		c->r.server = &hall.f.servers[chance(b, SERVERS)];
	c->told = 0;
	c->busy = true;
	c->connected = false;
	c->turns = chance(b, 2000);
	outcome = srv_request_start(&c->r);
	if (outcome != SRV_PENDING)
		done(&c->r, outcome);
}

static void leave(struct client *c)
{
	atomic_fetch_sub(&hall.in_use[c->r.server - hall.f.servers], 1);
	c->connected = c->busy = false;
	c->bench->served++;
	srv_request_finish(&c->r, chance(c->bench, 2));
}

/* One step; false: it can only wait. */
static bool step(struct client *c)
{
	struct bench *b = c->bench;

	if (!c->busy) {
		if (b->begun == EACH)
			return false;
		begin(c);
		return true;
	}
	if (c->connected) {
		if (!c->turns--)
			leave(c);
		return true;
	}
	if (chance(b, 400))
		return false;
	srv_request_cancel(&c->r);
	c->busy = false;
	b->given_up++;
	return true;
}

static bool all_done(const struct bench *b)
{
	for (int i = 0; i < AT_ONCE; i++)
		if (b->clients[i].busy)
			return false;
	return b->begun == EACH;
}

static void flip_server(struct bench *b)
{
	struct server *s = &hall.f.servers[chance(b, SERVERS)];

	atomic_store(&s->oper, chance(b, 3) ? SRV_RUNNING : SRV_STOPPED);
	server_changed(b->w, s);
}

static void servers_up(void)
{
	for (int i = 0; i < SERVERS; i++) {
		atomic_store(&hall.f.servers[i].oper, SRV_RUNNING);
		server_changed(hall.workers[0], &hall.f.servers[i]);
	}
}

static void *bench_main(void *arg)
{
	struct bench *b = arg;

	while (!all_done(b)) {
		bool moved = false;

		for (int i = 0; i < AT_ONCE; i++)
			moved |= step(&b->clients[i]);
		if (b == hall.benches && !chance(b, 20))
			flip_server(b);
		/* The one that turns servers on again must not sleep. */
		ev_run(b->w->loop, moved || b == hall.benches ? EVRUN_NOWAIT : EVRUN_ONCE);
	}
	if (b == hall.benches)
		servers_up();
	while (!atomic_load(&hall.over)) { /* messages of others may still come */
		ev_run(b->w->loop, EVRUN_NOWAIT);
		usleep(1000);
	}
	return NULL;
}

static void *accept_main(void *arg)
{
	int fd;

	(void)arg;
	while ((fd = accept(hall.fd, NULL, NULL)) >= 0 || !atomic_load(&hall.over))
		close(fd);
	return NULL;
}

static void hall_init(void)
{
	struct sockaddr_in at;

	farm_init(&hall.f, BAL_ROUNDROBIN, "1,2,3");
	hall.g = farm_generation(&hall.f);
	hall.f.proxy.generation = &hall.g;
	hall.f.proxy_conf.timeout[TMO_CONNECT] = 5000;
	hall.f.proxy_conf.timeout[TMO_QUEUE] = 20000;
	hall.f.proxy_conf.redispatch_interval = 1;
	hall.f.proxy_conf.retries = 1;
	hall.f.proxy_conf.retry_on = RETRY_ON_CONN_FAILURE;
	hall.f.proxy_conf.reuse = REUSE_ALWAYS;
	hall.p = (struct process){.workers = hall.workers, .nworkers = WORKERS};
	hall.fd = listen_any(&at);
	for (int i = 0; i < SERVERS; i++) {
		server_at(&hall.f.servers[i], &at);
		hall.f.servers[i].maxconn = MAXCONN;
	}
	for (uint32_t i = 0; i < WORKERS; i++) {
		struct bench *b = &hall.benches[i];

		*b = (struct bench){.w = desk_worker(&hall.p, &hall.g, i), .random = i * 77 + 1};
		hall.workers[i] = b->w;
		for (int k = 0; k < AT_ONCE; k++)
			b->clients[k].bench = b;
	}
}

START_TEST(contention)
{
	pthread_t acceptor;
	unsigned served = 0;

	hall_init();
	pthread_create(&acceptor, NULL, accept_main, NULL);
	for (int i = 0; i < WORKERS; i++)
		pthread_create(&hall.benches[i].thread, NULL, bench_main, &hall.benches[i]);
	usleep(1000000);
	atomic_store(&hall.over, true);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(hall.benches[i].thread, NULL);
	shutdown(hall.fd, SHUT_RDWR);
	pthread_join(acceptor, NULL);
	for (int i = 0; i < WORKERS; i++) {
		struct bench *b = &hall.benches[i];

		ck_assert_uint_eq(b->served + b->given_up + b->failed, EACH);
		served += b->served;
	}
	ck_assert_uint_gt(served,
			  SERVERS * MAXCONN); /* places went from one to the next; how fast is the machine's */
	for (int i = 0; i < SERVERS; i++) {
		ck_assert_uint_le(hall.most[i], MAXCONN);
		ck_assert_uint_eq(hall.f.servers[i].conns, 0);
		ck_assert_uint_eq(hall.f.servers[i].queued, 0);
	}
	ck_assert_uint_eq(hall.f.proxy.queued, 0);
	ck_assert_uint_eq(hall.f.proxy.queued_any, 0);
	for (int i = 0; i < WORKERS; i++)
		desk_worker_free(hall.workers[i]);
	farm_free(&hall.f);
	close(hall.fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("queue threads");
	TCase *tc = tcase_create("eight workers");

	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, contention);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
