/* Where relative names of files start (manual, global keyword "default-path"). One thread. */
#ifndef LB_GRAMMAR_PLACE_H
#define LB_GRAMMAR_PLACE_H

#include "grammar/compile.h"

/* From now on, and in the files that follow. origin: of PLACE_ORIGIN; lives as long as the compilation. */
void file_places_set(struct compile *c, uint8_t policy, struct str origin, uint32_t source);
/* The lines that follow are of that source. */
void file_places_follow(struct compile *c, uint32_t source);
/* No line follows. */
void file_places_end(struct compile *c);
/* The name below `base` (crt-base, ca-base, key-base), unless it begins with a slash or names a store (@). In
 * a. */
struct str base_place(struct arena *a, struct str base, struct str name);
/* The name with the folder in front where it is relative and default-path gives one; lives as long as the
 * compilation, or as the name. */
struct str file_place(struct compile *c, struct str name);

#endif
