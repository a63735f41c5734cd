/* The old process's side: sends its listening sockets. A transfer duplicates the descriptors at its beginning,
 * so that it does not care when the process closes its own; transfers live on the worker that began them and
 * end by themselves or after a timeout. */
#include "runtime/reload/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/core/process.h"
#include "runtime/net/listener.h"

enum { DESCRIPTION_MAX = 2 + 15 + 2 + 255 + 4, BATCH_BYTES = HANDOVER_BATCH * DESCRIPTION_MAX };

struct offer {
	int fd;
	ev_io io;
	struct process *process;
};

struct sending {
	struct list node; /* worker->transfers */
	struct worker *worker;
	ev_io io;
	struct deadline deadline;
	int *fds; /* duplicates */
	char (*interfaces)[16];
	uint32_t nfds, next;   /* next: first one of the batch that is under way */
	bool counted, waiting; /* the number was sent; the peer has to answer before the next batch */
	char *batch;
	size_t len, done;
};

static void sending_free(struct sending *s)
{
	ev_io_stop(s->worker->loop, &s->io);
	deadline_clear(&s->deadline);
	list_remove(&s->node);
	for (uint32_t i = 0; i < s->nfds; i++)
		close(s->fds[i]);
	close(s->io.fd);
	free(s->interfaces);
	free(s->batch);
	free(s->fds);
	free(s);
}

static void sending_expired(struct worker *w, struct deadline *d)
{
	(void)w;
	sending_free(LIST_OF(d, struct sending, deadline));
}

static uint32_t batch_size(const struct sending *s)
{
	uint32_t left = s->nfds - s->next;

	return left < HANDOVER_BATCH ? left : HANDOVER_BATCH;
}

/* Describes sockets [next, next + n). */
static void batch_fill(struct sending *s)
{
	s->len = s->done = 0;
	for (uint32_t i = 0; i < batch_size(s); i++) {
		size_t n = strlen(s->interfaces[s->next + i]);

		s->batch[s->len++] = 0; /* no name space of its own */
		s->batch[s->len++] = (char)n;
		memcpy(s->batch + s->len, s->interfaces[s->next + i], n);
		s->len += n;
		memset(s->batch + s->len, 0, 4);
		s->len += 4;
	}
}

/* The descriptors travel with the first byte. Bytes sent or -1. */
static ssize_t batch_send(struct sending *s)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(HANDOVER_BATCH * sizeof(int))];
	} control;
	struct iovec iov = {s->batch + s->done, s->len - s->done};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	size_t size = batch_size(s) * sizeof(int);

	if (!s->done) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(size);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(&control.head), s->fds + s->next, size);
	}
	return sendmsg(s->io.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

enum step { STEP_ON, STEP_READ, STEP_WRITE, STEP_END };

static enum step step_failed(void)
{
	return errno == EAGAIN || errno == EINTR ? STEP_WRITE : STEP_END;
}

static enum step step_send(struct sending *s)
{
	ssize_t n;

	if (!s->len)
		batch_fill(s);
	n = batch_send(s);
	if (n < 0)
		return step_failed();
	s->done += (size_t)n;
	if (s->done < s->len)
		return STEP_ON;
	s->next += batch_size(s);
	s->len = 0;
	s->waiting = true;
	return s->next < s->nfds ? STEP_READ : STEP_END;
}

static enum step step_answer(struct sending *s)
{
	char answer[4];
	ssize_t n = recv(s->io.fd, answer, sizeof(answer), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return STEP_READ;
	s->waiting = false;
	return n > 0 ? STEP_ON : STEP_END;
}

static enum step step_count(struct sending *s)
{
	if (send(s->io.fd, &s->nfds, sizeof(s->nfds), MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(s->nfds))
		return STEP_END; /* 4 bytes into an empty socket */
	s->counted = true;
	return s->nfds ? STEP_ON : STEP_END;
}

static enum step sending_step(struct sending *s)
{
	if (!s->counted)
		return step_count(s);
	return s->waiting ? step_answer(s) : step_send(s);
}

static void sending_ready(struct ev_loop *loop, ev_io *io, int revents)
{
	struct sending *s = LIST_OF(io, struct sending, io);
	enum step step;

	(void)revents;
	do
		step = sending_step(s);
	while (step == STEP_ON);
	if (step == STEP_END) {
		sending_free(s);
		return;
	}
	ev_io_stop(loop, io);
	ev_io_modify(io, step == STEP_READ ? EV_READ : EV_WRITE);
	ev_io_start(loop, io);
}

static void sending_add(struct sending *s, const struct listener *l)
{
	/* Who takes it could not tell its namespace. */
	bool stays = l->channel || l->conf->namespace_.len;
	int fd = l->state == LI_CLOSED || l->fd < 0 || stays ? -1 : fcntl(l->fd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return;
	snprintf(s->interfaces[s->nfds], sizeof(*s->interfaces), "%.*s", STR_ARG(l->conf->interface));
	s->fds[s->nfds++] = fd;
}

static bool sending_collect(struct sending *s, struct process *p)
{
	size_t n = p->nlisteners + 1;

	s->fds = calloc(n, sizeof(*s->fds));
	s->interfaces = calloc(n, sizeof(*s->interfaces));
	s->batch = malloc(BATCH_BYTES);
	if (!s->fds || !s->interfaces || !s->batch)
		return false;
	/* A worker that has not begun its soft stop keeps the process from closing its listeners. */
	for (struct list *node = p->listeners.next; node != &p->listeners && s->nfds < n; node = node->next)
		sending_add(s, LIST_OF(node, struct listener, node));
	return true;
}

void handover_serve(struct worker *w, int fd)
{
	struct sending *s = w->stopping ? NULL : calloc(1, sizeof(*s));

	if (!s) {
		close(fd);
		return;
	}
	s->worker = w;
	if (!w->transfers.next)
		list_init(&w->transfers);
	list_append(&w->transfers, &s->node);
	deadline_init(&s->deadline, sending_expired);
	ev_io_init(&s->io, sending_ready, fd, EV_WRITE);
	if (!sending_collect(s, w->process)) {
		sending_free(s);
		return;
	}
	deadline_set(w, &s->deadline, w->now + HANDOVER_TIMEOUT_MS);
	ev_io_start(w->loop, &s->io);
}

void handover_stop(struct worker *w)
{
	while (w->transfers.next && !list_empty(&w->transfers))
		sending_free(LIST_OF(w->transfers.next, struct sending, node));
}

/* --- the name made of the pid */

static bool peer_is_trusted(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static void offer_ready(struct ev_loop *loop, ev_io *io, int revents)
{
	struct offer *o = LIST_OF(io, struct offer, io);
	int fd = accept4(o->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)loop, (void)revents;
	if (fd < 0)
		return;
	if (peer_is_trusted(fd))
		handover_serve(o->process->workers[0], fd);
	else
		close(fd);
}

bool handover_offer(struct process *p)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct offer *o = calloc(1, sizeof(*o));
	int n = snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "lbd-sockets-%d", (int)getpid());

	if (!o)
		return false;
	o->process = p;
	o->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (o->fd < 0 ||
	    bind(o->fd, (struct sockaddr *)&un,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) ||
	    listen(o->fd, 8)) {
		if (o->fd >= 0)
			close(o->fd);
		free(o);
		return false;
	}
	p->handover = o;
	return true;
}

void handover_watch(struct process *p)
{
	struct offer *o = p->handover;

	if (!o)
		return;
	ev_io_init(&o->io, offer_ready, o->fd, EV_READ);
	ev_io_start(p->workers[0]->loop, &o->io);
}

void handover_close(struct process *p)
{
	struct offer *o = p->handover;

	if (!o)
		return;
	ev_io_stop(p->workers[0]->loop, &o->io);
	close(o->fd);
	free(o);
	p->handover = NULL;
}
