/* How the master starts what it watches over: one worker, which must serve before anything else changes, and
 * the programs of the configuration (manual, section 3.7). Main thread of the master. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "grammar/predicate.h"
#include "tools/lbd_master.h"

enum { LEVEL_ADMIN = 2 };

void master_signal(struct master *m, int number)
{
	for (uint32_t i = 0; i < m->children.n; i++)
		kill(m->children.v[i].pid, number);
}

/* --- the worker */

/* Takes what the starting worker says, up to the byte 0: it serves. False: it is gone. */
static bool worker_serves(int fd, struct out *log)
{
	char text[512];
	ssize_t n;

	for (;;) {
		n = read(fd, text, sizeof(text));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		if (!text[n - 1])
			return true;
		out_bytes(log, text, (size_t)n);
	}
}

/* The worker that it takes over from: sockets come from there, and it is told to finish. */
static void worker_inherit(struct master *m, struct pid_list *old)
{
	const struct child *current = children_current(&m->children);
	pid_t *pid = current ? malloc(sizeof(*pid)) : NULL;

	if (!pid)
		return;
	*pid = current->pid;
	free(old->v);
	old->v = pid;
	old->n = 1;
	m->lbd->options.old_signal = m->hard ? SIGTERM : SIGUSR1;
}

/* The master's channel is one more stats socket of the worker. The model is ours alone until the process is
 * made of it. */
static void worker_listen(struct lbd *l, int channel)
{
	struct arena *a = l->model->arena;
	struct bind_conf *b = ARENA_NEW(a, struct bind_conf);

	b->addr.kind = ADDR_SOCKPAIR;
	b->addr.fd = channel;
	b->addr.text = arena_printf(a, "sockpair@%d", channel);
	b->level = LEVEL_ADMIN;
	*vec_push(a, &l->model->global.stats_sockets) = b;
	environment_loaded(l->model);
}

/* In the worker. Never returns. */
static void worker_main(struct master *m, int ready_fd, int channel)
{
	struct lbd *l = m->lbd;

	if (l->ready_fd >= 0)
		close(l->ready_fd);
	l->ready_fd = l->report.copy_fd = ready_fd;
	worker_inherit(m, &l->options.old);
	master_forget(m);
	worker_listen(l, channel);
	sigprocmask(SIG_UNBLOCK, &m->signals, NULL);
	exit(program_end(l, serve(l)));
}

static pid_t worker_fork(struct master *m, int ready[2], int channel[2])
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		close(ready[0]);
		close(channel[0]);
		worker_main(m, ready[1], channel[1]);
	}
	close(ready[1]);
	close(channel[1]);
	return pid;
}

/* Its pid once it serves, else 0. channel: ours. */
static pid_t worker_begin(struct master *m, int *channel)
{
	struct lbd *l = m->lbd;
	int ready[2], both[2];
	bool serves;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, both)) {
		close(ready[0]);
		close(ready[1]);
		return 0;
	}
	pid = worker_fork(m, ready, both);
	serves = pid > 0 && worker_serves(ready[0], &l->report.log);
	close(ready[0]);
	*channel = both[0];
	if (serves)
		return pid;
	close(both[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	else
		report_say(&l->report, REPORT_ALERT, "[haproxy.main()] Cannot fork.");
	l->report.plain = true; /* the worker has said them */
	return 0;
}

/* --- programs */

/* In the child. Never returns. */
static void program_main(struct master *m, const struct program_conf *p)
{
	struct lbd *l = m->lbd;

	l->report.pid = getpid();
	l->report.plain = false;
	sigprocmask(SIG_UNBLOCK, &m->signals, NULL);
	signal(SIGPIPE, SIG_DFL);
	if ((p->gid >= 0 && (setgroups(0, NULL) || setgid((gid_t)p->gid))) ||
	    (p->uid >= 0 && setuid((uid_t)p->uid)))
		report_say(&l->report, REPORT_ALERT,
			   "[haproxy.main()] Cannot become user %d, group %d for program '%.*s': %s", p->uid,
			   p->gid, STR_ARG(p->name), strerror(errno));
	else {
		execvp(p->argv.v[0], (char *const *)(uintptr_t)p->argv.v);
		report_say(&l->report, REPORT_ALERT, "Cannot execute %s: %s", p->argv.v[0], strerror(errno));
	}
	fflush(NULL);
	_exit(1);
}

static void program_start(struct master *m, const struct program_conf *p, uint32_t at)
{
	char name[256];
	pid_t pid;

	snprintf(name, sizeof(name), "%.*s", STR_ARG(p->name));
	fflush(NULL);
	pid = fork();
	if (!pid)
		program_main(m, p);
	if (pid < 0 || at > m->children.n ||
	    !children_add(&m->children, at, CHILD_PROGRAM, pid, -1, name, "-")) {
		report_say(&m->lbd->report, REPORT_ALERT, "Cannot start program '%s'.", name);
		if (pid > 0)
			kill(pid, SIGTERM);
		return;
	}
	report_raw(&m->lbd->report, REPORT_NOTICE, "New program '%s' (%d) forked", name, (int)pid);
}

/* --- all together */

/* The worker has told its predecessor itself. */
static void old_ones_leave(struct master *m)
{
	for (uint32_t i = 0; i < m->children.n; i++) {
		struct child *c = &m->children.v[i];

		if (!c->leaving && c->kind == CHILD_PROGRAM)
			kill(c->pid, SIGUSR1);
		c->leaving = true;
		if (c->kind == CHILD_WORKER &&
		    c->reloads - c->renewed > m->lbd->model->global.mworker_max_reloads)
			kill(c->pid, SIGTERM);
	}
}

bool master_start_children(struct master *m)
{
	struct lbd *l = m->lbd;
	int channel;
	pid_t pid = worker_begin(m, &channel);
	uint32_t at = 0;
	char version[64];

	if (!pid)
		return false;
	old_ones_leave(m);
	vec_each (p, &l->model->programs)
		if ((*p)->argv.n && (!m->is_reload || !(*p)->not_on_reload))
			program_start(m, *p, at++);
	snprintf(version, sizeof(version), "%s-lbd%s", predicate_version(l->options.compat), PACKAGE_VERSION);
	if (!children_add(&m->children, 0, CHILD_WORKER, pid, channel, "", version))
		close(channel);
	report_raw(&l->report, REPORT_NOTICE, "New worker (%d) forked", (int)pid);
	report_raw(&l->report, REPORT_NOTICE, "Loading success.");
	return true;
}
