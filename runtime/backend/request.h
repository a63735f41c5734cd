/* What the parts of a server request share: places at servers and queues (queue.c), idle connections (idle.c),
 * and the life of a request (connect.c). Worker thread of the request, unless said otherwise. */
#ifndef LB_BACKEND_REQUEST_H
#define LB_BACKEND_REQUEST_H

#include "runtime/backend/connect.h"
#include "runtime/core/process.h"

enum request_state {
	REQUEST_NONE,
	REQUEST_QUEUED,     /* waits for a place, or was granted one and does not know yet */
	REQUEST_CONNECTING, /* connect(2) under way */
	REQUEST_RESTING,    /* waits for the next try on the same server */
	REQUEST_BORROWING, /* asks another worker for an idle connection */
	REQUEST_SHEDDING, /* waits until idle connections of other workers are closed */
	REQUEST_REFUSED, /* connecting failed at once; the loop goes on from there */
	REQUEST_CONNECTED
};

enum { OWNER_LISTS = 256 };

/* Idle connections of one server on one worker. */
struct idle_slot {
	struct list conns; /* most recently used first */
	struct server *server;
	struct deadline purge;
	uint32_t n;
};

struct idle_table {
	struct idle_table *next;
	const struct generation *generation;
	uint32_t n, drop_at;
	struct idle_slot **slots; /* by server->index; NULL: it never had one */
};

/* worker->servers */
struct srv_desk {
	struct worker *worker;
	struct idle_table *tables;      /* one per generation */
	struct list owned[OWNER_LISTS]; /* idle connections that belong to a client session, by its address */
	uint32_t nidle;		   /* idle connections of all kinds */
	int fd_low, fd_high;		   /* idle.c: descriptors from which on fewer connections are kept */
	struct list h2;                 /* struct h2_back: connections that carry many requests */
	struct list active;             /* requests that hold a place */
	struct list borrows;            /* borrow.c: questions of this worker that are under way */
	ev_async wake;                  /* somebody was granted a place */
	pthread_mutex_t lock;           /* of `granted`; taken under an lb_lock or alone */
	struct list granted;            /* requests, in order */
};

static inline struct srv_desk *srv_desk_of(const struct worker *w)
{
	return w->servers;
}

/* What connected was judged by its stream; `retry-on` may leave out what did not, in every mode. */
static inline bool request_may_retry(const struct srv_request *r)
{
	return r->tries_left &&
	       (r->state == REQUEST_CONNECTED || r->backend->conf->retry_on & RETRY_ON_CONN_FAILURE);
}

/* --- queue.c: places and queues. */

/* How asking for a place ended. */
enum place { PLACE_TAKEN, PLACE_QUEUED, PLACE_NONE, PLACE_QUEUE_FULL };
/* Chooses a server and takes a place there (r->server, r->counted), or queues. r->balanced: balancing has chosen another server than
 * r->server was; the caller counts that, outside the lock. */
enum place place_take(struct srv_request *r);
/* Gives the place back, if it has one, and hands it on to whoever waits. */
void place_leave(struct srv_request *r);
/* Out of the queue, or gives back the place that was granted meanwhile. */
void place_forget(struct srv_request *r);
/* The time for queueing is over. False: it was granted a place in the last moment. */
bool place_give_up(struct srv_request *r);
/* Hands free places of a server to those who wait. w: the calling worker or NULL. Under lb_lock. */
void places_hand_out(struct worker *w, struct server *s);
/* Takes the next request of this worker that was granted a place, or (not `counted`) has lost the one that it waited for; NULL:
 * none. */
struct srv_request *place_granted(struct srv_desk *desk);
/* Sends those who wait in the server's own queue to balancing again (option redispatch). How many. Under
 * lb_lock. */
uint32_t queue_redistribute(struct worker *w, struct server *s);

/* --- idle.c */

/* An idle connection for the request, taken out; NULL: none that fits. */
struct srv_conn *idle_take(struct srv_request *r);
/* Keeps a connection whose request ends just now (its place is still counted), or closes it. */
void idle_keep(struct srv_conn *sc, const struct srv_request *r);
/* Was it told who the client is, or does it depend on that? */
bool srv_conn_is_private(const struct server_conf *conf);
/* Are there so few descriptors in use that this connection may wait idle? */
bool idle_is_affordable(const struct srv_desk *desk, const struct srv_conn *sc);
/* A new connection was opened although others are idle: with too many descriptors in use, one of those goes. */
void idle_make_room(struct worker *w, const struct srv_conn *sc);
/* Closes and frees. */
void srv_conn_free(struct srv_conn *sc);
/* Before a new connection to a server with maxconn: closes idle ones, on any worker, that would be too many with it. False: other
 * workers have not closed theirs yet. */
bool idle_shed(struct worker *w, struct server *s);
/* A server is gone. Does anything of this worker's connections point to it? Its empty lists go. Isolated
 * (core/isolation.h). */
bool idle_forget(struct worker *w, const struct server *s);
/* Closes this worker's idle connections of a server. */
void idle_close(struct worker *w, struct server *s);
/* The same on every worker of the process. Any worker. */
void idle_close_everywhere(struct worker *w, struct server *s);

/* Takes an idle connection that serves any request out of this worker's lists, so that another worker may have it; NULL: none fits.
 * proven: only one that was reused before. */
struct srv_conn *idle_part_with(struct worker *w, struct server *s, uint32_t sni_hash, bool proven);

/* --- connect_socks.c */

/* Has the relay on a connected socket open the way to r->server; request_relayed() or request_unrelayed() follow from the loop.
 * False: that cannot be asked for. */
bool request_relay(struct srv_request *r, struct srv_conn *sc);

/* --- connect_tls.c */

/* Which host name TLS asks r->server for. */
void request_name(struct srv_request *r);
/* What its server has to be spoken to in; MUX_AUTO: as the settings of the server have it. */
enum mux_proto request_proto(const struct srv_request *r);
/* r->past from a connection that the request lets go: `closes`, or it goes back to the idle ones. */
void request_past(struct srv_request *r, struct srv_conn *sc, bool closes);
/* Starts the handshake on a connected socket; request_secured() or request_insecure() follow from the loop. False: no memory. */
bool request_secure(struct srv_request *r, struct srv_conn *sc);

/* --- connect_dial.c */

/* Where a connection to r->server goes: address and port may follow those that the client connected to (manual,
 * "server": "address", "port"). False: it is not known. */
bool request_target(struct srv_request *r, union addr *to, socklen_t *len);
/* The address that the server is to see instead of ours (`usesrc`); false: none. */
bool request_spoof(struct srv_request *r, union addr *from);
/* Begins to connect to r->server; `ready` is told when that has ended, unless it has at once. 0 or an errno: there
 * is no socket then. */
int request_dial(struct srv_request *r, struct srv_conn *sc, void (*ready)(struct conn *, int));
/* The PROXY protocol, where the server wants it, comes first; it fits into any fresh socket. */
bool request_send_header(struct srv_request *r, struct srv_conn *sc);

/* --- connect.c */

/* From the loop, how the relay or the handshake came out: the request goes on with sc, or sc is freed and the next try begins. */
void request_relayed(struct srv_request *r, struct srv_conn *sc);
void request_unrelayed(struct srv_request *r, struct srv_conn *sc);
void request_secured(struct srv_request *r, struct srv_conn *sc);
void request_insecure(struct srv_request *r, struct srv_conn *sc);

/* Goes on with a request that has a place: reuses, connects or fails. */
enum srv_outcome request_open(struct srv_request *r);
/* Is this retry, counted from 1 in r->retries, one that goes to another server? (manual, "option redispatch") */
bool request_redispatch_is_due(const struct srv_request *r);
/* Tells every request that has a place at the server that it is over (srv_request.killed; 'K': an operator wants it), on all workers. Any worker. */
void requests_kill(struct worker *w, struct server *s, char cause);
/* What other workers had to say to a request that was REQUEST_BORROWING: an idle connection, taken out, or NULL. */
void request_lent(struct srv_request *r, struct srv_conn *sc);
/* Tells the requests of this worker which were granted a place. */
void requests_granted(struct srv_desk *desk);

#endif
