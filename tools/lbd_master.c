/* Master-worker mode (management guide, sections 3 and 4): the master keeps its pid and the terminal, loads the
 * configuration, forks one worker and watches it. A reload executes the program anew in the same process: the
 * list of workers survives in an environment variable, the new worker takes the sockets of the old one by its
 * pid and then tells it to finish. A configuration or a start that fails leaves the old worker as it is.
 * Nothing but this file runs in the master; it sleeps in sigwaitinfo(). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/lbd.h"

#define MASTER_VARIABLE "LBD_MASTER_WORKERS" /* "PID,PID,...", the current worker first, or empty */

enum { WORKERS_MAX = 256 };

struct master {
	struct lbd *lbd;
	pid_t workers[WORKERS_MAX]; /* [0] is the current one; the others are leaving */
	uint32_t n;
	bool has_current;
	int ending; /* signal that ends it; 0: none */
	int status; /* exit status to be */
	sigset_t signals;
};

/* --- the service manager (sd_notify(3))
 * --------------------------------------------------------------------------- */

static void notify(const struct lbd *l, const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;
	int fd;

	if (!l->options.notify || !n || n >= sizeof(un.sun_path))
		return;
	memcpy(un.sun_path, path, n);
	if (un.sun_path[0] == '@')
		un.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&un,
	       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	close(fd);
}

static void notify_ready(const struct lbd *l)
{
	char text[64];

	snprintf(text, sizeof(text), "READY=1\nMAINPID=%d", (int)getpid());
	notify(l, text);
}

/* --- the list of workers across a reload
 * --------------------------------------------------------------------------- */

bool master_is_reload(void)
{
	return getenv(MASTER_VARIABLE) != NULL;
}

static void workers_recall(struct master *m)
{
	const char *at = getenv(MASTER_VARIABLE);
	char *end;

	while (at && *at && m->n < WORKERS_MAX) {
		m->workers[m->n++] = (pid_t)strtol(at, &end, 10);
		at = *end == ',' ? end + 1 : NULL;
	}
	m->has_current = m->n > 0;
	unsetenv(MASTER_VARIABLE);
}

static void workers_remember(const struct master *m)
{
	char text[WORKERS_MAX * 12];
	struct out o = out_fixed(text, sizeof(text) - 1);

	for (uint32_t i = 0; i < m->n; i++)
		out_printf(&o, "%s%d", i ? "," : "", (int)m->workers[i]);
	text[o.len] = 0;
	setenv(MASTER_VARIABLE, text, 1);
}

static void workers_signal(const struct master *m, int number)
{
	for (uint32_t i = 0; i < m->n; i++)
		kill(m->workers[i], number);
}

/* --- starting a worker
 * --------------------------------------------------------------------------------------------- */

/* Waits until the worker serves or is gone. */
static bool worker_serves(int fd)
{
	char ready;
	ssize_t n;

	do
		n = read(fd, &ready, 1);
	while (n < 0 && errno == EINTR);
	close(fd);
	return n == 1;
}

/* The workers before it are what the new one takes over from. */
static void worker_inherit(struct master *m, struct pid_list *old)
{
	pid_t *pids = m->n ? malloc(m->n * sizeof(*pids)) : NULL;

	if (!pids)
		return;
	memcpy(pids, m->workers, m->n * sizeof(*pids));
	free(old->v);
	old->v = pids;
	old->n = m->n;
	m->lbd->options.old_signal = SIGUSR1;
}

/* In the worker. Never returns. */
static void worker_main(struct master *m, int ready_fd)
{
	struct lbd *l = m->lbd;

	if (l->ready_fd >= 0)
		close(l->ready_fd);
	l->ready_fd = ready_fd;
	l->report.pid = getpid();
	l->report.plain = true;
	worker_inherit(m, &l->options.old);
	sigprocmask(SIG_UNBLOCK, &m->signals, NULL);
	exit(program_end(l, serve(l)));
}

static void workers_prepend(struct master *m, pid_t pid)
{
	if (m->n == WORKERS_MAX)
		m->n--;
	memmove(m->workers + 1, m->workers, m->n * sizeof(*m->workers));
	m->workers[0] = pid;
	m->n++;
	m->has_current = true;
}

static bool worker_start(struct master *m)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return false;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		close(ends[0]);
		worker_main(m, ends[1]);
	}
	close(ends[1]);
	if (pid < 0 || !worker_serves(ends[0])) {
		if (pid < 0)
			close(ends[0]);
		else
			waitpid(pid, NULL, 0);
		return false;
	}
	workers_prepend(m, pid);
	report_raw(&m->lbd->report, REPORT_NOTICE, "New worker (%d) forked", (int)pid);
	report_raw(&m->lbd->report, REPORT_NOTICE, "Loading success.");
	return true;
}

/* --- signals
 * ------------------------------------------------------------------------------------------------------- */

static void reload(struct master *m)
{
	struct lbd *l = m->lbd;

	report_raw(&l->report, REPORT_NOTICE, "Reloading HAProxy");
	notify(l, "RELOADING=1");
	workers_remember(m);
	fflush(NULL);
	if (l->start_dir && chdir(l->start_dir))
		report_say(&l->report, REPORT_WARNING, "Could not change to directory %s : %s", l->start_dir,
			   strerror(errno));
	execvp(l->argv[0], l->argv);
	execv("/proc/self/exe", l->argv);
	unsetenv(MASTER_VARIABLE);
	report_say(&l->report, REPORT_WARNING, "Failed to reexecute the master process [%d]: %s", (int)getpid(),
		   strerror(errno));
	notify_ready(l);
}

static void end(struct master *m, int number)
{
	if (!m->ending)
		report_say(&m->lbd->report, REPORT_WARNING, "Exiting Master process...");
	notify(m->lbd, "STOPPING=1");
	m->ending = number;
	workers_signal(m, number);
}

/* A worker is gone. The current one must not go by itself: then all is over, unless `master-worker
 * no-exit-on-failure`. */
static void worker_gone(struct master *m, uint32_t i, int status)
{
	bool current = i == 0 && m->has_current;
	int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	const char *how = WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "Exit";
	enum report_level level = current && code ? REPORT_ALERT : REPORT_WARNING;

	report_say(&m->lbd->report, level, "%s worker (%d) exited with code %d (%s)",
		   current ? "Current" : "Former", (int)m->workers[i], code, how);
	m->n--;
	memmove(m->workers + i, m->workers + i + 1, (m->n - i) * sizeof(*m->workers));
	if (!current)
		return;
	m->has_current = false;
	if (m->ending) {
		if (code != 143 || m->lbd->options.compat >= 300)
			m->status = code;
		return;
	}
	m->status = code ? code : 1;
	m->ending = SIGTERM;
	report_say(&m->lbd->report, REPORT_ALERT, "exit-on-failure: killing every processes with SIGTERM");
	workers_signal(m, SIGTERM);
}

static void reap(struct master *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (uint32_t i = 0; i < m->n; i++)
			if (m->workers[i] == pid) {
				worker_gone(m, i, status);
				break;
			}
}

static void received(struct master *m, int number)
{
	switch (number) {
	case SIGCHLD:
		reap(m);
		break;
	case SIGUSR2:
	case SIGHUP:
		if (!m->ending)
			reload(m);
		break;
	case SIGUSR1:
	case SIGTERM:
	case SIGINT:
		end(m, number);
		break;
	default: /* TTOU, TTIN: the worker's business */
		workers_signal(m, number);
	}
}

static void signals_block(struct master *m)
{
	static const int numbers[] = {SIGCHLD, SIGUSR1, SIGUSR2, SIGHUP, SIGTERM, SIGINT, SIGTTOU, SIGTTIN};

	sigemptyset(&m->signals);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		sigaddset(&m->signals, numbers[i]);
		signal(numbers[i], SIG_DFL); /* inherited ignored, it would never arrive */
	}
	sigprocmask(SIG_SETMASK, &m->signals, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int master_loop(struct master *m)
{
	do {
		int number = sigwaitinfo(&m->signals, NULL);

		if (number > 0)
			received(m, number);
	} while (m->n);
	report_say(&m->lbd->report, REPORT_WARNING, "All workers exited. Exiting... (%d)", m->status);
	return m->status;
}

int master_run(struct lbd *l, bool loaded)
{
	struct master m = {.lbd = l};
	int pidfile = -1;
	bool started;

	signals_block(&m);
	workers_recall(&m);
	if (l->options.master_socket && !l->options.quiet)
		report_raw(&l->report, REPORT_NOTICE,
			   "The master's control socket (-S %s) is not available yet.",
			   l->options.master_socket);
	if (loaded && !m.n && !pidfile_open(l, &pidfile))
		return 1;
	started = loaded && worker_start(&m);
	if (!started && !m.n)
		return 1;
	if (!started)
		report_say(&l->report, REPORT_WARNING, "Loading failure!");
	loaded_free(&l->loaded);
	l->model = NULL;
	l->report.plain = false; /* so that the two lines come with what the master says later */
	pidfile_write(pidfile, getpid());
	notify_ready(l);
	daemon_ready(l);
	if (daemon_prepare(l))
		daemon_detach(l);
	return master_loop(&m);
}
