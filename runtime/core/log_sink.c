/* Sending log lines without ever waiting: datagrams from one socket per family, and writes to inherited
 * descriptors. A pipe or terminal is opened a second time for us alone (through /proc), because O_NONBLOCK
 * belongs to the opening, not to the descriptor, and the programs that share it may not expect it. The logger
 * owns its sockets and openings. Its worker's thread only. */
#include "runtime/core/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { SOCK_V4, SOCK_V6, SOCK_LOCAL, SYSLOG_PORT = 514 };

void logger_init(struct logger *l)
{
	memset(l, 0, sizeof(*l));
	l->line = out_growing(LOG_LINE_MAX);
	l->head = out_growing(LOG_HEAD_MAX);
	for (int i = 0; i < 3; i++)
		l->sockets[i] = -1;
	if (gethostname(l->hostname, sizeof(l->hostname) - 1))
		strcpy(l->hostname, "localhost");
}

void logger_close(struct logger *l)
{
	for (int i = 0; i < 3; i++)
		if (l->sockets[i] >= 0)
			close(l->sockets[i]);
	for (uint32_t i = 0; i < l->nfds; i++)
		if (l->fds[i].own >= 0)
			close(l->fds[i].own);
	out_free(&l->line);
	out_free(&l->head);
}

/* --- datagrams */

struct destination {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	};
	socklen_t len;
	int slot;
};

static void destination_local(struct destination *d, struct str path, bool abstract)
{
	size_t n = path.len < sizeof(d->un.sun_path) - 1 ? path.len : sizeof(d->un.sun_path) - 1;

	d->slot = SOCK_LOCAL;
	d->un.sun_family = AF_UNIX;
	if (n)
		memcpy(d->un.sun_path + abstract, path.ptr, n);
	d->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
}

/* False: the target has no address that can be sent to. */
static bool destination_of(const struct addr_conf *a, struct destination *d)
{
	uint16_t port = htons(a->port ? a->port : SYSLOG_PORT);

	memset(d, 0, sizeof(*d));
	switch (a->kind) {
	case ADDR_INET:
		d->slot = SOCK_V4;
		d->in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
		memcpy(&d->in.sin_addr, a->ip, 4);
		d->len = sizeof(d->in);
		return true;
	case ADDR_INET6:
		d->slot = SOCK_V6;
		d->in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
		memcpy(&d->in6.sin6_addr, a->ip, 16);
		d->len = sizeof(d->in6);
		return true;
	case ADDR_UNIX:
	case ADDR_ABSTRACT:
		destination_local(d, a->path, a->kind == ADDR_ABSTRACT);
		return true;
	default:
		return false;
	}
}

static int socket_of(struct logger *l, const struct destination *d)
{
	int fd = l->sockets[d->slot];

	if (fd < 0)
		fd = l->sockets[d->slot] =
			socket(d->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return fd;
}

static int send_datagram(struct logger *l, const struct log_target *target, struct iovec *iov, int n)
{
	struct destination d;
	struct msghdr msg = {.msg_name = &d.sa, .msg_iov = iov, .msg_iovlen = (size_t)n};
	int fd;

	if (!destination_of(&target->addr, &d))
		return EDESTADDRREQ;
	if ((fd = socket_of(l, &d)) < 0)
		return errno;
	msg.msg_namelen = d.len;
	return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

/* --- descriptors */

static void fd_open(struct log_fd *f, int fd)
{
	struct stat st;
	char path[40];

	*f = (struct log_fd){.fd = fd, .own = -1};
	if (fstat(fd, &st))
		return;
	f->is_socket = S_ISSOCK(st.st_mode);
	f->may_block = S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode);
	if (!f->may_block)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	f->own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* NULL: more descriptors than a configuration ever names. */
static struct log_fd *fd_of(struct logger *l, int fd)
{
	for (uint32_t i = 0; i < l->nfds; i++)
		if (l->fds[i].fd == fd)
			return &l->fds[i];
	if (l->nfds == LOG_FDS)
		return NULL;
	fd_open(&l->fds[l->nfds], fd);
	return &l->fds[l->nfds++];
}

void logger_prepare(struct logger *l, const struct log_target *target)
{
	if (target->addr.kind == ADDR_FD)
		fd_of(l, target->addr.fd);
}

/* One writev; bytes written or -1. A pipe without an opening of our own is asked for room first: POLLOUT
 * promises PIPE_BUF bytes. */
static ssize_t fd_write(const struct log_fd *f, struct iovec *iov, int n)
{
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = (size_t)n};
	struct pollfd ask = {.fd = f->fd, .events = POLLOUT};

	if (f->is_socket)
		return sendmsg(f->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (f->own >= 0)
		return writev(f->own, iov, n);
	if (f->may_block && (poll(&ask, 1, 0) != 1 || !(ask.revents & POLLOUT))) {
		errno = EAGAIN;
		return -1;
	}
	return writev(f->fd, iov, n);
}

static int send_fd(struct logger *l, const struct log_target *target, struct iovec *iov, int n)
{
	struct log_fd *f = fd_of(l, target->addr.fd);
	size_t size = 0;
	ssize_t done;

	if (!f)
		return EMFILE;
	if (!f->torn) {
		iov++; /* the line feed that closes a torn line */
		n--;
	}
	for (int i = 0; i < n; i++)
		size += iov[i].iov_len;
	done = fd_write(f, iov, n);
	if (done < 0)
		return errno;
	f->torn = (size_t)done < size;
	return f->torn ? EAGAIN : 0;
}

/* --- both */

int logger_send(struct logger *l, const struct log_target *target, struct str head, struct str text)
{
	bool is_fd = target->addr.kind == ADDR_FD;
	size_t max = target->max_len ? target->max_len : LOG_LEN_DEFAULT;
	char feed[] = "\n";
	struct iovec iov[4];

	/* As HAProxy does it: the line feed counts for descriptors and not for datagrams. */
	max -= is_fd;
	head = str_sub(head, 0, max);
	text = str_sub(text, 0, max - (head.len ? head.len : !is_fd)); /* a text alone has one byte less */
	iov[0] = (struct iovec){feed, 1};
	iov[1] = (struct iovec){(char *)(uintptr_t)head.ptr, head.len};
	iov[2] = (struct iovec){(char *)(uintptr_t)text.ptr, text.len};
	iov[3] = (struct iovec){feed, 1};
	return is_fd ? send_fd(l, target, iov, 4) : send_datagram(l, target, iov + 1, 3);
}
