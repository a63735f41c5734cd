/* Collecting the pieces that the scanner cuts into the raw words of one line, for the expander. */
#include "grammar/parse.h"

#include "grammar/expand.h"

/* Is the word at hand one too many to be kept? */
static bool is_dropped(const struct parse *p)
{
	return p->line.dropped > 0;
}

void parse_extend(struct parse *p, struct span span, uint32_t flags)
{
	struct raw_word *word;

	if (!p->in_word) {
		p->in_word = true;
		if (p->line.words.n == RAW_WORDS_MAX) {
			p->line.dropped++;
		} else {
			word = vec_push(p->arena, &p->line.words);
			*word = (struct raw_word){.off = span.off, .first = p->line.pieces.n};
		}
	}
	if (is_dropped(p))
		return;
	word = &p->line.words.v[p->line.words.n - 1];
	word->len = span.off + span.len - word->off;
	word->flags |= flags;
}

struct raw_piece *parse_piece(struct parse *p, enum piece_kind kind, struct span span)
{
	struct raw_piece *piece;

	parse_extend(p, span, kind == PIECE_ESCAPE ? WORD_ESCAPED : kind == PIECE_VARIABLE ? WORD_ENV : 0);
	if (is_dropped(p))
		return NULL;
	piece = vec_push(p->arena, &p->line.pieces);
	*piece = (struct raw_piece){.kind = (uint8_t)kind, .off = span.off, .len = span.len};
	p->line.words.v[p->line.words.n - 1].n++;
	return piece;
}

static bool is_pseudo_variable(struct str name)
{
	return str_is(name, ".FILE") || str_is(name, ".LINE") || str_is(name, ".SECTION");
}

void parse_variable(struct parse *p, struct span span, struct span name, bool split, struct span instead)
{
	struct raw_piece *piece = parse_piece(p, PIECE_VARIABLE, span);

	if (p->text.ptr[name.off] == '.' && !is_pseudo_variable(str_sub(p->text, name.off, name.len)))
		parse_bad_pseudo(p, name);
	if (!piece)
		return;
	piece->name_off = name.off;
	piece->name_len = name.len;
	piece->split = split;
	piece->has_default = instead.source != 0;
	piece->default_off = instead.off;
	piece->default_len = instead.len;
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
	line->dropped = 0;
	line->poisoned = false;
	p->in_word = false;
}
