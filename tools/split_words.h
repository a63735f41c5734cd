/* Lines of requests into words, as a shell would: blanks part words, '...' and "..." keep them together, a
 * backslash outside of '...' takes the next byte as it is. Any thread. */
#ifndef LB_TOOLS_SPLIT_WORDS_H
#define LB_TOOLS_SPLIT_WORDS_H

#include "grammar/base/arena.h"

/* *words belongs to the arena; each ends in a NUL. False: a quote is not closed. */
bool split_words(struct arena *a, struct str line, struct str **words, uint32_t *n);

#endif
