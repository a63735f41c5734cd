/* Counters: per worker, added up when shown, so that counting costs one increment in the worker's own cache lines. Fields come from
 * counters.def. */
#ifndef LB_STATS_COUNTERS_H
#define LB_STATS_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

struct worker;
struct process;
struct generation;

/* Events per second over the last second (the manual's *_rate), as HAProxy reports them: sliding between two periods. max is the
 * highest value that was ever read; summed over workers it is exact when they have their peaks together, else an upper bound. */
struct rate {
	uint32_t second; /* of worker->now / 1000 */
	uint32_t current, previous, max;
};
void rate_add(struct rate *r, uint64_t now_ms, uint32_t n);
uint32_t rate_read(const struct rate *r, uint64_t now_ms);

struct fe_counters {
#define COUNTER_FE(name) uint64_t name;
#include "runtime/stats/counters.def"
	struct rate conn_rate, sess_rate, req_rate;
};
struct be_counters {
#define COUNTER_BE(name) uint64_t name;
#include "runtime/stats/counters.def"
	struct rate sess_rate;
	uint64_t q_time, c_time, d_time, t_time; /* running averages of the last 1024 streams, in 1/1024 ms */
};
struct srv_counters {
#define COUNTER_SRV(name) uint64_t name;
#include "runtime/stats/counters.def"
	struct rate sess_rate;
	uint64_t q_time, c_time, d_time, t_time;
};

/* Remembers a peak. */
static inline void counters_peak(uint64_t *max, uint64_t value)
{
	if (value > *max)
		*max = value;
}

/* This worker's own, writable ones; index: proxy->index, server->index. Never NULL after counters_init(). */
bool counters_init(struct worker *w, struct generation *g);
/* Room for indexes below these, at zero where they are new; what others point to stays where it is. Isolated. False: no memory, and
 * nothing has changed. */
bool counters_room(struct worker *w, uint32_t nproxies, uint32_t nservers);
/* A proxy's index has another owner: begins at zero. Isolated. */
void counters_forget(struct worker *w, uint32_t proxy_index);
/* Room for a server that is added at run time, at zero. Isolated (core/isolation.h). False: no memory. */
bool counters_add_server(struct worker *w, uint32_t index);
void counters_free(struct worker *w);
struct fe_counters *counters_fe(struct worker *w, uint32_t proxy_index);
struct be_counters *counters_be(struct worker *w, uint32_t proxy_index);
struct srv_counters *counters_srv(struct worker *w, uint32_t server_index);
/* Sums over all workers (relaxed reads of running counters): max_ and last_ fields give the largest, averages are weighted by the
 * streams of each worker. Any thread, while the workers live. */
void counters_fe_sum(struct process *p, uint32_t proxy_index, struct fe_counters *sum);
/* Adds one worker's to a sum, in the same way. */
void counters_fe_add(struct fe_counters *sum, const volatile struct fe_counters *c);
void counters_be_sum(struct process *p, uint32_t proxy_index, struct be_counters *sum);
void counters_srv_sum(struct process *p, uint32_t server_index, struct srv_counters *sum);
/* `clear counters`: peaks only, or everything. On that worker. */
void counters_clear(struct worker *w, bool all);

#endif
