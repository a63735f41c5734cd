/* What the evaluator asks about live proxies and servers (fe_conn, nbsrv, queue and their like; manual,
 * section 7.3.2). Plain atomic reads; sums of rates go over the workers' counters. Any worker. */
#include "runtime/http/mux.h"
#include "runtime/proxy/stream.h"
#include "runtime/stats/counters.h"

static int64_t usable_servers(struct proxy *px)
{
	int64_t n = 0;

	for (uint32_t i = 0; i < px->nservers; i++)
		n += server_is_usable(px->servers[i]);
	return n;
}

/* Places for connections that are free: -1 when a usable server has no limit (manual: connslots, be_conn_free).
 */
static int64_t free_slots(struct proxy *px, bool queues)
{
	int64_t slots = 0;

	for (uint32_t i = 0; i < px->nservers; i++) {
		struct server *s = px->servers[i];
		uint32_t maxconn = atomic_load(&s->maxconn);

		if (!server_is_usable(s))
			continue;
		if (!maxconn || (queues && !s->conf->maxqueue))
			return -1;
		slots += (int64_t)maxconn - atomic_load(&s->conns);
		if (queues)
			slots += (int64_t)s->conf->maxqueue - atomic_load(&s->queued);
	}
	return slots < 0 ? 0 : slots;
}

static int64_t average_queue(struct proxy *px)
{
	int64_t queued = atomic_load(&px->queued), usable = usable_servers(px);

	return usable ? (queued + usable - 1) / usable : queued * 65536;
}

static int64_t backend_stat(struct worker *w, enum eval_stat what, struct proxy *px)
{
	struct be_counters sum;

	switch (what) {
	case ES_BE_CONN:
		return atomic_load(&px->be_conns);
	case ES_BE_QUEUE:
		return atomic_load(&px->queued);
	case ES_BE_NBSRV:
		return usable_servers(px);
	case ES_BE_AVG_QUEUE:
		return average_queue(px);
	case ES_BE_CONNSLOTS:
		return free_slots(px, true);
	case ES_BE_CONN_FREE:
		return free_slots(px, false);
	case ES_BE_SESS_RATE:
		counters_be_sum(w->process, px->index, &sum);
		return rate_read(&sum.sess_rate, w->now);
	default:
		return 0;
	}
}

static int64_t frontend_stat(struct worker *w, enum eval_stat what, struct proxy *px)
{
	struct fe_counters sum;

	if (what == ES_FE_CONN)
		return atomic_load(&px->fe_conns);
	counters_fe_sum(w->process, px->index, &sum);
	return rate_read(what == ES_FE_REQ_RATE ? &sum.req_rate : &sum.sess_rate, w->now);
}

static int64_t server_stat(struct worker *w, enum eval_stat what, struct server *s)
{
	struct srv_counters sum;

	switch (what) {
	case ES_SRV_CONN:
		return atomic_load(&s->conns);
	case ES_SRV_IS_UP:
		return server_is_reachable(s);
	case ES_SRV_QUEUE:
		return atomic_load(&s->queued);
	case ES_SRV_WEIGHT:
		return atomic_load(&s->weight);
	case ES_SRV_CONN_FREE:
		return atomic_load(&s->maxconn) ? (int64_t)atomic_load(&s->maxconn) - atomic_load(&s->conns)
						: -1;
	default:
		counters_srv_sum(w->process, s->index, &sum);
		return rate_read(&sum.sess_rate, w->now);
	}
}

/* What asks may be a session of an older generation. */
static struct proxy *proxy_of(const struct process *p, const struct proxy_conf *conf)
{
	struct proxy *px = NULL;

	for (struct generation *g = p->generation; g && !px; g = g->older)
		px = generation_proxy(g, conf);
	return px;
}

static struct server *server_of(const struct process *p, const struct server_conf *conf)
{
	struct server *s = NULL;

	for (struct generation *g = p->generation; g && !s; g = g->older)
		s = generation_server(g, conf);
	return s;
}

static int64_t host_stat(void *ctx, enum eval_stat what, const struct proxy_conf *proxy,
			 const struct server_conf *server)
{
	struct worker *w = ctx;
	struct server *s = server_of(w->process, server);
	struct proxy *px = proxy_of(w->process, proxy);

	if (what == ES_THREAD)
		return w->id;
	if (what == ES_UPTIME)
		return w->wall.tv_sec - w->process->started.tv_sec;
	if (what == ES_STOPPING)
		return atomic_load(&w->process->stop_asked);
	if (what == ES_ACTCONN)
		return atomic_load(&w->process->connections);
	if (what == ES_CPU_THREAD)
		return atomic_load_explicit(&w->cpu_usage, memory_order_relaxed);
	if (what == ES_CPU_PROCESS)
		return process_cpu_usage(w->process);
	if (s)
		return server_stat(w, what, s);
	if (!px)
		return 0;
	if (what == ES_FE_CONN || what == ES_FE_REQ_RATE || what == ES_FE_SESS_RATE)
		return frontend_stat(w, what, px);
	return backend_stat(w, what, px);
}

static const struct server_conf *host_server(void *ctx, const struct proxy_conf *proxy, struct str name)
{
	struct worker *w = ctx;
	const struct server *s = proxy_server(proxy_of(w->process, proxy), name);

	return s ? s->conf : NULL;
}

/* HTTP/1 has neither identifiers nor codes: there only the end of a connection is an abort. */
static int64_t host_mux(const struct conn *c, enum eval_mux what)
{
	if (c->mux)
		return c->mux->ask(c, what);
	switch (what) {
	case EVAL_MUX_GLITCHES:
		return c->glitches;
	case EVAL_MUX_ID:
		return 0;
	case EVAL_MUX_RESET:
		return -1;
	case EVAL_MUX_ABORTED:
		return (c->flags & CONN_ERROR) != 0;
	default:
		return 1;
	}
}

/* Asked for each choice of a backend: mostly there is none. */
static bool host_hidden(void *ctx, const struct proxy_conf *backend)
{
	struct worker *w = ctx;
	struct process *p = w->process;
	const struct proxy *px;

	if (!p || !atomic_load_explicit(&p->hidden_backends, memory_order_relaxed))
		return false;
	px = generation_proxy(p->generation, backend);
	return px && atomic_load(&px->hidden);
}

void stream_host_init(struct worker *w)
{
	w->host = (struct eval_host){
		.stat = host_stat, .server = host_server, .mux = host_mux, .hidden = host_hidden, .ctx = w};
}
