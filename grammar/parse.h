/* Between the scanner (token.l), the grammar of lines (tree_grammar.y) and the expander: raw lines of raw
 * words, each a sequence of pieces as written. One raw line exists at a time; it is handed to expand_raw_line()
 * at its end and then used again, so that a text of any size needs only its tree. Everything is owned by the
 * arena. One thread. */
#ifndef LB_GRAMMAR_PARSE_H
#define LB_GRAMMAR_PARSE_H

#include "grammar/compile.h"

enum piece_kind {
	PIECE_PLAIN,    /* ordinary bytes, all ASCII */
	PIECE_HIGH,     /* ordinary bytes above 0x7f */
	PIECE_ESCAPE,   /* a backslash sequence */
	PIECE_QUOTED,   /* text within quotes, taken as it is */
	PIECE_VARIABLE, /* $NAME, ${NAME[*]-default} */
};

struct raw_piece {
	uint8_t kind;
	bool split;        /* PIECE_VARIABLE: [*] makes words of the value */
	bool has_default;  /* PIECE_VARIABLE: the default may be empty */
	uint32_t off, len; /* in the source */
	uint32_t name_off, name_len, default_off, default_len;
};

struct raw_word {
	uint32_t off, len; /* in the source, quotes included */
	uint32_t first, n; /* pieces */
	uint32_t flags;    /* WORD_QUOTED, WORD_ESCAPED, WORD_ENV */
};

struct raw_line {
	uint32_t off, len; /* of everything up to the line end, comment included */
	struct span comment;
	VEC(struct raw_piece) pieces;
	VEC(struct raw_word) words;
	uint32_t
		dropped; /* words beyond RAW_WORDS_MAX: more than any line may have, so they are counted only */
	bool poisoned;
};
enum { RAW_WORDS_MAX = 1024 };

struct expand;

struct parse {
	struct arena *arena;
	struct diags *diags;
	struct sources *sources;
	struct expand *expand; /* who gets the raw lines */
	uint32_t source;
	struct str text; /* of the source: stays as it is */
	char *work; /* a copy for the scanner, len + 2 bytes; behind the current line nobody looks at it again,
		     * so words are decoded in place and end in NULs there */
	struct raw_line line;
	bool in_word;      /* the next piece continues the last word */
	struct span quote; /* last opening quote, for messages */
	struct span brace; /* last ${ */
	struct span nul;   /* first NUL of the source, or SPAN_NONE */
	struct span cr;    /* first carriage return within a line */
};

/* Cuts p->text into raw lines. Errors become diagnostics; only the end of the text ends it. All fields up to
 * `work` are the caller's to set. */
void parse_source(struct parse *p);

/* Called by the grammar. Of a word that is one too many, no piece is kept: NULL. */
struct raw_piece *parse_piece(struct parse *p, enum piece_kind kind, struct span span);
/* Opens the word, if none is, and makes it reach to the end of span: for quotes. */
void parse_extend(struct parse *p, struct span span, uint32_t flags);
void parse_variable(struct parse *p, struct span span, struct span name, bool split, struct span instead);
void parse_blank(struct parse *p);
void parse_line_end(struct parse *p, struct span end, bool failed);
/* Called by the scanner. */
void parse_comment(struct parse *p, struct span span);
void parse_nul(struct parse *p, struct span span);
/* A carriage return with what follows it up to the line end: HAProxy ignores that. */
void parse_carriage_return(struct parse *p, struct span span);
void parse_missing_line_end(struct parse *p);

/* token.l: a scanner over p->work from p->line.off on. Its memory is the arena's. */
void *token_open(struct parse *p);

/* parse_error.c: the mistakes. `at` is where the text stops making sense. */
void parse_bad_hex(struct parse *p, struct span at);
void parse_bad_name(struct parse *p, struct span opening);
void parse_bad_pseudo(struct parse *p, struct span name);
void parse_bad_split(struct parse *p, struct span at);
void parse_open_brace(struct parse *p, struct span at);
void parse_open_quote(struct parse *p, struct span at);
/* Looks at the first bytes: false when this is no text to be read; skips a byte order mark. */
bool parse_encoding(struct parse *p);
/* HAProxy's picture of a place: " at position N:\n  LINE\n  ^\n" behind the given words, as diag_haproxy(). */
void parse_haproxy(struct parse *p, struct diag *g, struct span at, const char *words);

#endif
