/* The figures of the whole process: see info.h. One function per group of them. */
#include "runtime/stats/info.h"

#include <stdio.h>
#include <unistd.h>

#include "config.h"
#include "grammar/predicate.h"
#include "runtime/backend/server.h"
#include "runtime/core/log.h"
#include "runtime/log/forward.h"
#include "runtime/net/listener.h"
#include "runtime/net/splice.h"
#include "runtime/stats/counters.h"
#include "runtime/stick/peers.h"

#define READS_RUNNING __attribute__((no_sanitize("thread")))

static void info_text(struct info *v, enum info_id id, const char *text)
{
	v->text[id] = str_from(text);
}

static double seconds_of(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static void fill_identity(struct info *v, const struct worker *w, const struct global_conf *g)
{
	const struct process *p = w->process;
	unsigned long long up;

	v->start = seconds_of(&p->started);
	v->uptime = seconds_of(&w->wall) - v->start;
	up = v->uptime < 0 ? 0 : (unsigned long long)v->uptime;
	snprintf(v->version, sizeof(v->version), "%s-lbd%s", predicate_version(p->compat), PACKAGE_VERSION);
	snprintf(v->lasted, sizeof(v->lasted), "%llud %lluh%02llum%02llus", up / 86400, up / 3600 % 24,
		 up / 60 % 60, up % 60);
	info_text(v, INFO_NAME, "HAProxy");
	info_text(v, INFO_VERSION, v->version);
	info_text(v, INFO_BUILD_INFO, v->version);
	info_text(v, INFO_RELEASE_DATE, "2026/11/22");
	info_text(v, INFO_UPTIME, v->lasted);
	snprintf(v->tainted, sizeof(v->tainted), "%#x", atomic_load(&p->tainted));
	info_text(v, INFO_TAINTED, v->tainted);
	v->number[INFO_DEBUGCOMMANDSISSUED] = atomic_load(&p->debug_commands);
	v->number[INFO_UPTIME_SEC] = up;
	v->number[INFO_START_TIME_SEC] = (uint64_t)p->started.tv_sec;
	v->number[INFO_NBTHREAD] = p->nworkers;
	v->number[INFO_NBPROC] = v->number[INFO_PROCESS_NUM] = 1;
	v->number[INFO_PID] = (uint64_t)p->pid;
	v->text[INFO_NODE] = g->node;
	if (!g->node.len && !gethostname(v->node, sizeof(v->node) - 1))
		info_text(v, INFO_NODE, v->node);
	v->text[INFO_DESCRIPTION] = g->description;
}

static void fill_limits(struct info *v, struct process *p)
{
	v->number[INFO_MEMMAX_MB] = p->memory_mb;
	v->number[INFO_MEMMAX_BYTES] = (uint64_t)p->memory_mb << 20;
	v->number[INFO_ULIMIT_N] = p->ulimit_n;
	v->number[INFO_MAXSOCK] = p->maxsock;
	v->number[INFO_MAXCONN] = p->maxconn;
	v->number[INFO_HARD_MAXCONN] = p->hard_maxconn;
	v->number[INFO_CURRCONNS] = atomic_load(&p->connections);
	v->number[INFO_CONNRATELIMIT] = atomic_load(&p->rate_limits[RATE_CONNECTIONS]);
	v->number[INFO_SESSRATELIMIT] = atomic_load(&p->rate_limits[RATE_SESSIONS]);
	v->number[INFO_SSLRATELIMIT] = atomic_load(&p->rate_limits[RATE_TLS]);
	v->number[INFO_MAXSSLCONNS] = atomic_load(&p->tls_load.limit);
	v->number[INFO_STOPPING] = atomic_load(&p->stop_asked);
	v->number[INFO_DROPPEDLOGS] = log_dropped(p);
	v->number[INFO_CUMRECVLOGS] = forwards_received(p);
}

static READS_RUNNING uint32_t jobs_of(const volatile struct worker *w)
{
	return w->jobs;
}

static void fill_jobs(struct info *v, struct process *p)
{
	uint64_t listening = 0;

	for (struct list *node = p->listeners.next; node != &p->listeners; node = node->next)
		listening += LIST_OF(node, struct listener, node)->state != LI_CLOSED;
	v->number[INFO_LISTENERS] = listening;
	v->number[INFO_JOBS] = listening;
	for (uint32_t i = 0; i < p->nworkers; i++)
		v->number[INFO_JOBS] += jobs_of(p->workers[i]);
}

static void fill_traffic(struct info *v, struct worker *w, const struct generation *g)
{
	uint64_t now = w->now;
	unsigned usage = atomic_load(&w->cpu_usage);
	struct fe_counters fe;

	for (uint32_t i = 0; i < g->nproxies; i++) {
		if (!(g->proxies[i].conf->role & ROLE_FRONTEND))
			continue;
		counters_fe_sum(w->process, g->proxies[i].index, &fe);
		v->number[INFO_CUMCONNS] += fe.cum_conn;
		v->number[INFO_CUMREQ] += fe.cum_req;
		v->number[INFO_TOTALBYTESOUT] += fe.bytes_out;
		v->number[INFO_CONNRATE] += rate_read(&fe.conn_rate, now);
		v->number[INFO_MAXCONNRATE] += fe.conn_rate.max;
		v->number[INFO_SESSRATE] += rate_read(&fe.sess_rate, now);
		v->number[INFO_MAXSESSRATE] += fe.sess_rate.max;
	}
	v->number[INFO_IDLE_PCT] = 100 - (usage < 100 ? usage : 100);
}

/* What has come by the control socket counts as in HAProxy, a request each; its rate and its open connections
 * do not. */
static READS_RUNNING void fill_cli(struct info *v, const volatile struct worker *w)
{
	v->number[INFO_CUMCONNS] += w->cli_load.accepted;
	v->number[INFO_CUMREQ] += w->cli_load.accepted;
	v->number[INFO_TOTALBYTESOUT] += w->cli_load.bytes_out;
}

/* Between this question and an earlier one that is a second old at least; the first one asks since the start.
 */
static void fill_bytes_rate(struct info *v, struct process *p)
{
	uint64_t total = v->number[INFO_TOTALBYTESOUT], ms = (uint64_t)(v->uptime * 1000) + 1;
	struct bytes_sample *s = &p->bytes_out;

	pthread_mutex_lock(&p->rate_lock);
	if (ms - s->at[1] >= 1000) {
		s->at[0] = s->at[1];
		s->total[0] = s->total[1];
		s->at[1] = ms;
		s->total[1] = total;
	}
	if (total >= s->total[0] && ms > s->at[0])
		v->number[INFO_BYTESOUTRATE] = (total - s->total[0]) * 1000 / (ms - s->at[0]);
	pthread_mutex_unlock(&p->rate_lock);
}

static void fill_compression(struct info *v, struct process *p, uint64_t now)
{
	v->number[INFO_COMPRESSBPSRATELIM] = atomic_load(&p->rate_limits[RATE_COMPRESSION]);
	pthread_mutex_lock(&p->rate_lock);
	v->number[INFO_COMPRESSBPSIN] = rate_read(&p->compressed, now);
	v->number[INFO_COMPRESSBPSOUT] = rate_read(&p->emitted, now);
	pthread_mutex_unlock(&p->rate_lock);
}

static void fill_tls(struct info *v, struct process *p, uint64_t now)
{
	struct tls_load_figures f;

	tls_load_read(&p->tls_load, now, &f);
	v->number[INFO_CURRSSLCONNS] = f.open;
	v->number[INFO_CUMSSLCONNS] = f.total;
	v->number[INFO_SSLRATE] = f.clients;
	v->number[INFO_MAXSSLRATE] = f.clients_max;
	v->number[INFO_SSLFRONTENDKEYRATE] = f.client_keys;
	v->number[INFO_SSLFRONTENDMAXKEYRATE] = f.client_keys_max;
	v->number[INFO_SSLFRONTENDSESSIONREUSE_PCT] = f.reuse;
	v->number[INFO_SSLBACKENDKEYRATE] = f.server_keys;
	v->number[INFO_SSLBACKENDMAXKEYRATE] = f.server_keys_max;
	v->number[INFO_SSLCACHELOOKUPS] = f.lookups;
	v->number[INFO_SSLCACHEMISSES] = f.misses;
}

static READS_RUNNING void pool_add(struct info *v, const volatile struct pool *p)
{
	v->number[INFO_POOLALLOC_BYTES] += p->size * (p->used + p->cached);
	v->number[INFO_POOLUSED_BYTES] += p->size * p->used;
	v->number[INFO_POOLFAILED] += p->failed;
}

static void fill_pools(struct info *v, const struct process *p)
{
	for (uint32_t i = 0; i < p->nworkers; i++) {
		const struct worker *w = p->workers[i];

		pool_add(v, &w->buffers);
		pool_add(v, &w->sessions);
		pool_add(v, &w->streams);
		pool_add(v, &w->tcp_streams);
		pool_add(v, &w->srv_conns);
		pool_add(v, &w->chunks);
	}
	v->number[INFO_POOLALLOC_MB] = v->number[INFO_POOLALLOC_BYTES] >> 20;
	v->number[INFO_POOLUSED_MB] = v->number[INFO_POOLUSED_BYTES] >> 20;
}

static void fill_pipes(struct info *v, const struct process *p)
{
	struct pipes_figures f;

	pipes_figures(p, &f);
	v->number[INFO_MAXPIPES] = pipes_limit(p);
	v->number[INFO_PIPESUSED] = f.used;
	v->number[INFO_PIPESFREE] = f.spare;
	v->number[INFO_TOTALSPLICDEDBYTESOUT] = f.drained;
}

/* FailedResolutions stays 0, as with HAProxy 2.6.12 when names do not exist and when nobody answers. */
static void fill_others(struct info *v, const struct process *p, const struct global_conf *g)
{
	uint32_t active, connected;

	peers_count(p, &active, &connected);
	v->number[INFO_ACTIVEPEERS] = active;
	v->number[INFO_CONNECTEDPEERS] = connected;
	v->number[INFO_BUSYPOLLING] = g->busy_polling;
}

void info_fill(struct info *v, struct worker *w, const struct generation *g)
{
	fill_identity(v, w, &g->model->global);
	fill_limits(v, w->process);
	fill_jobs(v, w->process);
	fill_traffic(v, w, g);
	for (uint32_t i = 0; i < w->process->nworkers; i++)
		fill_cli(v, w->process->workers[i]);
	fill_bytes_rate(v, w->process);
	fill_compression(v, w->process, w->now);
	fill_tls(v, w->process, w->now);
	fill_pools(v, w->process);
	fill_pipes(v, w->process);
	fill_others(v, w->process, &g->model->global);
}
