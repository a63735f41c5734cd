/* Between the files of a simulation: the world of one run. The balancer's half are the objects of lbd (struct
 * proxy, server, worker, srv_request), made here without sockets; the other half are machines that take
 * requests in turn and need time for them. One thread. */
#ifndef LB_LAB_WORLD_H
#define LB_LAB_WORLD_H

#include "runtime/backend/request.h"
#include "runtime/lab/agenda.h"
#include "runtime/lab/simulate.h"

enum { WHAT_ARRIVAL, WHAT_SERVED, WHAT_DELIVERED, WHAT_REST, WHAT_CHECK, WHAT_AGENT, WHAT_WARM, WHAT_EVENT };

enum lab_where { AT_NOTHING, AT_QUEUE, AT_REST, AT_MACHINE_WAITING, AT_MACHINE_RUNNING, AT_WIRE };

struct lab_request {
	struct srv_request r; /* the balancer's view */
	struct list node;     /* at its machine, or among those that are free */
	struct list due;      /* of those whose time is limited, in order */
	struct list all;
	uint64_t arrived, asked, due_at; /* ns; asked: for a place */
	uint64_t queued;                 /* ns in the balancer's queues so far */
	uint64_t sent;                   /* ns: to the server */
	uint64_t started;                /* ns: a worker of the server began with it */
	uint64_t luck;                   /* the same at every server */
	uint32_t key, class, serial;
	enum lab_where where;
	union addr client;
};

enum machine_state { MACHINE_OK, MACHINE_REFUSES, MACHINE_HANGS };
struct machine {
	struct lab_machine_conf conf;
	struct server *server;
	enum machine_state state;
	double slow; /* takes so many times as long */
	uint32_t busy;
	struct list waiting, running; /* struct lab_request */
	uint32_t good, bad;           /* checks in a row */
	double told_busy;             /* result->busy when its agent last spoke */
	uint64_t busy_since;
};

struct world {
	const struct scenario *s;
	const struct lab_algorithm *algorithm;
	struct lab_result *result;
	struct proxy_conf proxy_conf; /* the backend's, with the algorithm's balancing */
	struct generation generation;
	struct proxy proxy;
	struct server *servers, **order; /* order: pointers to them, as struct proxy has them */
	struct machine *machines;
	struct worker *worker;
	struct agenda agenda;
	uint64_t now; /* ns */
	struct lab_random when, which, luck, keys;
	double rate; /* arrivals per second before the shape */
	double shares;
	double *zipf;          /* up to which part of all requests each key goes */
	uint16_t *last_server; /* by key: 1 + the server it went to last */
	struct list queue_due, server_due;
	struct list all, spare;
	uint64_t arrivals_left, last_arrival;
	uint64_t live;
	bool failed; /* no memory */
};

/* --- world.c */
bool world_init(struct world *w, const struct scenario *s, const struct lab_algorithm *a,
		struct lab_result *result);
void world_free(struct world *w);
/* Moves the clocks of the simulation. */
void world_clock(struct world *w, uint64_t now);

/* --- arrive.c: who comes when, and with what */
void arrivals_begin(struct world *w);
/* The next request, or requests, are here. */
void arrivals_now(struct world *w);
/* A user of a closed group has its answer. */
void arrivals_answered(struct world *w);
/* What a request brings with it: class, luck, key. */
void arrival_draw(struct world *w, struct lab_request *q);

/* --- request.c: the way of a request */
void request_arrive(struct world *w);
void request_served(struct world *w, struct lab_request *q);
void request_delivered(struct world *w, struct lab_request *q);
void request_rested(struct world *w, struct lab_request *q);
/* The first of a list of those whose time is limited has waited long enough. */
void request_due(struct world *w, struct lab_request *q);
/* Requests that others have left places for. */
void requests_go_on(struct world *w);
/* It is over: tells the balancer. */
void request_over(struct world *w, struct lab_request *q, enum lab_end end);
/* Its server has died under it: it is tried again, or over. It is in no list of the machine any more. */
void request_broken(struct world *w, struct lab_request *q);

/* --- machine.c: what servers do */
void machine_take(struct world *w, struct machine *m, struct lab_request *q);
/* The request leaves it, answered or not. */
void machine_leave(struct world *w, struct machine *m, struct lab_request *q);
void machine_event(struct world *w, const struct lab_event *e);
void machine_check(struct world *w, struct machine *m);
void machine_agent(struct world *w, struct machine *m);
/* A server that came back gets a little warmer (slowstart). */
void machine_warm(struct world *w, struct machine *m);
/* Checks and agents, where somebody has asked for them. */
void machines_begin(struct world *w);

#endif
