/* Letters that look like something else: typographic quotes and no-break spaces that came with a text from a
 * web page or a word processor, and a backslash that would continue the line elsewhere, which HAProxy takes as
 * ordinary characters; apostrophes, which it takes as quotes; comments that start within a word. */
#include "grammar/expand_state.h"

/* Only U+2018 to U+201F, U+00A0 and U+202F matter. */
static const char *quote_replacement(struct str s)
{
	if (s.len < 3 || s.ptr[0] != '\xe2' || s.ptr[1] != '\x80')
		return NULL;
	switch ((unsigned char)s.ptr[2]) {
	case 0x98:
	case 0x99:
	case 0x9a:
	case 0x9b:
		return "'";
	case 0x9c:
	case 0x9d:
	case 0x9e:
	case 0x9f:
		return "\"";
	}
	return NULL;
}

static uint32_t no_break_space(struct str s)
{
	if (str_starts(s, STR("\xc2\xa0")))
		return 2;
	return str_starts(s, STR("\xe2\x80\xaf")) ? 3 : 0;
}

/* One diagnostic for all typographic quotes of a line. */
static struct diag *report_quote(struct expand *x, struct diag *g, struct span at, const char *straight)
{
	struct diags *d = x->c->diags;
	struct diag_edit *edit;

	if (!g) {
		g = diag_add(d, D_TYPOGRAPHIC_QUOTE, at, "typographic quote");
		diag_label(d, g, "an ordinary character here");
		diag_note(d, g, "only the straight quotes ' and \" keep words together");
		diag_fix(d, g, FIX_LIKELY, at, str_from(straight), "use straight quotes");
		return g;
	}
	edit = vec_push(d->arena, &g->fixes.v[0].edits);
	*edit = (struct diag_edit){at, str_from(straight)};
	return g;
}

static void report_space(struct expand *x, struct span at)
{
	struct diag *g = diag_add(x->c->diags, D_NO_BREAK_SPACE, at, "no-break space");

	diag_label(x->c->diags, g, "part of the word, as any letter");
	diag_fix(x->c->diags, g, FIX_LIKELY, at, STR(" "), "use a blank");
}

static void check_high(struct expand *x, const struct raw_piece *piece, struct diag **quotes)
{
	struct span span = {x->p->source, piece->off, piece->len};
	struct str text = str_sub(x->p->text, piece->off, piece->len);

	for (uint32_t i = 0; i < text.len; i++) {
		const char *straight = quote_replacement(str_tail(text, i));
		uint32_t space = no_break_space(str_tail(text, i));

		if (straight)
			*quotes = report_quote(x, *quotes, span_sub(span, i, 3), straight);
		else if (space)
			report_space(x, span_sub(span, i, space));
	}
}

/* A backslash alone at the end, as shells have it. */
static void check_continuation(struct expand *x, const struct line *line)
{
	const struct word *last = &line->words[line->nwords - 1];
	struct diag *g;

	if (!str_is(last->text, "\\") || last->flags & WORD_QUOTED || line->comment.source)
		return;
	g = diag_add(x->c->diags, D_LINE_CONTINUATION, last->span, "a backslash does not continue a line");
	diag_label(x->c->diags, g, "an ordinary word");
	diag_help(x->c->diags, g, "write the whole statement on one line; there is no way to split it");
}

/* `acl a path_reg ^/a #foo`: one word behind `#` where patterns stand. */
static void check_hidden_pattern(struct expand *x, const struct line *line)
{
	struct str text = str_sub(x->p->text, line->comment.off + 1, line->comment.len - 1);
	struct diag *g;

	if (!text.len || line->nwords < 4 || !str_is(line->words[0].text, "acl") || text.ptr[0] == '#')
		return;
	for (size_t i = 0; i < text.len && text.ptr[i] != '\r'; i++)
		if (text.ptr[i] == ' ' || text.ptr[i] == '\t')
			return;
	g = diag_add(x->c->diags, D_COMMENT_IN_WORD, line->comment, "this is a comment, not a pattern");
	diag_help(x->c->diags, g, "write `\\#` for the character, or put a blank behind the `#` of a comment");
}

static void check_comment(struct expand *x, const struct line *line)
{
	struct span comment = line->comment, last = line->words[line->nwords - 1].span;
	struct diag *g;

	if (!comment.source)
		return;
	if (comment.off != last.off + last.len) {
		check_hidden_pattern(x, line);
		return;
	}
	g = diag_add(x->c->diags, D_COMMENT_IN_WORD, span_sub(comment, 0, 1), "a comment starts within a word");
	diag_help(x->c->diags, g,
		  "quote the word or write `\\#` for the character; put a blank before a comment");
}

static bool is_letter(struct str text, size_t at)
{
	return at < text.len && (unsigned char)((text.ptr[at] | 0x20) - 'a') < 26;
}

/* "it's Tom's": two apostrophes are a pair of quotes, and what is between them is one word with what is around.
 */
static void check_apostrophes(struct expand *x, const struct raw_piece *piece)
{
	struct str text = x->p->text, inside = str_sub(text, piece->off, piece->len);
	struct span open = {x->p->source, piece->off - 1, 1},
		    close = {x->p->source, piece->off + piece->len, 1};
	struct diag_fix *fix;
	struct diag *g;

	if (piece->off < 2 || text.ptr[open.off] != '\'' || !is_letter(text, open.off - 1) ||
	    !is_letter(text, close.off + 1) || str_chr(inside, ' ') == inside.len)
		return;
	g = diag_add(x->c->diags, D_APOSTROPHES, open, "two apostrophes make a quoted string");
	diag_label(x->c->diags, g, "it starts here");
	diag_also(x->c->diags, g, close, "and ends here, so all of this is one word");
	fix = diag_fix(x->c->diags, g, FIX_LIKELY, span_sub(open, 0, 0), STR("\\"), "take them as apostrophes");
	*vec_push(x->c->arena, &fix->edits) = (struct diag_edit){span_sub(close, 0, 0), STR("\\")};
}

void letters_check(struct expand *x, const struct line *line)
{
	struct diag *quotes = NULL;

	vec_each (piece, &x->p->line.pieces) {
		if (piece->kind == PIECE_HIGH)
			check_high(x, piece, &quotes);
		else if (piece->kind == PIECE_QUOTED)
			check_apostrophes(x, piece);
	}
	check_continuation(x, line);
	check_comment(x, line);
}
