/* Listeners: bound sockets. They belong to the process and are keyed by address, so that a reload keeps those that stay; every worker
 * watches each one (shared accept). What a new connection is (proxy session, CLI session) is the listener's `accept` function. */
#ifndef LB_NET_LISTENER_H
#define LB_NET_LISTENER_H

#include <ev.h>

#include "grammar/base/list.h"
#include "grammar/model.h"
#include "runtime/core/worker.h"
#include "runtime/eval/eval.h"

struct generation;
struct proxy;
struct out;
struct socket_counters;

/* FULL: a limit on connections is reached, others wait in the backlog; the end of a connection resumes it. PAUSED: by listeners_pause(). */
enum listener_state { LI_NEW, LI_LISTENING, LI_FULL, LI_PAUSED, LI_CLOSED };

/* A worker's eye on a listener. */
struct listener_watch {
	ev_io io;
	uint64_t seen;	/* worker->loops at the last wake-up */
	uint32_t burst; /* how many connections the next wake-up tries to accept */
};

struct listener {
	struct list node; /* process->listeners */
	const struct bind_conf *conf;
	struct proxy *proxy; /* NULL: stats socket */
	struct tls_front *tls; /* NULL: in clear; tls/tls.h */
	struct process *process;
	uint32_t index; /* in the process; counters are kept by it */
	uint16_t port;	/* actual; conf may hold a range */
	int fd;
	_Atomic int state; /* enum listener_state */
	bool channel;	   /* sockpair@: connections arrive as descriptors (net/sockpair.h) */
	bool high_ports_only; /* harden.reject-privileged-ports.tcp */
	uint64_t mine; /* workers that accept here: a bit each; 0: all */
	bool inherited;	   /* fd@, -x or handed over: never unlinked or rebound */
	atomic_uint conns; /* open connections accepted here */
	uint32_t maxaccept, backlog; /* connections per wake-up; listen(2) */
	struct sockaddr_storage addr; /* what it is bound to */
	socklen_t addr_len;
	/* Takes the socket over (non-blocking, close-on-exec). Called on the accepting worker, on which listener_release() has to follow
	 * when the connection is closed, whatever happens to it. */
	void (*accept)(struct worker *w, struct listener *l, int fd, const union addr *from);
	struct listener_watch *watches; /* by worker id */
	uint32_t id; /* in the statistics; a range of ports counts on */
	struct socket_counters *counters; /* `option socket-stats`; NULL: not set */
	struct listener *next_socket; /* of the same frontend, in its order; among those with counters */
	/* After a reload (reload/renew_listener.c): who has its address now, or NULL; the generation that it was of
	 * and with which it is freed. */
	struct listener *newer;
	struct generation *generation;
	bool pins; /* it does so because of its connections */
};

/* Opens every address of a model's binds and stats sockets, taking sockets out of `inherited` (by address) where they fit, in the order
 * in which HAProxy opens them: IPv6, IPv4, unix. False when one failed; then nothing is left open. One line per finding into `errors`,
 * "ALERT " or "WARNING " and HAProxy's words: "ALERT Binding [x.cfg:5] for frontend fe: cannot bind socket (Address already in use)
 * for [127.0.0.1:80]". Main thread, before workers run. */
struct fd_set_kept; /* reload/kept.h: sockets received from an old process; NULL: none */
bool listeners_open(struct process *p, struct generation *g, struct fd_set_kept *inherited, struct out *errors);
/* Brings what this worker watches in line with the listeners' states. On that worker. */
void listeners_watch(struct worker *w);
/* Watches none any more. On that worker. */
void listeners_unwatch(struct worker *w);
/* A connection that this listener accepted is closed; goes on accepting where a limit kept listeners from it. On the accepting worker. */
void listener_release(struct worker *w, struct listener *l);
/* Stops and goes on accepting on all listeners without closing them (SIGTTOU, SIGTTIN): a paused TCP socket does not listen, so
 * that another process may bind its address. Main thread. False: some could not be resumed. */
void listeners_pause(struct process *p);
bool listeners_resume(struct process *p);
/* What the statistics say of its state. Any worker. */
struct str listener_status(struct listener *l);
/* `clear counters` for those that have some. On that worker. */
void listeners_clear_counters(struct worker *w, bool all);
/* Frees one that nobody knows any more; its socket is closed or somebody else's. */
void listener_free(struct listener *l);
/* The same for the listeners of one frontend. Any worker. */
void frontend_pause(struct process *p, const struct proxy *px);
bool frontend_resume(struct process *p, const struct proxy *px);
/* Closes them for good. Isolated (core/isolation.h). */
void frontend_close(struct process *p, const struct proxy *px);
/* Closes for good (soft stop), once no worker watches them. The structs stay until the process is freed. */
void listeners_close(struct process *p);
/* Closes and frees all. Main thread, no workers running. */
void listeners_free(struct process *p);

#endif
