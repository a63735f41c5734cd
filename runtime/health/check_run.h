/* Inside the health checks: the check object and what its files owe each other. In the order of a run: check.c
 * plans it and judges its end, check_steps.c goes from step to step, check_run.c has the connection,
 * check_http.c and check_protocol.c know what to send, check_expect.c what to think of the answer;
 * check_agent.c and check_external.c are the other two kinds. Not for other areas. Everything but the report
 * belongs to the check's worker. */
#ifndef LB_HEALTH_CHECK_RUN_H
#define LB_HEALTH_CHECK_RUN_H

#include "grammar/base/out.h"
#include "runtime/health/check.h"
#include "runtime/backend/socks.h"
#include "runtime/net/conn.h"

enum check_phase { PHASE_WAITING, PHASE_CONNECTING, PHASE_RELAYING, /* a SOCKS relay's answer */ PHASE_SECURING, /* the TLS handshake */
	PHASE_SENDING, PHASE_RECEIVING, PHASE_PROGRAM };
enum { CHECK_INFO = sizeof(((struct check_report *)0)->info) };

/* How a run ends, or would end if nothing followed. */
struct check_outcome {
	enum check_status status;
	int32_t code;
	char info[CHECK_INFO];
};

struct check {
	struct server *server;
	struct worker *worker; /* set when started */
	const struct check_conf *conf;
	bool agent;            /* asks an agent, not the server itself */
	const struct hc_step *steps;
	uint32_t nsteps;
	struct socks socks; /* a relay's answer */
	struct conn own, *conn; /* conn: that of the run; &own unless it is the pool's */
	struct check_reuse *reuse; /* check_reuse.c; NULL: never yet */
	struct list turn; /* of worker->checks, while others run in its place */
	bool has_turn;	  /* is one of worker->nchecks */
	struct deadline deadline; /* next run, or the end of this one's patience */
	/* of a run */
	struct buf in;
	struct out request;
	size_t sent;
	uint64_t started_us; /* worker->now_us when it began */
	enum check_phase phase;
	uint32_t at;                   /* the step under way */
	const struct hc_step *connect; /* that opened the connection; NULL: none did, it opened by itself */
	bool connected;                /* some connection has stood */
	bool no_more;                  /* the server has closed its side */
	struct check_outcome outcome;
	struct scratch scratch;
	struct eval_vars *vars;
	struct check_h2 *h2; /* check_h2.c; NULL: not HTTP/2 */
	struct check_program *program; /* check_external.c */
	/* result: under `lock`, written by the worker */
	pthread_mutex_t lock;
	struct check_report report;
	bool conditional;          /* 404 under disable-on-404, L7OKC: no new sessions */
	struct server **followers; /* servers that `track` this one */
	bool chained; /* some of them do so through others */
	uint32_t nfollowers;
	atomic_bool disabled; /* by `disable health`, `disable agent` */
	/* what traffic shows (observe.c) */
	atomic_uint errors;      /* in a row */
	atomic_uint errors_seen; /* when there were too many */
	atomic_int last_error;   /* enum observed */
	char *agent_send;     /* what the agent is told; guarded by `lock` */
	union addr own_addr;  /* given at run time, family AF_UNSPEC: none; guarded by `lock`, as the port */
	uint16_t own_port;    /* 0: none */
};

static inline const struct check_conf *check_conf(const struct check *k)
{
	return k->conf;
}
/* The steps are those of `tcp-check` lines: messages count them. */
static inline bool check_counts_steps(const struct check *k)
{
	return !k->agent && check_conf(k)->kind == CHECK_TCP;
}

/* check_words.c: ", reason: ..." of a result, as lines of the log have it. Any thread. */
void check_describe(const struct check_report *r, char *text, size_t size);
/* check.c. A run has ended as its outcome says: judges, logs, changes the server's state and plans the next
 * one. */
void check_conclude(struct check *k);
/* Traffic has failed so often: judged as a check that failed. */
void check_conclude_observed(struct check *k, const char *what, unsigned errors);
/* It runs no more: another one may. */
void check_turn_over(struct check *k);
/* The next run comes after `fastinter` at the latest. */
void check_hurry(struct check *k);
/* Milliseconds between two runs as the configuration has them now. */
uint32_t check_interval(struct check *k);
/* What its results so far say; takes the lock: the CLI may say otherwise at any time. check.c */
bool check_is_up(struct check *k);

/* check_run.c. Begins a run. */
void check_run(struct check *k);
/* Ends it without a result; harmless when none is under way. */
void check_run_close(struct check *k);
/* The run is over: closes, and concludes. */
void check_run_end(struct check *k, enum check_status status, const char *info);
/* Opens a connection for a step, or by itself (NULL); the steps go on when it stands. */
void check_run_connect(struct check *k, const struct hc_step *step);
/* Sends what k->request holds; the steps go on when all is gone. */
void check_run_send(struct check *k);
/* Waits for more of an answer. */
void check_run_receive(struct check *k);
/* What happens at k->conn. */
void check_run_ready(struct check *k, int revents);
/* How long an answer may take: `timeout check`, else the interval; ms. */
uint32_t check_run_patience(const struct check *k);
/* The host name that TLS asks for where no step says one. */
struct str check_run_sni(struct check *k);
/* How long a run may take, ms. */
uint32_t check_patience(const struct check *k);

/* check_steps.c. Goes on from step k->at until something must be waited for or the run is over. */
void check_steps_run(struct check *k);
/* " at step 2 of tcp-check (expect string 'x')", for what went wrong outside of an expectation. */
void check_steps_where(const struct check *k, struct out *o);
/* The result when the time is over. */
enum check_status check_steps_timeout(const struct check *k);
/* check_follow.c. Those who track the check's server change with it. w: the calling worker, which is not the check's own where the CLI has a say. */
void check_follow(struct check *k, struct worker *w, enum srv_oper oper);
/* The comment that goes with step k->at, or empty. */
struct str check_steps_comment(const struct check *k);
/* What samples and formats in checks can see. */
void check_eval_begin(struct check *k, struct eval *e);

/* check_http.c. The request of a step into k->request; false when memory is out. */
bool check_http_request(struct check *k, const struct hc_step *step);
/* check_h2.c. HTTP/2 begins on a connection that stands. False: no memory. */
bool check_h2_begin(struct check *k);
/* Harmless when it has not begun. */
void check_h2_end(struct check *k);
/* The request in k->request becomes the bytes of a stream. False when that cannot be. */
bool check_h2_request(struct check *k);
/* Like conn_recv(): what has come of the response is in k->in, in HTTP/1. */
ssize_t check_h2_receive(struct check *k);

/* The next line, without its end, off the front of `rest`; empty when it is the last of a head. */
struct str check_line_take(struct str *rest);

/* The response is complete and nothing else has come, and the server keeps the connection open. */
bool check_http_is_over(struct check *k);
/* The host that the next request names, without its port: in scratch memory; empty: none, or an address. */
struct str check_http_host(struct check *k);
/* A response as far as it is there. */
struct check_answer {
	uint16_t status;
	struct str reason, headers, body; /* headers: lines with their ends, without the empty line */
	bool chunked, complete, version_10;
	int64_t length; /* -1: not given */
};
enum check_read { CHECK_READ_MORE, CHECK_READ_INVALID, CHECK_READ_HEAD };
/* plain: for a body that comes in chunks; the answer's body may point there. */
enum check_read check_http_read(struct check *k, struct check_answer *a, struct out *plain);
/* The header fields as a message, in scratch memory. False when memory is out. */
bool check_http_message(struct check *k, const struct check_answer *a, struct http_msg *m);

/* check_expect.c. An answer as far as it has come: wait for more, go on, or the run is over as k->outcome says.
 */
enum check_verdict { CHECK_WAIT, CHECK_NEXT, CHECK_OVER };
enum check_verdict check_expect(struct check *k, const struct hc_step *step);
/* The same for HTTP. */
enum check_verdict check_expect_http(struct check *k, const struct hc_step *step);
/* Fills k->outcome; always CHECK_OVER. */
enum check_verdict check_over(struct check *k, enum check_status status, const char *info);
/* The step was met: what the run reports if nothing follows. */
enum check_verdict check_met(struct check *k, const struct hc_step *step, struct eval *e, struct str info);
/* It was not: as the step's words want it, or status and info. */
enum check_verdict check_unmet(struct check *k, const struct hc_step *step, struct eval *e,
			       enum check_status status, const char *info);
/* What has arrived. */
static inline struct str check_input(const struct check *k)
{
	return k->in.data ? str_make(k->in.data + k->in.off, k->in.len) : str_make("", 0);
}

/* check_protocol.c: checks that speak a protocol have steps of ours. NULL for other kinds. */
const struct hc_step *check_protocol_steps(enum check_kind kind, const struct check_conf *conf, uint32_t *n);
/* Steps with `own`: what to send, what to expect. */
bool check_protocol_send(struct check *k, const struct hc_step *step);
enum check_verdict check_protocol_expect(struct check *k, const struct hc_step *step);

/* check_agent.c */
extern const struct hc_step check_agent_steps[];
extern const uint32_t check_agent_nsteps;
bool check_agent_request(struct check *k);
enum check_verdict check_agent_answer(struct check *k);

/* check_external.c: runs the program of `external-check command`. */
void check_external_run(struct check *k);
/* Ends it, and forgets it; harmless when none runs. */
void check_external_close(struct check *k);
/* Its time is over. */
void check_external_timeout(struct check *k);

#endif
