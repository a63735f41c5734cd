/* The new process's side: asks an old one for its listening sockets. Blocking, with a deadline; runs once at
 * start. Main thread. */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "runtime/reload/handover.h"
#include "runtime/reload/kept.h"

enum {
	DESCRIPTION_MAX = 1 + 255 + 1 + 255 + 4,
	BATCH_BYTES = 253 * DESCRIPTION_MAX,
	SOCKETS_MAX = 65536,
	FDS_MAX = 253
};

/* A batch as received. */
struct batch {
	char *bytes;
	size_t len, at;
	int fds[FDS_MAX];
	uint32_t nfds;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n;

	do {
		int64_t left = deadline - now_ms();

		n = left > 0 ? poll(&p, 1, (int)left) : 0;
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* --- one batch */

static void batch_take_fds(struct batch *b, struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n && b->nfds < FDS_MAX; i++)
			memcpy(&b->fds[b->nfds++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
}

/* More bytes of the batch. False at the end of the stream, an error or the deadline. */
static bool batch_read(struct batch *b, int fd, int64_t deadline)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov = {b->bytes + b->len, BATCH_BYTES - b->len};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	ssize_t n;

	if (!iov.iov_len || !wait_for(fd, POLLIN, deadline))
		return false;
	n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n <= 0)
		return false;
	b->len += (size_t)n;
	batch_take_fds(b, &msg);
	return true;
}

/* The next description: its interface. False: not complete yet. */
static bool batch_next(struct batch *b, struct str *interface)
{
	const unsigned char *p = (const unsigned char *)b->bytes + b->at;
	size_t left = b->len - b->at, space, name;

	if (left < 2 || left < 2 + (space = p[0]))
		return false;
	name = p[1 + space];
	if (left < 1 + space + 1 + name + 4)
		return false;
	*interface = str_make((const char *)p + 2 + space, name);
	b->at += 1 + space + 1 + name + 4;
	return true;
}

/* Receives a batch and gives its sockets to the set; those that it refuses are closed. Number of sockets, 0:
 * broken. */
static uint32_t batch_receive(struct batch *b, int fd, struct fd_set_kept *k, int64_t deadline)
{
	struct str interface;
	uint32_t i = 0;

	b->len = b->at = b->nfds = 0;
	do {
		if (!batch_read(b, fd, deadline))
			break;
		while (i < b->nfds && batch_next(b, &interface)) {
			if (!kept_add(k, b->fds[i], interface))
				close(b->fds[i]);
			i++;
		}
	} while (i < b->nfds || !b->nfds);
	for (uint32_t rest = i; rest < b->nfds; rest++)
		close(b->fds[rest]);
	return b->nfds && i == b->nfds ? i : 0;
}

/* --- the exchange */

static bool receive_number(int fd, uint32_t *n, int64_t deadline)
{
	return wait_for(fd, POLLIN, deadline) && recv(fd, n, sizeof(*n), MSG_DONTWAIT) == sizeof(*n) &&
	       *n <= SOCKETS_MAX;
}

static enum handover_result receive_all(int fd, struct fd_set_kept *k)
{
	int64_t deadline = now_ms() + HANDOVER_TIMEOUT_MS;
	struct batch *b = calloc(1, sizeof(*b));
	uint32_t total, seen = 0, n;

	if (!b || !(b->bytes = malloc(BATCH_BYTES))) {
		free(b);
		return HANDOVER_BROKEN;
	}
	if (!receive_number(fd, &total, deadline))
		total = UINT32_MAX;
	while (total != UINT32_MAX && seen < total) {
		n = batch_receive(b, fd, k, deadline);
		if (!n)
			break;
		send(fd, &seen, sizeof(seen),
		     MSG_DONTWAIT | MSG_NOSIGNAL); /* fails after the last one: nobody waits for it */
		seen += n;
	}
	free(b->bytes);
	free(b);
	return total != UINT32_MAX && seen >= total ? HANDOVER_OK : HANDOVER_BROKEN;
}

static int unix_connect(const struct sockaddr_un *un, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || !connect(fd, (const struct sockaddr *)un, len))
		return fd;
	close(fd);
	return -1;
}

enum handover_result handover_fetch_path(struct fd_set_kept *k, const char *path)
{
	static const char command[] = "_getsocks\n";
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	enum handover_result result;
	int fd;

	if (strlen(path) >= sizeof(un.sun_path))
		return HANDOVER_NO_PEER;
	strcpy(un.sun_path, path);
	fd = unix_connect(&un, sizeof(un));
	if (fd < 0)
		return HANDOVER_NO_PEER;
	if (send(fd, command, sizeof(command) - 1, MSG_NOSIGNAL) == (ssize_t)sizeof(command) - 1)
		result = receive_all(fd, k);
	else
		result = HANDOVER_BROKEN;
	close(fd);
	return result;
}

/* The name says a pid; the kernel says who really listens there. */
static bool peer_is(int fd, pid_t pid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) && peer.pid == pid &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

enum handover_result handover_fetch_pid(struct fd_set_kept *k, pid_t pid)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int n = snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "lbd-sockets-%d", (int)pid);
	enum handover_result result = HANDOVER_REFUSED;
	int fd = unix_connect(&un, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n));

	if (fd < 0)
		return HANDOVER_NO_PEER;
	if (peer_is(fd, pid))
		result = receive_all(fd, k);
	close(fd);
	return result;
}
