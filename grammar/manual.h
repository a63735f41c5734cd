/* What the registry and the tables know, for people: pages about keywords, codes, and lines of a configuration.
 * Pure output; any thread. */
#ifndef LB_GRAMMAR_MANUAL_H
#define LB_GRAMMAR_MANUAL_H

#include "grammar/facts.h"

/* Rows, actions, fetches, converters and aliases of that name, one page each; of what stands before it or
 * begins with it when there are none of that very name. False: there are none of those either. */
bool manual_keyword(struct out *o, const char *name);
/* LBE0201, 201, or the readable name: why, an example that gets it and one that does not. False: no such code.
 */
bool manual_code(struct out *o, const char *name);
/* "`timeout client` or `timeout connect`" for what was probably meant; empty: nothing resembles it. */
void manual_suggest(struct out *o, const char *name);
/* All that is accepted and checked, but has no effect in lbd yet. */
void manual_features(struct out *o);
/* One row as a page. */
void manual_row(struct out *o, const struct keyword *row);

/* What a line does: its keyword, whether its value holds and what it replaces or is replaced by; of a
 * `defaults`, who gets it; of a server, where each of its options comes from; of a rule, its neighbours; of
 * ACLs and backends, the other end. False: there is no statement on that line. */
bool manual_line(struct out *o, const struct facts *f, uint32_t source, uint32_t line);

#endif
