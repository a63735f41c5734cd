/* Mode tcp: one stream per session, two flows, one for each direction. Files: tcp_stream.c (events, ends),
 * tcp_flow.c (moving bytes), tcp_rules.c (content rules, choice of the backend), tcp_timer.c (inactivity).
 * Worker thread only. */
#ifndef LB_PROXY_TCP_STREAM_H
#define LB_PROXY_TCP_STREAM_H

#include "runtime/net/splice.h"
#include "runtime/proxy/bandwidth.h"
#include "runtime/proxy/stream.h"

enum tcp_state {
	TCP_REQ_RULES, /* tcp-request content: frontend, then backend */
	TCP_CONNECT,   /* waiting for a server */
	TCP_RES_RULES, /* tcp-response content: what the server says is held back */
	TCP_OPEN,
};

/* One direction. Bytes at hand are in the buffer or in the pipe, never in both. */
struct tcp_flow {
	struct conn *from, *to; /* the server's side is NULL while not connected */
	struct buf *buf;
	struct pipe *pipe;         /* NULL: copying */
	uint64_t *bytes;           /* count of the log record */
	struct bandwidth *limits; /* NULL: none */
	uint64_t paced_until;	  /* PAUSE_RATE: when a limit lets something pass again */
	uint64_t *to_seen; /* last activity of `to`; with option independent-streams `wrote` */
	uint64_t wrote;	   /* when `to` took something last */
	uint8_t paused;    /* enum pause_reason bits: why nothing is read */
	uint8_t full_reads;        /* reads in a row that filled the buffer: it is bulk */
	uint8_t thin_fills;        /* fills of the pipe in a row that were small: it is not */
	bool splice, splice_eager; /* allowed; without waiting for bulk */
	bool eof;                  /* `from` has ended and all was read */
	bool shut;                 /* `to` was told so */
	bool held;                 /* rules look at the bytes: nothing is sent on */
};

struct tcp_stream {
	struct stream s;                   /* first member: stream and tcp_stream convert into each other */
	struct tcp_flow up, down;          /* client to server, server to client */
	struct buf in;                     /* bytes from the server */
	uint64_t client_seen, server_seen; /* worker->now of the last activity on that side */
	uint64_t inspect_until;            /* content rules may wait until then; 0: not set yet */
	uint32_t rule;                     /* at which the list goes on */
	uint8_t state;                     /* enum tcp_state */
	bool backend_rules;                /* TCP_REQ_RULES: the frontend's are done */
	bool contstats; /* option contstats: bytes are counted as they pass */
	bool requested;                    /* a server was asked for, srv_request.done will be called */
	uint8_t timer_shape;               /* what the timers depended on when the deadline was set */
};

enum tcp_next { TCP_GO_ON, TCP_WAIT, TCP_END, TCP_SWITCH /* it goes on in mode http */ };

static inline struct tcp_stream *tcp_stream_of(struct session *s)
{
	return (struct tcp_stream *)s->stream;
}

/* tcp_flow.c. Reads once; false: `from` is broken (or memory is out). */
bool tcp_flow_read(struct tcp_flow *f);
/* Sends what is at hand, once, and passes the end on when nothing is left (not when the other flow is through: `last`). False: `to` is broken. */
bool tcp_flow_write(struct tcp_flow *f, bool last);
static inline bool tcp_flow_pending(const struct tcp_flow *f)
{
	return f->buf->len || (f->pipe && f->pipe->len);
}
/* Its bytes wait for `to`, not for a limit. */
static inline bool tcp_flow_wants_room(const struct tcp_flow *f)
{
	return tcp_flow_pending(f) && !f->held && !(f->paused & PAUSE_RATE);
}
/* The short way after a read, for a flow that is open at both ends: sends everything on, so that nothing else has changed. False:
 * more has to be looked at, perhaps with bytes left. */
bool tcp_flow_forward(struct tcp_flow *f);
/* Gives buffer and pipe back. */
void tcp_flow_drop(struct tcp_flow *f, struct worker *w);

/* tcp_stream.c. The name that its content rules wait for is known, or will not be. Called by the loop; may end the session. */
void tcp_stream_resolved(struct tcp_stream *t);

/* tcp_rules.c. Content rules from where they stand, then backend and server request settings. TCP_END:
 * stream_end() was called. */
enum tcp_next tcp_rules_request(struct tcp_stream *t);
enum tcp_next tcp_rules_response(struct tcp_stream *t);
/* Rules have let the response pass, or there are none: stores what `stick` rules want. */
void tcp_rules_stick(struct tcp_stream *t);
/* While the request rules wait: has `timeout client` come before the end of the inspect delay? Notes it. */
bool tcp_rules_client_silent(struct tcp_stream *t);
/* The client is gone while they wait: chooses the backend for the log and the counts. */
void tcp_rules_give_up(struct tcp_stream *t);
/* While rules wait: has the session's deadline come no later than the end of the inspect delay. */
void tcp_rules_arm(struct tcp_stream *t);

/* tcp_timer.c. Arms the session's deadline if something may expire earlier than it. */
void tcp_timer_update(struct tcp_stream *t);
/* What has expired, noted with stream_end(): true, or nothing has and the deadline is set anew. */
bool tcp_timer_expired(struct tcp_stream *t);

/* While a server is being found: a client that has not sent a byte may run out of time meanwhile (one that has may not). Notes it and says
 * true, or arms the deadline for it. */
bool tcp_timer_connecting(struct tcp_stream *t);

#endif
