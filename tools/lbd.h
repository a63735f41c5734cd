/* The program lbd, in parts: options, messages, limits, privileges, background, signals. `struct lbd` is the
 * whole state of the program and lives in main(); main thread only. */
#ifndef LB_TOOLS_LBD_H
#define LB_TOOLS_LBD_H

#include <stdio.h>
#include <sys/types.h>

#include "grammar/base/out.h"
#include "grammar/load.h"

struct process;
struct generation;

struct pid_list {
	pid_t *v;
	uint32_t n;
};

/* The command line, as given. */
struct lbd_options {
	const char **files; /* -f and --, in order */
	uint32_t nfiles;
	const char *dir, *pidfile, *peer, *socket, *master_socket, *condition; /* -C -p -L -x -S -cc */
	struct pid_list old;
	int old_signal; /* SIGUSR1 for -sf, SIGTERM for -st */
	uint32_t maxconn, proxy_maxconn, memory_mb;
	const char *bad_pids; /* what is no number behind -sf or -st; NULL: nothing */
	bool check, daemon, debug, foreground, quiet, verbose, master, notify; /* -c -D -d -db -q -V -W -Ws */
	bool zero_warning, diagnose, dump_libraries, no_epoll, no_poll, no_splice, no_getaddrinfo, no_reuseport,
		no_resolve, no_verify; /* -dW -dD -dL -de -dp -dS -dG -dR -dr -dV */
	const char *keywords, *lines, *traces; /* what stands behind -dK, -dC, -dt; NULL: not given */
	bool usage, version, build;
	int compat; /* 206 ... */
};

/* Messages in HAProxy's form, "[ALERT]    (pid) : text". The first one is preceded by two lines that say which
 * program talks. */
enum report_level { REPORT_DIAG, REPORT_NOTICE, REPORT_WARNING, REPORT_ALERT };
struct report {
	bool quiet; /* says nothing */
	bool plain; /* the two lines have been said, or are not wanted */
	pid_t pid;
	int compat;
	struct out log;	 /* what was said so far, for `show startup-logs` */
	char *said;	 /* a copy of it: report_log() */
	int copy_fd;	 /* a starting worker tells its master as well; -1: none */
};

struct lbd {
	struct lbd_options options;
	struct report report;
	struct loaded *loaded;
	struct model *model; /* loaded->model */
	struct process *process;
	struct tls_world *tls; /* loaded from the model; goes to the process */
	const struct tls_world *tls_before; /* of the configuration that this one is to follow; NULL: none */
	uint32_t maxconn, maxsock, ulimit_n;
	char **argv;     /* for a master that executes itself anew: without -sf, -st and -x */
	char *start_dir; /* before -C */
	int null_fd;     /* /dev/null, for the background; -1: not open */
	int ready_fd;    /* to the waiting parent of a background process; -1: none */
	int ended_by;    /* signal that ended it, 0: a soft stop */
	void *signals;   /* lbd_signals.c */
	bool renews;     /* loads for a process that runs: the environment stays as it is */
};

/* lbd_options.c. False: not understood, the usage should be shown. Pointers into argv are kept. */
bool options_parse(struct lbd_options *o, int argc, char **argv);
void options_free(struct lbd_options *o);

/* lbd_version.c */
/* Filters that configurations may name, by name; the last one has none. */
extern const struct filter_name {
	const char *name, *class_name;
} lbd_filters[];
void version_print(int compat);
void version_print_build(int compat);
/* What -V and -d tell at start. */
void version_print_parts(FILE *to);
void usage_print(const char *program);
/* -dL: the program and its shared objects, one path a line. */
void libraries_print(void);
/* lbd_keywords.c. -dK: the keywords of these classes, separated by commas, that this version of the language has. */
void keywords_print(const char *classes, int compat);
/* lbd_lines.c. -dC: the configuration's lines as words, without comments. key: a number; if it is not 0, names, addresses and
 * secrets are told as hashes. */
void lines_print(const struct tree *t, const char *key);
/* lbd_traces.c. -dt: starts traces to standard error. False: reported, together with what there is. */
bool traces_start(struct lbd *l);
/* -cc: 0 true, 1 false, 2 cannot be evaluated (reported). */
int condition_answer(struct lbd *l);

/* lbd_report.c */
void report_say(struct report *r, enum report_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same without the two lines, for what the master says as it goes. */
void report_raw(struct report *r, enum report_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Lines "ALERT text", "WARNING text". */
void report_lines(struct report *r, struct str lines);
/* A line without level. */
void report_note(struct report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Diagnostics in HAProxy's words. */
void report_diags(struct report *r, const struct diags *d, const struct sources *s);
/* Leaves only what HAProxy would have said; effects: and, as notes, what lbd does not act on yet. */
void report_filter(struct diags *d, bool effects);
/* Diagnostics of a load in HAProxy's words, then its closing lines. False: there were errors, or warnings that
 * are fatal. */
bool report_loaded(struct report *r, const struct loaded *l, bool zero_warning);

/* lbd_environment.c: HAPROXY_LOCALPEER and its like before anything is read; what the configuration tells
 * afterwards. */
void environment_begin(const struct lbd_options *options);
void environment_loaded(const struct model *m);
/* HAPROXY_MASTER_CLI, out of the master's own configuration. */
void environment_master(const struct model *m);

/* lbd_limits.c. Works out maxconn and the number of descriptors (management guide, section 5) and raises the
 * limits. False: reported. */
bool limits_apply(struct lbd *l, uint32_t nlisteners, uint32_t nthreads);

/* Gives each backend without one its fullconn, once maxconn is known. The model is ours alone until the process
 * is made of it. */
bool limits_fullconn(struct generation *g, uint32_t maxconn);

/* lbd_privileges.c. chroot, group, user, in this order. False: reported. */
bool privileges_drop(struct lbd *l);

/* lbd_daemon.c */
/* Goes to the background: true in the child, which must call daemon_ready(); the parent waits for that and
 * exits here, with the child's status if it fails first. False: no fork. */
bool daemon_fork(struct lbd *l);
void daemon_ready(struct lbd *l);
/* Opens /dev/null while there is one: before chroot. */
bool daemon_prepare(struct lbd *l);
/* In the background, standard input, output and error become /dev/null, but for those that are log targets. */
void daemon_detach(struct lbd *l);
/* Opens the pid file; -1: none wanted. False: reported. */
bool pidfile_open(struct lbd *l, int *fd);
void pidfile_write(int fd, pid_t pid);

/* lbd_signals.c */
bool signals_init(struct lbd *l); /* watches on worker 0's loop */
void signals_free(struct lbd *l);
/* Ends the program as that signal does by default. */
void signal_die(int signal);

/* lbd.c. Reads the configuration and its certificates: model, loaded and tls are set, what was found is reported.
 * Any thread, one at a time. */
bool configuration_load(struct lbd *l);

/* lbd_renew.c. From now on the process can take over another configuration; gives that back. */
bool renewal_init(struct lbd *l);
void renewal_free(struct lbd *l);

/* lbd_serve.c: from a checked model to the end of the traffic; the exit status of the process. */
int serve(struct lbd *l);
uint32_t serve_listeners(const struct model *m);

/* The text of `show startup-logs`: what was said up to now. The report's own, until the next call. NULL: no
 * memory. */
const char *report_log(struct report *r);

/* lbd_master.c. Master-worker mode: the exit status of the master. loaded: the configuration is valid; without
 * it a reload keeps the workers that there are. */
int master_run(struct lbd *l, bool loaded);
bool master_is_reload(void); /* this program was executed by itself */

/* lbd.c: gives everything back and, when a signal ended the process, ends by it. */
int program_end(struct lbd *l, int status);

#endif
