/* One direction of an exchange in mode http: a body on its way from the buffer of one connection to the other
 * one. Belongs to its stream; worker thread only. */
#ifndef LB_PROXY_HTTP_FLOW_H
#define LB_PROXY_HTTP_FLOW_H

#include "runtime/http/compress.h"
#include "runtime/http/h1_chunk.h"
#include "runtime/http/h1_write.h"
#include "runtime/http/mux.h"
#include "runtime/net/splice.h"
#include "runtime/proxy/bandwidth.h"

struct http_stream;

enum flow_state { FLOW_NONE, FLOW_BODY, FLOW_TRAILERS, FLOW_DONE };
enum flow_result {
	FLOW_HUNGRY,  /* all at hand is sent, more is to come */
	FLOW_BLOCKED, /* `to` takes no more now, or a limit lets nothing pass */
	FLOW_SENT,    /* the message is complete and sent */
	FLOW_BROKEN,  /* `to` is broken */
	FLOW_BAD,     /* the body's coding is */
	FLOW_CUT,     /* `from` has ended before the message */
	FLOW_MEMORY,
};

/* One direction: a message's body out of `buf`, behind its head, into the queue `out`. */
struct http_flow {
	struct conn *from, *to; /* the server's side is NULL while there is none */
	struct buf *buf;
	struct pipe *pipe; /* bulk moves through it */
	struct h1_out *out;
	struct http_cache *tap;	   /* gets the body too, as it came; NULL: nobody does */
	struct compress *compress; /* the body goes out compressed; owned. NULL: as it is */
	struct bandwidth *limits; /* NULL: none */
	uint64_t paced_until;	  /* worker->now when a limit lets something pass again; 0: nothing waits for that */
	struct http_msg *trailers;
	uint64_t left;       /* bytes of the body that are to come, for HTTP_BODY_LENGTH */
	uint64_t *bytes, *sent; /* counts of the log record: what has come in, what has gone out */
	uint32_t most;       /* bytes that may be taken at once; a limit sets it */
	uint32_t taken;      /* bytes of buf that are queued or sent and still lie there */
	uint8_t state, body; /* enum flow_state, http_body */
	uint8_t full_reads;  /* reads in a row that filled the buffer */
	bool recode;         /* a rule took the length away: the body goes out in chunks */
	bool bare;           /* of a status that may not tell how its body is framed: chunks go out without frames */
	bool pieces;         /* `compress` has put some into the queue */
	bool independent;    /* option independent-streams: what `to` takes is no sign of life, and counts by itself */
	uint64_t wrote;	     /* then: worker->now when it took something last */
	bool blocked;        /* until EV_WRITE of `to` */
	bool keep;           /* what is sent stays in buf until the stream ends: it may have to be sent again */
	bool bad;            /* a mistake was found in the coding: nothing more is taken */
	bool shut;           /* `to` was told of the end */
	bool told;           /* the mux of `to` was told that the message is complete */
	struct h1_chunks chunks;
	struct h1_parser parser; /* head, then trailer section */
};

/* http_request.c. What was odd about a head that has come on that connection counts against it. True: it was too much, it ends now. */
bool http_glitches(struct http_stream *hs, struct http_msg *m, struct conn *c);
/* All of it is zero before. */
void http_flow_init(struct http_flow *f, struct conn *from, struct conn *to, struct buf *buf, uint64_t *bytes, uint64_t *sent);
/* The queue, made when it is first needed; NULL: no memory. */
struct h1_out *http_flow_out(struct http_stream *hs, struct http_flow *f);
/* Did rules take the length of this body away, so that it would look like the next message? From HTTP/1.1 on it goes out in chunks then;
 * older messages know none: the connection ends with them (RFC 9112 section 6.3). */
bool http_lacks_framing(const struct http_flow *f, struct http_msg *m);
/* Sends or queues a head in the version of `to`, and all that is to be said there of the framing of what follows; `last`:
 * nothing. `connection`: as in h1_write_head(). False: no memory. */
bool http_flow_head(struct http_stream *hs, struct http_flow *f, struct http_msg *m, struct str connection,
		    bool last);
/* How the body goes on behind a head that was queued: `taken` bytes of buf are the head's. */
void http_flow_body(struct http_flow *f, const struct http_msg *m);
/* Mistakes that are to be seen in the bytes behind a head. */
bool http_flow_is_bad(struct http_stream *hs, const struct http_flow *f, const char *data, uint32_t len);
enum flow_result http_flow_run(struct http_stream *hs, struct http_flow *f);
/* Takes what is at hand of the body and drops it. */
void http_flow_drain(struct http_stream *hs, struct http_flow *f);
/* Reads once; results as conn_recv(). */
ssize_t http_flow_read(struct http_flow *f);
/* Bulk that does not go through a pipe: the last reads filled the buffer, and what they brought is sent. So there
 * is more to read, most likely. */
bool http_flow_goes_on(const struct http_flow *f);
void http_flow_drop(struct http_flow *f, struct worker *w);

#endif
