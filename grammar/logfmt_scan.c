/* Tokens of log formats: text, the percent sign, flags, aliases, and whole expressions. Blanks of log lines are
 * merged. One thread. */
#include "grammar/logfmt_scan.h"

#include "grammar/logfmt_grammar.h"

enum { ITEMS_SINCE = 300 }; /* names and encodings */

static bool scan_more(const struct logfmt_scan *scan)
{
	return scan->pos < scan->word->text.len;
}

static char scan_char(const struct logfmt_scan *scan, size_t ahead)
{
	struct str text = scan->word->text;

	return scan->pos + ahead < text.len ? text.ptr[scan->pos + ahead] : 0;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* A character that HAProxy takes for itself behind a percent sign, which is dropped. */
static bool stands_for_itself(const struct logfmt_scan *scan, char c)
{
	if (c == '(')
		return scan->c->model->compat < ITEMS_SINCE;
	return (unsigned char)c > ' ' && !is_alnum(c) && c != '[' && c != '{';
}

static void percent_report(struct logfmt_scan *scan)
{
	struct diag *g = diag_add(scan->c->diags, D_LOGFMT_PERCENT, word_span(scan->word, scan->pos, 2),
				  "this `%%` is dropped");

	diag_help(scan->c->diags, g, "write `%%%%` for the character itself");
}

/* Text up to the next alias, flags or expression. %% is a percent sign, %- a dash. */
static int scan_plain(union LOGFMT_YYSTYPE *value, struct logfmt_scan *scan)
{
	struct arena *a = scan->c->model->arena;
	char *out = arena_alloc(a, scan->word->text.len - scan->pos + 1);
	size_t n = 0;

	while (scan_more(scan)) {
		char c = scan_char(scan, 0), next = scan_char(scan, 1);

		if (c == '%' && !stands_for_itself(scan, next))
			break;
		if (c == '%' && next != '%' && next != '-')
			percent_report(scan);
		scan->pos += c == '%' ? 2 : 1;
		if (c == '%')
			c = next;
		if (c == ' ' && scan->merge_blanks && n && out[n - 1] == ' ')
			continue;
		out[n++] = c;
	}
	value->text = str_make(out, n);
	return TEXT;
}

/* One of the words between braces: +Q, -X ...; true when it was understood. M (mandatory) is on unless it is
 * taken away. */
static bool flag_parse(struct str text, bool recent, struct logfmt_flags_ast *flags)
{
	static const struct {
		const char *name;
		uint16_t flag;
		bool recent;
	} known[] = {{"Q", LOGFMT_QUOTE, false},    {"X", LOGFMT_HEX, false},    {"E", LOGFMT_ESCAPE, false},
		     {"M", LOGFMT_OPTIONAL, false}, {"json", LOGFMT_JSON, true}, {"cbor", LOGFMT_CBOR, true},
		     {"bin", LOGFMT_BIN, true}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (text.len < 2 || !str_is(str_tail(text, 1), known[i].name) || (known[i].recent && !recent))
			continue;
		if ((text.ptr[0] == '+') != (known[i].flag == LOGFMT_OPTIONAL)) {
			flags->set |= known[i].flag;
			flags->clear &= (uint16_t)~known[i].flag;
		} else {
			flags->clear |= known[i].flag;
			flags->set &= (uint16_t)~known[i].flag;
		}
		return true;
	}
	return false;
}

/* Once for a format: who writes %{Q}f does so all along the line. */
static void flag_report(struct logfmt_scan *scan, size_t off, struct str flag)
{
	struct diag *g;

	if (scan->flag_reported)
		return;
	scan->flag_reported = true;
	g = diag_add(scan->c->diags, D_LOGFMT_FLAG, word_span(scan->word, off, flag.len), "`%.*s` is no flag",
		     STR_ARG(flag));
	diag_note(scan->c->diags, g, "HAProxy ignores it in silence");
	diag_help(scan->c->diags, g,
		  "the flags are +Q (quote), +X (hexadecimal), +E (escape), +json, +cbor and +bin, or with - "
		  "to end "
		  "them");
}

static void flags_parse(struct logfmt_scan *scan, struct str text, size_t off, struct logfmt_flags_ast *flags)
{
	size_t i = 0, end;

	while (i < text.len) {
		if (text.ptr[i] == ',' || text.ptr[i] == ' ' || text.ptr[i] == '\t') {
			i++;
			continue;
		}
		end = i + 1;
		while (end < text.len && !strchr(",+- \t", text.ptr[end]))
			end++;
		if (!flag_parse(str_sub(text, i, end - i), scan->c->model->compat >= ITEMS_SINCE, flags))
			flag_report(scan, off + i, str_sub(text, i, end - i));
		i = end;
	}
}

/* {...}, already seen to begin. */
static int scan_flags(union LOGFMT_YYSTYPE *value, struct logfmt_scan *scan)
{
	struct str rest = str_tail(scan->word->text, scan->pos + 1);
	size_t len = str_chr(rest, '}');
	struct diag *g;

	value->flags = (struct logfmt_flags_ast){.text = str_sub(rest, 0, len)};
	if (len == rest.len) {
		g = diag_add(scan->c->diags, D_LOGFMT_SYNTAX, word_span(scan->word, scan->pos, rest.len + 1),
			     "these flags are not closed by `}`");
		lang_haproxy(scan->c, g, scan->scope, "truncated line after '%.*s'", STR_ARG(rest));
		scan->failed = true;
	}
	flags_parse(scan, value->flags.text, scan->pos + 1, &value->flags);
	scan->pos += len == rest.len ? len + 1 : len + 2;
	scan->state = LOGFMT_AFTER_FLAGS;
	return FLAGS;
}

/* (name:type), already seen to begin; false: it is not closed, or the type is none. */
static bool scan_item(struct logfmt_scan *scan)
{
	static const struct {
		const char *name;
		uint16_t flag;
	} types[] = {{"str", LOGFMT_AS_STR}, {"sint", LOGFMT_AS_SINT}, {"bool", LOGFMT_AS_BOOL}};
	struct str rest = str_tail(scan->word->text, scan->pos + 1), name, type;
	size_t len = str_chr(rest, ')');

	name = str_sub(rest, 0, len);
	type = str_tail(name, str_chr(name, ':'));
	scan->item = str_sub(name, 0, str_chr(name, ':'));
	scan->item_type = 0;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (type.len && str_is(str_tail(type, 1), types[i].name))
			scan->item_type = types[i].flag;
	if (len < rest.len && (!type.len || scan->item_type)) {
		scan->pos += len + 2;
		return true;
	}
	diag_add(scan->c->diags, D_LOGFMT_SYNTAX, word_span(scan->word, scan->pos, name.len + 1),
		 len == rest.len ? "this name is not closed by `)`"
				 : "the type of an item is str, sint or bool");
	scan->failed = true;
	return false;
}

/* Without its closing bracket an expression runs to the end of the word. */
static bool sample_closed(struct logfmt_scan *scan, size_t start, size_t end)
{
	struct diag *g;

	if (end < scan->word->text.len)
		return true;
	g = diag_add(scan->c->diags, D_LOGFMT_SYNTAX, word_span(scan->word, start - 2, 2),
		     "this expression is not closed by `]`");
	diag_fix(scan->c->diags, g, FIX_LIKELY, word_span(scan->word, end, 0), STR("]"), "insert `]`");
	lang_haproxy(scan->c, g, scan->scope, "missing ']' after '%.*s'",
		     STR_ARG(str_tail(scan->word->text, start)));
	return false;
}

static int scan_sample(union LOGFMT_YYSTYPE *value, struct logfmt_scan *scan)
{
	size_t start = ++scan->pos, end;

	value->sample = sample_parse(scan->c, scan->word, start, ']', &end, scan->scope);
	if (!value->sample || !sample_closed(scan, start, end))
		scan->failed = true;
	scan->pos = end < scan->word->text.len ? end + 1 : end;
	scan->state = LOGFMT_PLAIN;
	return SAMPLE;
}

static int scan_alias(union LOGFMT_YYSTYPE *value, struct logfmt_scan *scan)
{
	size_t start = scan->pos;

	while (is_alnum(scan_char(scan, 0)))
		scan->pos++;
	value->text = str_sub(scan->word->text, start, scan->pos - start);
	scan->state = LOGFMT_PLAIN;
	return ALIAS;
}

static int scan_token(union LOGFMT_YYSTYPE *value, struct logfmt_scan *scan)
{
	char c = scan_char(scan, 0);

	if (!scan_more(scan) || scan->failed)
		return LOGFMT_YYEOF;
	if (scan->state == LOGFMT_PLAIN && c == '%' && !stands_for_itself(scan, scan_char(scan, 1))) {
		scan->percent = scan->pos++;
		scan->state = LOGFMT_PERCENT;
		scan->item = STR_NONE;
		scan->item_type = 0;
		if (scan_char(scan, 0) == '(' && scan->c->model->compat >= ITEMS_SINCE && !scan_item(scan))
			return LOGFMT_YYEOF;
		return PERCENT;
	}
	if (scan->state == LOGFMT_PLAIN)
		return scan_plain(value, scan);
	if (c == '{' && scan->state == LOGFMT_PERCENT)
		return scan_flags(value, scan);
	if (c == '[')
		return scan_sample(value, scan);
	if (is_alnum(c))
		return scan_alias(value, scan);
	scan->state = LOGFMT_PLAIN;
	return scan_plain(value, scan);
}

int logfmt_yylex(union LOGFMT_YYSTYPE *value, struct span *span, struct logfmt_scan *scan)
{
	size_t start = scan->pos;
	int token = scan_token(value, scan);

	*span = word_span(scan->word, start, scan->pos - start);
	if (token == FLAGS)
		value->flags.span = *span;
	return token;
}

void logfmt_yyerror(struct span *span, struct logfmt_scan *scan, const char *message)
{
	(void)message;
	if (!scan->failed)
		logfmt_syntax_error(scan, *span, false);
}
