/* The shape of a condition (manual, section 7.2): words grouped into terms, terms into alternatives. Lives in
 * the compilation's arena. One thread. */
#ifndef LB_GRAMMAR_COND_AST_H
#define LB_GRAMMAR_COND_AST_H

#include "grammar/compile.h"

struct cond_term_ast {
	bool negated, anonymous;
	uint32_t word, nwords; /* the name, or what stands between the braces: indexes into the scan's words */
	size_t name_off;       /* of a name: behind its exclamation marks */
	struct span span;      /* braces included, exclamation marks not */
};

typedef VEC(struct cond_term_ast) cond_terms_ast;

struct cond_ast {
	VEC(cond_terms_ast) alternatives; /* none of them empty */
};

/* The state of scanner and parser. */
struct cond_scan {
	struct compile *c;
	const struct word *words; /* behind `if` */
	uint32_t n, i;
	size_t off; /* in words[i] */
	bool braces;
	struct span open; /* of the last opening brace */
	struct cond_ast *ast;
	/* operators that do nothing are warned about */
	struct span dangling, doubled;
	bool failed, unclosed;
};

/* Groups words into terms. False after a syntax error: then scan->braces tells of a missing closing brace. */
bool cond_scan_words(struct cond_scan *scan, struct compile *c, const struct word *words, uint32_t n,
		     struct cond_ast *ast);

#endif
