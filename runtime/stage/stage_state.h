/* Inside of a stage. One thread. */
#ifndef LB_STAGE_STATE_H
#define LB_STAGE_STATE_H

#include "runtime/net/listener.h"
#include "runtime/stage/stage.h"

/* The server's end of a connection. */
struct stage_link {
	struct list node; /* stage.links */
	int fd;
	struct server *server;
	struct out in;
	uint32_t tried; /* index of outcome.tries for what is being received */
	bool noted;     /* ... which has begun */
	bool silent;    /* never answers */
};

struct stage {
	struct process *process;
	struct worker *worker;
	struct generation *generation;
	struct listener *listeners; /* one for each bind */
	uint32_t nlisteners;
	struct stage_options options;
	struct list links;
	uint8_t *faults; /* enum stage_fault by server->index */
	void (*over)(void *ctx, struct eval *e);
	void *over_ctx;
	struct str reply;
	struct stage_outcome *outcome; /* of the visit that is played */
	struct arena *arena;           /* of the last outcome */
	struct out response, log;
	struct stage_tls *tls; /* the client speaks it; NULL: it does not */
	int client;            /* -1: none */
	bool incomplete;       /* some of the model's TLS cannot be had here */
	bool stand_ins;        /* ... and certificates of ours stand in */
	uint32_t finished, events;
};

/* stage_server.c. The played side of worker->dial. */
int stage_dial(struct worker *w, struct server *server);
/* What servers have received, and answers. True: something moved. */
bool stage_links_look(struct stage *st);
void stage_links_free(struct stage *st);
/* Reads what there is, without waiting. -1: the end; else how much. */
long stage_read(int fd, struct out *out);

/* stage_tls.c. A client that is about to connect. False: no memory. */
bool stage_tls_begin(struct stage *st, struct str sni);
void stage_tls_end(struct stage *st);
/* To be sent as soon as the handshake is done; borrowed until then. */
void stage_tls_send(struct stage *st, struct str bytes);
/* Takes a step. As stage_read(). */
long stage_tls_turn(struct stage *st);

#endif
