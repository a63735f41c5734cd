/* Between the files that read scenarios: words of a line with their places, values, and text of HAProxy's
 * language made out of such words. One thread. */
#ifndef LB_LAB_SCENARIO_READ_H
#define LB_LAB_SCENARIO_READ_H

#include "grammar/base/out.h"
#include "runtime/lab/scenario.h"

enum { LAB_WORDS = 64 };

struct lab_word {
	struct str text;
	struct span span;
};

struct lab_line {
	struct scenario *s;
	struct lab_word words[LAB_WORDS];
	uint32_t n, at;  /* at: the next one to read */
	struct span end; /* behind the last word */
};

/* --- scenario_words.c */

/* Cuts a line (its first byte at off of the source) into words: blanks part them, quotes hold them together, #
 * begins a comment. False: it has none, or an error that was reported. */
bool lab_line_cut(struct lab_line *l, uint32_t source, uint32_t off, struct str line);
/* The next word, or NULL and "`what` is missing here". */
const struct lab_word *lab_line_word(struct lab_line *l, const char *what);
/* Takes the next word if it is this one. */
bool lab_line_has(struct lab_line *l, const char *word);
/* What is left over is an error. */
void lab_line_end(struct lab_line *l);
/* Values; false: reported. */
bool lab_line_time(struct lab_line *l, double *seconds);
bool lab_line_rate(struct lab_line *l, double *per_second);
bool lab_line_number(struct lab_line *l, const char *what, double min, double max, double *value);
bool lab_line_count(struct lab_line *l, const char *what, uint64_t min, uint64_t max, uint64_t *value);
/* exp(5ms), uniform(1ms,3ms), 5ms ...; without `times`, of plain numbers. */
bool lab_line_dist(struct lab_line *l, bool times, struct dist *d);
void lab_line_wrong(struct lab_line *l, const struct lab_word *w, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* --- scenario_made.c */

/* Text for the checker, and which pieces of it come from where. */
struct lab_made {
	struct out text;
	VEC(struct lab_piece) pieces;
};
struct lab_piece {
	uint32_t at;
	struct span from;
};
/* " word", quoted as HAProxy reads it, from there. */
void lab_made_word(struct scenario *s, struct lab_made *m, const struct lab_word *w);
/* Compiles it; errors are repeated at the places where their words come from. NULL: there were some. */
struct loaded *lab_made_load(struct scenario *s, struct lab_made *m, const struct load_options *options);
/* The proxy that it made, or a named backend of a configuration; NULL: none. */
const struct proxy_conf *lab_backend(const struct loaded *l, struct str name);
/* An algorithm's line, behind `algorithm`. */
void lab_algorithm_read(struct lab_line *l, const struct load_options *options);

#endif
