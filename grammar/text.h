/* Sources: the texts of one compilation, their names and line starts. Owned by the arena of the compilation,
 * like everything that refers to them. One thread. */
#ifndef LB_GRAMMAR_TEXT_H
#define LB_GRAMMAR_TEXT_H

#include "grammar/base/arena.h"
#include "grammar/base/vec.h"
#include "grammar/span.h"

struct source {
	struct str name;       /* as shown: the path given, or "<stdin>" */
	struct str text;       /* whole content; NUL behind the end */
	uint32_t *line_starts; /* byte offsets, built on first use */
	uint32_t nlines;
};

struct sources {
	struct arena *arena;
	VEC(struct source *) list;
};

/* One-based line; one-based column in bytes. */
struct position {
	uint32_t line, column;
};

/* All of an open file, at most `limit` bytes, with a NUL behind it; in the arena. False and errno on failure
 * (EFBIG: there is more, EISDIR for a directory). */
bool text_read(struct arena *a, int fd, size_t limit, struct str *text);
/* Adds a text (copied when `copy`) and returns its number for struct span. At most 4 GiB - 1. */
uint32_t sources_add(struct sources *s, struct str name, struct str text, bool copy);
/* Reads a whole file. 0 and errno on failure (EFBIG above 128 MiB, EISDIR for a directory). */
uint32_t sources_add_file(struct sources *s, const char *path);
/* The same with another name than the path. */
uint32_t sources_add_file_as(struct sources *s, const char *name, const char *path);
const struct source *sources_get(const struct sources *s, uint32_t source);
struct position sources_position(const struct sources *s, uint32_t source, uint32_t off);
/* The text of a one-based line without its line end. */
struct str sources_line(const struct sources *s, uint32_t source, uint32_t line);
/* What a span covers. */
struct str sources_span(const struct sources *s, struct span span);

#endif
