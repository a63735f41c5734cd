/* Shape of log formats and format strings (manual, section 8.2.6): text, %alias, %{flags}alias, %[expression]. The scanner
 * (logfmt_scan.c) cuts; an expression is one token, read by the grammar of sample expressions. */
%code requires {
#include "grammar/logfmt_scan.h"
}

%define api.pure full
%define api.prefix {logfmt_yy}
%define api.location.type {struct span}
%define parse.error custom
%define parse.lac full
%expect 0
%param { struct logfmt_scan *scan }

%union {
	struct str text;
	struct logfmt_flags_ast flags;
	const struct sample_expr *sample;
}

%token PERCENT "%"
%token <text> TEXT "text"
%token <text> ALIAS "alias"
%token <flags> FLAGS "flags"
%token <sample> SAMPLE "expression"
%type <flags> flags

%code {
#define YYLLOC_DEFAULT(current, rhs, n) \
	((current) = (n) ? span_join(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, n)) : YYRHSLOC(rhs, 0))
}

%%

format:
	%empty
|	format item
;

item:
	TEXT				{ logfmt_add_text(scan, $1); }
|	"%" flags ALIAS			{ logfmt_add_alias(scan, $2, $3, @3); }
|	"%" flags SAMPLE		{ logfmt_add_sample(scan, $2, $3); }
;

flags:
	%empty				{ $$ = (struct logfmt_flags_ast){ 0 }; }
|	FLAGS
;

%%

static int yyreport_syntax_error(const yypcontext_t *ctx, struct logfmt_scan *scan)
{
	yysymbol_kind_t expected[8];
	int n = yypcontext_expected_tokens(ctx, expected, 8);
	bool wants_flags = false;

	for (int i = 0; i < n; i++)
		wants_flags |= expected[i] == YYSYMBOL_FLAGS;
	if (!scan->failed)
		logfmt_syntax_error(scan, *yypcontext_location(ctx), !wants_flags);
	return 0;
}
