/* Which files a list of paths means: files as they are, directories as their *.cfg (management guide, section
 * 3, -f). */
#ifndef LB_GRAMMAR_SOURCE_LIST_H
#define LB_GRAMMAR_SOURCE_LIST_H

#include "grammar/base/vec.h"

struct source_file {
	const char *name; /* as the path was given */
	const char *path; /* to open it from where the process is */
};

struct source_list {
	VEC(struct source_file) files;
};

/* Adds what a path means: itself when it is no directory (whether it can be read shows later), else the files
 * in it whose name ends in .cfg and does not start with a dot, sorted by bytes; directories in it are passed
 * over. A relative path starts at work_dir (NULL: where the process is). *found says how many were added. False
 * and errno when a directory, or what is in it, cannot be read. Strings belong to the arena. */
bool source_list_add(struct arena *a, struct source_list *list, const char *work_dir, const char *path,
		     uint32_t *found);

#endif
