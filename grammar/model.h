/* The model: what a configuration means, checked and resolved. Plain constant data in one arena with a reference
 * count; made by load.h, never changed afterwards, read by any number of threads. Everything in it is ordered as
 * written. Each name that it holds is a copy: texts and tree may be gone. */
#ifndef LB_GRAMMAR_MODEL_H
#define LB_GRAMMAR_MODEL_H

#include "grammar/model_cpu.h"
#include "grammar/model_limits.h"
#include "grammar/model_log.h"
#include "grammar/model_peers.h"

struct user_conf {
	struct str name, password;
	bool insecure; /* clear text; else crypt(3) */
	VEC(struct str) groups;
};
struct userlist_conf {
	struct str name;
	VEC(struct user_conf) users;
	struct conf_pos pos;
};

/* Which errors of the protocol make a line in the log. */
enum h2_log { H2_LOG_PRESET, H2_LOG_NONE, H2_LOG_CONNECTION, H2_LOG_STREAM };

/* tune.h2.*; 0: as the general word says, or none. */
struct h2_conf {
	uint32_t header_table_size, initial_window, max_streams, max_frame;
	uint32_t fe_initial_window, fe_max_streams, fe_max_total_streams, fe_glitches_threshold;
	uint32_t be_initial_window, be_max_streams, be_glitches_threshold;
	uint32_t fe_frames_at_once, fe_rst_at_once, be_frames_at_once; /* 0: no limit */
	uint32_t fe_rxbuf, be_rxbuf; /* bytes; 0: windows stay what they are at first */
	uint8_t log_errors; /* enum h2_log */
	bool bogus_websockets; /* h2-workaround-bogus-websocket-clients */
};

/* `set-var` of the global section: by expression or by format. */
struct proc_var {
	const struct var_ref *var;
	const struct sample_expr *sample;
	const struct logfmt *fmt;
};

/* A line of a section traces: the words behind `trace`. */
struct trace_conf {
	struct str *words;
	uint32_t n;
	struct conf_pos pos;
};

/* A program section: what the master process starts beside its worker (manual, section 3.7). */
struct program_conf {
	struct str name;
	VEC(const char *) argv; /* ended by NULL */
	struct str user, group; /* to run as, or empty */
	int uid, gid;           /* theirs; -1: stay what the master is */
	bool not_on_reload;     /* `no option start-on-reload` */
};

/* `unix-bind`: for unix sockets of `bind` and `stats socket` lines. */
struct unix_bind_conf {
	struct str prefix; /* of paths */
	int mode, uid, gid; /* -1: unset */
};

/* Global keywords `httpclient.*`: requests of our own over the control socket. */
struct httpclient_conf {
	uint32_t retries, connect; /* connect: ms */
	struct str ca_file;	   /* empty: the system's authorities */
	uint8_t prefer, verify;	   /* 0: not said; 1: ipv4, none; 2: ipv6, required */
	bool no_names;		   /* only addresses */
};

struct global_conf {
	uint32_t maxconn, ulimit_n, nbthread, maxconnrate, maxsessrate;
	struct str user, group, chroot, pidfile, node, description, log_tag, log_send_hostname, localpeer, state_file_base, state_file;
	int uid, gid; /* -1: unset */
	bool daemon, quiet, debug, master_worker, no_exit_on_failure, zero_warning;
	bool h1_any_payload; /* h1-accept-payload-with-any-method */
	struct httpclient_conf httpclient;
	uint32_t hard_stop_after, grace; /* ms */
	uint32_t close_spread_time;      /* ms; UINT32_MAX: infinite */
	uint32_t mworker_max_reloads;    /* UINT32_MAX: any number */
	uint32_t tune_bufsize, tune_maxrewrite, tune_maxaccept, tune_http_maxhdr, tune_http_logurilen /* bytes */, tune_maxpollevents, tune_idletimer;
	uint32_t tune_rcvbuf_client, tune_rcvbuf_server, tune_sndbuf_client, tune_sndbuf_server, tune_pipesize, tune_stick_counters;
	uint32_t spread_checks, max_spread_checks;
	uint8_t dns_families;	 /* bits of enum dns_family (model_dns.h); 0: not said */
	uint8_t profiling_tasks; /* enum profile_mode of runtime/core/profile.h: 0 auto, 1 on, 2 off */
	uint32_t anon_key;       /* 0: none */
	uint32_t fd_hard_limit;  /* 0: none */
	bool strict_limits, insecure_setuid_wanted, set_dumpable, pp2_never_local, reject_low_ports;
	int8_t renice_startup, renice_runtime; /* nice values; 0: as it was */
	uint32_t maxcomprate;		       /* kilobytes per second that are compressed; 0: any */
	uint32_t maxpipes;		       /* of the process; 0: no limit of its own */
	uint32_t cookie_capture_len;	       /* the most bytes of a captured cookie */
	uint8_t comp_level;		       /* of zlib, 1 to 9 */
	uint8_t fail_alloc;		       /* percent of allocations of pools that fail, for tests */
	uint32_t cli_max_payload;	       /* bytes */
	struct str setcap;		       /* names with commas between them */
	struct unix_bind_conf unix_bind;
	uint64_t tune_vars_sess, tune_vars_txn, tune_vars_reqres; /* bytes of variables; 0: as many as wanted */
	bool external_check_env; /* external-check preserve-env */
	struct h2_conf h2;
	struct limits_conf limits;
	uint32_t tune_max_checks; /* per thread; 0: no limit */
	uint32_t tune_pool_low, tune_pool_high; /* percent of all descriptors */
	uint32_t tune_notsent_lowat_client, tune_notsent_lowat_server; /* bytes */
	uint32_t thread_hard_limit; /* 0: none */
	uint32_t warn_blocked; /* ms that a turn of a loop may take; 0: as long as it likes */
	uint64_t *cpu_map; /* by thread: bits of processors, 0: any; NULL: no thread is bound */
	struct cpu_conf cpus;
	bool single_queue; /* tune.listener.multi-queue off */
	bool idle_shared; /* tune.idle-pool.shared */
	bool busy_polling, low_latency, no_memory_trimming, prealloc_fd, nopoll;
	bool noepoll, nosplice, noreuseport, nogetaddrinfo;
	bool insecure_fork_wanted;
	struct tls_global_conf tls;
	uint8_t ssl_server_verify; /* 0 unset (required), 1 none, 2 required */
	uint32_t stats_timeout; /* ms, default 10,000 */
	uint32_t stats_maxconn; /* default 10 */
	struct str stats_file, shm_stats_file; /* counters that outlive the process: runtime/stats/stats_kept.h; empty: none */
	uint32_t shm_stats_objects;
	VEC(const struct bind_conf *) stats_sockets;
	VEC(struct log_target) log_targets;
	VEC(struct proc_var) proc_vars; /* set-var and set-var-fmt, in order */
	struct map h1_case; /* h1-case-adjust: name in lower case -> struct str as it is to be sent */
	VEC(struct str) lines; /* without a field here, in canonical words, for dumps */
};

struct model {
	struct arena *arena;
	uint32_t references; /* atomic */
	int compat;	     /* 206 ... 304 */
	const struct str *source_names;
	uint32_t nsources;
	struct global_conf global;
	VEC(const struct proxy_conf *) proxies; /* frontends, backends, listens; no defaults */
	VEC(const struct proxy_conf *) templates; /* of backends that come at run time: named as their defaults sections, one for each mode */
	uint32_t nlists; /* long lists of rules, numbered from 1: those that an engine makes an index for */
	struct map environment; /* as setenv and its kin have left it: name -> struct str */
	struct map frontends, backends; /* name -> struct proxy_conf; a listen is in both */
	struct map userlists;
	struct map healthchecks; /* name -> struct check_conf; model_check() */
	VEC(struct tls_load_conf) tls_loads;
	VEC(const struct sample_expr *) exprs; /* index: sample_expr.id */
	VEC(const struct var_ref *) vars;      /* index: var_ref.id */
	uint32_t nregexes;
	VEC(const struct acl_expr *) acl_exprs; /* index: acl_expr.id */
	VEC(struct peers_conf *) peers;
	VEC(struct ring_conf *) rings;
	VEC(struct mailers_conf *) mailers;
	VEC(struct resolvers_conf *) resolvers; /* model_dns.h */
	VEC(struct log_profile_conf *) log_profiles; /* model_log.h */
	VEC(struct cache_conf *) caches; /* model_cache.h; index: cache_conf.id */
	VEC(struct forward_conf *) forwards;
	VEC(struct program_conf *) programs;
	VEC(struct trace_conf) traces; /* lines of section traces: applied in this order */
	VEC(struct table_conf *) tables;	/* index: table_conf.id */
	VEC(const struct map_conf *) maps;	/* index: map_conf.id */
	VEC(struct pattern_file *) pattern_files; /* index: pattern_file.index */
	uint32_t npattern_shows;		  /* next free show_id */
	VEC(struct str) lines; /* sections besides global and proxies, in canonical words, for dumps */
};

struct server_conf;
struct check_conf;
/* The check of a server: the one that it names, or its proxy's. */
const struct check_conf *model_check(const struct model *m, const struct server_conf *s);
/* The stick table of that name ("proxy" or "peers/table"), or NULL. */
const struct table_conf *model_table(const struct model *m, struct str name);
/* Whether some sample expression has this argument: a proxy (ARG_PROXY) or a server (ARG_SERVER). */
bool model_is_sampled(const struct model *m, enum arg_type type, const void *object);

/* An empty model with one reference and built-in values, in an arena of its own (model->arena: set arena_catch() on it
 * before filling). NULL when there is no memory. */
struct model *model_new(int compat);
/* Counts references; the last model_release() frees the arena. Any thread. *m becomes NULL. */
struct model *model_retain(struct model *m);
void model_release(struct model **m);

#endif
