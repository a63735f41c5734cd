/* Counters of proxies and servers. Each worker owns one block for all of them, aligned to its own cache lines,
 * and counts with plain increments; whoever shows statistics adds the blocks up with relaxed reads, so that no
 * figure is torn but a sum may be a few events behind. The block is made for one generation and freed with the
 * worker. */
#include "runtime/stats/counters.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/core/process.h"
#include "runtime/core/worker.h"

/* The summing functions read what other threads write: single aligned words, through volatile, on purpose. */
#define READS_RUNNING __attribute__((no_sanitize("thread")))

enum { CACHE_LINE = 64 };

struct counters {
	uint32_t nproxies, nservers;
	bool srv_own;             /* not in the block any more: servers were added */
	struct counters *smaller; /* that this one replaced: connections may still count in it */
	struct fe_counters *fe;
	struct be_counters *be;
	struct srv_counters *srv;
};

static size_t rounded(size_t size)
{
	return (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
}

static struct counters *counters_new(uint32_t nproxies, uint32_t nservers)
{
	size_t head = rounded(sizeof(struct counters));
	size_t fe = rounded(sizeof(struct fe_counters) * nproxies),
	       be = rounded(sizeof(struct be_counters) * nproxies);
	size_t size = head + fe + be + rounded(sizeof(struct srv_counters) * nservers);
	char *block = aligned_alloc(CACHE_LINE, size);
	struct counters *c = (struct counters *)block;

	if (!block)
		return NULL;
	memset(block, 0, size);
	c->nproxies = nproxies;
	c->nservers = nservers;
	c->fe = (struct fe_counters *)(block + head);
	c->be = (struct be_counters *)(block + head + fe);
	c->srv = (struct srv_counters *)(block + head + fe + be);
	return c;
}

bool counters_init(struct worker *w, struct generation *g)
{
	struct counters *c = counters_new(g->nproxies, g->nservers);

	if (!c)
		return false;
	counters_free(w);
	w->stats = c;
	return true;
}

static uint32_t larger(uint32_t have, uint32_t wanted)
{
	return wanted <= have ? have : wanted + wanted / 4;
}

bool counters_room(struct worker *w, uint32_t nproxies, uint32_t nservers)
{
	struct counters *old = w->stats, *c;

	if (nproxies <= old->nproxies && nservers <= old->nservers)
		return true;
	c = counters_new(larger(old->nproxies, nproxies), larger(old->nservers, nservers));
	if (!c)
		return false;
	if (old->nproxies)
		memcpy(c->fe, old->fe, sizeof(*c->fe) * old->nproxies);
	if (old->nproxies)
		memcpy(c->be, old->be, sizeof(*c->be) * old->nproxies);
	if (old->nservers)
		memcpy(c->srv, old->srv, sizeof(*c->srv) * old->nservers);
	c->smaller = old;
	w->stats = c;
	return true;
}

void counters_forget(struct worker *w, uint32_t proxy_index)
{
	struct counters *c = w->stats;

	memset(&c->fe[proxy_index], 0, sizeof(*c->fe));
	memset(&c->be[proxy_index], 0, sizeof(*c->be));
}

bool counters_add_server(struct worker *w, uint32_t index)
{
	struct counters *c = w->stats;
	uint32_t room = index + 1 + index / 2;
	struct srv_counters *srv;

	if (index < c->nservers) {
		memset(&c->srv[index], 0, sizeof(*c->srv));
		return true;
	}
	srv = aligned_alloc(CACHE_LINE, rounded(sizeof(*srv) * room));
	if (!srv)
		return false;
	memcpy(srv, c->srv, sizeof(*srv) * c->nservers);
	memset(srv + c->nservers, 0, sizeof(*srv) * (room - c->nservers));
	if (c->srv_own)
		free(c->srv);
	c->srv = srv;
	c->srv_own = true;
	c->nservers = room;
	return true;
}

void counters_free(struct worker *w)
{
	while (w->stats) {
		struct counters *c = w->stats;

		w->stats = c->smaller;
		if (c->srv_own)
			free(c->srv);
		free(c);
	}
}

struct fe_counters *counters_fe(struct worker *w, uint32_t proxy_index)
{
	return &((struct counters *)w->stats)->fe[proxy_index];
}

struct be_counters *counters_be(struct worker *w, uint32_t proxy_index)
{
	return &((struct counters *)w->stats)->be[proxy_index];
}

struct srv_counters *counters_srv(struct worker *w, uint32_t server_index)
{
	return &((struct counters *)w->stats)->srv[server_index];
}

/* --- rates */

static void rate_turn(struct rate *r, uint32_t second)
{
	if (r->second == second)
		return;
	r->previous = r->second + 1 == second ? r->current : 0;
	r->current = 0;
	r->second = second;
}

void rate_add(struct rate *r, uint64_t now_ms, uint32_t n)
{
	uint32_t value;

	rate_turn(r, (uint32_t)(now_ms / 1000));
	r->current += n;
	value = rate_read(r, now_ms);
	if (value > r->max)
		r->max = value;
}

uint32_t rate_read(const struct rate *r, uint64_t now_ms)
{
	struct rate copy = *r;

	rate_turn(&copy, (uint32_t)(now_ms / 1000));
	return copy.current + (uint32_t)((uint64_t)copy.previous * (1000 - now_ms % 1000) / 1000);
}

/* Brings both to the later of their seconds, then adds. A sum that is all zero takes the other's second. */
static READS_RUNNING void rate_sum(struct rate *sum, const volatile struct rate *r)
{
	struct rate copy = {r->second, r->current, r->previous, r->max};

	if (copy.second > sum->second)
		rate_turn(sum, copy.second);
	else
		rate_turn(&copy, sum->second);
	sum->current += copy.current;
	sum->previous += copy.previous;
	sum->max += copy.max;
}

/* --- sums */

static inline bool keeps_largest(const char *name)
{
	return !strncmp(name, "max_", 4) || !strncmp(name, "last_", 5);
}

static inline void field_sum(uint64_t *sum, uint64_t value, bool largest)
{
	if (!largest)
		*sum += value;
	else if (value > *sum)
		*sum = value;
}

/* Adds `streams` streams of average `time` to a sum that is divided by all streams at the end. */
static inline void time_sum(uint64_t *sum, uint64_t time, uint64_t streams)
{
	*sum += time * streams;
}

#define FIELD(name) field_sum(&sum->name, c->name, keeps_largest(#name));

READS_RUNNING void counters_fe_add(struct fe_counters *sum, const volatile struct fe_counters *c)
{
#define COUNTER_FE FIELD
#include "runtime/stats/counters.def"
	rate_sum(&sum->conn_rate, &c->conn_rate);
	rate_sum(&sum->sess_rate, &c->sess_rate);
	rate_sum(&sum->req_rate, &c->req_rate);
}

static READS_RUNNING void be_sum(struct be_counters *sum, const volatile struct be_counters *c)
{
	uint64_t streams = c->cum_lbconn + 1;

#define COUNTER_BE FIELD
#include "runtime/stats/counters.def"
	rate_sum(&sum->sess_rate, &c->sess_rate);
	time_sum(&sum->q_time, c->q_time, streams);
	time_sum(&sum->c_time, c->c_time, streams);
	time_sum(&sum->d_time, c->d_time, streams);
	time_sum(&sum->t_time, c->t_time, streams);
}

static READS_RUNNING void srv_sum(struct srv_counters *sum, const volatile struct srv_counters *c)
{
	uint64_t streams = c->cum_lbconn + 1;

#define COUNTER_SRV FIELD
#include "runtime/stats/counters.def"
	rate_sum(&sum->sess_rate, &c->sess_rate);
	time_sum(&sum->q_time, c->q_time, streams);
	time_sum(&sum->c_time, c->c_time, streams);
	time_sum(&sum->d_time, c->d_time, streams);
	time_sum(&sum->t_time, c->t_time, streams);
}

static READS_RUNNING const struct counters *block_of(const struct process *p, uint32_t worker)
{
	return p->workers[worker] ? p->workers[worker]->stats : NULL;
}

void counters_fe_sum(struct process *p, uint32_t proxy_index, struct fe_counters *sum)
{
	const struct counters *c;

	memset(sum, 0, sizeof(*sum));
	for (uint32_t i = 0; i < p->nworkers; i++)
		if ((c = block_of(p, i)) && proxy_index < c->nproxies)
			counters_fe_add(sum, &c->fe[proxy_index]);
}

#define DIVIDE_TIMES(sum, workers)                                                                             \
	do {                                                                                                   \
		uint64_t streams_ = (sum)->cum_lbconn + (workers);                                             \
		if (!streams_)                                                                                 \
			break;                                                                                 \
		(sum)->q_time /= streams_;                                                                     \
		(sum)->c_time /= streams_;                                                                     \
		(sum)->d_time /= streams_;                                                                     \
		(sum)->t_time /= streams_;                                                                     \
	} while (0)

void counters_be_sum(struct process *p, uint32_t proxy_index, struct be_counters *sum)
{
	const struct counters *c;
	uint32_t workers = 0;

	memset(sum, 0, sizeof(*sum));
	for (uint32_t i = 0; i < p->nworkers; i++)
		if ((c = block_of(p, i)) && proxy_index < c->nproxies) {
			be_sum(sum, &c->be[proxy_index]);
			workers++;
		}
	DIVIDE_TIMES(sum, workers);
}

void counters_srv_sum(struct process *p, uint32_t server_index, struct srv_counters *sum)
{
	const struct counters *c;
	uint32_t workers = 0;

	memset(sum, 0, sizeof(*sum));
	for (uint32_t i = 0; i < p->nworkers; i++)
		if ((c = block_of(p, i)) && server_index < c->nservers) {
			srv_sum(sum, &c->srv[server_index]);
			workers++;
		}
	DIVIDE_TIMES(sum, workers);
}

/* --- clear counters */

#define CLEAR_TIMES(c) ((c)->max_qtime = (c)->max_ctime = (c)->max_rtime = (c)->max_ttime = 0)

static void clear_peaks(struct counters *c)
{
	for (uint32_t i = 0; i < c->nproxies; i++) {
		c->fe[i].max_sess = c->be[i].max_sess = c->be[i].max_queue = 0;
		c->fe[i].conn_rate.max = c->fe[i].sess_rate.max = c->fe[i].req_rate.max =
			c->be[i].sess_rate.max = 0;
		CLEAR_TIMES(&c->be[i]);
	}
	for (uint32_t i = 0; i < c->nservers; i++) {
		c->srv[i].max_sess = c->srv[i].max_queue = c->srv[i].sess_rate.max = 0;
		CLEAR_TIMES(&c->srv[i]);
	}
}

void counters_clear(struct worker *w, bool all)
{
	struct counters *c = w->stats;

	if (!c)
		return;
	clear_peaks(c);
	if (!all)
		return;
	memset(c->fe, 0, sizeof(*c->fe) * c->nproxies);
	memset(c->be, 0, sizeof(*c->be) * c->nproxies);
	memset(c->srv, 0, sizeof(*c->srv) * c->nservers);
}
