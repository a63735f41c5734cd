/* What names are made of: those of sections, servers, checks and filters in them, and GUIDs. Pure; any thread.
 */
#ifndef LB_GRAMMAR_NAME_H
#define LB_GRAMMAR_NAME_H

#include "grammar/base/str.h"

/* The place of the first byte that is no letter, digit, `-`, `_`, `.` or `:`; name.len: all is well. */
static inline size_t name_bad_byte(struct str name)
{
	return str_word_run(name, "-_.:");
}

#endif
