/* Tokens of sample expressions: names, parentheses, commas and arguments with their own level of quoting
 * (manual, section 2.2). By hand, because what is an argument depends on the parentheses around it and ends at
 * an offset that the caller needs. Works on the decoded word; spans lead back to the source. One thread. */
#include "grammar/sample_scan.h"

#include "grammar/sample_grammar.h"

static bool scan_is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '-' || c == '.' || c == '+' || c == ':';
}

static bool scan_at(const struct sample_scan *scan, char c)
{
	return scan->pos < scan->word->text.len && scan->word->text.ptr[scan->pos] == c;
}

static int scan_name(struct sample_scan *scan, struct str *name)
{
	struct str text = scan->word->text;
	size_t start = scan->pos;

	while (scan->pos < text.len && scan_is_name(text.ptr[scan->pos]))
		scan->pos++;
	*name = str_sub(text, start, scan->pos - start);
	scan->state = SCAN_AFTER_NAME;
	return NAME;
}

/* One byte of a backslash sequence; false when the backslash stands for itself. */
static bool scan_escape(char next, char quote, char *byte)
{
	switch (next) {
	case 'n':
		*byte = '\n';
		return true;
	case 'r':
		*byte = '\r';
		return true;
	case 't':
		*byte = '\t';
		return true;
	case '\\':
	case '"':
		*byte = next;
		return true;
	case ' ':
	case '\'':
		*byte = next;
		return next == ' ' || !quote;
	default:
		return false;
	}
}

/* Text up to an unquoted comma or closing parenthesis. An open quote takes everything. */
static int scan_argument(struct sample_scan *scan, struct arg_ast *arg)
{
	struct str text = scan->word->text;
	char *out = arena_alloc(scan->c->arena, text.len - scan->pos + 1), quote = 0;
	size_t n = 0;

	*arg = (struct arg_ast){0};
	for (; scan->pos < text.len; scan->pos++) {
		char c = text.ptr[scan->pos];

		if (!quote && (c == ',' || c == ')'))
			break;
		if ((c == '"' || c == '\'') && (!quote || quote == c)) {
			quote = quote ? 0 : c;
			arg->quoted = true;
			continue;
		}
		if (c == '\\' && quote != '\'' && scan->pos + 1 < text.len &&
		    scan_escape(text.ptr[scan->pos + 1], quote, &c))
			scan->pos++;
		out[n++] = c;
	}
	arg->text = str_make(out, n);
	scan->state = SCAN_AFTER_ARGUMENT;
	return ARGUMENT;
}

/* The punctuation that may come next; 0 (end) when it does not. */
static int scan_punctuation(struct sample_scan *scan)
{
	enum sample_state state = scan->state;

	if (state == SCAN_AFTER_NAME && scan_at(scan, '(')) {
		scan->state = SCAN_ARGUMENT;
		scan->pos++;
		return OPEN;
	}
	if (state == SCAN_AFTER_ARGUMENT && scan_at(scan, ')')) {
		scan->state = SCAN_AFTER_CALL;
		scan->pos++;
		return CLOSE;
	}
	if (scan_at(scan, ',')) {
		scan->state = state == SCAN_AFTER_ARGUMENT ? SCAN_ARGUMENT : SCAN_NAME;
		scan->pos++;
		return COMMA;
	}
	return SAMPLE_YYEOF;
}

int sample_yylex(union SAMPLE_YYSTYPE *value, struct span *span, struct sample_scan *scan)
{
	size_t start = scan->pos;
	int token;

	if (scan->state == SCAN_NAME)
		token = scan_name(scan, &value->text);
	else if (scan->state == SCAN_ARGUMENT)
		token = scan_argument(scan, &value->arg);
	else
		token = scan_punctuation(scan);
	*span = word_span(scan->word, start, scan->pos - start);
	if (token == ARGUMENT)
		value->arg.span = *span;
	return token;
}

void sample_yyerror(struct span *span, struct sample_scan *scan, const char *message)
{
	if (scan->failed)
		return;
	scan->failed = true;
	scan->span = *span;
	scan->message = message;
}

void sample_scan_fail(struct sample_scan *scan, struct span span, bool wants_close)
{
	scan->failed = true;
	scan->span = span;
	scan->message = wants_close ? "missing `)` behind the arguments" : "malformed sample expression";
	scan->haproxy = STR("expected ')'");
}

bool sample_scan_word(struct sample_scan *scan, struct compile *c, const struct word *w, size_t off,
		      struct sample_ast *ast)
{
	*scan = (struct sample_scan){.c = c, .word = w, .pos = off, .state = SCAN_NAME, .ast = ast};
	if (sample_yyparse(scan) && !scan->failed)
		sample_scan_fail(scan, word_span(w, off, w->text.len - off), false);
	ast->end = scan->pos;
	return !scan->failed;
}
