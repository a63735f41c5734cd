/* The scanner of conditions, as the generated parser needs it. */
#ifndef LB_GRAMMAR_COND_SCAN_H
#define LB_GRAMMAR_COND_SCAN_H

#include "grammar/cond_ast.h"

union COND_YYSTYPE;

int cond_yylex(union COND_YYSTYPE *value, struct span *span, struct cond_scan *scan);
void cond_yyerror(struct span *span, struct cond_scan *scan, const char *message);
/* Remembers an operator that does nothing: with nothing beside it; negations that undo each other. */
void cond_scan_dangling(struct cond_scan *scan, struct span span);
void cond_scan_doubled(struct cond_scan *scan, struct span span);

#endif
