/* Private to the peers: sections, peers, sessions (peers.c, peers_session.c, peers_push.c; cli/cmd_peers.c
 * reads them). Worker 0 only. */
#ifndef LB_STICK_PEERS_STATE_H
#define LB_STICK_PEERS_STATE_H

#include "runtime/core/process.h"
#include "runtime/net/conn.h"
#include "runtime/stick/peers.h"
#include "runtime/stick/peers_codec.h"

enum {
	PEERS_RECONNECT_MS = 5000, /* after a failure; also how long silence may last */
	PEERS_HEARTBEAT_MS = 3000,
	PEERS_RESYNC_MS = 5000,
	PEERS_OUT_MOST = 65536, /* bytes that wait for the other side */
	PEERS_IN_MOST = 32768,  /* of one message */
	PEERS_TABLES_MOST = 1024,
	PEERS_INCOMING_MOST = 256
};

/* Where what we lack is to come from. */
enum peers_resync { RESYNC_FROM_LOCAL, RESYNC_FROM_REMOTE, RESYNC_DONE };
enum peers_status { PEER_NONE, PEER_CONNECTING, PEER_ESTABLISHED, PEER_REFUSED };

/* How far a peer knows one of our tables. */
struct peer_share {
	struct stick_table *table;
	uint32_t id;                              /* our number of it */
	struct stick_cursor pushed, safe, taught; /* safe: all that is acknowledged */
	uint64_t taught_until;
	uint32_t last_pushed, last_acked, last_got, remote_id;
	uint64_t remote_data;
};

struct peers;
struct peer_session;
struct peer {
	const struct peer_conf *conf;
	struct peers *peers;
	bool local, asked;            /* asked: for everything, since the last start of a resync */
	struct peer_session *session; /* established, or being made by us */
	struct deadline reconnect;
	struct peer_share *shares;
	uint8_t status; /* enum peers_status */
	uint64_t last_handshake;
	uint32_t sent_heartbeats, got_heartbeats, missed_heartbeats, connections, errors, collisions;
};

struct peers {
	const struct peers_conf *conf;
	struct process *process;
	struct worker *worker;
	struct str name; /* ours */
	struct peer *peers;
	uint32_t npeers, ntables;
	struct stick_table **tables;
	int fd; /* listening; -1: not */
	ev_io accept;
	struct list sessions;
	uint32_t nsessions;
	uint8_t resync;       /* enum peers_resync */
	struct peer *teacher; /* who was asked */
	struct deadline resync_end;
	bool leaving, job;             /* job: the worker waits until the next process has been taught */
	struct sockaddr_storage local; /* what `fd` is bound to */
	socklen_t local_len;
};

struct peers_all {
	struct peers *v;
	uint32_t n;
	ev_async wake; /* something has changed */
	struct worker *worker;
};

enum session_state { SESSION_CONNECTING, SESSION_STATUS, SESSION_HELLO, SESSION_OPEN };
struct peer_session {
	struct conn conn; /* first member */
	struct list node; /* peers->sessions */
	struct peers *peers;
	struct peer *peer; /* NULL: has not said who it is */
	uint8_t state;     /* enum session_state */
	bool ours;         /* we connected */
	bool teaching, closing;
	char *in;
	uint32_t in_len;
	struct out out;
	size_t sent;
	struct deadline deadline;
	uint64_t heard, spoke;       /* worker->now */
	struct peers_table **tables; /* as announced */
	uint32_t ntables;
	struct peers_table *current;  /* that its entries are for */
	struct peer_share *announced; /* that ours are for */
	uint64_t unacked; /* bits: some entries of tables[i] since the last ack; i < 64, the others at once */
};

/* peers.c */
struct peer *peers_find(struct peers *p, struct str name);
struct stick_table *peers_find_table(struct peers *p, struct str name);
void peer_connect(struct peer *peer);
/* A session with it has begun; is over. */
void peer_opened(struct peer_session *s);
void peer_closed(struct peer *peer, struct peer_session *s, bool failed);
/* What the other side says about everything that we asked for. */
void peers_taught(struct peers *p, struct peer *from, bool finished);
/* The next process knows everything: this one may end. */
void peers_left(struct peers *p);

/* peers_session.c */
void peer_session_accept(struct peers *p, int fd);
bool peer_session_connect(struct peer *peer, const struct sockaddr_storage *to, socklen_t len);
/* Sends what is due. False: it is to be closed. */
bool peer_session_go_on(struct peer_session *s);
void peer_session_free(struct peer_session *s, bool failed);

/* peers_push.c: entries into the session's output, as long as there is room. */
/* The peer has asked for all: every table from its beginning. */
void peer_teach_begin(struct peer_session *s);
/* What was asked for, then what has changed since. */
void peer_push(struct peer_session *s);
/* It has taken a table's entries up to that number. */
void peer_acked(struct peer_session *s, uint32_t table_id, uint32_t number);
/* The session has ended: what was not acknowledged will be sent again. */
void peer_share_reset(struct peer *peer);

#endif
