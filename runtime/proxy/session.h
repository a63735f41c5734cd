/* A session: one client connection of a frontend. It owns the connection and, while there is something to do, one stream. Idle between
 * two requests it holds no buffer, no stream and no scratch memory. Worker thread only. */
#ifndef LB_PROXY_SESSION_H
#define LB_PROXY_SESSION_H

#include "runtime/net/conn.h"
#include "runtime/net/listener.h"

struct stream;
struct proxy;
struct rule_settings;
struct h2_front;
struct fe_counters;

struct session {
	struct conn conn; /* first member: conn and session convert into each other */
	struct list node; /* worker->sessions_list */
	struct listener *listener;
	struct proxy *frontend;
	struct fe_counters *socket_counters; /* the listener's, for this worker; mostly NULL: nobody asked for them */
	struct generation *generation; /* pinned */
	struct stream *stream;	       /* NULL while idle */
	struct deadline deadline;
	struct buf in; /* bytes from the client; empty and without memory while idle */
	union addr src, dst;
	bool dst_known;
	uint32_t requests; /* begun on this connection */
	uint32_t handshake_ms; /* from accept to the end of the TLS handshake */
	struct timeval accept_date;
	uint64_t accepted, idle_since; /* worker->now; idle_since: end of the last response */
	struct eval_vars *vars;
	struct stick_track *track; /* stick/track.h; NULL: its rules track nothing */
	struct proxy_fields *pp; /* of a PROXY header that was received; ours, mostly NULL */
	uint8_t expects;	 /* headers before the first byte: EXPECT_ bits of session_proxy.h */
	struct rule_settings *settings; /* of tcp-request session rules; ours, mostly NULL */
	/* Of a stream in a multiplexed connection: the session of the connection, which outlives it. Else NULL. */
	struct session *parent;
	struct proxy *switched_to; /* the backend for whose mode a connection of mode tcp became HTTP; NULL: none */
	bool is_http;  /* mode http, or switched to it */
	bool prefers_last; /* a server knows it by its connection: requests go there */
	bool switched; /* was mode tcp before: its first request has been through content rules */
	struct server *attached; /* attach-srv: whose the connection becomes; NULL: it stays a client's */
	uint32_t attached_name;	 /* hash of the name that requests have to ask for; 0: none */
	struct h2_front *h2; /* proxy/http_h2.c: this connection carries streams; NULL: it does not */
};

/* listener->accept for proxies: makes the session, runs tcp-request connection and session rules, and starts mode tcp or http. */
void session_accept(struct worker *w, struct listener *l, int fd, const union addr *from);
/* Ends the session and everything it owns, a stream under way included (with cause `K` and the state it is in, unless it noted
 * others). Only from the loop's callbacks. */
void session_free(struct session *s);
/* Calls fn for the sessions of this worker, those of streams included, in the order in which they began. fn may end any of them: one that
 * carries streams takes these along, so that a list's next entry is nothing to hold on to. Those that begin meanwhile are left out. */
void sessions_each(struct worker *w, void (*fn)(struct session *s, void *arg), void *arg);
/* For one stream of a multiplexed connection: a session that shares with `parent` what rules see of the connection, on a
 * connection without socket. Not counted by the listener. NULL: no memory. */
struct session *session_child(struct session *parent);
/* The session of the client's connection. */
static inline struct session *session_root(struct session *s)
{
	return s->parent ? s->parent : s;
}
/* Fills `e` for evaluating at a place (AT() bit) what concerns the connection alone. */
void session_eval(struct session *s, struct eval *e, uint32_t place, struct scratch *scratch);
/* The address the client connected to. Asks the system only where the listener's own address does not tell. */
const union addr *session_dst(struct session *s);
static inline struct session *session_of(struct conn *c)
{
	return (struct session *)c;
}

/* Entry points of the two protocols: called when the session begins. They set conn.ready and the deadline's function, and decide what is watched.
 * May end the session. */
void tcp_session_begin(struct session *s);
void http_session_begin(struct session *s);
/* The same for one that began in mode tcp and has bytes perhaps. proto: "h1", "h2", or empty for either. */
void http_session_switch(struct session *s, struct str proto);
/* The stream of a session_child(), whose connection has a request. May end it. */
void http_session_begin_stream(struct session *s);
/* Soft stop: an idle HTTP session closes, others finish their stream and then close. */
void session_soft_stop(struct session *s);
/* For that: called on every HTTP session of a stopping worker; may free it. */
void http_session_soft_stop(struct session *s);

#endif
