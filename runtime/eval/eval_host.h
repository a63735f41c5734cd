/* Whom the evaluator works for: figures that it asks of its host, who watches, and what only the host of a live stream
 * can do for a rule. Part of eval.h. */
#ifndef LB_EVAL_EVAL_HOST_H
#define LB_EVAL_EVAL_HOST_H

#include <stdatomic.h>

#include "grammar/model.h"

struct conn;
struct eval;
struct sample;

/* Live figures, asked of the host: fe_conn(), nbsrv() and their like. */
enum eval_stat { ES_FE_CONN, ES_FE_REQ_RATE, ES_FE_SESS_RATE, ES_BE_CONN, ES_BE_SESS_RATE, ES_BE_QUEUE, ES_BE_NBSRV, ES_BE_AVG_QUEUE,
		 ES_BE_CONNSLOTS, ES_BE_CONN_FREE, ES_SRV_CONN, ES_SRV_IS_UP, ES_SRV_QUEUE, ES_SRV_SESS_RATE, ES_SRV_WEIGHT,
		 ES_SRV_CONN_FREE, ES_ACTCONN, ES_THREAD, ES_UPTIME, ES_STOPPING, ES_CPU_THREAD, ES_CPU_PROCESS };

/* What a connection that carries many streams can be asked. */
enum eval_mux { EVAL_MUX_MAJOR, EVAL_MUX_STREAMS, EVAL_MUX_LIMIT, EVAL_MUX_GLITCHES, EVAL_MUX_ID, EVAL_MUX_RESET, EVAL_MUX_ABORTED };

struct eval_host {
	int64_t (*mux)(const struct conn *c, enum eval_mux what); /* -1: not known */
	int64_t (*stat)(void *ctx, enum eval_stat what, const struct proxy_conf *proxy, const struct server_conf *server);
	const struct server_conf *(*server)(void *ctx, const struct proxy_conf *proxy, struct str name); /* also of those added at run time */
	atomic_size_t *vars_total; /* bytes of all variables of the process; NULL: nobody limits them */
	bool (*hidden)(void *ctx, const struct proxy_conf *backend); /* `unpublish backend`; NULL: none ever is */
	void *ctx;
};

/* Sees every step, in their order; a member may be NULL. There is none in live traffic: rules are then looked up where that pays. `e` and
 * what hangs on it may be read, and lives no longer than the call. */
struct eval_observer {
	/* Before the evaluator is used for something; `e` may be changed, and variables set. */
	void (*prepare)(void *ctx, struct eval *e);
	/* A condition was true or false; the action comes next. */
	void (*rule)(void *ctx, struct eval *e, const struct rule *rule, bool matched);
	/* The action of the rule of the last call is done; v: enum verdict. */
	void (*acted)(void *ctx, struct eval *e, const struct rule *rule, int v);
	/* Before use_backend rules are looked at. */
	void (*choosing)(void *ctx, struct eval *e, const struct proxy_conf *frontend);
	/* use_backend, use-server */
	void (*switched)(void *ctx, struct eval *e, const struct switch_rule *rule, bool matched);
	/* One ACL of a condition, behind its matches; the negation is part of the result. */
	void (*term)(void *ctx, struct eval *e, const struct cond_term *term, bool result);
	/* One value that one line of an ACL saw (NULL: there was none), and the index of the pattern that it matched; -1: none did. Behind
	 * the line's own patterns: one of a file. */
	void (*match)(void *ctx, struct eval *e, const struct acl_expr *line, const struct sample *value, int64_t pattern);
	bool walks; /* wants to see every condition: nothing is looked up */
	void *ctx;
};
#define eval_switched(e, rule, matched) \
	((e)->observer && (e)->observer->switched ? (e)->observer->switched((e)->observer->ctx, e, rule, matched) : (void)0)

/* What only the host of a live stream can do for a rule. NULL where there is none: then it is not done. */
struct eval_live {
	/* A field of a 103 response; last: none follows, it can go. False: no memory. */
	bool (*early_hint)(void *ctx, struct str name, struct str value, bool last);
	void (*log)(void *ctx, const struct rule *rule); /* a log line now (action do-log) */
	void (*attach)(void *ctx, struct eval *e, const struct rule *rule); /* action attach-srv */
	void (*see_body)(void *ctx, struct eval *e, bool response); /* puts what is at hand of a body into its message */
	/* Mode tcp: makes e->req out of e->raw_req; else says in e->want_more whether more of it may help. */
	void (*read_request)(void *ctx, struct eval *e);
	bool (*cache_use)(void *ctx, const struct rule *rule); /* is there an answer? */
	void (*cache_store)(void *ctx, const struct rule *rule);
	void (*limit)(void *ctx, struct eval *e, const struct rule *rule); /* rule->filter holds from now on */
	int (*resolve)(void *ctx, struct eval *e, const struct rule *rule); /* looks a name up: V_CONTINUE, with the variable set or not, or V_WAIT */
};

#endif
