/* A worker: one thread, one libev loop, and everything that only this thread touches. A connection belongs to one worker for life.
 * `struct worker *` is the argument that replaces globals. */
#ifndef LB_CORE_WORKER_H
#define LB_CORE_WORKER_H

#include <ev.h>
#include <pthread.h>
#include <sys/time.h>

#include "runtime/core/buf.h"
#include "runtime/core/deadline.h"
#include "runtime/core/mailbox.h"
#include "runtime/eval/scratch.h"

struct process;
struct generation;

struct worker {
	uint32_t id; /* 0 to nbthread - 1 */
	struct ev_loop *loop;
	pthread_t thread;
	struct process *process;
	uint64_t now;	     /* monotonic milliseconds, read once per loop iteration */
	uint64_t now_us;     /* the same in microseconds */
	struct timeval wall; /* wall clock of this iteration */
	struct deadlines *deadlines;
	ev_timer tick;
	ev_prepare before;
	ev_check after;
	ev_async wake;
	void *inbox; /* mailbox.c */
	struct pool buffers, sessions, streams, srv_conns, chunks;
	struct scratch_source scratch; /* over `chunks` */
	struct list sessions_list;     /* every struct session, for soft stop and `show sess` */
	uint64_t accepted, loops;
	bool stopping;
	void *stats; /* this worker's counters: stats/counters.h */
	void *log;   /* core/log.h: sockets, line buffer */
	void *servers; /* backend/: idle connections by server */
};

/* Makes a worker with its loop; does not start the thread. NULL when memory is out. Main thread. */
struct worker *worker_new(struct process *p, uint32_t id);
bool worker_start(struct worker *w); /* false: no thread */
/* Ends the loop soon. Any thread. */
void worker_stop(struct worker *w);
void worker_join(struct worker *w);
void worker_free(struct worker **w);

#endif
