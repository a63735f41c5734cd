/* Connections: a socket, its libev watcher and the raw transport. Nothing in here calls back or frees: each
 * function does one system call at most and says what happened. Owned by the session or server connection that
 * embeds it; worker thread only. */
#include "runtime/net/conn.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/net/netns.h"
#include "runtime/net/sockopt.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

enum { JOIN_MOST = 2048 }; /* bytes */

static void io_ready(struct ev_loop *loop, ev_io *io, int revents)
{
	struct conn *c = (struct conn *)io; /* first member */

	(void)loop;
	c->ready(c, revents);
}

ssize_t conn_failed(struct conn *c)
{
	if (errno == EAGAIN || errno == EINTR) {
		errno = EAGAIN;
		return -1;
	}
	c->error = (int16_t)errno;
	c->flags |= CONN_ERROR;
	return -1;
}

static ssize_t raw_recv(struct conn *c, void *data, size_t size)
{
	ssize_t n = recv(c->io.fd, data, size, 0);

	if (n > 0)
		return n;
	if (n < 0)
		return conn_failed(c);
	if (size)
		c->flags |= CONN_EOF;
	return 0;
}

static size_t iov_bytes(const struct iovec *iov, int n)
{
	size_t bytes = 0;

	for (int i = 0; i < n; i++)
		bytes += iov[i].iov_len;
	return bytes;
}

/* Several short pieces in one send(): the kernel takes 0.2 us longer for a sendmsg() of three pieces than we do
 * for copying them. */
static ssize_t send_joined(int fd, const struct iovec *iov, int n, int flags)
{
	char joined[JOIN_MOST];
	size_t len = 0;

	for (int i = 0; i < n; i++) {
		if (!iov[i].iov_len)
			continue;
		memcpy(joined + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
	}
	return send(fd, joined, len, flags);
}

static ssize_t raw_sendv(struct conn *c, const struct iovec *iov, int n, bool more)
{
	int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
	struct msghdr msg = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n};
	ssize_t sent;

	if (n == 1)
		sent = send(c->io.fd, iov->iov_base, iov->iov_len, flags);
	else if (iov_bytes(iov, n) <= JOIN_MOST)
		sent = send_joined(c->io.fd, iov, n, flags);
	else
		sent = sendmsg(c->io.fd, &msg, flags);
	return sent >= 0 ? sent : conn_failed(c);
}

static void raw_shut(struct conn *c)
{
	shutdown(c->io.fd, SHUT_WR);
}

static void raw_close(struct conn *c)
{
	close(c->io.fd);
}

const struct transport transport_raw = {
	.recv = raw_recv, .sendv = raw_sendv, .shut = raw_shut, .close = raw_close, .splice = true};

void conn_init(struct conn *c, struct worker *w, int fd, void (*ready)(struct conn *, int))
{
	ev_io_init(&c->io, io_ready, fd, EV_READ);
	c->worker = w;
	c->transport = &transport_raw;
	c->ready = ready;
	c->transport_state = NULL;
	c->mux = NULL;
	c->error = 0;
	c->glitches = 0;
	c->flags = 0;
	c->wants = 0;
}

/* libev compares what is wanted with what the kernel was told only once per iteration, so that wanting
 * something else for a moment costs no epoll_ctl. */
void conn_want(struct conn *c, int events)
{
	if (c->wants == events)
		return;
	if (c->io.fd < 0) {
		c->wants = (uint8_t)events;
		if (c->transport->want)
			c->transport->want(c, events);
		return;
	}
	if (c->wants)
		ev_io_stop(c->worker->loop, &c->io);
	if (events) {
		ev_io_modify(&c->io, events);
		ev_io_start(c->worker->loop, &c->io);
		if (events & EV_READ && c->flags & CONN_PENDING)
			ev_feed_event(c->worker->loop, &c->io, EV_READ);
	}
	c->wants = (uint8_t)events;
}

/* The loop learns that its idea of this descriptor may be old (ev(3): ev_io_set). */
void conn_move(struct conn *c, struct worker *to)
{
	c->worker = to;
	ev_io_set(&c->io, c->io.fd, EV_READ);
}

void conn_hand_over(struct conn *from, struct conn *to, void (*ready)(struct conn *, int))
{
	conn_want(from, 0);
	ev_clear_pending(from->worker->loop, &from->io);
	conn_init(to, from->worker, from->io.fd, ready);
	to->transport = from->transport;
	to->transport_state = from->transport_state;
	to->flags = from->flags;
	if (to->transport->moved)
		to->transport->moved(to);
	from->io.fd = -1;
	from->transport = &transport_raw;
	from->transport_state = NULL;
}

void conn_try(struct conn *c)
{
	ev_feed_event(c->worker->loop, &c->io, EV_READ);
}

ssize_t conn_recv(struct conn *c, struct buf *b)
{
	ssize_t n;

	if (!buf_take(c->worker, b)) {
		errno = ENOMEM;
		return -1;
	}
	if (!buf_room(b))
		buf_pack(b);
	if (!buf_room(b)) {
		errno = EAGAIN;
		return -1;
	}
	n = c->transport->recv(c, b->data + b->off + b->len, buf_room(b));
	if (n > 0)
		b->len += (uint32_t)n;
	else if (!b->len) {
		int error = errno;

		buf_drop(c->worker, b);
		errno = error;
	}
	return n;
}

ssize_t conn_sendv(struct conn *c, const struct iovec *iov, int n, bool more)
{
	return c->transport->sendv(c, iov, n, more);
}

ssize_t conn_send(struct conn *c, struct buf *b, bool more)
{
	struct iovec iov = {buf_at(b, 0), b->len};
	ssize_t n = b->len ? c->transport->sendv(c, &iov, 1, more) : 0;

	if (n > 0)
		buf_eat(b, (uint32_t)n);
	return n;
}

void conn_shut(struct conn *c)
{
	if ((c->io.fd < 0 && !c->mux) || c->flags & CONN_WR_SHUT)
		return;
	c->transport->shut(c);
	c->flags |= CONN_WR_SHUT;
}

void conn_close(struct conn *c, bool reset)
{
	static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	if (c->io.fd < 0) {
		if (c->mux)
			c->transport->close(c);
		return;
	}
	conn_want(c, 0);
	ev_clear_pending(c->worker->loop, &c->io); /* conn_try() */
	if (reset || c->flags & CONN_RESET)
		setsockopt(c->io.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	c->transport->close(c);
	c->io.fd = -1;
}

/* In repair mode (CAP_NET_ADMIN) nothing is sent on close; else the RST gets no further than the first router.
 */
void conn_drop(struct conn *c)
{
	int one = 1;

	if (c->io.fd >= 0 && setsockopt(c->io.fd, SOL_TCP, TCP_REPAIR, &one, sizeof(one))) {
		setsockopt(c->io.fd, SOL_IP, IP_TTL, &one, sizeof(one));
		setsockopt(c->io.fd, SOL_IPV6, IPV6_UNICAST_HOPS, &one, sizeof(one));
	}
	conn_close(c, true);
}

void conn_keepalive(int fd, const struct keepalive_conf *conf)
{
	sockopt_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	if (conf->idle)
		sockopt_int(fd, SOL_TCP, TCP_KEEPIDLE, (int)conf->idle);
	if (conf->interval)
		sockopt_int(fd, SOL_TCP, TCP_KEEPINTVL, (int)conf->interval);
	if (conf->count)
		sockopt_int(fd, SOL_TCP, TCP_KEEPCNT, (int)conf->count);
}

/* Actions set-bc-tos and set-bc-mark. */
static void set_marks(int fd, const struct rule_settings *set)
{
	if (set->has & SET_BC_TOS) {
		sockopt_int(fd, SOL_IP, IP_TOS, (int)set->bc_tos);
		sockopt_int(fd, SOL_IPV6, IPV6_TCLASS, (int)set->bc_tos);
	}
	if (set->has & SET_BC_MARK)
		sockopt_int(fd, SOL_SOCKET, SO_MARK, (int)set->bc_mark);
}

/* What hardly any server asks for. A congestion control that the system does not have is not worth a
 * connection, a signature is. */
static bool rarer_options(int fd, const union addr *to, const struct connect_options *o)
{
	if (o->fast_open)
		sockopt_int(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
	if (o->congestion.len)
		setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, o->congestion.ptr, (socklen_t)o->congestion.len);
	return !o->md5sig.len ||
	       sockopt_md5sig(fd, (const struct sockaddr *)to,
			      to->family == AF_INET ? sizeof(to->in) : sizeof(to->in6), o->md5sig);
}

/* tcp(7): no waiting for a full segment. A source address leaves the choice of the port to connect(), which
 * knows the destination. */
static int socket_prepare(int fd, const union addr *to, const struct connect_options *o)
{
	if (o->rcvbuf)
		sockopt_int(fd, SOL_SOCKET, SO_RCVBUF, (int)o->rcvbuf);
	if (o->sndbuf)
		sockopt_int(fd, SOL_SOCKET, SO_SNDBUF, (int)o->sndbuf);
	if (to->family == AF_UNIX)
		return 0;
	sockopt_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (o->user_timeout)
		sockopt_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)o->user_timeout);
	if (o->notsent_lowat)
		sockopt_int(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, (int)o->notsent_lowat);
	if (o->keepalive)
		conn_keepalive(fd, o->keepalive);
	if (o->settings)
		set_marks(fd, o->settings);
	if (o->knock)
		sockopt_int(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
	if (!rarer_options(fd, to, o))
		return errno;
	if (o->interface.len && !sockopt_device(fd, o->interface))
		return errno;
	if (!o->src || o->src->family == AF_UNSPEC)
		return 0;
	if (o->transparent && !sockopt_transparent(fd, o->src->family))
		return errno;
	sockopt_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	sockopt_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	return bind(fd, (const struct sockaddr *)o->src,
		    o->src->family == AF_INET ? sizeof(o->src->in) : sizeof(o->src->in6))
		       ? errno
		       : 0;
}

static int connect_start(int fd, const union addr *to, socklen_t tolen, const struct connect_options *options)
{
	static const struct connect_options usual;
	int error = socket_prepare(fd, to, options ? options : &usual);

	if (error)
		return error;
	return connect(fd, (const struct sockaddr *)to, tolen) ? errno : 0;
}

int conn_connect_with(struct conn *c, struct worker *w, const union addr *to, socklen_t tolen,
		      const struct connect_options *options, void (*ready)(struct conn *, int))
{
	int fd = netns_socket(options ? options->netns : NULL, options ? options->namespace_ : STR_NONE,
			      to->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	conn_init(c, w, fd, ready);
	if (fd < 0)
		return errno;
	error = connect_start(fd, to, tolen, options);
	if (error && error != EINPROGRESS) {
		conn_close(c, false);
		return error;
	}
	if (error)
		c->flags |= CONN_CONNECTING;
	conn_want(c, EV_READ | EV_WRITE);
	return 0;
}

int conn_connect(struct conn *c, struct worker *w, const union addr *to, socklen_t tolen, const union addr *src,
		 void (*ready)(struct conn *, int))
{
	struct connect_options options = {.src = src};

	return conn_connect_with(c, w, to, tolen, &options, ready);
}

int conn_connect_result(struct conn *c, int revents)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (!(revents & EV_WRITE))
		return EINPROGRESS;
	if (revents & EV_READ && getsockopt(c->io.fd, SOL_SOCKET, SO_ERROR, &error, &len))
		error = errno;
	if (error) {
		c->error = (int16_t)error;
		c->flags |= CONN_ERROR;
	}
	c->flags &= (uint8_t)~CONN_CONNECTING;
	return error;
}
