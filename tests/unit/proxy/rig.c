/* The rig and its stand-ins. Stand-ins are weak: where the real function is linked, it wins. */
#include "tests/unit/proxy/rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grammar/base/out.h"
#include "grammar/rows.h"
#include "runtime/backend/connect.h"
#include "runtime/cli/cli.h"
#include "runtime/core/log.h"
#include "runtime/eval/regex_limit.h"
#include "runtime/health/check.h"
#include "runtime/proxy/stream.h"
#include "runtime/tls/ocsp_update.h"

#define WEAK __attribute__((weak))

static struct rig_log logbook = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* --- stand-ins: logs */

WEAK bool log_init(struct worker *w)
{
	(void)w;
	return true;
}

WEAK void log_free(struct worker *w)
{
	(void)w;
}

WEAK void log_event(struct worker *w, const struct proxy_conf *proxy, int level, const char *format, ...)
{
	(void)w, (void)proxy, (void)level, (void)format;
}

WEAK void log_global(struct process *p, int level, const char *format, ...)
{
	(void)p, (void)level, (void)format;
}

WEAK void log_relay(struct worker *w, const struct proxy_conf *proxy, const struct syslog_message *m,
		    enum log_proto own)
{
	(void)w, (void)proxy, (void)m, (void)own;
}

WEAK uint64_t log_dropped(struct process *p)
{
	(void)p;
	return 0;
}

WEAK bool log_is_failure(const struct log_record *r)
{
	return r->cause != '-';
}

WEAK void log_traffic_at(struct worker *w, struct proxy *frontend, struct eval *e, unsigned step,
			 const struct log_profile_conf *profile)
{
	(void)w, (void)frontend, (void)e, (void)step, (void)profile;
}

WEAK void log_traffic(struct worker *w, struct proxy *frontend, struct eval *e)
{
	(void)w, (void)frontend;
	pthread_mutex_lock(&logbook.lock);
	if (logbook.n < 64)
		logbook.records[logbook.n++] = *e->log;
	pthread_mutex_unlock(&logbook.lock);
}

/* --- stand-ins: no certificates, so no OCSP responses of theirs */

WEAK void tls_ocsp_start(struct worker *w)
{
	(void)w;
}

WEAK void tls_ocsp_stop(struct worker *w)
{
	(void)w;
}

/* --- stand-ins: evaluator */

WEAK struct eval_engine *eval_engine_new(const struct model *m)
{
	(void)m;
	return malloc(1);
}

WEAK struct eval_engine *eval_engine_new_sharing(const struct model *m, const struct eval_engine *first)
{
	(void)m;
	(void)first;
	return malloc(1);
}

WEAK void eval_engine_free(struct eval_engine **e)
{
	free(*e);
	*e = NULL;
}

WEAK uint64_t eval_regex_gave_up(struct eval_engine *en, struct str *text)
{
	(void)en, (void)text;
	return 0;
}

WEAK void eval_vars_free(struct eval_vars **vars, atomic_size_t *total)
{
	(void)total;
	*vars = NULL;
}

WEAK bool cond_eval(struct eval *e, const struct cond *cond)
{
	(void)e, (void)cond;
	return true;
}

WEAK const struct proxy_conf *eval_backend(struct eval *e, const struct proxy_conf *fe,
					   const struct switch_rule **decider)
{
	(void)e, (void)decider;
	return fe->default_backend;
}

WEAK enum verdict rules_run(struct eval *e, const struct rules *rules, uint32_t *index,
			    const struct rule **decider)
{
	bool response = e->place & AT(BE_RES_CONTENT);
	struct str raw = response ? e->raw_res : e->raw_req;
	bool final = response ? e->raw_res_final : e->raw_req_final;

	for (; *index < rules->n; ++*index) {
		const struct rule *r = &rules->v[*index];

		*decider = r;
		if ((int64_t)raw.len < r->num && !final && e->may_wait)
			return V_WAIT;
		if ((int64_t)raw.len < r->num || r->action == RIG_CONTINUE)
			continue;
		return r->action == RIG_REJECT ? V_REJECT : V_ALLOW;
	}
	return V_CONTINUE;
}

/* --- stand-ins: one server, no queue, no retry */

WEAK bool balance_init(struct proxy *px)
{
	(void)px;
	return true;
}

WEAK void balance_free(struct proxy *px)
{
	(void)px;
}

WEAK bool srv_conns_init(struct worker *w)
{
	(void)w;
	return true;
}

WEAK void srv_conns_free(struct worker *w)
{
	(void)w;
}

WEAK void srv_owner_left(struct worker *w, void *owner)
{
	(void)w, (void)owner;
}

static void dial_ready(struct conn *c, int revents)
{
	struct srv_conn *sc = (struct srv_conn *)c;
	struct srv_request *r = sc->user;
	int error = conn_connect_result(c, revents);

	if (error == EINPROGRESS)
		return;
	if (!error) {
		r->connected = c->worker->now;
		r->done(r, SRV_CONNECTED);
		return;
	}
	conn_close(c, false);
	pool_put(&c->worker->srv_conns, sc);
	r->conn = NULL;
	r->done(r, SRV_CONNECT_FAILED);
}

WEAK enum srv_outcome srv_request_start(struct srv_request *r)
{
	struct server *s = r->backend->nservers ? r->backend->servers[0] : NULL;
	struct srv_conn *sc;

	if (!r->backend->nservers)
		return SRV_NO_SERVER;
	sc = pool_get(&r->worker->srv_conns);
	if (!sc)
		return SRV_RESOURCES;
	memset(sc, 0, sizeof(*sc));
	r->server = s;
	r->started = r->assigned = r->worker->now;
	sc->server = s;
	sc->user = r;
	sc->fresh = true;
	if (conn_connect(&sc->conn, r->worker, &s->addr, s->addr_len, NULL, dial_ready)) {
		pool_put(&r->worker->srv_conns, sc);
		return SRV_CONNECT_FAILED;
	}
	r->conn = sc;
	return SRV_PENDING;
}

static void hang_up(struct srv_request *r)
{
	if (!r->conn)
		return;
	conn_close(&r->conn->conn, false);
	pool_put(&r->worker->srv_conns, r->conn);
	r->conn = NULL;
}

WEAK void srv_request_cancel(struct srv_request *r)
{
	hang_up(r);
}

WEAK void srv_request_finish(struct srv_request *r, bool reusable)
{
	(void)reusable;
	hang_up(r);
}

/* --- stand-ins: checks, stats socket, mode http */

WEAK bool checks_init(struct generation *g)
{
	(void)g;
	return true;
}

WEAK void checks_free(struct generation *g)
{
	(void)g;
}

WEAK void checks_start(struct worker *w, struct generation *g)
{
	(void)w, (void)g;
}

WEAK void checks_stop(struct worker *w, struct generation *g)
{
	(void)w, (void)g;
}

WEAK void cli_accept(struct worker *w, struct listener *l, int fd, const union addr *from)
{
	(void)from;
	close(fd);
	listener_release(w, l);
}

WEAK void cli_close_all(struct worker *w)
{
	(void)w;
}

WEAK void http_session_begin(struct session *s)
{
	session_free(s);
}

WEAK void http_session_soft_stop(struct session *s)
{
	session_free(s);
}

/* --- the rig */

static struct addr_conf loopback(uint16_t port)
{
	return (struct addr_conf){
		.kind = ADDR_INET, .ip = {127, 0, 0, 1}, .port = port, .port_end = port, .port_given = true};
}

static int origin_open(uint16_t *port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	*port = ntohs(in.sin_port);
	return fd;
}

/* The line goes out when all is over. */
static const struct logfmt_node at_the_end = {.kind = LOGFMT_ALIAS, .alias = LOGFMT_B};

void rig_init(struct rig *r)
{
	struct logfmt *format;
	struct arena *a;
	struct bind_conf *b;
	uint16_t port;

	memset(r, 0, sizeof(*r));
	r->nworkers = 1;
	r->origin = origin_open(&port);
	r->model = model_new(206);
	a = r->model->arena;
	r->px = ARENA_NEW(a, struct proxy_conf);
	b = ARENA_NEW(a, struct bind_conf);
	r->server = ARENA_NEW(a, struct server_conf);
	*r->px = (struct proxy_conf){.name = STR("li"), .role = ROLE_LISTEN, .mode = MODE_TCP};
	*b = (struct bind_conf){.proxy = r->px, .addr = loopback(0), .mode = -1, .uid = -1, .gid = -1};
	*r->server =
		(struct server_conf){.proxy = r->px, .name = STR("s1"), .addr = loopback(port), .weight = 1};
	*vec_push(a, &r->px->binds) = b;
	*vec_push(a, &r->px->servers) = r->server;
	format = ARENA_NEW(a, struct logfmt);
	*format = (struct logfmt){.nodes = &at_the_end, .n = 1};
	r->px->log_format = format;
	*vec_push(a, &r->px->log_targets) = (struct log_target){.max_len = 1024};
	*vec_push(a, &r->model->proxies) = r->px;
	logbook.n = 0;
}

static void *process_main(void *arg)
{
	process_run(arg);
	return NULL;
}

void rig_start(struct rig *r)
{
	struct out errors = out_growing(10000);
	struct generation *g;

	r->process = process_new(r->nworkers);
	g = generation_new(r->process, r->model);
	ck_assert_ptr_nonnull(g);
	ck_assert(process_use(r->process, g));
	ck_assert_msg(listeners_open(r->process, g, NULL, &errors), "%.*s", STR_ARG(out_get(&errors)));
	out_free(&errors);
	r->port = LIST_OF(r->process->listeners.next, struct listener, node)->port;
	ck_assert_uint_ne(r->port, 0);
	ck_assert(process_start(r->process));
	ck_assert_int_eq(pthread_create(&r->thread, NULL, process_main, r->process), 0);
}

void rig_stop(struct rig *r)
{
	process_soft_stop(r->process, 0);
	pthread_join(r->thread, NULL);
	for (uint32_t i = 0; i < r->nworkers; i++) { /* nothing was lost on the way */
		ck_assert_uint_eq(r->process->workers[i]->sessions.used, 0);
		ck_assert_uint_eq(r->process->workers[i]->streams.used, 0);
		ck_assert_uint_eq(r->process->workers[i]->tcp_streams.used, 0);
		ck_assert_uint_eq(r->process->workers[i]->buffers.used, 0);
		ck_assert_uint_eq(r->process->workers[i]->chunks.used, 0);
	}
	ck_assert_uint_eq(atomic_load(&r->process->connections), 0);
	process_free(&r->process);
}

void rig_free(struct rig *r)
{
	if (r->process)
		rig_stop(r);
	if (r->origin >= 0)
		close(r->origin);
	model_release(&r->model);
}

int rig_connect(struct rig *r)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons(r->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	return fd;
}

int rig_accept(struct rig *r)
{
	int fd = accept(r->origin, NULL, NULL);

	ck_assert_int_ge(fd, 0);
	return fd;
}

void rig_send(int fd, const void *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = send(fd, (const char *)data + done, len - done, MSG_NOSIGNAL);

		ck_assert_int_gt(n, 0);
		done += (size_t)n;
	}
}

void rig_expect(int fd, const void *data, size_t len)
{
	char *got = malloc(len);

	for (size_t done = 0; done < len;) {
		ssize_t n = recv(fd, got + done, len - done, 0);

		ck_assert_int_gt(n, 0);
		done += (size_t)n;
	}
	ck_assert_mem_eq(got, data, len);
	free(got);
}

void rig_expect_end(int fd)
{
	char c;

	ck_assert_int_eq(recv(fd, &c, 1, 0), 0);
}

void rig_expect_reset(int fd)
{
	char c;

	ck_assert_int_eq(recv(fd, &c, 1, 0), -1);
	ck_assert_int_eq(errno, ECONNRESET);
}

void rig_reset(int fd)
{
	struct linger l = {1, 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	close(fd);
}

struct log_record rig_record(struct rig *r, uint32_t n)
{
	struct log_record record = {0};
	uint32_t have = 0;

	(void)r;
	for (int i = 0; i < 5000 && have <= n; i++) {
		usleep(1000);
		pthread_mutex_lock(&logbook.lock);
		have = logbook.n;
		if (have > n)
			record = logbook.records[n];
		pthread_mutex_unlock(&logbook.lock);
	}
	ck_assert_uint_gt(have, n);
	return record;
}

uint32_t rig_records(void)
{
	uint32_t n;

	pthread_mutex_lock(&logbook.lock);
	n = logbook.n;
	pthread_mutex_unlock(&logbook.lock);
	return n;
}
