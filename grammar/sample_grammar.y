/* Shape of sample expressions (manual, section 7.3): fetch(args),converter(args)... It knows no name. The scanner is
 * sample_scan.c; one expression, one call of sample_yyparse(). */
%code requires {
#include "grammar/sample_ast.h"
}

%define api.pure full
%define api.prefix {sample_yy}
%define api.location.type {struct span}
%define parse.error custom
%define parse.lac full
%expect 0
%param { struct sample_scan *scan }

%union {
	struct str text;
	struct call_ast call;
	struct arg_ast arg;
}

%token OPEN "("
%token CLOSE ")"
%token COMMA ","
%token <text> NAME "name"
%token <arg> ARGUMENT "argument"
%type <call> call arguments

%code {
#include "grammar/sample_scan.h"

#define YYLLOC_DEFAULT(current, rhs, n) \
	((current) = (n) ? span_join(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, n)) : YYRHSLOC(rhs, 0))
}

%%

expression:
	call				{ *vec_push(scan->c->arena, &scan->ast->calls) = $1; }
|	expression "," call		{ *vec_push(scan->c->arena, &scan->ast->calls) = $3; }
;

call:
	NAME
	{
		$$ = (struct call_ast){ .name = $1, .name_span = @1, .span = @1 };
	}
|	NAME "(" arguments ")"
	{
		$$ = $3;
		$$.name = $1;
		$$.name_span = @1;
		$$.span = @$;
		$$.parens = true;
	}
;

arguments:
	ARGUMENT
	{
		$$ = (struct call_ast){ 0 };
		*vec_push(scan->c->arena, &$$.args) = $1;
	}
|	arguments "," ARGUMENT
	{
		$$ = $1;
		*vec_push(scan->c->arena, &$$.args) = $3;
	}
;

%%

static int yyreport_syntax_error(const yypcontext_t *ctx, struct sample_scan *scan)
{
	yysymbol_kind_t expected[4];
	int n = yypcontext_expected_tokens(ctx, expected, 4);
	bool wants_close = false;

	for (int i = 0; i < n; i++)
		wants_close |= expected[i] == YYSYMBOL_CLOSE;
	sample_scan_fail(scan, *yypcontext_location(ctx), wants_close);
	return 0;
}
