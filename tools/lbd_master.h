/* Inside of the master process: its children and what it remembers of them when it executes itself anew. Main
 * thread only; nothing here belongs to workers. */
#ifndef LB_TOOLS_LBD_MASTER_H
#define LB_TOOLS_LBD_MASTER_H

#include <ev.h>
#include <signal.h>

#include "runtime/cli/cli_master.h"
#include "tools/lbd.h"

enum child_kind { CHILD_WORKER = 'w', CHILD_PROGRAM = 'p' };

struct child {
	char kind; /* enum child_kind */
	bool leaving;
	pid_t pid;
	int channel;      /* to a worker: net/sockpair.h; -1: none */
	uint32_t reloads; /* that it has lived through */
	uint32_t renewed; /* at which of them it took over a configuration by itself */
	long started;     /* seconds of the monotonic clock */
	char *name;       /* of a program; else "" */
	char *version;
};

struct children {
	struct child *v; /* the newest first */
	uint32_t n, cap;
};

struct master {
	struct lbd *lbd;
	struct children children;
	uint32_t reloads, failed; /* all; those in a row that failed */
	long started;
	bool hard; /* the reload that is to come or is under way: the old worker ends at once */
	bool is_reload, no_exit; /* `master-worker no-exit-on-failure` */
	int ending;              /* signal that ends it; 0: none */
	int status;              /* exit status to be */
	sigset_t signals;
	/* its control socket */
	struct loaded *own; /* a configuration that consists of that socket */
	struct process *process;
	struct cli_master cli;
	int *sockets; /* listening ones that outlived a reload */
	uint32_t nsockets;
	int reply; /* where the report of a reload goes; -1: nowhere */
	ev_io signal_watch;
	ev_timer reload_timer;
};

/* lbd_children.c */
long children_now(void);
/* A new child at place `at` (0 to n); name and version are copied, channel is taken over. NULL: no memory. */
struct child *children_add(struct children *c, uint32_t at, enum child_kind kind, pid_t pid, int channel,
			   const char *name, const char *version);
void children_remove(struct children *c, uint32_t i);
void children_free(struct children *c);
/* The first worker that is not leaving, or NULL. */
struct child *children_current(struct children *c);
/* Across an execution of the program by itself: into the environment, and out of it. */
bool master_remember(struct master *m);
void master_recall(struct master *m);
/* In a child of the master, which has no business with its brothers: closes what belongs to the master. */
void master_forget(struct master *m);
/* `show proc` (management guide, section 9.4.1). */
void master_show_proc(struct master *m, struct out *o);

/* lbd_master_start.c. Starts a worker and the programs of the configuration, tells the old ones to leave.
 * False: nothing has changed. */
bool master_start_children(struct master *m);
void master_signal(struct master *m, int number);

/* lbd_master_renew.c. Has the current worker take over the configuration by itself. said: what it reports. IMPOSSIBLE: nothing has
 * changed, a new process has to do it. */
enum master_renewal { RENEWAL_IMPOSSIBLE, RENEWAL_DONE, RENEWAL_FAILED };
enum master_renewal master_renew(struct master *m, struct out *said);

/* lbd_master_program.c. False: the program's file, or a library's, has been replaced since it was started. */
bool master_program_is_current(const struct lbd *l);

/* lbd_master_socket.c. The master's loop with its control socket (-S), if it has one. False: reported. */
bool master_socket_open(struct master *m);

/* lbd_master.c */
void notify(const struct lbd *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
