/* Shape of conditions (manual, section 7.2): alternatives of terms, a term is a name or an anonymous ACL between braces. What
 * HAProxy takes without a word is taken here, too: operators with nothing beside them. The scanner is cond_scan.c. */
%code requires {
#include "grammar/cond_ast.h"
}

%define api.pure full
%define api.prefix {cond_yy}
%define api.location.type {struct span}
%define parse.error custom
%define parse.lac full
%expect 0
%param { struct cond_scan *scan }

%union {
	uint32_t index; /* of a word */
	uint32_t count;
	struct cond_term_ast term;
	cond_terms_ast terms;
}

%token OR "or"
%token NOT "!"
%token OPEN "{"
%token <index> CLOSE "}"
%token <term> NAME "ACL"
%token <index> WORD "word"
%type <count> words nots
%type <term> atom
%type <terms> terms alternative

%code {
#include "grammar/cond_scan.h"

#define YYLLOC_DEFAULT(current, rhs, n) \
	((current) = (n) ? span_join(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, n)) : YYRHSLOC(rhs, 0))

static void add_alternative(struct cond_scan *scan, cond_terms_ast terms)
{
	if (terms.n)
		*vec_push(scan->c->arena, &scan->ast->alternatives) = terms;
}
}

%%

condition:
	alternative			{ add_alternative(scan, $1); }
|	condition "or" alternative
	{
		if (!$3.n || !scan->ast->alternatives.n)
			cond_scan_dangling(scan, @2);
		add_alternative(scan, $3);
	}
;

alternative:
	terms
|	terms nots
	{
		$$ = $1;
		cond_scan_dangling(scan, @2);
	}
;

terms:
	%empty				{ $$ = (cond_terms_ast){ 0 }; }
|	terms atom
	{
		$$ = $1;
		*vec_push(scan->c->arena, &$$) = $2;
	}
|	terms nots atom
	{
		$$ = $1;
		if ($2 > 1)
			cond_scan_doubled(scan, @2);
		$3.negated = $2 % 2;
		*vec_push(scan->c->arena, &$$) = $3;
	}
;

nots:
	"!"				{ $$ = 1; }
|	nots "!"			{ $$ = $1 + 1; }
;

atom:
	NAME
|	"{" words "}"
	{
		$$ = (struct cond_term_ast){
			.anonymous = true, .word = $3 - $2, .nwords = $2, .span = @$ };
	}
;

words:
	%empty				{ $$ = 0; }
|	words WORD			{ $$ = $1 + 1; }
;

%%

/* The only mistake of shape is a missing closing brace; where it may be missing is worked out by cond_explain.c. */
static int yyreport_syntax_error(const yypcontext_t *ctx, struct cond_scan *scan)
{
	yysymbol_kind_t expected[8];
	int n = yypcontext_expected_tokens(ctx, expected, 8);

	scan->failed = true;
	for (int i = 0; i < n; i++)
		if (expected[i] == YYSYMBOL_CLOSE)
			scan->unclosed = true;
	return 0;
}
