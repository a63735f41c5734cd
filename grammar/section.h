/* The kinds of sections: which words open one (manual, section 2.1, rules 6 and 7). Constant, any thread. */
#ifndef LB_GRAMMAR_SECTION_H
#define LB_GRAMMAR_SECTION_H

#include "grammar/keyword.h"

enum section_naming { NAMING_NONE, NAMING_OPTIONAL, NAMING_REQUIRED };

struct section_kind {
	struct str name;
	const char *summary;
	enum keyword_place place;
	enum section_naming naming;
	uint16_t since, until; /* HAProxy versions as 206 ... 304; 0: always. until: first version without it */
};

/* A row of sections.def; place < PLACE_SECTIONS. */
const struct section_kind *section_get(enum keyword_place place);
/* The kind that a word opens, or NULL. Kinds that the chosen version lacks are found as well. */
const struct section_kind *section_find(struct str word);
/* The kind that a word at the start of a line probably means when it is none: NULL unless it resembles one and
 * is no keyword that lives within sections. */
const struct section_kind *section_guess(struct str word);

#endif
