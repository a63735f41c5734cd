/* Names that a line mentions: where the word stands, and which things of that kind resemble it. Works on the
 * state of one walk; one thread. */
#ifndef LB_GRAMMAR_CHECK_NAMES_H
#define LB_GRAMMAR_CHECK_NAMES_H

#include "grammar/check_state.h"
#include "grammar/suggest.h"

/* The first word from the `from`-th on that is this text, or NULL. */
const struct word *check_line_word(const struct line *line, uint32_t from, struct str text);
/* "did you mean", and a likely fix that replaces the span. */
void check_suggest_at(struct checker *k, struct diag *g, const struct suggest *s, struct span span);
/* Proxies that have a stick table, for the name of one that has none. */
void check_suggest_table(struct checker *k, struct diag *g, const struct word *w);
/* Sections that actions of a proxy's rules name: caches, resolvers. When all is read. */
void check_names_verify(struct checker *k, const struct draft *d);

#endif
