/* Patterns of ACLs and maps: texts to struct pattern by matching method (manual, section 7.1). One thread. */
#ifndef LB_GRAMMAR_PATTERN_H
#define LB_GRAMMAR_PATTERN_H

#include "grammar/lang_state.h"

/* How the patterns of one ACL or map are read. */
struct pattern_reader {
	struct compile *c;
	const struct lang_scope *scope;
	enum match_method method;
	bool icase, no_dns;
	bool version;            /* integers may be versions, 3.1 */
	struct str haproxy_tail; /* " at line 1 of file 'x'" */
};

typedef VEC(struct pattern) pattern_vec;

/* One pattern of any method but int and len. False after an error. */
bool pattern_read(const struct pattern_reader *r, struct str text, struct span span, struct pattern *out);
/* One word of int or len: an operator changes *op ("eq" when NULL), anything else is appended. False after an
 * error. */
bool pattern_read_number(const struct pattern_reader *r, struct str text, struct span span, struct str *op,
			 pattern_vec *out);
/* What a name of a list of patterns stands for (manual of 3.x, section 2.7): `opt@` is in front of a file that
 * need not be there, `virt@` of a list without a file; `file@` says what is meant without it. */
enum pattern_origin { PATTERN_FILE, PATTERN_OPTIONAL, PATTERN_VIRTUAL };
/* What the list is called: only `virt@` belongs to the name. Versions up to 2.8 take the word as it is. */
struct str pattern_file_name(const struct compile *c, struct str word, enum pattern_origin *origin);
/* The lines of a file (manual, section 7.1, "-f"), read when its name is new, and the use noted; map: keys with
 * values. NULL after an error. */
struct pattern_file *pattern_file_use(struct compile *c, struct str word, struct span span,
				      const struct lang_scope *scope, bool map);
/* Checks every line of a file for the reader's method. False after an error. */
bool pattern_file_check(struct pattern_reader *r, const struct pattern_file *file, struct span span);

/* The lines of a pattern or map file: the next one that is neither empty nor a comment, trimmed; false at the
 * end. */
struct pattern_lines {
	struct str rest;
	uint32_t line;
};
bool pattern_next_line(struct pattern_lines *lines, struct str *line);
/* The first word of a map's line, and the value behind it. */
struct str pattern_map_key(struct str line, struct str *value);

#endif
