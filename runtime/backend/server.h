/* Runtime proxies and servers. State that several workers change is atomic or under the proxy's lock `lb_lock`,
 * which is held for nanoseconds and never while another lock is taken. */
#ifndef LB_BACKEND_SERVER_H
#define LB_BACKEND_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "grammar/base/list.h"
#include "runtime/core/process.h"
#include "runtime/eval/eval.h"
#include "runtime/stats/counters.h"

struct check;
struct error_capture;

/* Administrative state bits (manual of `show servers state`: srv_admin_state). */
enum srv_admin {
	SRV_ADM_MAINT = 0x01,
	SRV_ADM_IMAINT = 0x02,
	SRV_ADM_CMAINT = 0x04,
	SRV_ADM_DRAIN = 0x08,
	SRV_ADM_IDRAIN = 0x10,
	SRV_ADM_RMAINT = 0x20, /* its name has no address */
	SRV_ADM_FQDN = 0x40,   /* it goes by another name than the configured one */
	SRV_ADM_ANY_MAINT = SRV_ADM_MAINT | SRV_ADM_IMAINT | SRV_ADM_RMAINT,
	SRV_ADM_ANY_DRAIN = SRV_ADM_DRAIN | SRV_ADM_IDRAIN
};
/* Operational state. */
enum srv_oper { SRV_STOPPED, SRV_STARTING, SRV_RUNNING, SRV_STOPPING };

enum { SERVER_WARM = 16, CACHE_LINE = 64 };

/* States that are told apart by the time of the last change. */
enum server_shown { SHOWN_UP, SHOWN_DOWN, SHOWN_STOPPING, SHOWN_DRAIN, SHOWN_MAINT };

/* Where a server went by `set server ... addr`: never changed, so that any worker may read it. */
struct server_place {
	union addr addr;
	struct server_place *older; /* kept until the server is freed: somebody may be reading it */
	char port[8];		    /* as it was asked for: "80", "+7" */
	bool relative;		    /* the port is added to the one that the client connected to */
};

struct server {
	/* What every request looks at, in one line of the cache: with thousands of servers each has to come from far away. */
	_Alignas(CACHE_LINE) const struct server_conf *conf;
	struct proxy *proxy;
	void *lb;                  /* algorithm's own, under proxy->lb_lock */
	_Atomic uint64_t response; /* how fast it answers: balance_response.c */
	atomic_uint conns, queued; /* connections in use for streams: maxconn applies to it; who waits for one */
	atomic_uint maxconn; /* 0: none; conf->maxconn until the CLI changes it */
	uint32_t minconn;    /* conf->minconn */
	atomic_uint warmth;  /* sixteenths of weight and limit that it gets: SERVER_WARM but for a slowstart */
	atomic_uint weight;  /* user weight, 0 to 256 */
	uint32_t index;      /* in the generation: counters are kept by it */
	uint32_t lb_weight;  /* lb_server.weight, where nothing else of that is needed; under the same lock */

	union addr addr; /* as configured: server_addr() tells where it is now */
	socklen_t addr_len;
	struct sockaddr_storage *unix_addr;   /* unix servers */
	_Atomic(struct server_place *) place; /* NULL: as configured */
	struct server_place *places;          /* all it ever had, under proxy->lb_lock */
	_Atomic int oper;                     /* enum srv_oper */
	atomic_uint admin;                    /* SRV_ADM_* */
	uint64_t warm_since;                  /* ms, under proxy->lb_lock */
	atomic_uint idle_private; /* of them those of one session only */
	atomic_uint idle, idle_need, used_most; /* idle connections, all workers; how many are of use, and what that is judged by: idle.c */
	_Atomic uint64_t idle_at, need_due;     /* bits of workers that may have some for anybody: backend/borrow.h; ms: idle.c */
	_Atomic uint64_t last_change; /* monotonic ms of the last state change; written under proxy->lb_lock */
	_Atomic uint64_t down_time;   /* ms, total, without the current one; the same */
	struct check *check, *agent;  /* NULL: none */
	struct tls_back *tls;         /* NULL: in clear; tls/tls.h */
	struct list queue;            /* struct srv_request waiting for this server, under proxy->lb_lock */
	atomic_uint_fast64_t dynamic_cookie; /* backend/dynamic_cookie.h; 0: none */
	uint32_t dequeued;    /* how many requests have left `queue` for a connection, under proxy->lb_lock */
	struct server *newer; /* it goes on as that one, in the current generation; NULL: this is it, or none (reload/renew_server.c) */
	struct dns_follower *follower;  /* dns/dns.h; NULL: its name is not followed */
	struct dynamic_server *dynamic; /* backend/server_dynamic.h; NULL: of the configuration */
	struct server *next_buried;     /* once removed */
	uint32_t revision; /* how many servers the proxy had lost before this one came */
	uint32_t buried_at;             /* of server_dynamic.c: how often everything had stood still by then */
	atomic_uint visits;             /* commands under way that will come back to it */
	char shut;                      /* streams to end: server_shut_streams(); under proxy->lb_lock */
	uint8_t shown; /* enum server_shown: what the times of the state are about, under proxy->lb_lock */
};

struct proxy {
	const struct proxy_conf *conf;
	struct generation *generation;
	uint32_t index;
	struct server *straight; /* conf->straight: not among `servers`; NULL: none */
	struct server **servers; /* in order: slice of generation->server_slices, or its own once servers came or went */
	uint32_t lost; /* servers that were removed at run time */
	uint32_t nservers, servers_room; /* room 0: a slice */
	pthread_mutex_t lb_lock;
	void *lb;                          /* algorithm state */
	struct list queue;                 /* requests waiting for any server, under lb_lock */
	atomic_uint queued;                /* all of them, the servers' included */
	atomic_uint queued_any;            /* those in `queue`: the statistics' qcur of a backend */
	atomic_uint fe_conns, be_conns, logged; /* open sessions and streams; lines of its log, wanted by a target or not */
	atomic_uint served;                /* streams in service at servers */
	atomic_uint usable, usable_backup; /* servers that can be picked */
	uint32_t dequeued;                 /* as the server's */
	uint64_t arrivals;                 /* at all its queues, under lb_lock */
	_Atomic uint64_t last_change, down_time; /* as the server's */
	bool down; /* has no usable server, under lb_lock */
	atomic_bool paused, stopped;  /* of a frontend: by `disable frontend`, `shutdown frontend` */
	struct listener *sockets, *last_socket; /* with counters of their own, by next_socket; NULL: none */
	atomic_bool hidden;  /* by `unpublish backend`: use_backend and default_backend do not lead here */
	atomic_uint maxconn; /* of a frontend; conf->maxconn until the CLI changes it, 0: the process's */
	struct deadline warming; /* on worker 0: backend/server_warm.h */
	struct rate accepted; /* of a frontend with `rate-limit sessions`: sessions of all workers, under lb_lock */
	bool dynamic_cookies; /* servers without a cookie have one: under lb_lock */
	char *dynamic_key;    /* from the CLI, in place of the configured one; owned, under lb_lock */
	struct error_capture *errors[2]; /* the last refused request, response; under process->errors_lock */
	struct dynamic_proxy *dynamic; /* backend/proxy_dynamic.c: memory of its settings; NULL: of the configuration */
	uint8_t log_moment, logs_server_addrs; /* of a frontend: enum log_moment; does its format tell addresses of the connection to the server? */
};

/* Zeroed memory for n pieces of `size` bytes, at the beginning of a cache line; free() takes it back. NULL: none is left. */
void *server_alloc(size_t n, size_t size);
/* As the configuration has it; the rest of *s is zero before. Nobody else may know it yet. */
void server_init(struct server *s, const struct server_conf *conf, struct proxy *px, uint32_t index);

/* May be picked by balancing: up, not in maintenance, neither draining nor weightless. Any worker.
 * CMAINT only remembers that the configuration disabled it. */
static inline bool server_is_usable(struct server *s)
{
	int oper = atomic_load_explicit(&s->oper, memory_order_relaxed);

	return (oper == SRV_RUNNING || oper == SRV_STARTING) &&
	       !(atomic_load_explicit(&s->admin, memory_order_relaxed) & ~(unsigned)(SRV_ADM_CMAINT | SRV_ADM_FQDN)) &&
	       atomic_load_explicit(&s->weight, memory_order_relaxed);
}

/* May get requests that belong to it (cookie, use-server, stick): also while it drains. Any worker. */
static inline bool server_is_reachable(struct server *s)
{
	return atomic_load_explicit(&s->oper, memory_order_relaxed) != SRV_STOPPED &&
	       !(atomic_load_explicit(&s->admin, memory_order_relaxed) & SRV_ADM_ANY_MAINT);
}

/* Its address now; of unix servers only the family. Any worker. */
static inline const union addr *server_addr(const struct server *s)
{
	const struct server_place *p = atomic_load_explicit(&s->place, memory_order_acquire);

	return p ? &p->addr : &s->addr;
}

/* Is there a limit to how many connections it may have? Any worker. */
static inline bool server_is_limited(const struct server *s)
{
	return atomic_load_explicit(&s->maxconn, memory_order_relaxed) || s->minconn;
}

/* How many connections it may have now: maxconn, or the ramp of "minconn" and "fullconn" (manual); 0: any number. Any worker. */
uint32_t server_limit(const struct server *s);
/* Does it have as many as it may, or more? The limit is read once: who lifts it (server_set_maxconn()) holds no lock. Any worker. */
bool server_is_full(const struct server *s);

/* Changes the operational state, updates the balancing structure, counters and logs in HAProxy's words, and
 * gives waiting requests a new chance. Any worker. reason: "Layer4 connection problem ..." or NULL. */
void server_set_oper(struct worker *w, struct server *s, enum srv_oper oper, const char *reason);
/* Text of the state as the stats show it: "UP", "DOWN", "MAINT", "DRAIN", "UP 1/3", "DOWN 1/2", "no check",
 * "NOLB". */
void server_state_text(struct server *s, char *text, size_t size);

/* For who has changed s->admin, s->oper or s->weight: recounts what is usable, updates the balancing structure and the times of the state,
 * lets waiting requests look again and closes idle connections of a server that went away. Logs nothing. Requests taken out of
 * the server's own queue are counted. Any worker. */
uint32_t server_changed(struct worker *w, struct server *s);
/* For who has given a new server the state of an old one: recounts what is usable. Isolated (core/isolation.h), before there is
 * traffic. */
void server_adopted(struct server *s);
/* What on-marked-down and on-marked-up want of the last server_changed(): ends streams at the server, or at backup servers. After the
 * change was logged. Any worker. */
void server_shut_streams(struct worker *w, struct server *s);
/* "backend", or "proxy" for a listen section: how HAProxy's lines call it. */
static inline const char *proxy_word(const struct proxy *px)
{
	return px->conf->role == ROLE_LISTEN ? "proxy" : "backend";
}

/* connect_tls.c: counts a handshake that is over, of traffic or of a check. ok: it succeeded. The connection's worker. */
void server_secured(struct worker *w, struct server *s, const struct conn *c, bool ok);

#endif
