/* What can be wrong with the letters of a configuration: quotes, escapes, variables, line ends, encodings. */
#include "grammar/parse.h"

#include "grammar/suggest.h"

enum { HAPROXY_COLUMNS = 77 };

/* The line of p->line as HAProxy shows it: without blanks before it, control characters as blanks. */
static struct str haproxy_line(struct parse *p, uint32_t *skipped)
{
	struct str line = str_tail(p->text, p->line.off);
	char *copy;

	line = str_sub(line, 0, str_chr(line, '\n'));
	for (*skipped = 0; *skipped < line.len && strchr(" \t\v\f\r", line.ptr[*skipped]);)
		(*skipped)++;
	line = str_sub(line, *skipped, HAPROXY_COLUMNS);
	copy = (char *)arena_str(p->arena, line).ptr;
	for (size_t i = 0; i < line.len; i++)
		if ((unsigned char)copy[i] < ' ')
			copy[i] = ' ';
	return str_make(copy, line.len);
}

void parse_haproxy(struct parse *p, struct diag *g, struct span at, const char *words)
{
	uint32_t skipped, column = at.off - p->line.off;
	struct str line = haproxy_line(p, &skipped);
	int indent = (int)(column < skipped ? 0 : column - skipped);

	if (indent < HAPROXY_COLUMNS)
		diag_haproxy(p->diags, g, ": %s at position %u:\n  %.*s\n  %*s^", words, column + 1,
			     STR_ARG(line), indent, "");
	else
		diag_haproxy(p->diags, g, ": %s at position %u:\n  %.*s", words, column + 1, STR_ARG(line));
}

void parse_bad_hex(struct parse *p, struct span at)
{
	struct diag *g =
		diag_add(p->diags, D_HEX_INVALID, at, "`\\x` without two hexadecimal digits behind it");

	diag_help(p->diags, g, "write the byte as `\\x41`, or a backslash as `\\\\`");
	diag_fix(p->diags, g, FIX_LIKELY, span_sub(at, 0, 1), STR("\\\\"), "take the backslash as a character");
	parse_haproxy(p, g, at, "truncated or invalid hexadecimal sequence");
}

void parse_bad_name(struct parse *p, struct span opening)
{
	struct diag *g = diag_add(p->diags, D_VARIABLE_NAME, opening, "no name of a variable behind `%.*s`",
				  STR_ARG(sources_span(p->sources, opening)));

	diag_note(p->diags, g, "names consist of letters, digits and `_`, and do not start with a digit");
	diag_help(p->diags, g, "within double quotes a dollar sign is written `\\$`");
	diag_fix(p->diags, g, FIX_LIKELY, span_sub(opening, 0, 0), STR("\\"),
		 "take the dollar sign as a character");
	parse_haproxy(p, g, span_sub(opening, opening.len, 0),
		      "forbidden first char in environment variable name");
}

void parse_bad_pseudo(struct parse *p, struct span name)
{
	struct diag *g = diag_add(p->diags, D_VARIABLE_NAME, name, "no variable `%.*s`",
				  STR_ARG(sources_span(p->sources, name)));
	static const struct str names[] = {STR(".FILE"), STR(".LINE"), STR(".SECTION")};
	struct suggest s;

	p->line.poisoned = true;
	diag_note(p->diags, g, "the variables that start with a dot are `.FILE`, `.LINE` and `.SECTION`");
	suggest_start(&s, sources_span(p->sources, name));
	for (unsigned i = 0; i < 3; i++)
		suggest_offer(&s, names[i]);
	if (s.n)
		diag_fix(p->diags, g, FIX_LIKELY, name, s.names[0], "use `%.*s`", STR_ARG(s.names[0]));
	parse_haproxy(p, g, name, "forbidden first char in environment variable name");
}

void parse_bad_split(struct parse *p, struct span at)
{
	struct diag *g =
		diag_add(p->diags, D_VARIABLE_SPLIT, at, "`[` behind the name of a variable is not `[*]`");

	diag_help(p->diags, g,
		  "`${NAME[*]}` makes one word of each word in the value; there is no other index");
	parse_haproxy(p, g, at, "truncated or invalid word expansion sequence");
}

void parse_open_brace(struct parse *p, struct span at)
{
	struct span name = span_sub(p->brace, p->brace.len, at.off - p->brace.off - p->brace.len);
	struct diag *g = diag_add(p->diags, D_VARIABLE_UNCLOSED, p->brace, "`${` without a closing `}`");
	struct str rest = str_tail(p->text, at.off);

	if (rest.len && rest.ptr[0] != '\r' && rest.ptr[0] != '\n')
		diag_also(p->diags, g, at, "only `-default`, `[*]` or `}` can follow `%.*s`",
			  STR_ARG(sources_span(p->sources, name)));
	else
		diag_also(p->diags, g, span_sub(at, 0, 0), "and the line ends here");
	if (str_starts(rest, STR(":-")))
		diag_fix(p->diags, g, FIX_LIKELY, span_sub(at, 0, 1), STR(""),
			 "write the default without the colon");
	parse_haproxy(p, g, span_sub(p->brace, 1, 1), "unmatched brace in environment variable name");
}

/* Is there one quote of this kind in the line, between letters: an apostrophe? */
static bool is_apostrophe(struct parse *p)
{
	struct str line = str_sub(p->text, p->line.off, p->quote.off - p->line.off);
	struct str after = str_tail(p->text, p->quote.off + 1);

	return p->text.ptr[p->quote.off] == '\'' && line.len && after.len &&
	       (unsigned char)((line.ptr[line.len - 1] | 0x20) - 'a') < 26 &&
	       (unsigned char)((after.ptr[0] | 0x20) - 'a') < 26;
}

void parse_open_quote(struct parse *p, struct span at)
{
	char quote = p->text.ptr[p->quote.off];
	struct diag *g = diag_add(p->diags, D_QUOTE_UNMATCHED, p->quote, "unmatched quote");
	const char *end = quote == '"' ? "\"" : "'";

	diag_label(p->diags, g, "a quoted string starts here");
	diag_also(p->diags, g, at.len ? span_sub(at, 0, 0) : at, "and the line ends here");
	if (is_apostrophe(p)) {
		diag_help(p->diags, g, "an apostrophe outside of double quotes is written `\\'`");
		diag_fix(p->diags, g, FIX_LIKELY, span_sub(p->quote, 0, 0), STR("\\"),
			 "take it as an apostrophe");
	} else {
		diag_help(p->diags, g,
			  "end the string with `%s` on the same line, or write `\\%s` for the character", end,
			  end);
	}
	parse_haproxy(p, g, p->quote, "unmatched quote");
}

void parse_nul(struct parse *p, struct span span)
{
	struct diag *g;

	p->line.poisoned = true;
	if (p->nul.source)
		return;
	p->nul = span;
	g = diag_add(p->diags, D_NUL_BYTE, span, "NUL byte in the configuration");
	diag_note(p->diags, g, "HAProxy stops reading here; only the first one of a file is reported");
	diag_haproxy(p->diags, g, ": Stray NUL character at position %u.", span.off - p->line.off + 1);
}

/* A text without any line feed has carriage returns for line ends: all of them are meant. */
static void replace_more(struct parse *p, struct diag_fix *fix, uint32_t from)
{
	for (uint32_t i = from; i < p->text.len; i++)
		if (p->text.ptr[i] == '\r')
			*vec_push(p->arena, &fix->edits) = (struct diag_edit){{p->source, i, 1}, STR("\n")};
}

void parse_carriage_return(struct parse *p, struct span span)
{
	struct str rest = sources_span(p->sources, span);
	struct diag_fix *fix;
	struct diag *g;
	size_t i = 0;

	while (i < rest.len && strchr(" \t\v\f\r", rest.ptr[i]))
		i++;
	if (i == rest.len || p->cr.source)
		return;
	p->cr = span;
	g = diag_add(p->diags, D_CARRIAGE_RETURN, span_sub(span, 0, 1),
		     "carriage return in the middle of a line");
	diag_label(p->diags, g, "what follows on this line is ignored");
	diag_note(p->diags, g, "only the first one of a file is reported");
	diag_help(p->diags, g, "lines end in a line feed, or in a carriage return and a line feed");
	fix = diag_fix(p->diags, g, FIX_LIKELY, span_sub(span, 0, 1), STR("\n"), "replace it by a line feed");
	if (str_chr(p->text, '\n') == p->text.len)
		replace_more(p, fix, span.off + 1);
}

void parse_missing_line_end(struct parse *p)
{
	struct span end = {p->source, (uint32_t)p->text.len, 0};
	struct diag *g =
		diag_add(p->diags, D_LINE_END_MISSING, end, "the last line does not end in a line feed");

	diag_label(p->diags, g, "the text ends here");
	diag_note(p->diags, g, "HAProxy takes this for a sign that the file was cut short");
	diag_fix(p->diags, g, FIX_CERTAIN, end, STR("\n"), "add a line feed");
	diag_haproxy(p->diags, g, ": Missing LF on last line, file might have been truncated at position %u.",
		     end.off - p->line.off + 1);
}

/* Text in another encoding; true when there is no use in reading it. */
static bool encoding_refuse(struct parse *p)
{
	struct span mark = {p->source, 0, 2};
	struct diag *g;

	if (!str_starts(p->text, STR("\xff\xfe")) && !str_starts(p->text, STR("\xfe\xff")))
		return false;
	g = diag_add(p->diags, D_ENCODING, mark, "the text is encoded in UTF-16");
	diag_help(p->diags, g,
		  "save it as UTF-8 without a byte order mark, or convert it: `iconv -f UTF-16 -t UTF-8`");
	return true;
}

bool parse_encoding(struct parse *p)
{
	struct span mark = {p->source, 0, 3};
	struct diag *g;

	if (encoding_refuse(p))
		return false;
	if (!str_starts(p->text, STR("\xef\xbb\xbf")))
		return true;
	g = diag_add(p->diags, D_BYTE_ORDER_MARK, mark, "the text starts with a byte order mark");
	diag_note(p->diags, g,
		  "these three invisible bytes become part of the first word, which nothing knows then");
	diag_fix(p->diags, g, FIX_CERTAIN, mark, STR(""), "remove it");
	p->line.off = 3;
	return true;
}
