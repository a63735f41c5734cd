/* The layout of lines. Works on the texts, not on the tree: branches that are not taken, and comments, are laid
 * out as well. */
#include "grammar/format.h"

#include "grammar/section.h"

enum line_kind { LINE_EMPTY, LINE_COMMENT, LINE_HEADER, LINE_DIRECTIVE, LINE_STATEMENT, LINE_STRANGE };

struct format {
	const struct loaded *l;
	struct fixes *f;
	uint32_t source;
	bool numbered; /* lines are counted by the text (${.LINE}): none is added or taken away */
	bool in_section;
	uint64_t margins;                  /* a bit each: where headers stood, also those that `.if` may hide */
	bool after_empty, after_statement; /* what was written last */
	uint32_t empties;                  /* held back */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

static struct str trim(struct str s)
{
	while (s.len && is_blank(s.ptr[0]))
		s = str_tail(s, 1);
	while (s.len && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

/* The length of the word at the start of s, quotes and escapes included; 0: its quotes do not close. */
static size_t word_length(struct str s)
{
	char quote = 0;
	size_t i;

	for (i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '\\' && quote != '\'') {
			if (++i == s.len)
				return i;
		} else if (quote) {
			quote = c == quote ? 0 : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (is_blank(c) || c == '#') {
			break;
		}
	}
	return quote ? 0 : i;
}

/* The words of a line, one blank between them, comment included; false when it must stay as it is. */
static bool write_words(struct out *o, struct str line)
{
	bool first = true;

	for (line = trim(line); line.len; first = false) {
		size_t len;

		if (!first)
			out_char(o, ' ');
		if (line.ptr[0] == '#') {
			out_str(o, line);
			return true;
		}
		len = word_length(line);
		if (!len)
			return false;
		out_str(o, str_sub(line, 0, len));
		line = str_tail(line, len);
		while (line.len && is_blank(line.ptr[0]))
			line = str_tail(line, 1);
	}
	return true;
}

/* Line ends within a line and NULs, quotes that do not close: another program has to look at those. They stay
 * as they are, so what they are must not depend on where other lines stand. */
static bool is_strange(struct str line)
{
	struct out nowhere = out_fixed(NULL, 0);

	return line.len && (memchr(line.ptr, '\r', line.len) || memchr(line.ptr, 0, line.len) ||
			    !write_words(&nowhere, line));
}

static size_t indentation(struct str line)
{
	size_t n = 0;

	while (n < line.len && is_blank(line.ptr[n]))
		n++;
	return n;
}

static bool is_margin(const struct format *x, size_t n)
{
	return n < 64 && x->margins >> n & 1;
}

/* A misspelt section is one when it stands where others stood. Before the first one, a line with a variable may
 * be one. */
static enum line_kind line_kind(const struct format *x, struct str line)
{
	struct str text = trim(line), first;

	if (is_strange(line))
		return LINE_STRANGE;
	if (!text.len)
		return LINE_EMPTY;
	if (text.ptr[0] == '#')
		return LINE_COMMENT;
	if (text.ptr[0] == '.')
		return LINE_DIRECTIVE;
	first = str_sub(text, 0, word_length(text));
	if (section_find(first) ||
	    ((!x->in_section || is_margin(x, indentation(line))) && section_guess(first)))
		return LINE_HEADER;
	if (!x->in_section && str_chr(text, '$') < text.len)
		return LINE_HEADER;
	return LINE_STATEMENT;
}

static bool is_indented(const struct format *x, enum line_kind kind, struct str line)
{
	if (!x->in_section || kind == LINE_HEADER || kind == LINE_DIRECTIVE)
		return false;
	return kind != LINE_COMMENT || is_blank(line.ptr[0]);
}

/* The trailing blanks of a comment are no part of it; an escaped blank at the end of a line is part of a word.
 */
static void line_write(struct format *x, struct out *o, enum line_kind kind, struct str line)
{
	struct out words = out_growing(line.len * 2 + 16);

	if (kind == LINE_STRANGE || !write_words(&words, line)) {
		out_str(o, line);
	} else {
		out_puts(o, is_indented(x, kind, line) ? "    " : "");
		out_str(o, out_get(&words));
	}
	out_char(o, '\n');
	out_free(&words);
}

/* Empty lines before a line: as many as there were, up to one; one before a section. */
static bool wants_empty(const struct format *x, enum line_kind kind)
{
	if (x->after_empty)
		return false;
	return x->empties || (kind == LINE_HEADER && x->after_statement);
}

static void edit_add(struct format *x, struct span span, struct str text)
{
	struct diag_edit *edit;

	if (str_eq(sources_span(&x->l->sources, span), text))
		return;
	edit = ARENA_NEW(x->f->arena, struct diag_edit);
	edit->span = span;
	edit->text = arena_str(x->f->arena, text);
	*vec_push(x->f->arena, &x->f->edits) = edit;
	x->f->applied++;
}

static void line_format(struct format *x, struct span span, struct str line)
{
	enum line_kind kind = line_kind(x, line);
	struct out o = out_growing(span.len * 2 + 64);

	if (kind == LINE_EMPTY && !x->numbered) {
		x->empties++;
		edit_add(x, span, STR(""));
		return;
	}
	if (!x->numbered && wants_empty(x, kind))
		out_char(&o, '\n');
	if (kind == LINE_HEADER) {
		x->in_section = true;
		x->margins |= indentation(line) < 64 ? 1ULL << indentation(line) : 0;
	}
	line_write(x, &o, kind, line);
	edit_add(x, span, out_get(&o));
	out_free(&o);
	x->empties = 0;
	x->after_empty = false;
	x->after_statement = kind == LINE_STATEMENT || kind == LINE_STRANGE;
}

/* Neighbouring edits become one: an empty line that is written again where it was is none. */
static void edits_join(struct fixes *f, uint32_t from, const struct sources *s)
{
	uint32_t n = from;

	for (uint32_t i = from, end; i < f->edits.n; i = end) {
		struct diag_edit *edit = (struct diag_edit *)f->edits.v[i];
		struct out text = out_growing((size_t)1 << 31);

		out_str(&text, edit->text);
		for (end = i + 1; end < f->edits.n; end++) {
			const struct diag_edit *next = f->edits.v[end];

			if (edit->span.off + edit->span.len != next->span.off)
				break;
			edit->span.len += next->span.len;
			out_str(&text, next->text);
		}
		if (end > i + 1)
			edit->text = arena_str(f->arena, out_get(&text));
		out_free(&text);
		if (!str_eq(sources_span(s, edit->span), edit->text))
			f->edits.v[n++] = edit;
	}
	f->edits.n = n;
}

static void source_format(const struct loaded *l, struct fixes *f, uint32_t source)
{
	struct str text = sources_get(&l->sources, source)->text;
	struct format x = {.l = l, .f = f, .source = source, .after_empty = true};
	uint32_t from = f->edits.n;

	x.numbered = text.len && memmem(text.ptr, text.len, ".LINE", 5);
	for (size_t i = 0, end; i < text.len; i = end) {
		struct str line = str_tail(text, i);

		line.len = str_chr(line, '\n');
		end = i + line.len + (i + line.len < text.len);
		if (line.len && line.ptr[line.len - 1] == '\r' && !is_strange(str_sub(line, 0, line.len - 1)))
			line.len--;
		line_format(&x, (struct span){source, (uint32_t)i, (uint32_t)(end - i)}, line);
	}
	edits_join(f, from, &l->sources);
}

struct fixes format_sources(const struct loaded *l)
{
	struct fixes f = {.arena = l->arena};

	for (uint32_t source = 1; source <= l->sources.list.n; source++)
		source_format(l, &f, source);
	f.applied = f.edits.n;
	return f;
}
