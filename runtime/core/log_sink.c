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

void logger_init(struct logger *l, _Atomic uint64_t *torn)
{
	memset(l, 0, sizeof(*l));
	l->torn = torn;
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
	for (int i = 0; i < LOG_BATCHES; i++)
		free(l->batches[i]);
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

	if (fd >= 0)
		return fd;
	fd = l->sockets[d->slot] = socket(d->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	l->parts[d->slot] = fd >= 0 && d->slot != SOCK_LOCAL && log_batch_parts(fd);
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

/* --- datagrams that wait */

static int slot_of(const struct log_batch *b)
{
	return b->to.sa.sa_family == AF_INET ? SOCK_V4 : SOCK_V6;
}

static bool batch_goes_to(const struct log_batch *b, const struct addr_conf *a)
{
	uint16_t port = htons(a->port ? a->port : SYSLOG_PORT);

	if (a->kind == ADDR_INET)
		return b->to.sa.sa_family == AF_INET && b->to.in.sin_port == port &&
		       !memcmp(&b->to.in.sin_addr, a->ip, 4);
	return b->to.sa.sa_family == AF_INET6 && b->to.in6.sin6_port == port &&
	       !memcmp(&b->to.in6.sin6_addr, a->ip, 16);
}

/* An empty batch for an address whose socket is open. */
static bool batch_begin(struct logger *l, struct log_batch *b, const struct addr_conf *a)
{
	struct destination d;

	if (!destination_of(a, &d) || socket_of(l, &d) < 0)
		return false;
	memcpy(&b->to, &d.sa, d.len);
	b->to_len = d.len;
	b->single = !l->parts[d.slot];
	b->n = b->used = 0;
	return true;
}

/* The batch of an address; NULL: all are taken by others, or memory is out. */
static struct log_batch *batch_of(struct logger *l, const struct addr_conf *a)
{
	struct log_batch *spare = NULL;
	int i = 0;

	for (; i < LOG_BATCHES && l->batches[i]; i++) {
		if (batch_goes_to(l->batches[i], a))
			return l->batches[i];
		if (!l->batches[i]->n)
			spare = l->batches[i];
	}
	if (!spare && i < LOG_BATCHES)
		spare = l->batches[i] = calloc(1, sizeof(*spare));
	return spare && batch_begin(l, spare, a) ? spare : NULL;
}

static void batch_flush(struct logger *l, struct log_batch *b)
{
	struct log_loss loss;

	l->held -= b->n;
	loss = log_batch_send(b, l->sockets[slot_of(b)]);
	if (loss.lines)
		l->lost(l->lost_ctx, b->target, loss);
}

void logger_flush(struct logger *l)
{
	for (int i = 0; l->held && i < LOG_BATCHES && l->batches[i]; i++)
		if (l->batches[i]->n)
			batch_flush(l, l->batches[i]);
}

/* False: it cannot wait, and nothing else to that address does. */
static bool line_waits(struct logger *l, const struct addr_conf *a, const struct iovec *iov, int n)
{
	struct log_batch *b = NULL;

	if (l->lost && (a->kind == ADDR_INET || a->kind == ADDR_INET6))
		b = batch_of(l, a);
	if (!b)
		return false;
	if (!log_batch_add(b, iov, n)) {
		batch_flush(l, b);
		if (!log_batch_add(b, iov, n))
			return false;
	}
	if (b->n == 1)
		b->target = l->target;
	l->held++;
	return true;
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
	uint64_t bit = 1ULL << (target->addr.fd & 63);
	size_t size = 0;
	ssize_t done;
	bool torn;

	if (!f)
		return EMFILE;
	torn = atomic_load_explicit(l->torn, memory_order_relaxed) & bit &&
	       atomic_fetch_and(l->torn, ~bit) & bit;
	if (!torn) {
		iov++; /* the line feed that closes a torn line */
		n--;
	}
	for (int i = 0; i < n; i++)
		size += iov[i].iov_len;
	done = fd_write(f, iov, n);
	if (done < 0 ? torn : (size_t)done < size)
		atomic_fetch_or(l->torn, bit);
	if (done < 0)
		return errno;
	return (size_t)done < size ? EAGAIN : 0;
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
	if (is_fd)
		return send_fd(l, target, iov, 4);
	return line_waits(l, &target->addr, iov + 1, 3) ? 0 : send_datagram(l, target, iov + 1, 3);
}
