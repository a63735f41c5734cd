/* Checks by programs (manual, section 4.2, "option external-check", "external-check command", "external-check
 * path"). The program runs in a process of its own, with nothing of ours open but the standard streams; a
 * descriptor that closes with it tells its end, and its status is the result. The check's worker only. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/core/process.h"
#include "runtime/health/check_run.h"
#include "runtime/net/address.h"

enum { ENV_MAX = 16, TEXT = 128 };

struct check_program {
	ev_io io; /* of a pidfd: readable when the program has ended */
	pid_t pid;
};

/* Arguments and environment, as texts in scratch memory. */
struct invocation {
	char *argv[6], *envp[ENV_MAX + 1];
	char proxy_addr[TEXT], proxy_port[TEXT], server_addr[TEXT], server_port[TEXT];
	uint32_t nenv;
	bool failed;
};

static char *text_of(struct check *k, struct str s)
{
	struct str copy = scratch_printf(&k->scratch, "%.*s", STR_ARG(s));

	return (char *)copy.ptr;
}

static void put_env(struct check *k, struct invocation *v, const char *name, struct str value)
{
	struct str text = scratch_printf(&k->scratch, "%s=%.*s", name, STR_ARG(value));

	v->failed |= !text.ptr || v->nenv == ENV_MAX;
	if (!v->failed)
		v->envp[v->nenv++] = (char *)text.ptr;
}

static void put_env_number(struct check *k, struct invocation *v, const char *name, uint64_t n)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	put_env(k, v, name, str_from(digits));
}

static void server_texts(const struct server *s, struct invocation *v)
{
	const union addr *addr = server_addr(s);
	const struct sockaddr_un *un = addr == &s->addr ? (const void *)s->unix_addr : NULL;

	snprintf(v->server_port, TEXT, "NOT_USED");
	if (un) {
		snprintf(v->server_addr, TEXT, "%s", un->sun_path);
		return;
	}
	inet_ntop(addr->family,
		  addr->family == AF_INET6 ? (const void *)&addr->in6.sin6_addr
					   : (const void *)&addr->in.sin_addr,
		  v->server_addr, TEXT);
	/* a port that follows the client's: what is added to it, as HAProxy */
	snprintf(v->server_port, TEXT, "%u",
		 s->conf->addr.port_relative ? s->conf->addr.port : address_port(addr));
}

/* The first address that the proxy listens on, if any. */
static void proxy_texts(const struct proxy_conf *px, struct invocation *v)
{
	const struct addr_conf *a = px->binds.n ? &px->binds.v[0]->addr : NULL;

	snprintf(v->proxy_addr, TEXT, "NOT_USED");
	snprintf(v->proxy_port, TEXT, "NOT_USED");
	if (!a)
		return;
	if (a->kind == ADDR_UNIX || a->kind == ADDR_ABSTRACT) {
		snprintf(v->proxy_addr, TEXT, "%.*s", STR_ARG(a->path));
	} else if (a->kind == ADDR_INET || a->kind == ADDR_INET6) {
		inet_ntop(a->kind == ADDR_INET ? AF_INET : AF_INET6, a->ip, v->proxy_addr, TEXT);
		snprintf(v->proxy_port, TEXT, "%u", a->port);
	}
}

static void environment(struct check *k, struct invocation *v)
{
	const struct server *s = k->server;
	const struct proxy_conf *px = s->proxy->conf;
	bool listens = px->binds.n > 0;

	put_env(k, v, "HAPROXY_PROXY_NAME", px->name);
	put_env_number(k, v, "HAPROXY_PROXY_ID", px->id);
	put_env(k, v, "HAPROXY_PROXY_ADDR", listens ? str_from(v->proxy_addr) : STR_NONE);
	put_env(k, v, "HAPROXY_PROXY_PORT", listens ? str_from(v->proxy_port) : STR_NONE);
	put_env(k, v, "HAPROXY_SERVER_NAME", s->conf->name);
	put_env_number(k, v, "HAPROXY_SERVER_ID", s->conf->id);
	put_env(k, v, "HAPROXY_SERVER_ADDR", str_from(v->server_addr));
	put_env(k, v, "HAPROXY_SERVER_PORT", s->unix_addr ? STR_NONE : str_from(v->server_port));
	put_env_number(k, v, "HAPROXY_SERVER_MAXCONN", atomic_load(&s->maxconn));
	put_env_number(k, v, "HAPROXY_SERVER_CURCONN", atomic_load(&s->conns));
	put_env_number(k, v, "HAPROXY_SERVER_SSL", s->conf->ssl);
	put_env(k, v, "HAPROXY_SERVER_PROTO",
		px->mode != MODE_HTTP    ? STR("tcp")
		: s->conf->mux == MUX_H2 ? STR("h2")
					 : STR("h1"));
	if (check_conf(k)->path.len)
		put_env(k, v, "PATH", check_conf(k)->path);
}

static bool invocation_make(struct check *k, struct invocation *v)
{
	*v = (struct invocation){.nenv = 0};
	server_texts(k->server, v);
	proxy_texts(k->server->proxy->conf, v);
	v->argv[0] = text_of(k, check_conf(k)->command);
	v->argv[1] = v->proxy_addr;
	v->argv[2] = v->proxy_port;
	v->argv[3] = v->server_addr;
	v->argv[4] = v->server_port;
	environment(k, v);
	return v->argv[0] && !v->failed;
}

/* In the new process: nothing but what is safe between fork and exec. */
static void __attribute__((noreturn)) become(const struct invocation *v, bool keep_env)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	close_range(3, ~0U, 0);
	if (keep_env)
		for (char *const *e = v->envp; *e; e++)
			putenv(*e);
	if (keep_env)
		execvp(v->argv[0], v->argv);
	else
		execve(v->argv[0], v->argv, v->envp);
	_exit(-1);
}

static void ended(struct check *k, int status)
{
	bool exited = WIFEXITED(status);

	k->outcome.code = exited ? WEXITSTATUS(status) : -1;
	check_run_end(k, exited && WEXITSTATUS(status) == 0 ? CHECK_PROC_OK : CHECK_PROC_ERROR, "");
}

static void program_ready(struct ev_loop *loop, ev_io *io, int revents)
{
	struct check *k = io->data;
	int status = 0;
	pid_t pid = waitpid(k->program->pid, &status, WNOHANG);

	(void)loop;
	(void)revents;
	if (pid == 0)
		return;
	if (pid < 0)
		status = 255 << 8; /* somebody else took its status: unknown is not fine */
	k->program->pid = 0;
	ended(k, status);
}

static bool watch(struct check *k, pid_t pid)
{
	struct check_program *p = calloc(1, sizeof(*p));
	int fd = p ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	if (fd < 0) {
		free(p);
		return false;
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	p->pid = pid;
	p->io.data = k;
	ev_io_init(&p->io, program_ready, fd, EV_READ);
	ev_io_start(k->worker->loop, &p->io);
	k->program = p;
	return true;
}

void check_external_run(struct check *k)
{
	const struct model *m = k->server->proxy->generation->model;
	struct invocation v;
	pid_t pid;

	k->phase = PHASE_PROGRAM;
	if (!invocation_make(k, &v) || (pid = fork()) < 0) {
		check_run_end(k, CHECK_SOCKET, "Resource temporarily unavailable");
		return;
	}
	if (pid == 0)
		become(&v, m->global.external_check_env);
	if (!watch(k, pid)) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		check_run_end(k, CHECK_SOCKET, "Cannot watch the program");
		return;
	}
	deadline_set(k->worker, &k->deadline, k->worker->now + check_run_patience(k));
}

void check_external_close(struct check *k)
{
	struct check_program *p = k->program;

	if (!p)
		return;
	k->program = NULL;
	ev_io_stop(k->worker->loop, &p->io);
	close(p->io.fd);
	if (p->pid) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	free(p);
}

void check_external_timeout(struct check *k)
{
	k->outcome.code = 0;
	check_run_end(k, CHECK_PROC_TIMEOUT, "");
}
