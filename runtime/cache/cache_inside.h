/* What a cache is made of. Private to runtime/cache. */
#ifndef LB_CACHE_INSIDE_H
#define LB_CACHE_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/cache/cache.h"
#include "grammar/base/list.h"

struct cache_entry {
	struct cache_entry *next; /* of its bucket */
	struct list node;	  /* cache->order */
	uint64_t hash;
	atomic_uint refs; /* the table's, and one of each reader */
	uint32_t blocks, overhead;
	uint32_t key_len, head_len, body_len;
	uint8_t vary_bits;
	struct cache_vary vary;
	uint32_t age;
	int64_t stored, expire; /* seconds of the wall clock */
	char data[];		/* key, head, body */
};

struct cache {
	const struct cache_conf *conf;
	pthread_mutex_t lock;
	struct cache_entry **buckets;
	uint32_t mask;
	uint32_t blocks, free; /* of CACHE_BLOCK bytes */
	struct list order;     /* the one that was used last at the end */
};

struct caches {
	uint64_t seed; /* of hashes: nobody outside can choose keys that collide */
	uint32_t n;
	struct cache v[];
};

struct cache_store {
	struct cache *cache;
	struct cache_entry *entry; /* nobody else sees it yet */
	size_t cap;		   /* of its body */
};

/* How many blocks of CACHE_BLOCK bytes hold so much. */
uint32_t cache_blocks(uint64_t bytes);

#endif
