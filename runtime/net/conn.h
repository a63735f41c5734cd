/* A connection: a non-blocking socket in a worker's loop with a transport above it (raw now, TLS later). conn_*
 * functions return what happened and never call back; only the loop calls `ready`, and only there may the owner
 * destroy the connection. */
#ifndef LB_NET_CONN_H
#define LB_NET_CONN_H

#include <ev.h>
#include <sys/uio.h>

#include "runtime/core/worker.h"
#include "runtime/eval/settings.h"

enum conn_flags {
	CONN_EOF = 1,        /* the peer has shut down its sending side, all read */
	CONN_ERROR = 2,      /* broken: conn.error tells why */
	CONN_WR_SHUT = 4,    /* we have shut down our sending side */
	CONN_CONNECTING = 8, /* connect() under way */
	CONN_HUP = 16,
	CONN_RESET = 32, /* whenever it is closed, the peer gets an RST */
	CONN_PENDING =
		64, /* the transport holds bytes that the socket will not tell of: see struct transport */
};

struct conn;
struct mux_ops;
struct netns_list;

/* What a transport does. Results: bytes, 0 only for a request of 0 bytes or end of input (CONN_EOF set), -1
 * with errno EAGAIN or CONN_ERROR set.
 * Sockets are level-triggered, a transport with bytes of its own is not: after a recv that leaves some behind
 * it sets CONN_PENDING and feeds the loop an EV_READ, and conn_want(EV_READ) does so too while the flag is set.
 * So `ready` is called for them as if they were in the socket; an owner that does not read when told so takes
 * EV_READ out of what it wants, as always. */
struct transport {
	ssize_t (*recv)(struct conn *c, void *data, size_t size);
	ssize_t (*sendv)(struct conn *c, const struct iovec *iov, int n, bool more);
	void (*shut)(struct conn *c); /* sending side */
	void (*close)(struct conn *c);
	void (*want)(struct conn *c,
		     int events); /* NULL, or called for a connection without socket when `wants` changed */
	struct str (*alpn)(const struct conn *c); /* NULL: knows no protocols */
	void (*moved)(struct conn *c);		  /* NULL, or called when it has become the one of this connection */
	bool splice;                              /* the socket carries the bytes themselves */
};
extern const struct transport transport_raw;

struct conn {
	ev_io io; /* io.fd is the socket, -1 when closed */
	struct worker *worker;
	const struct transport *transport;
	void (*ready)(struct conn *c, int revents); /* EV_READ | EV_WRITE */
	void *transport_state;                      /* TLS */
	const struct mux_ops *mux; /* http/mux.h: a stream of a multiplexed connection; else NULL */
	uint32_t glitches;	   /* oddities of the peer that were accepted, of HTTP/1 */
	int16_t error;             /* errno of CONN_ERROR */
	uint8_t flags;
	uint8_t wants; /* EV_READ | EV_WRITE being watched */
};

/* The protocol that was negotiated (RFC 7301): "h2", "http/1.1"; empty when none was. Lives as long as the
 * connection. */
static inline struct str conn_alpn(const struct conn *c)
{
	return c->transport->alpn ? c->transport->alpn(c) : STR_NONE;
}

/* Takes over a non-blocking socket; nothing is watched yet. */
void conn_init(struct conn *c, struct worker *w, int fd, void (*ready)(struct conn *, int));
/* Which events are watched from now on; costs nothing when nothing changes. */
void conn_want(struct conn *c, int events);
/* It belongs to another worker from now on. Nothing is watched: the old one has called conn_want(c, 0), and does not touch it
 * any more. On the new one. */
void conn_move(struct conn *c, struct worker *to);
/* The socket and what stands above it become those of `to`, which is as after conn_init(); `from` has none any more. */
void conn_hand_over(struct conn *from, struct conn *to, void (*ready)(struct conn *, int));
/* Calls `ready` as if there were something to read, still in this turn of the loop and before the kernel is told of the
 * connection: for new ones, whose first bytes mostly are there. Who finds nothing has to want EV_READ. */
void conn_try(struct conn *c);
/* Reads into the free room of a buffer (taken from the pool when it has none). Bytes, 0: end of input, -1:
 * nothing now (EAGAIN), no memory (ENOMEM) or CONN_ERROR. One recv(2), no speculative second one. */
ssize_t conn_recv(struct conn *c, struct buf *b);
/* Sends from the pieces; bytes sent (maybe fewer than asked) or -1. more: MSG_MORE. */
ssize_t conn_sendv(struct conn *c, const struct iovec *iov, int n, bool more);
/* Sends what a buffer holds and consumes it. Bytes or -1. */
ssize_t conn_send(struct conn *c, struct buf *b, bool more);
/* For transports: takes errno of a failed call; sets CONN_ERROR unless it was EAGAIN or EINTR (errno EAGAIN
 * then). Always -1. */
ssize_t conn_failed(struct conn *c);
/* Half-close of our sending side. */
void conn_shut(struct conn *c);
/* Stops watching and closes; harmless when closed. `reset`: the peer gets an RST. */
void conn_close(struct conn *c, bool reset);
/* Closes so that the peer hears nothing at all, as far as we are allowed to (action silent-drop). */
void conn_drop(struct conn *c);
/* How to connect. Zeroes are the usual way. */
struct connect_options {
	const union addr *src;   /* local address to come from, its port 0 for any; NULL: the system's choice */
	uint32_t rcvbuf, sndbuf; /* of the socket; 0: the system's */
	uint32_t notsent_lowat;	 /* bytes (tcp(7)); 0: the system's */
	uint32_t user_timeout;   /* ms for which data may stay unacknowledged (tcp(7): TCP_USER_TIMEOUT); 0: the system's */
	const struct keepalive_conf *keepalive; /* NULL: no probes */
	const struct rule_settings *settings;   /* marks of packets, or NULL */
	/* To know only whether somebody listens: the last packet of the handshake is held back, so that a reset
	 * right after success leaves nothing for the server to accept (tcp(7): TCP_QUICKACK). */
	bool knock;
	bool transparent;     /* `src` need not be an address of this machine (ip(7): IP_TRANSPARENT) */
	struct str interface; /* to leave by, or empty (socket(7): SO_BINDTODEVICE) */
	struct str congestion, md5sig; /* tcp(7): TCP_CONGESTION, TCP_MD5SIG; empty: none */
	bool fast_open; /* tcp(7): TCP_FASTOPEN_CONNECT */
	const struct netns_list *netns; /* net/netns.h: of the generation */
	struct str namespace_;		/* to connect from, or empty */
};
/* Has silent connections of this socket probed, and of those that it will accept. */
void conn_keepalive(int fd, const struct keepalive_conf *conf);
/* Starts a non-blocking connect; 0: under way (CONN_CONNECTING) or done, else errno. Watches for EV_READ |
 * EV_WRITE, also when done at once (unix sockets). options: NULL for the usual way. */
int conn_connect_with(struct conn *c, struct worker *w, const union addr *to, socklen_t tolen,
		      const struct connect_options *options, void (*ready)(struct conn *, int));
/* The same with a source address or NULL. */
int conn_connect(struct conn *c, struct worker *w, const union addr *to, socklen_t tolen, const union addr *src,
		 void (*ready)(struct conn *, int));
/* When ready() is called during CONN_CONNECTING: 0 connected, EINPROGRESS, or the error. `revents` of the call:
 * EV_WRITE alone means success without asking the system, because errors come with EV_READ. */
int conn_connect_result(struct conn *c, int revents);

#endif
