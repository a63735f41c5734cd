/* Tokens of conditions: a word is one token, but for exclamation marks glued to its beginning. Between braces
 * all words belong to the anonymous ACL. An empty word ends the condition, as for HAProxy. One thread. */
#include "grammar/cond_scan.h"

#include "grammar/cond_grammar.h"

static struct str scan_text(const struct cond_scan *scan)
{
	return str_tail(scan->words[scan->i].text, scan->off);
}

static void scan_next_word(struct cond_scan *scan)
{
	scan->i++;
	scan->off = 0;
}

static int scan_in_braces(union COND_YYSTYPE *value, struct cond_scan *scan)
{
	bool close = str_is(scan_text(scan), "}");

	value->index = scan->i;
	scan_next_word(scan);
	scan->braces = !close;
	return close ? CLOSE : WORD;
}

static int scan_word(union COND_YYSTYPE *value, struct span span, struct cond_scan *scan)
{
	struct str text = scan_text(scan);
	bool whole = scan->off == 0;

	value->term = (struct cond_term_ast){.word = scan->i, .nwords = 1, .name_off = scan->off, .span = span};
	scan_next_word(scan);
	if (str_is(text, "{")) {
		scan->braces = true;
		scan->open = span;
		return OPEN;
	}
	return whole && (str_ieq(text, STR("or")) || str_is(text, "||")) ? OR : NAME;
}

int cond_yylex(union COND_YYSTYPE *value, struct span *span, struct cond_scan *scan)
{
	const struct word *w;

	if (scan->i < scan->n && scan->off && scan->off == scan->words[scan->i].text.len)
		scan_next_word(scan);
	if (scan->i >= scan->n || !scan->words[scan->i].text.len)
		return COND_YYEOF;
	w = &scan->words[scan->i];
	*span = word_span(w, scan->off, w->text.len - scan->off);
	if (scan->braces)
		return scan_in_braces(value, scan);
	if (w->text.ptr[scan->off] == '!') {
		*span = word_span(w, scan->off++, 1);
		return NOT;
	}
	return scan_word(value, *span, scan);
}

void cond_yyerror(struct span *span, struct cond_scan *scan, const char *message)
{
	(void)span;
	(void)message;
	scan->failed = true;
}

void cond_scan_dangling(struct cond_scan *scan, struct span span)
{
	if (!scan->dangling.source)
		scan->dangling = span;
}

void cond_scan_doubled(struct cond_scan *scan, struct span span)
{
	if (!scan->doubled.source)
		scan->doubled = span;
}

bool cond_scan_words(struct cond_scan *scan, struct compile *c, const struct word *words, uint32_t n,
		     struct cond_ast *ast)
{
	*scan = (struct cond_scan){.c = c, .words = words, .n = n, .ast = ast};
	if (cond_yyparse(scan))
		scan->failed = true;
	return !scan->failed;
}
