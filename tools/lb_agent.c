/* lb-agent: tells load balancers what part of a machine is free (HAProxy's manual, "agent-check"). Measures
 * once an interval; whoever connects is told the last result in one line. What a balancer sends first is read
 * and thrown away, for closing a socket with unread bytes would reset the connection before the answer is read.
 * One thread. */
#include "tools/lb_agent.h"

#include <errno.h>
#include <ev.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENERS = 8, CLIENTS = 256, HOST = 256 };
static const double LINGER = 2; /* seconds until a client has to be gone */

struct agent;

struct client {
	ev_io io;
	ev_timer timer;
	struct agent *agent; /* NULL: free */
};

struct agent {
	struct agent_options options;
	struct agent_counters before;
	struct agent_figures figures;
	ev_tstamp measured;
	bool known; /* there was an earlier result */
	ev_timer timer;
	ev_signal term, interrupt;
	ev_io listeners[LISTENERS];
	size_t nlisteners;
	struct client clients[CLIENTS];
};

/* --- measuring */

static void measure(struct agent *a, double seconds)
{
	struct agent_counters now;
	struct agent_figures figures;

	agent_counters_read(&a->options, &now);
	figures = agent_figures_make(&a->options, &a->before, &now, seconds);
	a->figures = a->known ? agent_figures_smooth(a->figures, figures) : figures;
	a->known = true;
	a->before = now;
}

static void measure_due(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct agent *a = timer->data;
	ev_tstamp now = ev_now(loop);

	(void)revents;
	if (now > a->measured)
		measure(a, now - a->measured);
	a->measured = now;
}

/* --- clients */

static void client_end(struct ev_loop *loop, struct client *c)
{
	ev_io_stop(loop, &c->io);
	ev_timer_stop(loop, &c->timer);
	close(c->io.fd);
	c->agent = NULL;
}

static void client_ready(struct ev_loop *loop, ev_io *io, int revents)
{
	char rest[512];
	ssize_t n = recv(io->fd, rest, sizeof(rest), MSG_DONTWAIT);

	(void)revents;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		client_end(loop, io->data);
}

static void client_late(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)revents;
	client_end(loop, timer->data);
}

/* The line fits into any socket's buffer. */
static void client_answer(struct ev_loop *loop, struct agent *a, int fd)
{
	struct client *c = a->clients;
	char line[AGENT_LINE];
	ssize_t sent;

	agent_line(&a->options, &a->figures, line);
	sent = send(fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);
	while (c < a->clients + CLIENTS && c->agent)
		c++;
	if (sent <= 0 || c == a->clients + CLIENTS) {
		close(fd);
		return;
	}
	shutdown(fd, SHUT_WR);
	c->agent = a;
	ev_io_init(&c->io, client_ready, fd, EV_READ);
	ev_timer_init(&c->timer, client_late, LINGER, 0);
	c->io.data = c->timer.data = c;
	ev_io_start(loop, &c->io);
	ev_timer_start(loop, &c->timer);
}

static void client_comes(struct ev_loop *loop, ev_io *io, int revents)
{
	int fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)revents;
	if (fd >= 0)
		client_answer(loop, io->data, fd);
}

/* --- listening */

static int listen_at(const struct addrinfo *at)
{
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (at->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	close(fd);
	return -1;
}

static void say_listening(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char host[HOST], port[16];

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
	    getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		printf("lb-agent: listening on %s port %s\n", host, port);
	fflush(stdout);
}

/* [ADDRESS:]PORT; an address of IPv6 may stand in brackets. */
static bool listen_all(struct ev_loop *loop, struct agent *a)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list = NULL;
	const char *colon = strrchr(a->options.listen, ':');
	char host[HOST] = "";

	if (colon) {
		const char *from = a->options.listen + (*a->options.listen == '[');
		size_t len = (size_t)(colon - from);

		len -= len && from[len - 1] == ']';
		snprintf(host, sizeof(host), "%.*s", (int)len, from);
	}
	if (getaddrinfo(*host && strcmp(host, "*") != 0 ? host : NULL, colon ? colon + 1 : a->options.listen,
			&hints, &list) != 0)
		return false;
	for (const struct addrinfo *at = list; at && a->nlisteners < LISTENERS; at = at->ai_next) {
		int fd = listen_at(at);

		if (fd < 0)
			continue;
		ev_io_init(&a->listeners[a->nlisteners], client_comes, fd, EV_READ);
		a->listeners[a->nlisteners].data = a;
		ev_io_start(loop, &a->listeners[a->nlisteners++]);
		say_listening(fd);
	}
	freeaddrinfo(list);
	return a->nlisteners > 0;
}

/* --- all of it */

static void end(struct ev_loop *loop, ev_signal *signal, int revents)
{
	(void)signal, (void)revents;
	ev_break(loop, EVBREAK_ALL);
}

static void serve(struct ev_loop *loop, struct agent *a)
{
	ev_timer_init(&a->timer, measure_due, a->options.interval, a->options.interval);
	a->timer.data = a;
	ev_timer_start(loop, &a->timer);
	ev_signal_init(&a->term, end, SIGTERM);
	ev_signal_init(&a->interrupt, end, SIGINT);
	ev_signal_start(loop, &a->term);
	ev_signal_start(loop, &a->interrupt);
	ev_run(loop, 0);
	for (struct client *c = a->clients; c < a->clients + CLIENTS; c++)
		if (c->agent)
			client_end(loop, c);
	for (size_t i = 0; i < a->nlisteners; i++)
		close(a->listeners[i].fd);
}

static void print_once(struct agent *a)
{
	char line[AGENT_LINE];

	usleep((useconds_t)(a->options.interval * 1e6));
	measure(a, a->options.interval);
	agent_line(&a->options, &a->figures, line);
	fputs(line, stdout);
}

int main(int argc, char **argv)
{
	struct agent *a = calloc(1, sizeof(*a));
	struct ev_loop *loop = ev_default_loop(0);
	int status = 1;

	if (!a || !loop || !agent_options_read(&a->options, argc, argv, &status)) {
		free(a);
		return status;
	}
	a->figures = (struct agent_figures){1, 1, 1, 1, 1};
	a->measured = ev_now(loop);
	agent_counters_read(&a->options, &a->before);
	status = 0;
	if (a->options.once) {
		print_once(a);
	} else if (listen_all(loop, a)) {
		serve(loop, a);
	} else {
		fprintf(stderr, "lb-agent: cannot listen on %s: %s\n", a->options.listen, strerror(errno));
		status = 1;
	}
	free(a);
	ev_loop_destroy(loop);
	return status;
}
