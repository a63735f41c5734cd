/* What one changed setting does to a process that takes a configuration over by itself: for `lbcheck diff`,
 * which tells it beforehand. Pure, any thread. */
#ifndef LB_RELOAD_RENEW_EFFECT_H
#define LB_RELOAD_RENEW_EFFECT_H

#include "grammar/facts.h"
#include "grammar/model.h"

enum renew_verdict {
	RENEW_IN_PLACE, /* nothing that the process holds is given up */
	RENEW_TOUCHED,  /* something is: a socket, connections, what a table or a server knew */
	RENEW_NOT,      /* a new process has to do it */
};

struct renew_effect {
	enum renew_verdict verdict;
	const char *why; /* constant text */
};

/* One side of a difference: the model, and the facts that its lines come from. */
struct renew_side {
	const struct model *model;
	const struct facts *facts;
};

/* c: a difference between the two, as facts_diff() finds it. */
struct renew_effect renew_effect_of(const struct renew_side *old, const struct renew_side *new_,
				    const struct fact_change *c);

/* Whether connections to the one are as good as those to the other, and whether both have one address; as far
 * as their lines tell (a server's address may have changed at run time). */
bool renew_wire_same(const struct server_conf *a, const struct server_conf *b);
bool renew_addr_same(const struct server_conf *a, const struct server_conf *b);

#endif
