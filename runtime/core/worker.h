/* A worker: one thread, one libev loop, and everything that only this thread touches. A connection belongs to
 * one worker for life. `struct worker *` is the argument that replaces globals. */
#ifndef LB_CORE_WORKER_H
#define LB_CORE_WORKER_H

#include <ev.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/time.h>

#include "runtime/core/buf.h"
#include "runtime/core/deadline.h"
#include "runtime/core/mailbox.h"
#include "runtime/eval/eval.h"

struct process;
struct generation;
struct profile;
struct server;

struct worker {
	uint32_t id; /* 0 to nbthread - 1 */
	struct ev_loop *loop;
	pthread_t thread;
	struct process *process;
	uint64_t now;        /* monotonic milliseconds, read once per loop iteration */
	uint64_t now_us;     /* the same in microseconds */
	struct timeval wall; /* wall clock of this iteration */
	struct deadlines *deadlines;
	ev_timer tick;
	ev_idle spin; /* busy-polling */
	ev_async wake;
	void *inbox; /* mailbox.c */
	struct pool buffers, sessions, streams, tcp_streams, srv_conns, chunks;
	struct scratch_source scratch; /* over `chunks` */
	struct list sessions_list;     /* every struct session, for soft stop and `show sess` */
	uint64_t accepted, loops;
	uint32_t loop_us; /* what a turn of the loop takes, on average */
	uint32_t warn_blocked_us; /* a turn that takes longer is told of; 0: none is */
	uint64_t warned_ms;	  /* when the last one was */
	bool profiling;	  /* core/profile.h */
	struct profile *profile; /* NULL: never measured */
	uint64_t wall_offset_us; /* wall clock minus monotonic clock, refreshed every WORKER_WALL_MS */
	uint64_t wall_checked;   /* `now` of the last refresh */
	atomic_uint cpu_usage;	 /* percent of its time that it has worked lately */
	uint64_t cpu_us;	 /* processor time of the thread when that was measured */
	uint64_t tick_at;        /* when `tick` fires (ms); UINT64_MAX: not armed */
	uint32_t jobs;           /* what keeps a stopping worker alive: sessions of clients and of the CLI */
	atomic_uint load;	 /* jobs, for others to read */
	atomic_uint incoming;	 /* connections that other workers have sent here and that are not jobs yet */
	atomic_bool changed;     /* another thread wants on_changed to be called */
	atomic_bool stop_asked;
	bool started;        /* has a thread of its own */
	uint64_t spread_end; /* core/spread.h */
	uint32_t spread_ms;
	bool stopping;       /* soft stop: no new connections, ends with its last job */
	void *stats;         /* this worker's counters: stats/counters.h */
	void *log;           /* core/log.h: sockets, line buffer */
	uint64_t log_since_us; /* now_us when the oldest line that waits in there was written; 0: none waits */
	struct deadline log_due; /* when lines go at the latest */
	void (*log_turn_end)(struct worker *w, bool busy); /* the turn ends, and something waits; busy: another is about to follow */
	void *muxes;         /* http/h2_desk.c; NULL until there is HTTP/2 */
	void *servers;       /* backend/: idle connections by server */
	struct list checks;    /* health/check.c: those that wait for their turn; next NULL: none yet */
	uint32_t nchecks;      /* under way */
	struct list transfers; /* reload/handover_offer.c: sockets being handed over; next NULL: none yet */
	struct list clis;      /* cli/: its sessions; next NULL: none yet */
	struct cli_load {      /* what they add to the figures of the process (stats/info.c) */
		uint64_t accepted, bytes_out;
	} cli_load;
	struct deadline accept_retry; /* set: no accepting until then, for lack of descriptors */
	struct deadline rate_retry;   /* set: some listener waits until its frontend's rate of sessions is lower */
	uint64_t accept_complained;   /* `now` of the last message about it */
	struct eval_dates dates;      /* what log lines say of this second */
	struct eval_host host;	      /* live figures for the evaluator: proxy/stream_host.c */
	uint64_t random[2];	      /* state of worker_random() */
	struct pipes *pipes; /* net/splice.h: spare pipes */
	/* For traffic that is played inside one process (stage/): NULL and false in live traffic. */
	void *stage;
	const struct eval_observer *observer;
	int (*dial)(struct worker *w, struct server *server); /* in place of connecting: a connected socket, or minus an errno */
	void (*stream_over)(struct worker *w, struct eval *e); /* all is known of it, and nothing gone yet */
	bool paced;        /* it may wait a moment between two turns: worker_turn() */
	uint64_t turn_us;  /* now_us of the turn before */
	bool clock_is_set; /* somebody else sets now, now_us and wall */
	/* Set by the process before the thread runs; all called on the worker. */
	void (*on_begin)(struct worker *w), (*on_end)(struct worker *w); /* around the loop */
	void (*on_changed)(struct worker *w);                            /* after worker_changed() */
	void (*on_drained)(struct worker *w); /* stopping, and the last job is gone */
};

/* Pacing: in microseconds, how long a turn of the loop lasts at least, and how soon after each other turns have to come; from how
 * many jobs on. */
enum { WORKER_PACE_US = 40, WORKER_NEAR_US = 150, WORKER_PACE_JOBS = 8 };
enum { WORKER_WALL_MS = 100, WORKER_STREAM_SIZE = 2112 /* pieces of pool `streams`: no stream of mode http is larger */ };

/* Makes a worker with its loop; does not start the thread. NULL when memory is out. Main thread. */
struct worker *worker_new(struct process *p, uint32_t id);
bool worker_start(struct worker *w); /* false: no thread */
/* Runs the loop on the calling thread until worker_stop(). */
void worker_run(struct worker *w);
/* Ends the loop soon. Any thread. */
void worker_stop(struct worker *w);
/* Has on_changed called soon. Any thread; needs no memory, so it cannot fail; many calls may give one. */
void worker_changed(struct worker *w);
/* Size of the pieces of pool `buffers` from now on. Main thread, before the worker runs, or the worker. */
void worker_set_bufsize(struct worker *w, uint32_t size);
/* Another libev backend (EVBACKEND_*), before anything is watched and the worker runs. False: it cannot be had.
 */
bool worker_set_backend(struct worker *w, unsigned backend);
/* Reads the clocks now: once per iteration by the loop itself, and by what has taken long. */
void worker_clock(struct worker *w);
/* One turn of the loop after events were reported; libev calls it. */
void worker_turn(struct ev_loop *loop);
/* What it does around the events: core/profile.c has a turn of its own. */
void worker_turn_begin(struct worker *w);
void worker_turn_end(struct worker *w);
/* A random number that nobody should rely on for secrets. */
uint64_t worker_random(struct worker *w);
/* A job more or less; the last one of a stopping worker calls on_drained. */
void worker_job_begin(struct worker *w);
void worker_job_end(struct worker *w);
/* Announces a job that a message will bring. Any thread. False: the worker may be about to end, keep it. */
bool worker_job_announce(struct worker *w);
/* It will not come after all. Any thread. */
void worker_job_recall(struct worker *w);
/* On the worker: the announced job has come (worker_job_begin() was called for it, or it is over already). */
void worker_job_arrived(struct worker *w);
void worker_join(struct worker *w);
void worker_free(struct worker **w);

#endif
