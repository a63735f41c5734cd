/* The engine: what the evaluator prepares once per worker and model. Private to runtime/eval. One thread. */
#ifndef LB_EVAL_ENGINE_H
#define LB_EVAL_ENGINE_H

#include "grammar/base/arena.h"
#include "runtime/eval/fetch.h"

struct conv_step {
	conv_fn *fn;
	const struct arg *args;
	uint8_t in; /* enum smp_type that it wants */
};

/* One sample expression, ready to run. */
struct expr_plan {
	fetch_fn *fetch;
	struct fetch_call call;
	const struct conv_step *convs;
	uint32_t nconvs;
};

/* Patterns of one ACL line or map, ready to be matched. match.h */
struct matcher;

struct engine_regex;

struct eval_engine {
	const struct model *model;
	struct arena *arena;
	const struct expr_plan *plans;    /* by sample_expr.id */
	struct matcher *acls;             /* by acl_expr.id */
	struct matcher *maps;             /* by map_conf.id */
	uint32_t nregexes;
	struct engine_regex *regex;       /* by regex.id; compiled on first use */
	void *match_data, *match_context; /* of PCRE2 */
	void *jit_stack;
	uint64_t kept; /* counts what was stored in scratch memory to stay: variables, captures */
	char hostname[256];
};

/* Matches a subject; *groups gets offset pairs (valid until the next match), n of them. False when it does not
 * match, and when a limit was hit or memory is out. not_begin: the subject continues something, ^ does not
 * match. regex_exec.c */
bool regex_exec(struct eval_engine *en, const struct regex *re, struct str subject, bool not_begin,
		const size_t **groups, uint32_t *n);
/* Text of `format` with \0 to \9 replaced by what the groups matched and \xHH by a byte (manual, "replace-header");
 * other characters behind a backslash stand for themselves. False when the format is malformed. */
struct out;
bool regex_expand(struct out *o, struct str format, struct str subject, const size_t *groups, uint32_t n);
bool regex_engine_start(struct eval_engine *en);
void regex_engine_stop(struct eval_engine *en);

#endif
