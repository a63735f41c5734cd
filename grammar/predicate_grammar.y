/* The shape of conditions: OR of ANDs of possibly negated integers, predicates and conditions in parentheses. Evaluated
 * while it is parsed; every predicate is checked, whatever its neighbours say. */
%code requires {
#include "grammar/predicate_state.h"
}

%code {
/* The parser's stack lies on the C stack and does not grow. */
#define YYINITDEPTH 1200
#define YYMAXDEPTH 1200

static int predicate_lex(PREDICATE_STYPE *value, struct predicate_state *s);
static void predicate_error(struct predicate_state *s, const char *message);
}

%define api.pure full
%define api.prefix {predicate_}
%define api.token.prefix {P_}
%define parse.error custom
%define parse.lac full
%expect 0
%param { struct predicate_state *s }

%union {
	bool value;
	struct predicate_item item;
}

%token END 0 "end of condition"
%token <value> INTEGER "number"
%token <item> NAME "predicate"
%token <item> ARGUMENT "argument"
%token ARGS_OPEN ARGS_COMMA ARGS_CLOSE
%token OPEN "(" CLOSE ")"
%token AND "&&" OR "||" NOT "!"
%token JUNK "something else"

%type <value> any all negatable not primary call

%%

condition:
  any			{ s->value = $any; }
;

any:
  all
| any OR all		{ $$ = $1 || $3; }
;

all:
  negatable
| all AND negatable	{ $$ = $1 && $3; }
;

negatable:
  not primary		{ $$ = $not != $primary; }
;

not:
  %empty		{ $$ = false; }
| not NOT		{ $$ = !$1; }
;

primary:
  INTEGER
| OPEN any CLOSE	{ $$ = $any; }
| call			{ $$ = $1; if (s->failed) YYABORT; }
;

call:
  NAME			{ $$ = predicate_call(s, &$NAME, NULL); }
| NAME ARGS_OPEN arguments ARGS_CLOSE	{ $$ = predicate_call(s, &$NAME, &s->args); }
;

arguments:
  ARGUMENT		{ s->args.n = 0; predicate_argument(s, &$1); }
| arguments ARGS_COMMA ARGUMENT	{ predicate_argument(s, &$3); }
;

%%

static char char_at(const struct predicate_state *s, uint32_t off)
{
	return off < s->condition->text.len ? s->condition->text.ptr[off] : '\0';
}

static bool is_name_char(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26 || (unsigned char)(c - '0') < 10 || c == '_';
}

/* The character that a backslash and this one stand for in an argument, or NUL: then the backslash is one itself. */
static char argument_escape(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case ' ':
	case '\\':
	case '\'':
	case '"':
		return c;
	}
	return '\0';
}

/* An argument with its own level of quotes (manual, section 2.2), from *at up to the comma or parenthesis that ends it.
 * Decoded into `to` (which may be NULL, to learn the length); returns how many bytes that makes. */
static uint32_t argument_decode(const struct predicate_state *s, uint32_t *at, char *to)
{
	struct str text = s->condition->text;
	char quote = '\0';
	uint32_t n = 0;

	for (; *at < text.len; ++*at) {
		char c = text.ptr[*at];
		char escaped = c == '\\' && quote != '\'' ? argument_escape(char_at(s, *at + 1)) : '\0';

		if (!quote && (c == ',' || c == ')'))
			break;
		*at += escaped != '\0';
		if (!escaped && (quote ? c == quote : c == '"' || c == '\'')) {
			quote = quote ? '\0' : c;
			continue;
		}
		if (to)
			to[n] = escaped ? escaped : c;
		n++;
	}
	return n;
}

static int argument_lex(PREDICATE_STYPE *value, struct predicate_state *s)
{
	uint32_t from = s->at, end = from, n = argument_decode(s, &end, NULL);
	char *text = arena_alloc(s->context->arena, n + 1);

	argument_decode(s, &s->at, text);
	value->item = (struct predicate_item){ from, end - from, str_make(text, n) };
	s->want_argument = false;
	return P_ARGUMENT;
}

/* What stands between arguments. */
static int separator_lex(struct predicate_state *s)
{
	char c = char_at(s, s->at);

	if (s->at >= s->condition->text.len)
		return P_END;
	s->at++;
	s->want_argument = c == ',';
	s->in_arguments = c == ',';
	return c == ',' ? P_ARGS_COMMA : P_ARGS_CLOSE;
}

/* A number in C's notation, as strtol() takes it; not zero is true. */
static int integer_lex(PREDICATE_STYPE *value, struct predicate_state *s)
{
	uint32_t i = s->at + (char_at(s, s->at) == '-' || char_at(s, s->at) == '+');
	bool hex = char_at(s, i) == '0' && (char_at(s, i + 1) | 0x20) == 'x' &&
		   strchr("0123456789abcdef", char_at(s, i + 2) | 0x20) && char_at(s, i + 2);
	bool octal = !hex && char_at(s, i) == '0';

	value->value = false;
	for (i += hex ? 2 : 0;; i++) {
		char c = char_at(s, i);

		if (!(c >= '0' && c <= (octal ? '7' : '9')) && !(hex && (unsigned char)((c | 0x20) - 'a') < 6))
			break;
		value->value |= c != '0';
	}
	s->at = i;
	return P_INTEGER;
}

static int name_lex(PREDICATE_STYPE *value, struct predicate_state *s)
{
	uint32_t from = s->at;

	while (is_name_char(char_at(s, s->at)))
		s->at++;
	s->name = (struct predicate_item){ from, s->at - from, str_sub(s->condition->text, from, s->at - from) };
	s->glued = !strchr("( \t", char_at(s, s->at));
	value->item = s->name;
	return P_NAME;
}

static int operator_lex(struct predicate_state *s)
{
	char c = char_at(s, s->at), next = char_at(s, s->at + 1);

	s->at++;
	switch (c) {
	case '!':
		return P_NOT;
	case '(':
		s->open = s->at - 1;
		return P_OPEN;
	case ')':
		return P_CLOSE;
	case '&':
	case '|':
		if (next != c)
			break;
		s->at++;
		return c == '&' ? P_AND : P_OR;
	}
	return P_JUNK;
}

static int predicate_lex(PREDICATE_STYPE *value, struct predicate_state *s)
{
	char c = char_at(s, s->at);
	bool sign = c == '-' || c == '+';

	if (s->in_arguments)
		return s->want_argument ? argument_lex(value, s) : separator_lex(s);
	/* Arguments follow their predicate without a blank. */
	if (c == '(' && s->name.len && s->name.off + s->name.len == s->at) {
		s->at++;
		s->in_arguments = s->want_argument = true;
		return P_ARGS_OPEN;
	}
	while (c == ' ' || c == '\t') {
		c = char_at(s, ++s->at);
		sign = c == '-' || c == '+';
	}
	s->token = s->at;
	if (s->at >= s->condition->text.len)
		return P_END;
	if ((unsigned char)((sign ? char_at(s, s->at + 1) : c) - '0') < 10)
		return integer_lex(value, s);
	return is_name_char(c) ? name_lex(value, s) : operator_lex(s);
}

/* Only for a condition that nests deeper than the stack. */
static void predicate_error(struct predicate_state *s, const char *message)
{
	(void)message;
	predicate_report(s, D_PREDICATE_SYNTAX, s->open, 1, "the condition is nested too deeply");
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

static int yyreport_syntax_error(const yypcontext_t *context, struct predicate_state *s)
{
	bool at_end = yypcontext_token(context) == YYSYMBOL_YYEOF;

	if (is_expected(context, YYSYMBOL_ARGS_CLOSE))
		predicate_report_arguments(s);
	else if (is_expected(context, YYSYMBOL_NAME))
		predicate_report_operand(s, at_end);
	else if (at_end)
		predicate_report_open(s);
	else
		predicate_report_trailing(s);
	return 0;
}

bool predicate_run(struct predicate_state *s)
{
	return predicate_parse(s) == 0;
}
