/* The process: what all workers share. Immutable after start but for the marked fields. `generation` is what one model became at run time. */
#ifndef LB_CORE_PROCESS_H
#define LB_CORE_PROCESS_H

#include <stdatomic.h>

#include "grammar/base/list.h"
#include "grammar/model.h"
#include "runtime/core/worker.h"

struct proxy;
struct server;
struct eval_engine;

/* Runtime objects of one model. Freed when the last stream that pins it ends. */
struct generation {
	struct model *model; /* retained */
	struct proxy *proxies; /* index: as model->proxies */
	uint32_t nproxies;
	struct server *servers; /* of all proxies */
	uint32_t nservers;
	struct eval_engine **engines; /* by worker id */
	atomic_uint pins;
};

enum process_state { PROCESS_STARTING, PROCESS_RUNNING, PROCESS_STOPPING /* soft stop */, PROCESS_ENDING };

struct process {
	struct worker **workers;
	uint32_t nworkers;
	struct generation *generation;
	struct list listeners;
	uint32_t nlisteners;
	_Atomic int state; /* enum process_state */
	atomic_uint connections; /* open client connections, all frontends */
	atomic_uint_fast64_t cum_connections, cum_requests;
	atomic_uint unique_id; /* %rt */
	uint32_t maxconn; /* effective */
	struct timeval started;
	pid_t pid;
	int compat; /* 206 ...: the version reported to clients and scripts */
	bool say_events; /* events go to standard error as well: in the foreground and not quiet; set before workers run */
	atomic_bool log_failure_said; /* a log target that cannot be reached is reported once */
};

/* Builds runtime objects from a model (retains it): proxies, servers, engines. NULL when memory is out. Main thread. */
struct generation *generation_new(struct process *p, struct model *m);
void generation_free(struct generation **g);
struct proxy *generation_proxy(struct generation *g, const struct proxy_conf *conf);
struct server *generation_server(struct generation *g, const struct server_conf *conf);

/* An empty process with n workers, not started. */
struct process *process_new(uint32_t nworkers);
/* Starts the workers' threads (worker 0 runs on the calling thread in process_run). */
bool process_start(struct process *p);
/* Runs worker 0 until process_stop or until a soft stop is complete. */
void process_run(struct process *p);
/* Soft stop: listeners close, idle connections close, streams finish; process_run returns when all are gone or after
 * hard_stop_after ms (0: never). Any thread. */
void process_soft_stop(struct process *p, uint32_t hard_stop_after);
/* Ends at once. Any thread, async-signal-safe not required. */
void process_stop(struct process *p);
void process_free(struct process **p);

#endif
