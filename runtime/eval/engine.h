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

/* One sample expression, ready to run. pure: it gives the same again and changes nothing. */
struct expr_plan {
	fetch_fn *fetch;
	bool pure;
	struct fetch_call call;
	const struct conv_step *convs;
	uint32_t nconvs;
};

/* The value of an expression in the course of one rule list, as long as nothing could change it: conditions on
 * the same thing look it up once. SEVERAL: an ACL must see all of them, one after the other. */
enum memo_state { MEMO_NONE, MEMO_VALUE, MEMO_ABSENT, MEMO_SEVERAL };
struct expr_memo {
	uint64_t generation; /* valid when it is the engine's */
	struct sample value;
	uint32_t hash; /* of a text, case folded */
	uint8_t state;
	bool takes_scratch; /* its value was in scratch memory: not kept where that is given back */
};

/* Patterns of one ACL line or map, ready to be matched. match.h */
struct matcher;

struct engine_regex;
struct cond_index;

struct eval_engine {
	const struct model *model;
	struct arena *arena;
	const struct expr_plan *plans; /* by sample_expr.id */
	uint32_t nplans, plans_room;
	const struct cond_index **lists; /* by rules.list; NULL: none */
	struct matcher *acls;          /* by acl_expr.id */
	struct pattern_index **maps;   /* by map_conf.id */
	struct pattern_refs *patterns; /* files, shared by all engines of a model */
	struct jwt_keys *jwt_keys;     /* the same; NULL: none */
	uint32_t nregexes;
	struct engine_regex *regex;       /* by regex.id; compiled on first use */
	void *match_data, *match_context; /* of PCRE2 */
	void *jit_stack;
	uint64_t gave_up;      /* matches that met a limit */
	struct str given_up;   /* the expression that did, while nobody was told of it; else none */
	char given_up_text[96];
	struct expr_memo *memos; /* by sample_expr.id */
	uint64_t generation;     /* of the memos; counts what may change any value */
	bool memo_scratch;       /* the caller gives scratch memory back: memos may take some */
	uint64_t kept;           /* counts what was stored in scratch memory to stay: variables, captures */
	void *spare_tracks; /* runtime/stick/track.c; each begins with a pointer to the next */
	char hostname[256];
};

/* Matches a subject; *groups gets offset pairs (valid until the next match), n of them. False when it does not
 * match, and when a limit was hit or memory is out. not_begin: the subject continues something, ^ does not
 * match. text: what the code was made of, for messages. regex_exec.c */
bool regex_exec_code(struct eval_engine *en, const void *code, struct str text, struct str subject, bool not_begin,
		     const size_t **groups, uint32_t *n);
bool regex_exec(struct eval_engine *en, const struct regex *re, struct str subject, bool not_begin,
		const size_t **groups, uint32_t *n);
struct out;
/* Text of `format` with \0 to \9 replaced by what the groups matched and \xHH by a byte (manual,
 * "replace-header"); other characters behind a backslash stand for themselves. False when the format is
 * malformed. */
bool regex_expand(struct out *o, struct str format, struct str subject, const size_t *groups, uint32_t n);
bool regex_engine_start(struct eval_engine *en);
void regex_engine_stop(struct eval_engine *en);

#endif
