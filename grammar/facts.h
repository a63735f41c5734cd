/* Facts: what holds for each section, line by line, and from where. A proxy has the lines of its own, those
 * that its `defaults` gives and it does not replace, and built-in values. `dump --effective`, `explain
 * FILE:LINE` and `diff` are views of them. Made from the tree and the registry, after loading; in the arena of
 * the compilation, one thread. */
#ifndef LB_GRAMMAR_FACTS_H
#define LB_GRAMMAR_FACTS_H

#include "grammar/base/out.h"
#include "grammar/keyword.h"
#include "grammar/load.h"

enum fact_origin { ORIGIN_OWN, ORIGIN_DEFAULTS, ORIGIN_BUILT_IN };

struct fact {
	const struct keyword *row;
	enum fact_origin origin;
	const struct line *line;    /* NULL: built in */
	const struct section *from; /* the section of the line; NULL: built in */
	bool no;                    /* `no` stands before it */
	struct str key;   /* what a reader would name it by: "timeout client", "server s1", "acl is_api" */
	struct str value; /* the words behind the key, quoted where they need it; of built-in ones, prose */
};

/* A section that is not `defaults`; all `global` sections are one. */
struct fact_object {
	enum keyword_place place;
	struct str name;                /* empty: it has none */
	const struct section *section;  /* the first */
	const struct section *defaults; /* whose lines it inherits, or NULL */
	VEC(struct fact) facts;         /* inherited ones first, then its own, as written */
	VEC(struct fact) built_in;      /* settings without a line */
};

struct facts {
	struct arena *arena;
	const struct loaded *l;
	struct keyword_index *index;
	int compat;
	VEC(struct fact_object *) objects;
	VEC(const struct section *) defaults; /* in order */
};

/* Memory that runs out jumps to the handler of the arena. */
struct facts *facts_collect(const struct loaded *l, int compat);
/* The section whose values a section inherits: `from`, or the last `defaults` before it. NULL: none. */
const struct section *facts_defaults_of(const struct facts *f, const struct section *section);
/* The object and the fact of a line; NULL when it is none (of a `defaults`, unknown, replaced). */
const struct fact *facts_of_line(const struct facts *f, const struct line *line,
				 const struct fact_object **object);
/* The row of a line in its section, and how many words stand before its arguments; NULL when it has none. */
const struct keyword *facts_row(const struct facts *f, const struct section *section, const struct line *line,
				uint32_t *skip);

/* The resolved configuration: every line that holds, with the origin of each in a comment. It can be loaded,
 * and means the same. */
void facts_print(struct out *o, const struct facts *f);
/* The same as one JSON object, built-in values included. */
void facts_json(struct out *o, const struct facts *f);
/* One difference: a setting of a section; no setting: the whole section came (`after` is NULL too) or went. */
struct fact_change {
	const struct fact_object *object;
	const struct fact *before, *after;
	bool section_gone;
	bool json;
};

/* Says more about each: a line of text with its end, or members of a JSON object, a comma before each. */
struct fact_notes {
	void (*put)(const struct fact_notes *n, struct out *o, const struct fact_change *c);
};

/* What a change from `old` to `new_` does: objects and settings that came, went, or have another value, as text
 * or as JSON. notes: NULL for none. True when there is a difference. */
bool facts_diff(struct out *o, const struct facts *old, const struct facts *new_, bool json,
		const struct fact_notes *notes);

/* "haproxy.cfg:4" of a line. */
void facts_place(struct out *o, const struct loaded *l, const struct line *line);

#endif
