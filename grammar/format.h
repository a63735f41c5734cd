/* Laying out a configuration in one way: sections at the margin, their lines indented by four blanks, one blank
 * between words, one empty line at most. Words, comments and order stay as they are, so that the meaning does:
 * nothing within quotes is touched, and a line that cannot be understood is left alone. Formatting twice
 * changes nothing more. One thread. */
#ifndef LB_GRAMMAR_FORMAT_H
#define LB_GRAMMAR_FORMAT_H

#include "grammar/fix.h"
#include "grammar/load.h"

/* The edits that lay out every source of `l`, in its arena; for fixes_write() and fixes_diff(). `applied`
 * counts the lines that change. */
struct fixes format_sources(const struct loaded *l);

#endif
