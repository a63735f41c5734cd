/* Excerpts: source lines behind line numbers, with marks and labels beneath. Shared by what render_text() shows
 * of a diagnostic's places and of its fixes. Pure output, any one thread. */
#ifndef LB_GRAMMAR_RENDER_EXCERPT_H
#define LB_GRAMMAR_RENDER_EXCERPT_H

#include "grammar/render.h"

enum render_style {
	STYLE_PLAIN,
	STYLE_STRONG,
	STYLE_FRAME,
	STYLE_ERROR,
	STYLE_WARNING,
	STYLE_NOTE,
	STYLE_HELP,
	STYLE_ADDED,
	STYLE_REMOVED
};

/* Something beneath a line: bytes [from, to) of its text; an empty range marks one column. */
struct mark {
	uint32_t from, to;
	char sign; /* '^', '-', '+', '~' */
	enum render_style style;
	struct str label;
};
enum { MARKS_MAX = 32 };

struct excerpt {
	struct out *o;
	bool color;
	unsigned width;  /* columns for the text of a line */
	unsigned gutter; /* columns for line numbers */
};

struct excerpt excerpt_make(struct out *o, const struct render_options *options, unsigned gutter);
void excerpt_style(const struct excerpt *x, enum render_style style);
/* An empty gutter with its bar: "   |". */
void excerpt_bar(const struct excerpt *x);
/* "3 | text" and the rows of marks beneath it; n <= MARKS_MAX. Lines wider than the window are cut around their
 * marks. */
void excerpt_line(const struct excerpt *x, uint32_t number, struct str text, const struct mark *marks,
		  unsigned n);
/* "3 - text" or "3 + text". */
void excerpt_change(const struct excerpt *x, uint32_t number, struct str text, char sign);

/* The parts of render_text(): the places of a diagnostic, and one fix. */
void snippet_print(const struct excerpt *x, const struct diag *g, const struct sources *s);
void snippet_fix(const struct excerpt *x, const struct diag_fix *fix, const struct sources *s);
/* Columns for line numbers that a diagnostic needs. */
unsigned snippet_gutter(const struct diag *g, const struct sources *s);
enum render_style severity_style(enum severity severity);

#endif
