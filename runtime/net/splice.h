/* Moving bytes from socket to socket inside the kernel through a pipe (splice(2)). Pipes are expensive to make,
 * so that each worker keeps a few spare ones. Worker thread only. */
#ifndef LB_NET_SPLICE_H
#define LB_NET_SPLICE_H

#include "runtime/net/conn.h"

struct pipe {
	struct pipe *next;
	int rd, wr;
	uint32_t len; /* bytes inside */
	bool blocked; /* full although len is small: many small segments */
};

/* NULL: no descriptors or memory, or too many pipes in use: the caller copies instead. */
struct pipe *pipe_get(struct worker *w);
/* Gives it back; one with bytes inside is closed. */
void pipe_put(struct worker *w, struct pipe *p);
/* From the connection into the pipe, up to `max`. Results as conn_recv(); EAGAIN also when the pipe is full
 * (p->blocked). */
ssize_t pipe_fill(struct pipe *p, struct conn *from, size_t max);
/* Out of the pipe to the connection. Results as conn_sendv(). */
ssize_t pipe_drain(struct pipe *p, struct conn *to, bool more);
void pipes_free(struct worker *w);
/* Of all workers, which go on meanwhile: pipes in use and spare ones, bytes that went out of pipes. Any thread. */
struct pipes_figures {
	uint32_t used, spare;
	uint64_t drained;
};
void pipes_figures(const struct process *p, struct pipes_figures *f);
/* `maxpipes`; when it is not set, what HAProxy makes of `maxconn` where a proxy has one of the splice options. */
uint32_t pipes_limit(const struct process *p);

#endif
