/* Log formats and format strings (manual, section 8.2.6): scanner and parser state. Lives in the compilation's
 * arena. One thread. */
#ifndef LB_GRAMMAR_LOGFMT_SCAN_H
#define LB_GRAMMAR_LOGFMT_SCAN_H

#include "grammar/lang_state.h"

union LOGFMT_YYSTYPE;

/* What stands between the braces of %{+Q,-X}r. */
struct logfmt_flags_ast {
	uint16_t set, clear; /* enum logfmt_flags */
	struct str text;
	struct span span;
};

enum logfmt_state { LOGFMT_PLAIN, LOGFMT_PERCENT, LOGFMT_AFTER_FLAGS };

struct logfmt_scan {
	bool flag_reported; /* a flag that is none was named in this format */
	struct compile *c;
	const struct lang_scope *scope;
	const struct word *word;
	size_t pos, percent; /* percent: offset of the last % */
	enum logfmt_state state;
	uint16_t flags; /* set by %{...}o for all that follows */
	struct str item;  /* %(name:type): of the item that is being read */
	uint16_t item_type; /* LOGFMT_AS_* */
	bool merge_blanks, failed;
	VEC(struct logfmt_node) nodes;
};

int logfmt_yylex(union LOGFMT_YYSTYPE *value, struct span *span, struct logfmt_scan *scan);
void logfmt_yyerror(struct span *span, struct logfmt_scan *scan, const char *message);
/* What the grammar found. */
void logfmt_add_text(struct logfmt_scan *scan, struct str text);
void logfmt_add_alias(struct logfmt_scan *scan, struct logfmt_flags_ast flags, struct str name,
		      struct span span);
void logfmt_add_sample(struct logfmt_scan *scan, struct logfmt_flags_ast flags,
		       const struct sample_expr *sample);
/* Something else stands where an alias or an expression should. after_flags: behind %{...}. */
void logfmt_syntax_error(struct logfmt_scan *scan, struct span span, bool after_flags);

#endif
