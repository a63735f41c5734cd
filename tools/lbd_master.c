/* Master-worker mode (management guide, sections 3, 4 and 9.4): the master keeps its pid and the terminal,
 * loads the configuration, forks one worker and watches it. A reload executes the program anew in the same
 * process: the list of children survives in the environment, the new worker takes the sockets of the old one by
 * its pid and then tells it to finish. A configuration or a start that fails leaves the old worker as it is.
 * Signals stay blocked all the time, so that none is lost while the program executes itself: they are read from
 * a descriptor. The master's loop is that of its control socket. */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/core/process.h"
#include "runtime/tls/tls.h"
#include "tools/lbd_master.h"

enum { REPLY_TIMEOUT_MS = 1000, CODE_TERM = 128 + SIGTERM };

/* --- the service manager (sd_notify(3)) */

void notify(const struct lbd *l, const char *format, ...)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;
	char text[256];
	va_list ap;
	int fd;

	if (!l->options.notify || !n || n >= sizeof(un.sun_path))
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
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

/* --- reload */

/* What came of the reload that somebody asked for on the control socket and waits for. */
static void reply(struct master *m, bool success)
{
	const char *log = report_log(&m->lbd->report);
	struct out o = out_growing(2 << 20);
	struct pollfd p = {m->reply, POLLOUT, 0};
	size_t sent = 0;
	ssize_t n;

	if (m->reply < 0)
		return;
	out_printf(&o, "Success=%d\n--\n%s\n", success, log ? log : "");
	while (sent < o.len && poll(&p, 1, REPLY_TIMEOUT_MS) > 0) {
		n = send(m->reply, o.buf + sent, o.len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n <= 0)
			break;
		sent += (size_t)n;
	}
	out_free(&o);
	close(m->reply);
	m->reply = -1;
}

/* By the worker itself. False: a new process has to do it. */
static bool renewed(struct master *m)
{
	struct report *r = &m->lbd->report;
	struct out said = out_growing(2 << 20);
	enum master_renewal result = master_renew(m, &said);

	if (result == RENEWAL_IMPOSSIBLE && said.len)
		report_raw(r, REPORT_NOTICE, "A new worker is needed: %.*s", (int)str_chr(out_get(&said), '\n'),
			   said.buf);
	if (result != RENEWAL_IMPOSSIBLE) {
		m->reloads++;
		m->failed = result == RENEWAL_DONE ? 0 : m->failed + 1;
		m->cli.reload_failed = result != RENEWAL_DONE;
		out_free(&r->log);
		r->log = out_growing(1 << 20);
		if (said.len)
			out_printf(&r->log, "%.*s\n", (int)said.len, said.buf);
		report_raw(r, result == RENEWAL_DONE ? REPORT_NOTICE : REPORT_WARNING, "%s",
			   result == RENEWAL_DONE ? "Loading success." : "Loading failure!");
		reply(m, result == RENEWAL_DONE);
		m->process->startup_logs = report_log(r);
		notify(m->lbd, "READY=1\nMAINPID=%d", (int)getpid());
	}
	out_free(&said);
	return result != RENEWAL_IMPOSSIBLE;
}

static void reload(struct master *m)
{
	struct lbd *l = m->lbd;

	if (m->ending)
		return;
	report_raw(&l->report, REPORT_NOTICE, "Reloading HAProxy");
	notify(l, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)m->process->workers[0]->now_us);
	if (!m->hard && renewed(m))
		return;
	fflush(NULL);
	if (l->start_dir && chdir(l->start_dir))
		report_say(&l->report, REPORT_WARNING, "Could not change to directory %s : %s", l->start_dir,
			   strerror(errno));
	if (master_remember(m)) {
		execvp(l->argv[0], l->argv);
		execv("/proc/self/exe", l->argv);
	}
	report_say(&l->report, REPORT_WARNING, "Failed to reexecute the master process [%d]: %s", (int)getpid(),
		   strerror(errno));
	m->hard = false;
	m->failed++;
	m->cli.reload_failed = true;
	notify(l, "READY=1\nMAINPID=%d", (int)getpid());
}

static void reload_now(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop, (void)revents;
	reload(timer->data);
}

/* --- the end */

static void end(struct master *m, int number)
{
	report_say(&m->lbd->report, REPORT_WARNING, "Exiting Master process...");
	notify(m->lbd, "STOPPING=1");
	m->ending = number;
	master_signal(m, number);
}

/* A child that must not go has gone. A worker that was told to is no failure. */
static void failure(struct master *m, int code)
{
	bool terminated = code == CODE_TERM;

	if (code && (!terminated || m->lbd->options.compat >= 300) && !m->status)
		m->status = code;
	if (!code || terminated || m->ending || m->no_exit)
		return;
	m->ending = SIGTERM;
	report_say(&m->lbd->report, REPORT_ALERT, "exit-on-failure: killing every processes with SIGTERM");
	master_signal(m, SIGTERM);
}

static void child_gone(struct master *m, uint32_t i, int status)
{
	struct child *c = &m->children.v[i];
	bool current = !c->leaving, program = c->kind == CHILD_PROGRAM;
	int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	const char *how = WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "Exit";
	enum report_level level = current && (code || program) ? REPORT_ALERT : REPORT_WARNING;
	const char *which = current ? "Current" : "Former";

	if (program)
		report_say(&m->lbd->report, level, "%s program '%s' (%d) exited with code %d (%s)", which,
			   c->name, (int)c->pid, code, how);
	else
		report_say(&m->lbd->report, level, "%s worker (%d) exited with code %d (%s)", which,
			   (int)c->pid, code, how);
	children_remove(&m->children, i);
	if (current)
		failure(m, code);
}

/* Without children there is nothing to watch over, unless the next reload is to bring a new worker. */
static void reap(struct master *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (uint32_t i = 0; i < m->children.n; i++)
			if (m->children.v[i].pid == pid) {
				child_gone(m, i, status);
				break;
			}
	if (m->children.n || (m->no_exit && !m->ending && m->status))
		return;
	process_stop(m->process);
}

/* --- signals */

static void received(struct master *m, int number)
{
	switch (number) {
	case SIGCHLD:
		reap(m);
		break;
	case SIGUSR2:
	case SIGHUP:
		reload(m);
		break;
	case SIGUSR1:
	case SIGTERM:
	case SIGINT:
		end(m, number);
		reap(m);
		break;
	default: /* TTOU, TTIN: the worker's business */
		master_signal(m, number);
	}
}

static void signals_ready(struct ev_loop *loop, ev_io *io, int revents)
{
	struct master *m = io->data;
	struct signalfd_siginfo info;

	(void)loop, (void)revents;
	if (read(io->fd, &info, sizeof(info)) == sizeof(info))
		received(m, (int)info.ssi_signo);
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

static bool signals_watch(struct master *m)
{
	int fd = signalfd(-1, &m->signals, SFD_CLOEXEC | SFD_NONBLOCK);

	if (fd < 0)
		return false;
	ev_io_init(&m->signal_watch, signals_ready, fd, EV_READ);
	m->signal_watch.data = m;
	ev_io_start(m->process->workers[0]->loop, &m->signal_watch);
	ev_timer_init(&m->reload_timer, reload_now, 0., 0.);
	m->reload_timer.data = m;
	return true;
}

/* --- life */

static int master_loop(struct master *m)
{
	struct lbd *l = m->lbd;

	if (!signals_watch(m) || !process_start(m->process))
		return 1;
	reap(m); /* somebody may have gone while there was no list */
	if (m->children.n || m->no_exit)
		process_run(m->process);
	report_say(&l->report, REPORT_WARNING, "All workers exited. Exiting... (%d)", m->status);
	close(m->signal_watch.fd);
	return m->status;
}

/* What follows from the attempt to start a worker. False: the end. */
static bool started(struct master *m, bool success)
{
	struct lbd *l = m->lbd;

	if (!success && !m->is_reload)
		return false;
	if (success) {
		m->failed = 0;
		m->status = 0;
		m->no_exit = l->model->global.no_exit_on_failure;
	} else {
		m->failed++;
		report_say(&l->report, REPORT_WARNING, "Loading failure!");
	}
	m->hard = false;
	m->cli.reload_failed = !success;
	reply(m, success);
	return true;
}

static int master_main(struct master *m, bool loaded)
{
	struct lbd *l = m->lbd;
	int pidfile = -1;

	if (!master_socket_open(m) || (loaded && !m->is_reload && !pidfile_open(l, &pidfile)))
		return 1;
	if (!started(m, loaded && master_start_children(m)))
		return 1;
	tls_world_free(&l->tls);
	loaded_free(&l->loaded);
	malloc_trim(0); /* it may have been large, and the master lives long */
	l->model = NULL;
	l->report.plain = false; /* so that the two lines come with what the master says later */
	m->process->startup_logs = report_log(&l->report);
	pidfile_write(pidfile, getpid());
	notify(l, "READY=1\nMAINPID=%d", (int)getpid());
	daemon_ready(l);
	if (daemon_prepare(l))
		daemon_detach(l);
	return master_loop(m);
}

int master_run(struct lbd *l, bool loaded)
{
	struct master m = {.lbd = l};
	int status;

	signals_block(&m);
	master_recall(&m);
	status = master_main(&m, loaded);
	master_forget(&m);
	return status;
}
