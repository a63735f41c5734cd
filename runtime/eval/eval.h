/* The evaluator's subject: everything that samples, conditions, log formats and rules can see of one connection and one
 * exchange. `lbd` fills it from live traffic, `lbcheck trace` from a described request; the code that runs is the same.
 * No event loop below this header. One thread. */
#ifndef LB_EVAL_EVAL_H
#define LB_EVAL_EVAL_H

#include <netinet/in.h>
#include <stdatomic.h>

#include "grammar/model.h"
#include "runtime/eval/conn_past.h"
#include "runtime/eval/eval_host.h"
#include "runtime/eval/log_record.h"
#include "runtime/eval/message.h"
#include "runtime/eval/scratch.h"

/* Addresses small enough to keep one per idle connection. family: AF_UNSPEC, AF_INET, AF_INET6 or AF_UNIX (no path). */
union addr {
	sa_family_t family;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* Dates change once a second: the last ones that were formatted, local and GMT. Zero-initialised; one per worker. */
struct eval_dates {
	struct eval_date {
		time_t second;
		char text[21]; /* 22/Nov/2026:13:28:34 */
		char zone[6];  /* +0000 */
	} local, gmt;
};

/* State that outlives one request: compiled regular expressions, match data, caches. One per worker and model. */
struct eval_engine;
struct stick_tables; /* runtime/stick/table.h */
struct stick_track;
struct tls_conn;
struct eval_vars; /* variables of one scope */
struct rule_settings; /* settings.h */

/* Fields (TLV) of a PROXY header of version 2 as received, lengths checked; empty for version 1. */
struct proxy_fields {
	struct str all;
};
/* The value of the last one of that type; ptr NULL: there is none. fields may be NULL. fetch_proxy.c */
struct str proxy_fields_find(const struct proxy_fields *fields, unsigned type);

enum eval_wait { EW_DATA, EW_PAUSE, EW_BODY, EW_NAME }; /* what a list waits for that said V_WAIT */

struct eval {
	struct eval_engine *engine;
	const struct model *model;
	const struct eval_host *host;
	const struct eval_observer *observer;
	struct scratch *scratch;
	const struct proxy_conf *frontend, *backend; /* backend NULL: not chosen yet */
	const struct bind_conf *bind;
	const struct server_conf *server;
	const union addr *src, *dst; /* of the client, as rules have it; NULL: none (health check) */
	const union addr *conn_src, *conn_dst; /* of its connection, which rules of streams do not change */
	const struct proxy_fields *proxy_fields; /* of the PROXY header that the connection began with; NULL: there was none */
	struct rule_settings **settings; /* where the stream keeps what rules change about it; NULL: nowhere */
	const struct eval_live *live;
	void *live_ctx;
	struct { /* set with V_WAIT */
		enum eval_wait kind;
		uint64_t ms;	/* all but EW_DATA: for how long at most */
		uint64_t bytes; /* EW_BODY: how much is enough; 0: all */
	} wait;
	bool resumed; /* the action that said V_WAIT has what it wanted: the list goes on behind it */
	const struct rule *next_rule; /* behind the one that runs; NULL: it is the last */
	struct http_msg *req, *res;  /* NULL outside HTTP or before it was parsed */
	struct str raw_req, raw_res; /* bytes at hand in tcp-request/response content and for req.payload */
	bool raw_req_final, raw_res_final; /* nothing more will come */
	bool may_wait;		     /* a fetch that needs more data may ask for it (inspect-delay not over) */
	bool want_more, res_asked; /* set by a fetch that would like to wait; by those that looked for a response */
	uint32_t place;		     /* AT() bit of what is evaluated now */
	struct timeval now;	     /* wall clock */
	struct log_record *log;
	void *proc_lock; /* pattern_lock of variables of the process, which all workers share; NULL: nobody else has them */
	struct eval_vars **vars[VAR_SCOPES]; /* where each scope keeps its list; an empty list is NULL */
	struct str *cap_req, *cap_res; /* capture slots, by index */
	uint64_t uuid_seed[2];
	const struct conn *client_conn, *server_conn; /* of the stream, for fc_nb_streams and the like; NULL: none */
	const struct tls_conn *client_tls, *server_tls; /* for ssl_*: tls/fetch_tls.c; NULL: in clear, or no connection */
	const struct conn_past *server_past; /* what is left of one to a server; NULL: nothing, or there still is one */
	const atomic_uint *listener_conns; /* of the client's listener, or NULL */
	bool server_dst_known; /* a server's connection came about */
	int client_fd, server_fd; /* to ask the system about; 0: none */
	const union addr *server_src, *server_dst; /* of the connection to the server; NULL: none */
	struct eval_dates *dates; /* the worker's cache of formatted dates; NULL: none */
	const struct rule **last_rule; /* where a stream keeps the last one that decided; NULL: nowhere */
	bool first_request;	      /* of its connection */
	struct stick_tables *tables;  /* NULL: none */
	struct stick_track **session_track, **stream_track; /* what they count in (NULL inside: nothing); NULL: there is no such thing here */
	uint64_t now_ms;	      /* monotonic clock of the tables */
	bool sniffed;		      /* `req` was read out of raw_req; the connection is mode tcp */
	bool request_counted;	      /* mode http, and what counts requests has counted this one */
	uint32_t failed_rewrites;     /* of this rule set so far */
	bool relaxed;		      /* `strict-mode off` was met in this rule set: failed rewrites are no errors */
};

/* Result of a rule list for its caller. */
enum verdict {
	V_CONTINUE,	/* no final rule matched */
	V_ALLOW,	/* accept or allow: end of this list */
	V_DENY,		/* *decider->reply or the status in rule->num */
	V_TARPIT, V_RETURN, V_REDIRECT, V_REJECT, V_SILENT_DROP, V_AUTH, V_SERVICE,
	V_SWITCH,	/* the connection goes on as HTTP */
	V_WAIT,		/* see eval.wait. More data: call again with more, or with may_wait false; else call again with `resumed` when the wait is over */
	V_INVALID,	/* the request is not what a rule has to insist on: 400 */
	V_ERROR,	/* out of memory or a rewrite that did not fit: 500 */
};

/* NULL when memory is out. env: PCRE2 JIT contexts and so on. Any thread; the engine then belongs to one worker. */
struct eval_engine *eval_engine_new(const struct model *m);
/* The same; pattern files are those of the first engine of that model (NULL: none yet). */
struct eval_engine *eval_engine_new_sharing(const struct model *m, const struct eval_engine *first);
/* An expression that is not of the model, with an id that no other has (at least eval_engine_exprs()); it and what it points to live as
 * long as the engine. False when memory is out. Between two evaluations. */
bool eval_engine_add(struct eval_engine *en, const struct sample_expr *x);
uint32_t eval_engine_exprs(const struct eval_engine *en);
void eval_engine_free(struct eval_engine **e);

/* Runs rules from *index on; *index is left at the deciding or waiting rule, so that V_WAIT can resume. */
enum verdict rules_run(struct eval *e, const struct rules *rules, uint32_t *index, const struct rule **decider);
bool cond_eval(struct eval *e, const struct cond *cond); /* NULL is true */
/* One ACL with its negation, by itself: what is not known yet does not hold. */
bool cond_term_holds(struct eval *e, const struct cond_term *term);
struct out;
/* The text of a format string: appended to `out`, or in scratch memory; ptr NULL on failure. */
void logfmt_eval(struct eval *e, const struct logfmt *fmt, struct out *out);
struct str logfmt_text(struct eval *e, const struct logfmt *fmt);
/* First matching use_backend rule's backend, or default_backend, or NULL. by_name: look-up for dynamic names is the model's. */
const struct proxy_conf *eval_backend(struct eval *e, const struct proxy_conf *frontend, const struct switch_rule **decider);
/* Full text of the Location value for a redirect rule, in scratch memory; ptr NULL on failure. */
struct str redirect_location(struct eval *e, const struct rule *rule);
/* Sample as a string, for balance and stick keys: false when there is none. */
bool sample_text(struct eval *e, const struct sample_expr *expr, struct str *text);
/* HTTP basic credentials against a list; realm checks for `stats auth` and http_auth(). */
bool userlist_check(const struct userlist_conf *list, struct str user, struct str password, struct str group);
/* Before the scratch memory in which those of a transaction live is given back. */
void eval_vars_free(struct eval_vars **vars, atomic_size_t *total /* eval_host.vars_total */);

#endif
