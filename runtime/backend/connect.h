/* From "this stream needs a server" to an open connection: pick, queue, reuse an idle connection or connect,
 * retry, redispatch. The struct is embedded in the stream; one request at a time. Worker thread of the stream
 * only (other workers wake it by mailbox). */
#ifndef LB_BACKEND_CONNECT_H
#define LB_BACKEND_CONNECT_H

#include "runtime/backend/server.h"
#include "runtime/backend/socks.h"
#include "runtime/eval/settings.h"
#include "runtime/net/conn.h"

enum srv_outcome {
	SRV_PENDING,         /* `done` will be called from the loop, never from within srv_request_start() */
	SRV_CONNECTED,       /* request->conn is ours and connected */
	SRV_NO_SERVER,       /* none usable: 503, SC */
	SRV_QUEUE_TIMEOUT,   /* 503, sQ */
	SRV_QUEUE_FULL,      /* 503, SQ */
	SRV_CONNECT_FAILED,  /* after all retries: 503, SC */
	SRV_CONNECT_TIMEOUT, /* 503, sC */
	SRV_RESOURCES,       /* no memory, descriptors or ports: 503, RC */
	SRV_INTERNAL,        /* TLS cannot begin, or there is too much of it (maxsslconn): 500, IC */
	SRV_REDIRECTED,      /* `redirects` was set, and the server is one with `redir`: 302, LC */
};

/* A connection to a server, in use by one stream or idle. */
struct srv_conn {
	struct conn conn;
	struct server *server;
	struct srv_request
		*user; /* whose it is while in use; NULL while idle. conn.ready belongs to the user then */
	void *owner;   /* kept only for requests of this owner (http-reuse never), or NULL */
	struct list idle_node;
	uint64_t idle_since;
	uint32_t requests; /* how many it has carried */
	uint32_t sni_hash; /* of the host name that TLS asked for, or pool-conn-name, and the address that it pretends to be: others
			      do not share it */
	struct socks socks; /* the relay's answer, before it is in use */
	bool bound; /* the server knows the client by this connection (NTLM): as with http-reuse never */
	bool fresh; /* this is its first use: a failure is the server's, not a race with its keep-alive timeout
		     */
};

struct scratch;
struct conn_past;

struct srv_request {
	struct worker *worker;
	struct proxy *backend;
	struct server *server; /* in: preferred (cookie, use-server, stick) or NULL; out: the one chosen, kept
				  after failure for the log */
	bool forced;           /* in: only this server (`option persist`, force-persist) */
	uint32_t owner_max;    /* in: how many idle connections may stay with the owner */
	void *owner;   /* in: the client session, only compared: with http-reuse never its connections stay with
			  it */
	bool reuse_ok; /* in: an idle connection may be taken (http-reuse and the stream's own rules) */
	bool has_key;
	uint32_t key;             /* in: hash for source, uri, hdr ... balancing */
	const union addr *client; /* in: for balance source and send-proxy */
	/* in: the address that the client connected to, NULL when unknown; asked for only where a server needs it
	 * (send-proxy, ports relative to it). NULL: unknown */
	const union addr *(*client_dst)(struct srv_request *r);
	/* in: the host name for TLS with r->server; lives as long as the request. NULL: none */
	struct str (*sni)(struct srv_request *r);
	/* in: the value of pool-conn-name for r->server. NULL: never */
	struct str (*pool_name)(struct srv_request *r);
	/* in: the value of an address expression (usesrc hdr_ip) for r->server; false: it has none. NULL: never */
	bool (*spoofed)(struct srv_request *r, const struct sample_expr *expr, union addr *out);
	const struct bind_conf *bind;  /* in: where the client came in, or NULL */
	const struct conn *client_tls; /* in: the client's connection when it has TLS, or NULL */
	/* in: fields of a PROXY header of version 2 for this server, at most `cap` bytes; how many. NULL: none */
	size_t (*proxy_fields)(struct srv_request *r, char *out, size_t cap);
	bool websocket;	   /* in: asks for one (manual, "ws") */
	bool data_follows; /* in: the caller sends as soon as it is connected: a PROXY header may wait for that */
	const struct rule_settings *settings; /* in: what rules have changed, or NULL */
	bool redirects; /* in: the client may be sent to where a server's `redir` says */
	bool proven_only;  /* in: of idle connections only those that were reused before (http-reuse aggressive) */
	/* in: the server went down with on-marked-down shutdown-sessions ('D'), or active ones came back with
	 * on-marked-up shutdown-backup-sessions ('U'). Called by the loop; may end the request. NULL: never */
	void (*killed)(struct srv_request *r, char cause);
	void (*done)(struct srv_request *r, enum srv_outcome outcome);
	struct srv_conn *conn; /* out */
	/* for the log */
	struct scratch *room;   /* in: for `past`; NULL: nobody will look at that */
	bool logged;            /* in: `past` is looked at after the request's end as well */
	struct conn_past *past; /* NULL: there is none */
	uint16_t retries;
	bool redispatched;
	uint64_t started, assigned, connected;     /* worker->now */
	uint64_t connected_us;                     /* worker->now_us */
	uint64_t shed_until; /* with strict-maxconn: until when it waits for idle connections to go; 0: not yet */
	uint32_t srv_queue_pos, backend_queue_pos; /* %sq %bq */
	uint32_t srvconn;                          /* %sc at assignment */
	/* internal */
	struct str sni_text;
	uint32_t sni_hash;
	struct server *avoid;	/* where the last try failed */
	struct server *granted_at; /* where another worker gave it a place: `server` is its own worker's to write */
	struct list queue_node; /* in a queue, or among those who were granted a place: under lb_lock */
	struct list active_node; /* of the worker, while it holds a place */
	struct deadline deadline;
	struct borrow *borrow; /* while it is REQUEST_BORROWING */
	uint32_t queue_mark;  /* `dequeued` of the queue when it entered */
	uint64_t queue_order; /* of arrival at the proxy's queues */
	int64_t queue_time;   /* ms: when it entered, moved by set-priority-offset */
	int32_t queue_class;  /* set-priority-class: smaller ones first */
	uint16_t tries_left;
	uint8_t state;	   /* enum request_state, of the worker */
	bool in_srv_queue; /* which queue: under lb_lock, as the next one */
	bool granted;	   /* out of the queue with a place at `granted_at`, not yet told */
	bool counted;	   /* holds one of server->conns */
	bool preferred;	   /* `server` was the caller's choice */
	bool balanced;	   /* `server` was chosen just now, and is another one than before: queue.c */
	bool fresh_only;   /* after an idle connection failed */
};

/* Takes the server that balancing gives, or waits. See enum. */
enum srv_outcome srv_request_start(struct srv_request *r);
/* The connection died before anything was answered and the caller may send again: another try, if retries
 * allow. */
enum srv_outcome srv_request_retry(struct srv_request *r);
/* The client went away while pending: nothing is called any more. */
void srv_request_cancel(struct srv_request *r);
/* The stream is done with its connection: keep it idle (only if `reusable`: response complete, keep-alive
 * agreed) or close it. Frees the place at the server and wakes the queue. r->conn becomes NULL. */
void srv_request_finish(struct srv_request *r, bool reusable);
/* Nobody will look at r->past any more. */
void srv_request_forget(struct srv_request *r);
/* How many idle connections to it are of use, as judged now: more are not kept. Any thread. */
uint32_t srv_conns_need(struct server *s);
/* The session is gone: closes the idle connections that were kept for it. */
void srv_owner_left(struct worker *w, void *owner);
/* For a reload (reload/renew.c), isolated. Idle connections of servers of `old` go on at the same servers of `g` where a connection
 * is as good there, else they end. Whether any connection of this worker belongs to a server of g. Gives back what is kept for g,
 * of which nothing is held. */
void srv_conns_renew(struct worker *w, const struct generation *old, const struct generation *g);
bool srv_conns_hold(struct worker *w, const struct generation *g);
void srv_conns_forget(struct worker *w, const struct generation *g);
/* The server of a backend to which such an owner has an idle connection of its own; NULL: none. On the worker. */
struct server *srv_owner_server(struct worker *w, const void *owner, const struct proxy *px);

/* Balancing (backend/balance_*.c): the algorithm's choice among usable servers, NULL when there is none or all
 * are full
 * (*full tells). Under lb_lock. */
struct server *balance_pick(struct proxy *px, const struct srv_request *r, bool *full);
/* A server's usability or weight changed. Under lb_lock. */
void balance_update(struct server *s);
/* Its connections or its queue changed. Under lb_lock; of interest only where balance_wants_load() says so. */
void balance_loaded(struct server *s);
/* It may have more or fewer connections than before. Under lb_lock. */
void balance_limited(struct server *s);
bool balance_wants_load(const struct proxy *px);
/* It has another address. Under lb_lock. */
void balance_moved(struct server *s);
/* Is this one of the backups that work when no active server is left? Under lb_lock. */
bool balance_uses_backup(const struct server *s);
/* Does the choice depend on the request only (hash of something), so that another try would end at the same server? */
bool balance_is_fixed(const struct proxy *px);
/* Are weights fixed while it runs? `set server b/s weight` then takes 0 and 100 percent only. */
bool balance_is_static(const struct proxy *px);
/* Why that weight cannot be given to a server while it runs, in HAProxy's words, with the end of their line; NULL: it can. Any thread. */
const char *server_weight_refusal(const struct server *s, unsigned weight);
bool balance_init(struct proxy *px);
void balance_free(struct proxy *px);
/* A server that was added to its proxy's list at run time, not usable yet. False: no memory, nothing has
 * changed. */
bool balance_add(struct server *s);
/* A server that is not usable goes for good. Both: isolated (core/isolation.h). */
void balance_remove(struct server *s);

/* Once per worker: idle lists. */
bool srv_conns_init(struct worker *w);
void srv_conns_free(struct worker *w);

#endif
