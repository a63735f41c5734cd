/* Which files a list of paths means: files as they are, directories as their *.cfg (management guide, section
 * 3, -f). */
#ifndef LB_GRAMMAR_SOURCE_LIST_H
#define LB_GRAMMAR_SOURCE_LIST_H

#include "grammar/base/vec.h"

struct source_list {
	VEC(struct str) paths; /* each ended by a NUL */
};

/* Adds what a path means: itself when it is no directory (whether it can be read shows later), else the files
 * in it whose name ends in .cfg and does not start with a dot, sorted by bytes; directories in it are passed
 * over. *found says how many were added. False and errno when a directory, or what is in it, cannot be read. */
bool source_list_add(struct arena *a, struct source_list *list, const char *path, uint32_t *found);

#endif
