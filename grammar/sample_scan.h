/* The scanner of sample expressions, as the generated parser needs it. */
#ifndef LB_GRAMMAR_SAMPLE_SCAN_H
#define LB_GRAMMAR_SAMPLE_SCAN_H

#include "grammar/sample_ast.h"

union SAMPLE_YYSTYPE;

/* The next token; YYEOF at the first byte that cannot continue the expression. */
int sample_yylex(union SAMPLE_YYSTYPE *value, struct span *span, struct sample_scan *scan);
void sample_yyerror(struct span *span, struct sample_scan *scan, const char *message);
/* Notes a syntax error at `span`; wants_close: a parenthesis should have been closed there. */
void sample_scan_fail(struct sample_scan *scan, struct span span, bool wants_close);

#endif
