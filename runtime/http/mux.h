/* The seam between streams and the version of HTTP that a connection speaks. A connection that carries one
 * message after the other, as in HTTP/1, has no mux (conn.mux is NULL): heads, chunks and trailers are bytes of
 * its buffer, read and written by http/h1_*.c. A stream of a multiplexed connection looks like a connection too
 * (struct conn without a socket), but its transport carries the bytes of bodies only, unframed; everything else
 * passes through these functions, as version-neutral messages. So rules, bodies, time-outs, servers and logs
 * are the same for both. Each function may be called on the worker of the connection only, none calls back:
 * what follows is told by conn.ready(), from the loop. */
#ifndef LB_HTTP_MUX_H
#define LB_HTTP_MUX_H

#include "runtime/http/h1_parse.h"
#include "runtime/net/conn.h"

struct mux_ops {
	uint8_t version; /* of struct http_msg */
	/* The next head of the peer's message; interim ones come one by one. H1_DONE: *m is filled, its memory
	 * lives as long as the connection; m->body is HTTP_BODY_CHUNKED where the end is known by end() alone.
	 * H1_MORE: not yet. H1_BAD: never, the stream is broken. */
	enum h1_result (*head)(struct conn *c, struct http_msg *m);
	/* Is the peer's message complete and all of its body read? */
	bool (*ended)(const struct conn *c);
	/* Its trailer section, once it has ended; NULL: none. */
	struct http_msg *(*trailers)(struct conn *c);
	/* Sends a head; last: no body and no trailers follow. Fields that belong to HTTP/1 alone stay behind.
	 * False: no memory, or it cannot be said in this version. */
	bool (*send_head)(struct conn *c, struct http_msg *m, bool last);
	/* The message that was begun is complete behind what was sent, with trailers or (NULL) without. Once.
	 */
	void (*end)(struct conn *c, struct http_msg *trailers);
	/* A peer that has refused the stream untouched: the same request may be sent again, whatever its
	 * method. */
	bool (*refused)(const struct conn *c);
	/* For fetches; -1: not known. */
	int64_t (*ask)(const struct conn *c, enum eval_mux what);
	/* The socket below, for addresses and options. */
	struct conn *(*carrier)(const struct conn *c);
};

/* The connection that has the socket. */
static inline struct conn *conn_carrier(struct conn *c)
{
	return c->mux ? c->mux->carrier(c) : c;
}

#endif
