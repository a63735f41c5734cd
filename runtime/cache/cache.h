/* Caches of responses in memory (manual, section 6). A cache belongs to its generation and is shared by all
 * workers; one lock guards its table, and no call holds it for longer than it takes to find one entry or to let
 * old ones go. An entry is never changed once others may see it; it counts those who read it, and its memory
 * goes with the last of them. Sizes count in blocks of 1 kB, as the manual says. */
#ifndef LB_CACHE_CACHE_H
#define LB_CACHE_CACHE_H

#include "grammar/base/out.h"
#include "grammar/model.h"
#include "grammar/model_cache.h"
#include "runtime/cache/cache_policy.h"

enum { CACHE_BLOCK = 1024 };

struct caches; /* all of one model */
struct cache;

/* What is looked up: host and target. */
struct cache_key {
	struct str text;
	uint64_t hash;
};
/* The key of a request, in the scratch memory of its message; false: it has none. */
bool cache_key_of(const struct caches *c, struct http_msg *m, struct cache_key *key);

/* A response that is kept. `head` is an HTTP/1.1 head with its empty line, `body` is not encoded for transfer. */
struct cache_entry;
struct str cache_entry_head(const struct cache_entry *e);
struct str cache_entry_body(const struct cache_entry *e);
/* RFC 9111 section 4.2.3, in seconds. */
uint32_t cache_entry_age(const struct cache_entry *e, int64_t now);

/* NULL: no memory. */
struct caches *caches_new(const struct model *m);
void caches_free(struct caches **c);
/* By name; NULL: there is none. */
struct cache *cache_find(struct caches *c, struct str name);
const struct cache_conf *cache_conf_of(const struct cache *c);

/* A fresh entry that suits, counted for the caller; NULL: there is none. now: seconds of the wall clock. vary: what the
 * request takes; NULL: the section does not process Vary. Any thread. */
struct cache_entry *cache_lookup(struct cache *c, const struct cache_key *key, const struct cache_vary *vary,
				 int64_t now);
void cache_entry_release(struct cache_entry **e);
/* What is kept for the key goes. Any thread. */
void cache_invalidate(struct cache *c, const struct cache_key *key);

/* An entry in the making; its room is taken out of the cache as it grows. One thread. */
struct cache_store;
struct cache_begin {
	struct cache_key key;
	struct str head;
	uint32_t overhead; /* bytes that count besides head and body */
	uint64_t length;   /* of the body; UINT64_MAX: not known */
	uint8_t vary_bits;
	struct cache_vary vary;
	struct cache_lifetime life;
	int64_t now;
};
/* NULL: it is too large, there are too many variants, there is no room, or no memory. */
struct cache_store *cache_store_begin(struct cache *c, const struct cache_begin *b);
/* False: it has become too large; abort it. */
bool cache_store_append(struct cache_store *s, struct str data);
/* From now on others see it. The store is gone. */
void cache_store_finish(struct cache_store **s);
void cache_store_abort(struct cache_store **s);

/* `show cache` (management manual, section 9.3). */
void caches_show(struct caches *c, int64_t now, struct out *out);

#endif
