/* A stage on which one configuration plays inside the calling process: the objects of lbd (process, worker,
 * proxies, servers, sessions, rules, balancing, queues), with clients and servers that are played by the
 * caller's thread over socket pairs, and with a clock that only moves when somebody waits. `lbcheck trace` and
 * `lbcheck test` stand on it, so that they run the code of live traffic and not a copy. No address of the
 * configuration is bound, connected to or logged to; checks and peers do not run. One thread, which owns it. */
#ifndef LB_STAGE_STAGE_H
#define LB_STAGE_STAGE_H

#include "grammar/base/out.h"
#include "runtime/backend/server.h"

struct stage;

/* Why a played server is no good, or that it is. */
enum stage_fault {
	STAGE_ANSWERS,
	STAGE_REFUSES /* the connection */,
	STAGE_IS_SILENT /* accepts, and says nothing */,
	STAGE_CLOSES /* without an answer */
};

/* What a client does: one connection, or one more message on the connection of the last visit. */
struct stage_visit {
	const struct bind_conf *bind; /* of the frontend that it comes to */
	union addr src, dst;          /* dst AF_UNSPEC: as the bind says */
	struct str bytes;
	bool tls;             /* the bind expects it */
	struct str sni;       /* the name that TLS asks for, or empty */
	bool same_connection; /* if the last one is still open */
};

/* One try at a server. */
struct stage_try {
	struct server *server;
	struct str header; /* of the PROXY protocol that came first; empty: none */
	struct str got;    /* the head as it was received; in mode tcp all bytes */
	struct str body;   /* decoded */
	bool refused;
};

enum { STAGE_TRIES = 16 };

/* What came of it. Slices live until the next visit. */
struct stage_outcome {
	struct str response; /* all that the client received */
	struct str log;      /* the lines that were logged, each with a line feed; empty: none */
	struct stage_try tries[STAGE_TRIES];
	uint32_t ntries; /* those beyond STAGE_TRIES are not kept */
	uint64_t ms;     /* time that passed on the stage */
	bool finished;   /* the stream came to its end */
	bool closed;     /* so did the connection */
};

struct stage_options {
	uint64_t wall_ms;  /* since 1970; 0: now */
	bool proxy_header; /* binds with accept-proxy are sent one that tells src and dst */
};

/* Makes the objects of a model (retained). NULL when memory is out or something cannot be had, such as a
 * certificate. */
struct stage *stage_new(struct model *m, const struct stage_options *options);
void stage_free(struct stage **st);
/* Sees everything from now on; borrowed. NULL: nobody does. over: called at the end of each stream, when all is
 * known of it; or NULL. */
void stage_observe(struct stage *st, const struct eval_observer *observer,
		   void (*over)(void *ctx, struct eval *e), void *ctx);
/* What all servers answer: a whole HTTP response, or bytes in mode tcp. Borrowed. Empty: 200 without content,
 * or nothing. */
void stage_reply(struct stage *st, struct str raw);
/* "backend/server"; NULL: there is none. */
struct server *stage_server(struct stage *st, struct str name);
void stage_fault(struct stage *st, const struct server *s, enum stage_fault fault);
struct worker *stage_worker(struct stage *st);
/* What of TLS on this bind is not as configured, for lack of files; NULL: nothing. */
const char *stage_tls_note(struct stage *st, const struct bind_conf *bind);
/* Is the stage's clock. ms since 1970. */
uint64_t stage_wall(const struct stage *st);
/* Lets time pass, with all that happens meanwhile. */
void stage_pass(struct stage *st, uint64_t ms);
/* A header of the PROXY protocol, version 1, that tells the addresses of a visit (proxy-protocol.txt). Its
 * length. */
int stage_header(char *text, size_t size, const struct stage_visit *v);
/* For traffic of another proxy that is to meet the servers of this stage: what they get is noted in `o`
 * (borrowed) from now on; a connection that this server has accepted (non-blocking; taken over); reads and
 * answers what there is without waiting, false: nothing. */
void stage_expect(struct stage *st, struct stage_outcome *o);
void stage_serve(struct stage *st, struct server *server, int fd);
bool stage_look(struct stage *st);
/* Plays it to its end: until the stream is over, or until nothing more will happen. False: no memory or
 * descriptors. */
bool stage_visit(struct stage *st, const struct stage_visit *v, struct stage_outcome *o);

#endif
