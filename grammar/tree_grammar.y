/* The grammar of configuration lines (manual, sections 2.1 to 2.3): a text is lines, a line is words with blanks between
 * them, a word is pieces without. Each line goes to the expander when its end is read, and a mistake costs its own
 * line only. Everything recurses to the left, so the stack stays flat. */
%code requires {
#include "grammar/parse.h"
}

%code {
#include "grammar/token.h"

/* Where a rule without symbols stands: behind what came before it. */
#define YYLLOC_DEFAULT(result, rhs, n)                                                                         \
	((result) = (n) ? span_join(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, n))                                        \
			: (struct span){ YYRHSLOC(rhs, 0).source,                                              \
					 YYRHSLOC(rhs, 0).off + YYRHSLOC(rhs, 0).len, 0 })

static void tree_error(TREE_LTYPE *at, void *scanner, struct parse *p, const char *message);
}

%define api.pure full
%define api.prefix {tree_}
%define api.token.prefix {T_}
%define api.location.type {struct span}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param { void *scanner }
%parse-param { struct parse *p }

%union {
	bool split;
	struct span span;
}

%token END 0 "end of file"
%token LINE_END "end of line"
%token BLANK "blank"
%token PLAIN HIGH TEXT "text"
%token ESCAPE "escape sequence"
%token SINGLE_OPEN SINGLE_CLOSE "closing quote"
%token DOUBLE_OPEN DOUBLE_CLOSE "closing double quote"
%token VARIABLE "variable"
%token BRACE_OPEN BRACE_CLOSE "closing brace"
%token NAME "name of a variable"
%token STAR "[*]"
%token DEFAULT "default"
/* Never in a rule: the scanner's way to say what cannot be. */
%token BAD_HEX BAD_DOLLAR JUNK

%type <split> star
%type <span> default

%%

text:
  %empty
| text line
;

line:
  words LINE_END	{ parse_line_end(p, @2, false); }
| words error LINE_END	{ yyerrok; parse_line_end(p, @3, true); }
;

words:
  %empty
| words BLANK		{ parse_blank(p); }
| words piece
;

piece:
  PLAIN			{ parse_piece(p, PIECE_PLAIN, @1); }
| HIGH			{ parse_piece(p, PIECE_HIGH, @1); }
| ESCAPE		{ parse_piece(p, PIECE_ESCAPE, @1); }
| single text_or_none SINGLE_CLOSE	{ parse_extend(p, @3, WORD_QUOTED); }
| double quoted DOUBLE_CLOSE		{ parse_extend(p, @3, WORD_QUOTED); }
;

single:
  SINGLE_OPEN		{ parse_extend(p, @1, WORD_QUOTED); }
;

text_or_none:
  %empty
| TEXT			{ parse_piece(p, PIECE_QUOTED, @1); }
;

double:
  DOUBLE_OPEN		{ parse_extend(p, @1, WORD_QUOTED); }
;

quoted:
  %empty
| quoted TEXT		{ parse_piece(p, PIECE_QUOTED, @2); }
| quoted ESCAPE		{ parse_piece(p, PIECE_ESCAPE, @2); }
| quoted VARIABLE	{ parse_variable(p, @2, span_sub(@2, 1, @2.len - 1), false, SPAN_NONE); }
| quoted BRACE_OPEN NAME star default BRACE_CLOSE
			{ parse_variable(p, span_join(@2, @6), @3, $star, $default); }
;

star:
  %empty		{ $$ = false; }
| STAR			{ $$ = true; }
;

default:
  %empty		{ $$ = SPAN_NONE; }
| DEFAULT		{ $$ = span_sub(@1, 1, @1.len - 1); }
;

%%

/* Only for stacks that cannot grow: bison's own limit. */
static void tree_error(TREE_LTYPE *at, void *scanner, struct parse *p, const char *message)
{
	(void)scanner;
	diag_add(p->diags, D_OUT_OF_MEMORY, *at, "%s", message);
}

static bool is_expected(const yypcontext_t *context, yysymbol_kind_t kind)
{
	yysymbol_kind_t expected[YYNTOKENS];
	int n = yypcontext_expected_tokens(context, expected, YYNTOKENS);

	for (int i = 0; i < n; i++)
		if (expected[i] == kind)
			return true;
	return false;
}

static int yyreport_syntax_error(const yypcontext_t *context, void *scanner, struct parse *p)
{
	struct span at = *yypcontext_location(context);

	(void)scanner;
	if (p->line.poisoned)
		return 0;
	switch (yypcontext_token(context)) {
	case YYSYMBOL_BAD_HEX:
		parse_bad_hex(p, at);
		break;
	case YYSYMBOL_BAD_DOLLAR:
		parse_bad_name(p, at);
		break;
	default:
		if (is_expected(context, YYSYMBOL_NAME))
			parse_bad_name(p, p->brace);
		else if (is_expected(context, YYSYMBOL_STAR) && at.len == 1 && p->text.ptr[at.off] == '[')
			parse_bad_split(p, at);
		else if (is_expected(context, YYSYMBOL_BRACE_CLOSE))
			parse_open_brace(p, at);
		else
			parse_open_quote(p, at);
	}
	return 0;
}

void parse_source(struct parse *p)
{
	tree_parse(token_open(p), p);
}
