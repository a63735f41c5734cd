/* The process: what all workers share. Immutable after start but for the marked fields. `generation` is what
 * one model became at run time. */
#ifndef LB_CORE_PROCESS_H
#define LB_CORE_PROCESS_H

#include <stdatomic.h>

#include "grammar/base/list.h"
#include "grammar/model.h"
#include "runtime/core/tls_load.h"
#include "runtime/core/worker.h"
#include "runtime/stats/counters.h"
#include "runtime/eval/pattern_lock.h"

struct proxy;
struct server;
struct eval_engine;

/* Runtime objects of one model. Freed when the last stream that pins it ends. */
struct generation {
	struct model *model;   /* retained */
	struct proxy *proxies; /* index: as model->proxies */
	uint32_t nproxies, proxies_room; /* those that come at run time have places behind the model's */
	struct server **servers; /* of all proxies, by index; NULL: removed */
	uint32_t nservers, servers_room;
	struct server *server_block;   /* those of the configuration */
	struct server **server_slices; /* the same in order: proxies begin with a slice of it */
	uint32_t standstills;          /* how often everything stood still for adding or removing one */
	struct dynamic_expr *exprs;    /* of servers that were added: backend/server_dynamic_expr.c */
	void (*dynamic_free)(struct generation *g); /* of what was added at run time; NULL: nothing ever was */
	struct server *buried; /* removed ones that somebody may still look at: backend/server_dynamic.c */
	struct stick_tables *tables;  /* stick/table.h */
	struct caches *caches;	      /* cache/cache.h */
	struct tls_world *tls;	      /* tls/tls.h */
	struct netns_list *netns;     /* net/netns.h; NULL: none */
	struct eval_engine **engines; /* by worker id */
	uint32_t nengines;
	struct conf_slot *by_conf; /* struct proxy_conf or server_conf -> index: generation.c */
	uint32_t conf_mask, nconfs;
	atomic_uint pins;
	struct eval_vars *proc_vars; /* variables of scope proc; under process->proc_lock */
	struct generation *older;    /* that still has sessions; NULL: none (reload/renew.c) */
	bool session_vars; /* there are variables of scope sess */
	uint64_t retired;  /* worker->now when it became an older one */
	bool overdue;	  /* its sessions were told to end */
	bool unused; /* nobody pinned it when everything stood still for the last time */
};

/* In process->tracing, beside the bits of sources: debug mode wants to see sessions and streams. */
enum { TRACING_SHOWN = 1 << 30 };

/* Limits of the whole process, per second; 0: none. Compression in bytes. */
enum process_rate { RATE_CONNECTIONS, RATE_SESSIONS, RATE_TLS, RATE_COMPRESSION, PROCESS_RATES };
enum process_state { PROCESS_STARTING, PROCESS_RUNNING, PROCESS_STOPPING /* soft stop */, PROCESS_ENDING };

enum { TAINTED_EXPERT = 4, TAINTED_EXPERIMENTAL = 8, TAINTED_CHECK = 16 };

struct process {
	struct worker **workers;
	uint32_t nworkers;
	struct generation *generation; /* the current one; older ones follow at ->older. Changes while workers are isolated */
	struct isolation *isolation; /* core/isolation.h */
	struct tls_world *tls;       /* loaded for the next generation_new(); else it loads by itself */
	struct list listeners;
	struct list old_listeners; /* closed by a reload, while there are connections that they accepted */
	uint32_t nlisteners;
	_Atomic int state;       /* enum process_state */
	atomic_bool stop_asked;  /* a soft stop begins now or after `grace` */
	atomic_uint connections; /* open client connections, all frontends */
	atomic_uint_fast64_t cum_connections, cum_requests;
	atomic_uint unique_id; /* %rt */
	atomic_uint maxconn;   /* effective */
	uint32_t hard_maxconn, maxsock, ulimit_n, memory_mb; /* limits from the start, for `show info` and `set maxconn global` */
	_Atomic int profiling; /* enum profile_mode: core/profile.h */
	atomic_uint anon_key; /* of the configuration or `set anon global-key`; 0: none */
	atomic_uint_fast64_t error_events; /* proxy/error_capture.h: counted, and the lock of what proxies keep of them */
	pthread_mutex_t errors_lock;
	atomic_uint hidden_backends; /* how many are not published */
	atomic_uint debug_commands, tainted; /* expert commands that were run; TAINTED_ bits: HAProxy's */
	atomic_uint rate_limits[PROCESS_RATES];
	atomic_size_t compression_memory; /* bytes */
	struct rate compressed, emitted; /* bytes into and out of compression; under rate_lock */
	struct rate accepted; /* while connections or sessions are limited; under rate_lock */
	pthread_mutex_t rate_lock;
	struct bytes_sample {
		uint64_t at[2], total[2]; /* ms since the start, bytes out: stats/info.c; under rate_lock */
	} bytes_out;
	struct tls_load tls_load;
	struct timeval started;
	pid_t pid;
	int compat; /* 206 ...: the version reported to clients and scripts */
	void *log_samples; /* core/log_sample.c */
	struct cli_master *cli_master; /* cli/cli_master.h: this is a master process; else NULL */
	const char *startup_logs; /* what was said while starting; the program's, NULL: nothing */
	void *handover; /* reload/handover.h: where it offers its sockets */
	bool say_events; /* events go to standard error as well: in the foreground and not quiet; set before workers run */
	atomic_bool log_failure_said; /* a log target that cannot be reached is reported once */
	_Atomic uint64_t log_torn; /* descriptors that take log lines: core/log_sink.h */
	uint32_t hard_stop_after;   /* ms from the soft stop on; 0: never */
	struct deadline hard_stop;  /* on worker 0 */
	struct deadline sweep;      /* on worker 0: stick/sweep.c */
	struct deadline reap;       /* on worker 0: reload/renew.c */
	struct ocsp_updater *ocsp;  /* tls/ocsp_update.h, on worker 0; NULL: none */
	struct peers_all *peers;    /* stick/peers.h; NULL: none */
	struct log_backends *log_backends; /* log/log_backend.h; NULL: none */
	struct dns *dns;	    /* dns/dns.h; NULL: none */
	struct mails *mails;	    /* log/mail.h; NULL: none */
	struct forwards *forwards;  /* log/forward.h; NULL: none */
	struct rings *rings;	    /* log/rings.h; NULL: none */
	struct cpu_plan *cpu_plan;   /* core/cpus.h, owned; NULL: threads run anywhere */
	struct stats_shm *stats_shm; /* stats/stats_kept.h; NULL: none */
	struct traces *traces;	    /* log/trace.h; NULL: none */
	atomic_uint tracing; /* bits of sources that are traced, and TRACING_SHOWN */
	bool shows_traffic;  /* debug mode (-d): proxy/stream_events.h; set before traces_init() */
	bool takes_over;            /* from an old process: its stick tables are waited for */
	atomic_uint accepting;      /* workers that watch the listeners */
	atomic_uint draining;       /* workers that still have jobs */
	struct proc_name *proc_names; /* further names of variables of scope proc: core/proc_vars.c */
	atomic_size_t vars_total; /* bytes of all variables, while they are limited */
	pattern_lock proc_lock;      /* theirs, and of the values that each generation has */
	struct renewal *renewal; /* reload/renew.h: how this process takes over another configuration; NULL: it does not */
	atomic_uint full_listeners; /* how many listeners wait for a connection to end */
};

/* Builds runtime objects from a model (retains it): proxies, servers, engines. NULL when memory is out. Main
 * thread. */
struct generation *generation_new(struct process *p, struct model *m);
/* The same for so many workers, with a world that was loaded before (taken over; *tls NULL: it loads by itself). Any thread. */
struct generation *generation_make(uint32_t nworkers, struct model *m, struct tls_world **tls);
void generation_free(struct generation **g);
/* A session holds the generation it was born in. Any thread. */
void generation_pin(struct generation *g);
void generation_unpin(struct generation *g);
struct proxy *generation_proxy(struct generation *g, const struct proxy_conf *conf);
struct server *generation_server(struct generation *g, const struct server_conf *conf);
/* The server of that name; NULL: there is none, or no such proxy. */
struct server *proxy_server(const struct proxy *px, struct str name);
/* A server that was added at run time: gets an index (s->index), is found by its conf from now on, and stands
 * last in its proxy's list. Isolated (core/isolation.h). False: no memory, nothing has changed. */
bool generation_add_server(struct generation *g, struct proxy *px, const struct server_conf *conf,
			   struct server *s);
/* Nobody finds it from now on: it is buried, and its index stays taken until it leaves that list. Isolated. */
void generation_remove_server(struct generation *g, struct server *s);
/* A backend that was added at run time, at a place of g->proxies that is free; its counters have that index. Isolated. False: no memory. */
bool generation_add_proxy(struct generation *g, struct proxy *px, const struct proxy_conf *conf, uint32_t index);
/* Nobody finds it from now on; its place stays, with settings that are nobody's. It has no servers. Isolated. */
void generation_remove_proxy(struct generation *g, struct proxy *px);
extern const struct proxy_conf proxy_nothing; /* of such places: no role, disabled, without a name */
/* Gives proxies and servers the indexes that their fields `index` have been set to, for counters and idle connections go by them.
 * Before anybody uses it. False: no memory. */
bool generation_renumber(struct generation *g);
/* Frees what one server holds, not the struct. */
void generation_server_fini(struct server *s);

/* An empty process with n workers, not started. */
struct process *process_new(uint32_t nworkers);
/* Makes it the generation that new sessions get, and gives every worker what goes with it: buffers of
 * tune.bufsize, counters, logs, server connections; process->maxconn becomes the model's. False when memory is
 * out. Main thread, before process_start(). */
bool process_use(struct process *p, struct generation *g);
/* Bytes per second that may be compressed, as the configuration says. */
uint32_t process_comprate(const struct global_conf *g);
/* proc_vars.c. Variables that the global section sets. On the main thread. */
void proc_vars_start(struct process *p, struct generation *g);
/* Evaluates one such line; e sees the variables of the process. False: it has no value. */
bool proc_var_assign(struct eval *e, const struct proc_var *conf);
/* The id by which variable ref->name of scope proc is known; false: nobody has heard of it. Any worker. */
bool proc_var_find(struct process *p, struct var_ref *ref);
/* The same for a name that may be new. False: no memory. */
bool proc_var_make(struct process *p, struct var_ref *ref);
void proc_names_free(struct process *p);
/* Starts the workers' threads (worker 0 runs on the calling thread in process_run). May come after a fork().
 * False: no threads. */
bool process_start(struct process *p);
/* Runs worker 0 until process_stop or until a soft stop is complete. */
void process_run(struct process *p);
/* Soft stop: listeners close, idle connections close, streams finish; process_run returns when all are gone or
 * after hard_stop_after ms (0: never). Any thread. */
void process_soft_stop(struct process *p, uint32_t hard_stop_after);
/* Percent of their time that workers have worked lately, on average. Any thread. */
unsigned process_cpu_usage(const struct process *p);
/* Ends at once. Any thread, async-signal-safe not required. */
void process_stop(struct process *p);
void process_free(struct process **p);

#endif
