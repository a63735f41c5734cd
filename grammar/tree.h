/* The syntax tree: sections of lines of words, each with its span. Made in two steps. The parser (token.l, tree_grammar.y)
 * cuts text into raw lines and words and knows nothing of the environment; the expander (expand.h) walks the raw
 * lines in order, evaluates .if blocks, expands variables, applies setenv and friends, and yields the final tree.
 * Everything is owned by the arena. One thread. */
#ifndef LB_GRAMMAR_TREE_H
#define LB_GRAMMAR_TREE_H

#include "grammar/base/map.h"
#include "grammar/base/vec.h"
#include "grammar/span.h"

enum word_flags {
	WORD_QUOTED = 1,    /* some part stood in quotes */
	WORD_ENV = 2,	    /* some part came from the environment */
	WORD_ENV_UNSET = 4, /* a variable without value or default took part */
	WORD_ESCAPED = 8,   /* some part came from a backslash sequence */
};

struct word {
	struct str text;  /* decoded and expanded; a NUL stands behind the end */
	struct span span; /* in the source, quotes included */
	uint32_t flags;
	const uint32_t *map; /* source offset of each decoded byte and of the end; NULL: span.off + i */
};

/* The source span of decoded bytes [off, off+len): for carets inside expressions and conditions. */
struct span word_span(const struct word *w, size_t off, size_t len);

struct line {
	struct span span; /* without blanks at both ends, comment and line end */
	struct span comment; /* from # to the end, or SPAN_NONE */
	const struct word *words;
	uint32_t nwords; /* at least 1 */
	bool poisoned;	 /* a lexical error was reported: no second message for it */
};

struct section_kind;

struct section {
	const struct line *header; /* words[0] is the section keyword (a misspelt one is corrected); NULL for lines before the
				    * first section of a file */
	const struct section_kind *kind; /* section.h; NULL without header */
	VEC(struct line *) lines;
};

struct tree {
	VEC(struct section *) sections;
	struct map addresses; /* see word_as_address() */
};

/* Where a word stands for an address, $NAME and ${NAME} count outside of double quotes as well. The word as such a place reads it:
 * another one, or w itself when it holds no dollar sign. */
const struct word *word_as_address(const struct tree *t, const struct word *w);

#endif
