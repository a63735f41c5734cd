/* HTTP/2 (RFC 9113) by nghttp2: one h2_conn per socket, on either side, with its h2_streams. nghttp2 does
 * frames, HPACK, flow control and the rules of the protocol; here its events become what conn.h and mux.h
 * promise. Bytes that arrive are handed to nghttp2 at once and only marks are left; streams are told, and what
 * is to be sent is written, by the desk of the worker before the loop waits again. So nothing is called from
 * within nghttp2 and streams of one connection share system calls. An h2_conn belongs to its owner
 * (proxy/http_h2.c, backend/h2_server.c), a stream to its connection; the stream's struct conn belongs to its
 * user. Worker thread only. */
#ifndef LB_HTTP_H2_H
#define LB_HTTP_H2_H

#include <nghttp2/nghttp2.h>

#include "grammar/base/list.h"
#include "runtime/http/mux.h"

struct h2_conn;
struct h2_stream;

/* What its owner is told, from the desk. */
struct h2_owner {
	/* A request has come: h2_stream_attach() it, or h2_stream_refuse(). */
	void (*opened)(struct h2_conn *h, struct h2_stream *st);
	/* Something has changed: streams have come or gone, there were bad requests, the connection is dead. May free it. */
	void (*changed)(struct h2_conn *h);
};

struct h2_settings { /* of ours */
	uint32_t header_table_size, initial_window, max_streams, max_frame, max_total_streams;
	uint32_t head_size, max_hdrs; /* limits of a head: tune.bufsize - tune.maxrewrite, tune.http.maxhdr */
	uint32_t glitches_threshold, glitches_cpu;
	uint32_t max_frames_at_once, max_rst_at_once; /* 0: no limit */
	uint32_t rxbuf; /* what windows of streams may grow by, all together */
};

/* Order of the counters h2_* of a frontend or backend (stats/counters.def). */
enum h2_count {
	H2_HEADERS_RCVD,
	H2_DATA_RCVD,
	H2_SETTINGS_RCVD,
	H2_RST_RCVD,
	H2_GOAWAY_RCVD,
	H2_CONN_ERRORS,
	H2_STREAM_ERRORS,
	H2_RST_SENT,
	H2_GOAWAY_SENT,
	H2_OPEN_CONNS,
	H2_OPEN_STREAMS,
	H2_TOTAL_CONNS,
	H2_TOTAL_STREAMS,
};

struct h2_conn {
	nghttp2_session *ng;
	struct conn *carrier; /* the socket, the owner's */
	const struct h2_owner *owner;
	void *user; /* the owner's */
	struct h2_settings settings;
	uint64_t *counts; /* of this worker, by enum h2_count */
	struct list streams;
	struct list dirty; /* in the desk: something is to be sent, or told to the owner */
	struct buf out;
	uint32_t nstreams;  /* in `streams` */
	uint32_t nattached; /* of those, with a user */
	uint32_t total;     /* streams ever opened */
	uint32_t glitches, bad; /* bad: requests that were none, since the owner was told */
	uint32_t granted; /* of settings.rxbuf */
	struct h2_turn *turn; /* h2_turn.c; NULL: any number of frames in a row */
	uint8_t preface_in, preface_out; /* h2_conn_reverse(): what is to come of the preface, and to be kept back */
	uint64_t active; /* worker->now of the last byte in or out */
	bool server;     /* requests come from the peer */
	bool dead;       /* no bytes in either direction any more */
	bool blocked;    /* until EV_WRITE of the carrier */
	bool draining;   /* a GOAWAY was sent or received: no new streams */
	bool settled;    /* the peer's settings are known */
	bool opened;     /* the window of the connection is wide */
	bool pinging;	 /* the peer was asked whether it is there, and has not answered */
	bool broken;	 /* the peer has violated the protocol: the connection ends */
	bool bad_client; /* tunnels are not offered (h2-workaround-bogus-websocket-clients) */
};

/* A complete head that its user has not taken yet. */
struct h2_head {
	struct h2_head *next;
	struct http_msg msg;
	struct str method, scheme, authority, path, protocol;
	uint32_t counted;
	bool regular, refused; /* a field that is no pseudo-header field has come; complete, but no request for anybody: 400 */
};

struct h2_piece;

struct h2_stream {
	struct h2_conn *h2;
	struct conn *conn; /* of its user; NULL before and after */
	struct list node;  /* h2->streams */
	struct list ready; /* in the desk: its user is to be told */
	struct scratch scratch;
	struct h2_head *heads;  /* complete, in order */
	struct h2_head *coming; /* being received */
	struct http_msg *trailers;
	struct h2_piece *rx, *rx_last; /* body, not read yet */
	struct buf tx;                 /* body, not framed yet */
	struct http_msg *tx_trailers;  /* in `scratch` */
	struct str ws_key;             /* server side of a websocket over HTTP/1 and the other way round */
	int32_t id;
	uint32_t granted;  /* of h2->granted */
	uint64_t rx_left;  /* of the announced body, what has to come; UINT64_MAX: not announced */
	bool malformed;    /* whatever nghttp2 says of it */
	bool bodiless;     /* the response to a HEAD */
	uint32_t error;    /* of RST_STREAM or of the connection */
	bool has_final;    /* the head of the message itself has come: another one is trailers */
	bool rx_end;       /* the peer's message is complete */
	bool rx_told;      /* its user knows of the end */
	bool tx_begun;     /* our final head is out */
	bool tx_end;       /* what is in tx is all */
	bool tx_full;      /* its user waits for room */
	bool deferred;     /* nghttp2 waits for data */
	bool closed;       /* nghttp2 does not know it any more */
	bool failed;       /* `closed` too early: conn.flags has CONN_ERROR */
	bool refused_here; /* was not looked at by the peer */
	bool tunnel;       /* CONNECT: the ends of bodies are those of directions */
	bool websocket;    /* extended CONNECT (RFC 8441), a GET with Upgrade to its user */
	bool told_new;     /* owner->opened was called */
};

/* h2_conn.c. Begins on a connected carrier; the caller sets carrier->ready, whose function calls
 * h2_conn_ready(). NULL: no memory. */
struct h2_conn *h2_conn_new(struct conn *carrier, bool server, const struct h2_settings *settings,
			    const struct h2_owner *owner, void *user, uint64_t *counts);
/* A new one, on a connection that its peer has opened as a client and now serves: the preface is theirs, not ours. */
void h2_conn_reverse(struct h2_conn *h);
static inline void h2_conn_count(struct h2_conn *h, enum h2_count what)
{
	h->counts[what]++;
}
/* One less of what is open; `clear counters` may have come between. */
static inline void h2_conn_uncount(struct h2_conn *h, enum h2_count what)
{
	h->counts[what] -= h->counts[what] > 0;
}
/* Closes nothing; streams that still have users lose them (their conns are broken from then on). */
void h2_conn_free(struct h2_conn **h);
/* Bytes of the peer that somebody else has read; for carrier->ready. */
void h2_conn_feed(struct h2_conn *h, const void *data, size_t len);
void h2_conn_ready(struct h2_conn *h, int revents);
/* Nothing more goes in or out; streams are told. */
void h2_conn_kill(struct h2_conn *h);
/* GOAWAY: streams that are open go on. */
void h2_conn_shutdown(struct h2_conn *h, uint32_t code);
/* Asks the peer whether it is there (manual 3.4, "idle-ping"). False: it has not answered the last time. */
bool h2_conn_ping(struct h2_conn *h);
/* Sends what is to be sent. By the desk. */
void h2_conn_flush(struct h2_conn *h);
/* One oddity more; too many end the connection (manual, tune.h2.fe.glitches-threshold). */
void h2_conn_glitch(struct h2_conn *h);
/* May another stream be opened from here? */
bool h2_conn_has_room(const struct h2_conn *h);

/* h2_stream.c. A stream for the peer's request (id > 0) or ours (0: its id comes with the head). NULL: no
 * memory. */
struct h2_stream *h2_stream_new(struct h2_conn *h, int32_t id);
void h2_stream_free(struct h2_stream *st);
/* Makes `c` the connection of this stream's user. */
void h2_stream_attach(struct h2_stream *st, struct conn *c, void (*ready)(struct conn *, int));
void h2_stream_refuse(struct h2_stream *st, uint32_t code);
/* Bytes of a body. False: no memory. */
bool h2_stream_take(struct h2_stream *st, const uint8_t *data, size_t len);
/* Something has happened that its user may want to know of. */
void h2_stream_wake(struct h2_stream *st);
/* nghttp2 has closed it. */
void h2_stream_closed(struct h2_stream *st, uint32_t code);
/* By the desk: tells its user. */
void h2_stream_tell(struct h2_stream *st);
static inline struct h2_stream *h2_stream_of(const struct conn *c)
{
	return c->transport_state;
}
bool conn_is_h2(const struct conn *c);
ssize_t h2_stream_data(nghttp2_session *ng, int32_t id, uint8_t *buf, size_t length, uint32_t *flags,
		       nghttp2_data_source *source, void *user);

/* h2_head.c */
struct h2_head *h2_head_new(struct h2_stream *st);
/* One field. False: the stream is to be reset. */
bool h2_head_field(struct h2_stream *st, struct str name, struct str value);
/* The head is complete: checks it and makes the message of it. False: the stream is to be reset. */
bool h2_head_done(struct h2_stream *st, bool last);
bool h2_head_submit(struct h2_stream *st, struct http_msg *m, bool last);
void h2_trailers_submit(struct h2_stream *st, struct http_msg *m);

/* h2_desk.c: one per worker. */
struct h2_desk;
/* NULL: no memory. */
struct h2_desk *h2_desk_get(struct worker *w);
void h2_desk_free(struct worker *w);
void h2_desk_dirty(struct h2_conn *h);
void h2_desk_ready(struct h2_stream *st);
nghttp2_session_callbacks *h2_desk_callbacks(struct worker *w);
nghttp2_mem *h2_desk_mem(struct worker *w);
/* Of streams. */
struct pool *h2_desk_pool(struct worker *w);

#endif
