/* Between the parts of `lbcheck trace`: what was asked, what came of it, and its two forms. One thread. */
#ifndef LB_TOOLS_LBCHECK_TRACE_H
#define LB_TOOLS_LBCHECK_TRACE_H

#include "tools/lbcheck.h"
#include "tools/lbcheck_play.h"

struct trace {
	const struct lbcheck *l;
	const struct model *model;
	struct arena *arena;
	struct play play;
	struct stage *stage;
	struct stage_visit visit;
	struct stage_outcome outcome;
	struct witness witness;
	struct witness_orders orders;
	VEC(struct play_state) states;
	VEC(struct witness_var) vars;
	uint64_t wall_ms; /* 0: now */
	bool json, batch;
};

/* For people. */
void trace_text(struct out *o, const struct trace *t);
/* One JSON object, and a line feed; brief: how it ended, without the way there. */
void trace_json(struct out *o, const struct trace *t, bool brief);

/* lbcheck_trace_facts.c: what both forms say. "shop.cfg:12". */
void trace_put_pos(struct out *o, const struct model *m, struct conf_pos pos);
/* The ACL as it stands in the condition. */
void trace_put_term(struct out *o, const struct cond_term *term);
/* The rule that sent the request to its backend; NULL: default_backend, or there is none. */
const struct witness_step *trace_backend_step(const struct trace *t);
/* Why that server, in words. */
void trace_put_choice(struct out *o, const struct trace *t);
/* Rules of the proxies that took part and were not met, in their order; calls `each`. */
struct trace_unmet {
	const struct proxy_conf *proxy;
	const char *list;
	struct conf_pos pos;
	struct str text;
};
void trace_unmet_each(const struct trace *t, void (*each)(void *ctx, const struct trace_unmet *u), void *ctx);
/* Sentences about what is not known of the real world. */
void trace_assumed_each(const struct trace *t, void (*each)(void *ctx, struct str sentence), void *ctx);
/* The first line and the fields of a message. */
struct str trace_head(struct str message);

#endif
