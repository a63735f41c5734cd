/* The background: one fork before anything is opened, a pipe on which the child says that it serves, and the
 * pid file. The parent lives until then, so that who started it learns of every failure by its exit status.
 * Main thread. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/lbd.h"

/* The exit status of the parent: 0 once the child is ready, else the child's own. */
static int parent_wait(int fd, pid_t child)
{
	char ready;
	int status;
	ssize_t n;

	do
		n = read(fd, &ready, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		return 0;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

bool daemon_fork(struct lbd *l)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return false;
	child = fork();
	if (child < 0) {
		report_say(&l->report, REPORT_ALERT, "[haproxy.main()] Cannot fork.");
		return false;
	}
	if (child) {
		close(ends[1]);
		_exit(parent_wait(ends[0], child));
	}
	close(ends[0]);
	setsid();
	l->ready_fd = ends[1];
	return true;
}

void daemon_ready(struct lbd *l)
{
	if (l->ready_fd < 0)
		return;
	while (write(l->ready_fd, "", 1) < 0 && errno == EINTR)
		;
	close(l->ready_fd);
	l->ready_fd = -1;
}

static bool is_log_target(const struct model *m, int fd)
{
	if (!m)
		return false;
	vec_each (t, &m->global.log_targets)
		if (t->addr.kind == ADDR_FD && t->addr.fd == fd)
			return true;
	vec_each (px, &m->proxies)
		vec_each (t, &(*px)->log_targets)
			if (t->addr.kind == ADDR_FD && t->addr.fd == fd)
				return true;
	vec_each (f, &m->forwards)
		vec_each (t, &(*f)->px->log_targets)
			if (t->addr.kind == ADDR_FD && t->addr.fd == fd)
				return true;
	return false;
}

bool daemon_prepare(struct lbd *l)
{
	if (l->options.daemon && l->null_fd < 0)
		l->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return !l->options.daemon || l->null_fd >= 0;
}

void daemon_detach(struct lbd *l)
{
	if (l->null_fd < 0)
		return;
	fflush(NULL);
	for (int fd = 0; fd <= 2; fd++)
		if (!is_log_target(l->model, fd))
			dup2(l->null_fd, fd);
	close(l->null_fd);
	l->null_fd = -1;
}

bool pidfile_open(struct lbd *l, int *fd)
{
	struct str conf = l->model->global.pidfile;
	char path[4096];

	*fd = -1;
	if (l->options.pidfile)
		snprintf(path, sizeof(path), "%s", l->options.pidfile);
	else
		snprintf(path, sizeof(path), "%.*s", STR_ARG(conf));
	if (!path[0])
		return true;
	unlink(path);
	*fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
	if (*fd >= 0)
		return true;
	report_say(&l->report, REPORT_ALERT, "[haproxy.main()] Cannot create pidfile %s", path);
	return false;
}

void pidfile_write(int fd, pid_t pid)
{
	if (fd < 0)
		return;
	dprintf(fd, "%d\n", (int)pid);
	close(fd);
}
