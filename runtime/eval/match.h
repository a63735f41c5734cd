/* Patterns against samples (manual, section 7.1). Private to runtime/eval. One thread. */
#ifndef LB_EVAL_MATCH_H
#define LB_EVAL_MATCH_H

#include "runtime/eval/engine.h"
#include "runtime/eval/pattern_ref.h"

/* Hash of exact texts, when there are many of them. Slots hold 1 + index of a pattern; 0: free. */
struct match_hash {
	uint32_t *slots;
	uint32_t mask;
	bool icase;
};

struct matcher {
	const struct pattern *patterns;
	uint32_t n;
	uint8_t method; /* enum match_method */
	bool single;    /* one str pattern: hash is the one of its text, case folded */
	uint32_t hash;
	struct pattern_index **files; /* of `-f`, tried behind the patterns */
	uint32_t nfiles;
	struct match_hash exact, exact_icase; /* of many str patterns; slots NULL: compare one by one */
};

/* Hash of a text, with ASCII letters as if in lower case when icase. */
uint32_t match_hash_text(struct str text, bool icase);
/* A matcher of one str pattern against a text with its case-folded hash. */
bool matcher_single(const struct matcher *m, struct str text, uint32_t hash);
/* Prepares; memory from the arena (which may jump to its handler). */
void matcher_init(struct matcher *m, struct arena *arena, enum match_method method,
		  const struct pattern *patterns, uint32_t n);
/* One pattern; the sample has the type that the method wants. */
bool match_text(struct eval *e, uint8_t method, struct str text, const struct pattern *p, const size_t **groups,
		uint32_t *n);
bool match_addr(const struct sample *s, const struct ip_net *net);
bool match_meth(const struct sample *s, const struct pattern *p);
/* The IPv4 address in an IPv6 one: 2002:IPV4::, ::IPV4 or ::ffff:IPV4; NULL when there is none. */
const uint8_t *match_embedded_ipv4(const uint8_t *ip);
/* What a method wants to see. */
enum smp_type match_wants(uint8_t method);
/* The first pattern that matches (m->n: one of a file), or -1. Casts the sample as the method wants; it may be
 * changed by that. groups, n: of a regular expression, else untouched. */
int64_t matcher_find(struct eval *e, const struct matcher *m, struct sample *s, const size_t **groups,
		     uint32_t *ngroups);

#endif
