/* The shape of a sample expression, as the grammar sees it: calls of a fetch and of converters with their
 * arguments as texts. What the names mean is sample.c's business. Lives in the compilation's arena. One thread.
 */
#ifndef LB_GRAMMAR_SAMPLE_AST_H
#define LB_GRAMMAR_SAMPLE_AST_H

#include "grammar/compile.h"

struct arg_ast {
	struct str text; /* decoded by the second level of quoting (manual, section 2.2); NUL behind the end */
	struct span span;
	bool quoted;
};

struct call_ast {
	struct str name; /* empty: nothing between two commas, or behind the last */
	struct span name_span, span;
	VEC(struct arg_ast) args;
	bool parens;
};

struct sample_ast {
	VEC(struct call_ast) calls; /* the fetch, then the converters */
	size_t end;                 /* offset in the word behind the expression */
};

/* What the scanner will see next. */
enum sample_state { SCAN_NAME, SCAN_AFTER_NAME, SCAN_ARGUMENT, SCAN_AFTER_ARGUMENT, SCAN_AFTER_CALL };

/* The state of scanner and parser; sample_scan() is made for bison's yylex. */
struct sample_scan {
	struct compile *c;
	const struct word *word;
	size_t pos;
	enum sample_state state;
	struct sample_ast *ast;
	/* a syntax error: where and what */
	bool failed;
	struct span span;
	const char *message;
	struct str haproxy; /* its words, without a full stop */
};

/* Reads calls from byte `off` of a word until something that cannot continue them. False after a syntax error,
 * which is left in scan for the caller to report. */
bool sample_scan_word(struct sample_scan *scan, struct compile *c, const struct word *w, size_t off,
		      struct sample_ast *ast);

#endif
