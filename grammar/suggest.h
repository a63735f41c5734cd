/* "Did you mean": the candidates closest to a word that is none of them. The caller offers what is legal at
 * that place, one by one, nearest declarations first; equally good ones keep that order. No allocation, any
 * thread. */
#ifndef LB_GRAMMAR_SUGGEST_H
#define LB_GRAMMAR_SUGGEST_H

#include "grammar/base/str.h"

enum { SUGGEST_MAX = 3, SUGGEST_LONGEST = 64 };

struct suggest {
	struct str names[SUGGEST_MAX]; /* best first; borrowed from the caller */
	uint32_t n;
	/* private */
	uint32_t costs[SUGGEST_MAX];
	struct str word;
	uint32_t folded_len;
	char folded[SUGGEST_LONGEST];
};

/* Prepares for the word that was written (borrowed). */
void suggest_start(struct suggest *s, struct str word);
/* Considers one candidate. It is taken when, after folding case and leaving out `-_. `, it is the same; or at
 * most a third of its letters are wrong (one, for short words; two swapped neighbours count as one); or it has
 * the same words in another order (get_header, header-get). The word itself and repetitions are not taken. */
void suggest_offer(struct suggest *s, struct str candidate);
/* Writes "`a`", "`a` or `b`" or "`a`, `b` or `c`" as a C string that is cut to size; buf is returned. "" for
 * none. */
char *suggest_text(const struct suggest *s, char *buf, size_t size);

#endif
