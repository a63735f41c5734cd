/* Sample expressions from shape to meaning: shared by sample*.c, acl.c and logfmt.c. One thread. */
#ifndef LB_GRAMMAR_SAMPLE_H
#define LB_GRAMMAR_SAMPLE_H

#include "grammar/lang_state.h"
#include "grammar/sample_ast.h"

/* How an expression is being read; decides HAProxy's wording. */
struct sample_reader {
	struct compile *c;
	const struct lang_scope *scope;
	const struct word *word; /* the expression, or its beginning, stands here */
	struct str alias;        /* an ACL alias ("path_beg") that names the fetch; or empty */
	struct str haproxy_tail; /* " in ACL expression 'x'" */
	struct str haproxy_head; /* "failed to parse sample expression <x]> : " */
	bool loose_places;       /* ACLs: a sample out of place is for the condition to report */
};

/* One call while its arguments are being read. */
struct sample_call {
	const struct sample_reader *reader;
	const struct call_ast *ast;
	const char *name;    /* of the row */
	const char *letters; /* of the row, see fetches.def */
	bool is_fetch;
	uint16_t id; /* enum fetch_id or conv_id */
	struct arg *args;
	uint32_t nargs;
};

/* Reports a mistake in argument i of a call, with HAProxy's words for it and ours. */
struct diag *sample_arg_error(const struct sample_call *call, uint32_t i, struct str haproxy,
			      struct str message);
/* The span of argument i, or of the whole call when it is absent. */
struct span sample_arg_span(const struct sample_call *call, uint32_t i);

/* Reads the arguments by type: fills call->args, as many as the row has; absent ones are ARG_NONE. */
bool sample_args_parse(struct sample_call *call);
/* What types alone do not tell: choices, ranges, files. sample_checks.c */
bool sample_args_check(struct sample_call *call);
/* aes_*, when. sample_check_conv.c */
bool sample_check_cipher(struct sample_call *call);
bool sample_check_when(struct sample_call *call);
/* jwt_verify, jwt_verify_cert: algorithm, file of the key. sample_jwt.c */
bool sample_check_jwt_verify(struct sample_call *call);
bool sample_check_jwt_decrypt(struct sample_call *call);

/* Meaning of calls[0, n): NULL after an error. */
const struct sample_expr *sample_build(const struct sample_reader *r, const struct sample_ast *ast);
/* Reports a syntax error. */
void sample_syntax_error(const struct sample_reader *r, const struct sample_scan *scan);
/* Reports what stands behind the expression, at ast->end of r->word. */
void sample_trailing_error(const struct sample_reader *r, const struct sample_ast *ast);
/* Appends the converters of a word of their own; false when the word does not begin with one. Leaves a syntax
 * error in scan. */
bool sample_words_converters(struct compile *c, const struct word *w, struct sample_ast *ast,
			     struct sample_scan *scan);
/* A comma at the very end is no empty converter. */
void sample_drop_last_comma(struct sample_ast *ast, const struct word *w);
/* Canonical text of an expression. */
struct str sample_canonical(struct arena *a, const struct sample_expr *e);
/* The map file of a converter map_<method>; NULL after an error. */
const struct map_conf *map_load(const struct sample_call *call, enum match_method method, struct str path,
				struct span span);

#endif
