/* Stick tables (manual, keyword "stick-table"): keys with counters, found by hash, forgotten in the order of
 * their last use. A table is cut into shards by hash; each has a lock, its part of the keys and its own order
 * of age. Any worker may do anything.
 *
 * Lock order: a thread holds at most one shard's lock; under it only the lock of the texts may be taken, which
 * is the last one. Making room in a full table tries (and never waits for) other shards. What is called with an
 * entry held must not wait for anything.
 *
 * Times are the worker's monotonic milliseconds; entries keep the low 32 bits. */
#ifndef LB_STICK_TABLE_H
#define LB_STICK_TABLE_H

#include <pthread.h>
#include <stdatomic.h>

#include "grammar/base/list.h"
#include "grammar/model.h"
#include "runtime/stick/rate.h"

/* A key with its counters. What is stored follows at the table's offsets, then the key. */
struct stick_entry {
	struct stick_entry *next; /* of the same bucket; of the free list */
	struct list age;          /* shard->ages: least recently used first */
	uint32_t hash;
	uint32_t refs;   /* who tracks it: it stays */
	uint32_t expire; /* ms */
	uint32_t key_len;
};

struct stick_buckets {
	struct stick_entry **v;
	uint32_t mask; /* how many, less one */
};

/* Of entries in tables that peers share, at the table's sync_offset: their place in the order of changes. */
struct stick_sync {
	struct list node; /* shard->updates: the latest last */
	uint64_t number;  /* of the table's updates, counted from 1 */
	bool learned;     /* from a peer: others hear of it only when they ask for everything */
};

struct stick_slab;
struct stick_shard {
	pthread_mutex_t lock;
	struct stick_buckets now, old; /* old: being moved over, from `moved` on */
	uint32_t moved, used;
	struct list ages, updates;
	struct stick_entry *spare;
	struct stick_slab *slabs;
	uint32_t slab_size; /* entries of the next one */
} __attribute__((aligned(64)));

struct stick_tables;
struct stick_table {
	const struct table_conf *conf;
	struct stick_tables *owner;
	uint32_t nshards, peers_shards; /* a power of two; among how many peers entries are shared, 0: each gets all */
	atomic_uint used;
	atomic_uint_fast64_t updates;                 /* how many changes were numbered */
	uint32_t entry_size, key_offset, sync_offset; /* sync_offset 0: not shared with peers */
	uint16_t offsets[STICK_DATA_COUNT];           /* in an entry; 0: not stored */
	struct stick_shard *shards;
};

/* Texts that many entries have in common: keys of servers. */
struct stick_texts {
	pthread_mutex_t lock;
	struct str *v;
	uint32_t n, cap;
};

/* All tables of one model, by table_conf.id. */
struct stick_tables {
	struct stick_table **v, *own; /* v: its own, or those of an older model whose definition has not changed */
	uint32_t n, nown, nlenders;
	struct model *model;	       /* of its own tables; retained, as are lenders: the owners of the others */
	struct stick_tables **lenders;
	atomic_uint references;
	uint64_t seed; /* of the hash: nobody outside can choose keys that collide */
	struct stick_texts texts;
	/* Something of a shared table has changed here; with an entry held, must not wait. NULL: nobody cares */
	void (*on_update)(void *ctx);
	void *update_ctx;
};

enum { STICK_TEXTS_MAX = 65535, STICK_SHARDS_MAX = 64 };

/* For that many threads. NULL when memory is out. Main thread. */
struct stick_tables *stick_tables_new(const struct model *m, uint32_t nthreads);
bool stick_conf_same(const struct table_conf *a, const struct table_conf *b); /* mean the same table */
/* Takes over those of `old` with the same name and definition, before anybody uses `all`, isolated (core/isolation.h). */
void stick_tables_adopt(struct stick_tables *all, struct stick_tables *old);
void stick_tables_free(struct stick_tables **t);
static inline struct stick_table *stick_table_of(struct stick_tables *all, const struct table_conf *conf)
{
	return all && conf ? all->v[conf->id] : NULL;
}

/* An entry that was found, with its shard locked until stick_leave(). */
struct stick_hold {
	struct stick_table *table;
	struct stick_shard *shard;
	struct stick_entry *entry;
};
/* The entry of a key (as stick_key_make() gives it). False, and nothing is locked: there is none. */
bool stick_find(struct stick_hold *h, struct stick_table *t, struct str key, uint64_t now);
/* The same, and makes one when there is none. False: no room (nopurge, or all others are in use), or memory is
 * out. */
bool stick_open(struct stick_hold *h, struct stick_table *t, struct str key, uint64_t now);
/* Locks the shard of an entry that the caller refers to. */
void stick_enter(struct stick_hold *h, struct stick_table *t, struct stick_entry *entry);
void stick_leave(struct stick_hold *h);

/* With the entry held: it was used, and lives for another `expire`. */
void stick_touch(struct stick_hold *h, uint64_t now);
/* The same for what a peer has told: it lives for `left` ms (0: as long as any). */
void stick_touch_learned(struct stick_hold *h, uint64_t now, uint32_t left);
/* Keeps it from being forgotten; takes that back (the entry may be gone after stick_leave()). */
static inline void stick_ref(struct stick_hold *h)
{
	h->entry->refs++;
}
static inline void stick_unref(struct stick_hold *h)
{
	h->entry->refs--;
}
/* Removes it, unless somebody refers to it: then false. The hold is left in both cases. */
bool stick_remove(struct stick_hold *h);

/* Where a type of data is kept in the held entry; NULL: not stored. index: of arrays; else 0. */
static inline void *stick_at(const struct stick_hold *h, enum stick_data data, uint32_t index)
{
	uint32_t offset = h->table->offsets[data];

	if (!offset || index >= h->table->conf->length[data])
		return NULL;
	switch (stick_data_row(data)->kind) {
	case STICK_RATE:
	case STICK_RATES:
		return (char *)h->entry + offset + index * sizeof(struct stick_rate);
	case STICK_U64:
		return (char *)h->entry + offset;
	default:
		return (char *)h->entry + offset + index * sizeof(uint32_t);
	}
}
static inline uint32_t *stick_u32(const struct stick_hold *h, enum stick_data data, uint32_t index)
{
	return stick_at(h, data, index);
}
/* Value of any kind but texts (those: number of the text); false: not stored. */
bool stick_read(const struct stick_hold *h, enum stick_data data, uint32_t index, uint64_t now, int64_t *value);
/* Sets it; a rate gets so many events now. */
void stick_write(const struct stick_hold *h, enum stick_data data, uint32_t index, uint64_t now, int64_t value);
/* Adds to a counter or rate where it is stored. */
void stick_add(const struct stick_hold *h, enum stick_data data, uint32_t index, uint64_t now, uint64_t n);

static inline struct str stick_key(const struct stick_table *t, const struct stick_entry *entry)
{
	return str_make((const char *)entry + t->key_offset, entry->key_len);
}
/* When it is forgotten: ms from now. 0 without `expire`. */
static inline uint32_t stick_left(const struct stick_hold *h, uint64_t now)
{
	int32_t left = (int32_t)(h->entry->expire - (uint32_t)now);

	return h->table->conf->expire && left > 0 ? (uint32_t)left : 0;
}

/* Forgets what is too old, in all shards of a table; `most` entries per shard at most, 0: all. */
void stick_sweep(struct stick_table *t, uint64_t now, uint32_t most);
/* A bit of that for all tables; once a second, one thread. */
void stick_tables_sweep(struct stick_tables *all, uint64_t now);
/* Calls fn for the entries of a table, shard by shard, each held; fn may read and write it. False from fn ends
 * it. */
void stick_each(struct stick_table *t, uint64_t now, bool (*fn)(struct stick_hold *h, void *ctx), void *ctx);
/* Removes those for which `wanted` says so (NULL: all) and which nobody refers to. */
void stick_clear(struct stick_table *t, uint64_t now, bool (*wanted)(struct stick_hold *h, void *ctx),
		 void *ctx);

/* How far somebody has heard of the changes of a table: by shard, because only there they are in order. */
struct stick_cursor {
	uint64_t at[STICK_SHARDS_MAX];
};
struct stick_walk {
	uint64_t until; /* the last change that is of interest */
	bool learned;   /* also those that came from peers */
	/* With the entry held. False: no room, it is to be shown again. */
	bool (*fn)(struct stick_hold *h, uint64_t number, void *ctx);
	void *ctx;
};
/* Shows every entry whose last change lies behind the cursor, and moves it. True: there is nothing left. */
bool stick_sync_walk(struct stick_table *t, struct stick_cursor *c, const struct stick_walk *w);

/* Number of a text from 1 on, made when new; 0: none, or there are too many. Any thread. */
uint32_t stick_text_put(struct stick_tables *all, struct str text);
/* The text, which stays as long as the tables; empty for 0. */
struct str stick_text_get(struct stick_tables *all, uint32_t number);

#endif
