/* How source text is shown in columns of a terminal: character by character, with width. Pure functions, any
 * thread. */
#ifndef LB_GRAMMAR_RENDER_GLYPH_H
#define LB_GRAMMAR_RENDER_GLYPH_H

#include "grammar/base/out.h"

/* One character of the text and its picture. */
struct glyph {
	uint32_t bytes;   /* of the text */
	uint32_t width;   /* columns of the picture */
	char picture[12]; /* UTF-8, ended by NUL: what to print */
};

/* The character at the start of s (not empty). A tab is four blanks; control characters, bytes that are no
 * UTF-8 and invisible or direction-changing characters get a visible stand-in. */
struct glyph glyph_next(struct str s);
/* Columns that a text takes. */
uint32_t glyph_columns(struct str s);
/* Characters in a text (for column numbers); a byte that is no UTF-8 counts as one. */
uint32_t glyph_count(struct str s);
/* The pictures of a whole text. */
void glyph_print(struct out *o, struct str s);

#endif
