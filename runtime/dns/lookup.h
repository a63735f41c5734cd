/* Names that rules want to know once (manual, action "do-resolve"): a stream asks, waits, and is called when
 * there is an answer. A lookup belongs to both sides, the stream's worker and worker 0, until the last of them
 * lets go. */
#ifndef LB_DNS_LOOKUP_H
#define LB_DNS_LOOKUP_H

#include "runtime/eval/eval.h"

struct dns_lookup;
struct worker;

enum dns_found { DNS_FOUND, DNS_NOT_FOUND, DNS_ASKING };

/* The address of a name by the section of resolvers of that name; family: the one that is liked better.
 * DNS_ASKING: *lookup was made, and done(ctx) will be called by the worker's loop, once, unless the lookup ends
 * before. */
enum dns_found dns_lookup(struct worker *w, struct str section, struct str name, int family, union addr *addr,
			  void (*done)(void *ctx), void *ctx, struct dns_lookup **lookup);
/* How long it takes at most, in ms, for those who do not trust in being called. */
uint64_t dns_lookup_ms(const struct dns_lookup *l);
/* What has come of it. The worker that asked. */
enum dns_found dns_lookup_result(const struct dns_lookup *l, union addr *addr);
/* Nobody wants to know any more, or the answer was taken; NULL inside is fine. The worker that asked. */
void dns_lookup_end(struct dns_lookup **l);

#endif
