/* Inside the health checks: the check object and what the steps of a run owe each other. Not for other areas.
 */
#ifndef LB_HEALTH_CHECK_RUN_H
#define LB_HEALTH_CHECK_RUN_H

#include "grammar/base/out.h"
#include "runtime/health/check.h"
#include "runtime/net/conn.h"

enum check_phase { PHASE_WAITING, PHASE_CONNECTING, PHASE_SENDING, PHASE_RECEIVING };

struct check {
	struct server *server;
	struct worker *worker; /* set when started */
	struct conn conn;
	struct deadline deadline; /* next run, or the end of this one's patience */
	struct buf in;
	struct out request;
	size_t sent;
	uint64_t started_us; /* worker->now_us of this run */
	enum check_phase phase;
	bool no_more; /* the server has closed its side */
	/* result: under `lock`, written by the worker */
	pthread_mutex_t lock;
	struct check_report report;
	bool conditional;          /* 404 under disable-on-404: no new sessions */
	struct server **followers; /* servers that `track` this one */
	uint32_t nfollowers;
	atomic_bool disabled; /* by `disable health` */
};

/* The request of a run into check->request; false when memory is out. */
bool check_http_request(struct check *k);
enum check_verdict { CHECK_MORE, CHECK_DONE };
/* Looks at what has arrived; CHECK_DONE: *status, *code and `info` say how it ended. */
enum check_verdict check_http_response(struct check *k, enum check_status *status, uint16_t *code,
				       char info[128]);

/* A run has ended: judges, logs, changes the server's state and plans the next one. */
void check_conclude(struct check *k, enum check_status status, uint16_t code, const char *info);
/* The loop's side: opens a connection and sees it through. */
void check_run(struct check *k);
/* Closes what a run holds; harmless when none is under way. */
void check_run_close(struct check *k);
/* Milliseconds from the end of one run to the begin of the next. */
uint32_t check_interval(const struct check *k);

#endif
