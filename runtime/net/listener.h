/* Listeners: bound sockets. They belong to the process and are keyed by address, so that a reload keeps those that stay; every worker
 * watches each one (shared accept). What a new connection is (proxy session, CLI session) is the listener's `accept` function. */
#ifndef LB_NET_LISTENER_H
#define LB_NET_LISTENER_H

#include <ev.h>

#include "grammar/base/list.h"
#include "grammar/model.h"
#include "runtime/core/worker.h"
#include "runtime/eval/eval.h"

struct proxy;
struct out;

enum listener_state { LI_NEW, LI_LISTENING, LI_FULL, LI_PAUSED, LI_CLOSED };

struct listener {
	struct list node; /* process->listeners */
	const struct bind_conf *conf;
	struct proxy *proxy; /* NULL: stats socket */
	struct process *process;
	uint32_t index; /* in the process; counters are kept by it */
	uint16_t port;	/* actual; conf may hold a range */
	int fd;
	enum listener_state state;
	bool inherited; /* fd@, -x or handed over: never unlinked or rebound */
	uint32_t conns; /* atomic: open connections accepted here */
	/* Takes the socket over (non-blocking, close-on-exec). Called on the accepting worker. */
	void (*accept)(struct worker *w, struct listener *l, int fd, const union addr *from);
	ev_io *watchers; /* by worker id */
};

/* Opens every address of a model's binds and stats sockets, taking sockets out of `inherited` (fds from an old process, by address)
 * where they fit. False and a message per failure, in HAProxy's words ("Starting frontend X: cannot bind socket (Address already
 * in use) [127.0.0.1:80]"), into `errors`; then nothing is left open. Main thread, before workers run. */
struct fd_set_kept; /* reload/kept.h: sockets received from an old process; NULL: none */
bool listeners_open(struct process *p, struct generation *g, struct fd_set_kept *inherited, struct out *errors);
/* Each worker watches (or no longer watches) every listening socket. On that worker. */
void listeners_watch(struct worker *w);
void listeners_unwatch(struct worker *w);
/* Connection limits: stop and go on accepting on a proxy's listeners. Any thread. */
void listener_full(struct listener *l);
void listener_resume(struct listener *l);
/* Closes for good (soft stop). Main thread. */
void listeners_close(struct process *p);

#endif
