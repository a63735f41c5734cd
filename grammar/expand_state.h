/* What the files of the expander share: expand.c (lines and sections), expand_word.c (decoding), expand_block.c
 * (conditional blocks and other directives), expand_env.c (setenv and its kin), expand_letters.c (typographic
 * quotes and the like). */
#ifndef LB_GRAMMAR_EXPAND_STATE_H
#define LB_GRAMMAR_EXPAND_STATE_H

#include "grammar/expand.h"
#include "grammar/parse.h"

enum { LINE_WORDS_MAX = 64, BLOCK_DEPTH_MAX = 99, BLOCKS_SHOWN = 8, EXPANSION_MAX = 16 << 20 };

enum block_state {
	BLOCK_ACTIVE,  /* this branch is read */
	BLOCK_WAITING, /* no branch was taken yet */
	BLOCK_DONE,    /* a branch was taken: the rest is left out */
	BLOCK_DEAD,    /* within something that is left out */
};

struct block {
	enum block_state state;
	struct span opened;  /* the .if */
	struct span or_else; /* the .else, or SPAN_NONE */
};

/* A word being decoded. */
struct decoding {
	VEC(char) text;
	VEC(uint32_t) map;
	uint32_t flags, end; /* end: source offset behind the last byte */
	bool mapped;         /* decoded and source bytes do not run side by side */
	bool outside;        /* some byte is not from the word's own source bytes */
};

struct expand {
	struct compile *c;
	struct env env;
	struct parse *p;         /* of the source being read */
	struct section *section; /* NULL at the start of a source */
	VEC(struct block) blocks;
	bool too_deep; /* they were, and it was said */
	VEC(struct word) words; /* of the line at hand */
	struct decoding decoding;
	size_t expanded; /* bytes that came from variables */
	struct map unset;       /* name -> the diagnostic that reported it */
	struct map guesses;     /* first word of a line -> section that it may mean */
	uint32_t header_column; /* of the last section header, from 0 */
	bool quiet;             /* variables without value are not worth a warning here */
};

/* Decodes a raw word and appends one word, or several ([*]), to x->words. */
void expand_word(struct expand *x, const struct raw_word *raw);
/* May so many bytes more come from variables? What all of them together take is bounded; reports when it is too much. */
bool expand_afford(struct expand *x, struct span at, size_t len);
/* Is the line at hand within something that is left out? */
bool block_is_skipped(const struct expand *x);
/* A line whose first word, already decoded, starts with a dot. */
void block_directive(struct expand *x, const struct line *line);
/* The end of a source: what is still open. */
void block_end(struct expand *x);
/* Bytes that look like quotes, blanks or continuations and are none. */
void letters_check(struct expand *x, const struct line *line);
/* A line of a global section: obeys presetenv, setenv, resetenv and unsetenv. */
void expand_environment(struct expand *x, const struct line *line);
/* Number of words before the first empty one: where HAProxy stops looking. */
uint32_t line_effective_words(const struct line *line);

#endif
