/* Collecting the pieces that the scanner cuts into the raw words of one line, for the expander. */
#include "grammar/parse.h"

#include "grammar/expand.h"

void parse_extend(struct parse *p, struct span span, uint32_t flags)
{
	struct raw_word *word;

	if (!p->in_word) {
		word = vec_push(p->arena, &p->line.words);
		*word = (struct raw_word){.off = span.off, .first = p->line.pieces.n};
		p->in_word = true;
	}
	word = &p->line.words.v[p->line.words.n - 1];
	word->len = span.off + span.len - word->off;
	word->flags |= flags;
}

struct raw_piece *parse_piece(struct parse *p, enum piece_kind kind, struct span span)
{
	struct raw_piece *piece;

	parse_extend(p, span, kind == PIECE_ESCAPE ? WORD_ESCAPED : kind == PIECE_VARIABLE ? WORD_ENV : 0);
	piece = vec_push(p->arena, &p->line.pieces);
	*piece = (struct raw_piece){.kind = (uint8_t)kind, .off = span.off, .len = span.len};
	p->line.words.v[p->line.words.n - 1].n++;
	return piece;
}

void parse_variable(struct parse *p, struct span span, struct span name, bool split, struct span instead)
{
	struct raw_piece *piece = parse_piece(p, PIECE_VARIABLE, span);

	piece->name = str_sub(p->text, name.off, name.len);
	piece->split = split;
	if (instead.source)
		piece->instead = str_sub(p->text, instead.off, instead.len);
	if (piece->name.ptr[0] == '.' && !str_is(piece->name, ".FILE") && !str_is(piece->name, ".LINE") &&
	    !str_is(piece->name, ".SECTION"))
		parse_bad_pseudo(p, name);
}

void parse_blank(struct parse *p)
{
	p->in_word = false;
}

void parse_comment(struct parse *p, struct span span)
{
	p->line.comment = span;
}

void parse_line_end(struct parse *p, struct span end, bool failed)
{
	struct raw_line *line = &p->line;

	line->len = end.off - line->off;
	line->poisoned |= failed;
	if (line->words.n)
		expand_raw_line(p->expand, p);
	line->off = end.off + end.len;
	line->comment = SPAN_NONE;
	line->pieces.n = 0;
	line->words.n = 0;
	line->poisoned = false;
	p->in_word = false;
}
