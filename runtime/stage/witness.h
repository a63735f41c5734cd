/* What happened to one request on a stage, step by step, as data: rules and conditions in the order in which
 * they were met, values that conditions saw, what actions changed, how it ended. For `lbcheck trace` and
 * `lbcheck test`. Owns its memory; one thread. */
#ifndef LB_STAGE_WITNESS_H
#define LB_STAGE_WITNESS_H

#include "grammar/base/vec.h"
#include "runtime/stage/stage.h"

/* One value that one line of an ACL saw. */
struct witness_match {
	const struct acl_expr *line;
	struct str value;   /* as text; ptr NULL: there was none */
	struct str pattern; /* that matched; ptr NULL: none did. Empty: the method needs none */
};
/* One ACL of a condition, with its negation. */
struct witness_term {
	const struct cond_term *term;
	bool result;
	uint32_t first, n; /* of witness.matches */
};

/* Where a step stands: a rule set, or one of the lists beside them. */
enum witness_list { WL_RULES, WL_REDIRECT, WL_STATS, WL_USE_BACKEND, WL_USE_SERVER };
struct witness_step {
	const struct proxy_conf *proxy; /* whose list */
	enum witness_list list;
	enum ruleset set; /* WL_RULES */
	const void *rule; /* struct rule or struct switch_rule */
	struct conf_pos pos;
	struct str text;
	const struct cond *cond; /* NULL: always */
	bool matched;
	int verdict;                /* enum verdict, of a rule that matched; V_CONTINUE else */
	uint32_t first, n;          /* of witness.terms */
	uint32_t changes, nchanges; /* of witness.changes */
};

/* Why this server. */
enum witness_choice { WC_NONE, WC_USE_SERVER, WC_COOKIE, WC_TABLE, WC_BALANCE };

/* A rule that would have sent the request to the backend that --why-not names. */
struct witness_way {
	struct conf_pos pos; /* line 0: default_backend */
	struct str text;
	const struct cond_term **terms; /* the smallest set of those that were not as it wants them */
	uint32_t n;
	bool hidden; /* its condition holds, but a rule before it was first */
};

/* A variable that is set before the first rule. */
struct witness_var {
	struct str name; /* with its scope: "txn.x" */
	struct str value;
};
struct witness_orders {
	struct str why_not; /* name of a backend, or empty */
	const struct witness_var *vars;
	uint32_t nvars;
};

struct witness {
	struct arena *arena; /* emptied by witness_begin() */
	struct eval_observer observer;
	VEC(struct witness_match) matches;
	VEC(struct witness_term) terms;
	VEC(struct witness_step) steps;
	VEC(struct str) changes; /* "+ name: value", "- name: value", "var txn.x = 1" */
	/* the end of it */
	bool over;
	const struct proxy_conf *frontend, *backend; /* backend NULL: none was chosen */
	const struct server_conf *server;
	const struct rule *last_rule;
	enum witness_choice choice;
	uint16_t status, retries;
	bool redispatched;
	char letters[4];          /* cause, state and cookies, as logged */
	struct str logged_server; /* its name in the log, or that of what answered in its place */
	struct str unique_id;
	VEC(struct witness_way) ways;
	/* inner state */
	struct witness_orders orders;
	uint32_t matches_seen, terms_seen;
	struct str before;   /* the message when the action began */
	const void *vars_of; /* the stream that has its variables already */
};

/* Empty; the observer is ready for stage_observe(st, &w->observer, witness_over, w). False: no memory. */
bool witness_init(struct witness *w);
void witness_free(struct witness *w);
/* Forgets the last request. `orders` (NULL: none) are copied, what they point to is borrowed until the next
 * call. */
bool witness_begin(struct witness *w, const struct witness_orders *orders);
/* For stage_observe(). */
void witness_over(void *ctx, struct eval *e);
/* The title of a step's list: "http-request", "redirect", "use_backend" ... */
const char *witness_list_name(const struct witness_step *s);
/* Words for a verdict that ends a list: "denied", "redirected" ...; empty for V_CONTINUE. */
const char *witness_verdict(int verdict);

#endif
