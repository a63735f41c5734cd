/* The table of a cache: entries by hash of their key, in the order of their last use. Room is counted in
 * blocks; who needs some lets the oldest entries go that nobody reads. Any thread; see cache.h. */
#include "runtime/cache/cache_inside.h"

#include <stdlib.h>
#include <sys/random.h>

#include "runtime/eval/hash.h"

enum { BUCKETS_MIN = 256, BUCKETS_MAX = 1 << 20 };

bool cache_key_of(const struct caches *all, struct http_msg *m, struct cache_key *key)
{
	struct http_hdr *host = http_find_id(m, HN_HOST, NULL);
	struct str target = m->normalized ? http_uri_pathq(m->uri) : m->uri;

	if (!host || !target.len)
		return false;
	key->text = scratch_printf(m->scratch, "%.*s%.*s", (int)host->value_len, host->value, STR_ARG(target));
	key->hash = key->text.ptr ? hash_xxh64(key->text, all->seed) : 0;
	return key->text.ptr != NULL;
}

struct str cache_entry_head(const struct cache_entry *e)
{
	return str_make(e->data + e->key_len, e->head_len);
}

struct str cache_entry_body(const struct cache_entry *e)
{
	return str_make(e->data + e->key_len + e->head_len, e->body_len);
}

uint32_t cache_entry_age(const struct cache_entry *e, int64_t now)
{
	int64_t age = (int64_t)e->age + (now > e->stored ? now - e->stored : 0);

	return age > INT32_MAX ? INT32_MAX : (uint32_t)age;
}

uint32_t cache_blocks(uint64_t bytes)
{
	return (uint32_t)((bytes + CACHE_BLOCK - 1) / CACHE_BLOCK);
}

/* --- life */

static bool cache_init(struct cache *c, const struct cache_conf *conf)
{
	uint32_t n = BUCKETS_MIN;

	c->conf = conf;
	c->blocks = conf->total_mb * 1024;
	c->free = c->blocks;
	while (n < c->blocks / 2 && n < BUCKETS_MAX)
		n *= 2;
	c->mask = n - 1;
	c->buckets = calloc(n, sizeof(*c->buckets));
	list_init(&c->order);
	pthread_mutex_init(&c->lock, NULL);
	return c->buckets != NULL;
}

struct caches *caches_new(const struct model *m)
{
	struct caches *all = calloc(1, sizeof(*all) + m->caches.n * sizeof(struct cache));

	if (!all)
		return NULL;
	if (getrandom(&all->seed, sizeof(all->seed), 0) < 0)
		all->seed = (uintptr_t)all;
	for (; all->n < m->caches.n; all->n++) {
		if (cache_init(&all->v[all->n], m->caches.v[all->n]))
			continue;
		caches_free(&all);
		return NULL;
	}
	return all;
}

/* The table's reference. */
static void entry_put(struct cache_entry *e)
{
	if (atomic_fetch_sub_explicit(&e->refs, 1, memory_order_acq_rel) == 1)
		free(e);
}

static void entry_unlink(struct cache *c, struct cache_entry *e)
{
	struct cache_entry **at = &c->buckets[e->hash & c->mask];

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	list_remove(&e->node);
	c->free += e->blocks;
	entry_put(e);
}

void caches_free(struct caches **all)
{
	if (!*all)
		return;
	for (uint32_t i = 0; i < (*all)->n; i++) {
		struct cache *c = &(*all)->v[i];

		while (!list_empty(&c->order))
			entry_unlink(c, LIST_OF(c->order.next, struct cache_entry, node));
		pthread_mutex_destroy(&c->lock);
		free(c->buckets);
	}
	free(*all);
	*all = NULL;
}

struct cache *cache_find(struct caches *all, struct str name)
{
	for (uint32_t i = 0; all && i < all->n; i++)
		if (str_eq(all->v[i].conf->name, name))
			return &all->v[i];
	return NULL;
}

const struct cache_conf *cache_conf_of(const struct cache *c)
{
	return c->conf;
}

/* --- finding */

static bool has_key(const struct cache_entry *e, const struct cache_key *key)
{
	return e->hash == key->hash && str_eq(str_make(e->data, e->key_len), key->text);
}

static bool suits(const struct cache_entry *e, const struct cache_vary *vary)
{
	return !e->vary_bits || (vary && cache_vary_matches(e->vary_bits, &e->vary, vary));
}

struct cache_entry *cache_lookup(struct cache *c, const struct cache_key *key, const struct cache_vary *vary,
				 int64_t now)
{
	struct cache_entry *e, *next, *found = NULL;

	pthread_mutex_lock(&c->lock);
	for (e = c->buckets[key->hash & c->mask]; e && !found; e = next) {
		next = e->next;
		if (!has_key(e, key))
			continue;
		if (e->expire <= now)
			entry_unlink(c, e);
		else if (suits(e, vary))
			found = e;
	}
	if (found) {
		atomic_fetch_add_explicit(&found->refs, 1, memory_order_relaxed);
		list_remove(&found->node);
		list_append(&c->order, &found->node);
	}
	pthread_mutex_unlock(&c->lock);
	return found;
}

void cache_entry_release(struct cache_entry **e)
{
	if (*e)
		entry_put(*e);
	*e = NULL;
}

void cache_invalidate(struct cache *c, const struct cache_key *key)
{
	struct cache_entry *e, *next;

	pthread_mutex_lock(&c->lock);
	for (e = c->buckets[key->hash & c->mask]; e; e = next) {
		next = e->next;
		if (has_key(e, key))
			entry_unlink(c, e);
	}
	pthread_mutex_unlock(&c->lock);
}

/* --- storing */

/* Takes blocks, old entries go for them. False: what is left is being read. Lock held. */
static bool take_blocks(struct cache *c, uint32_t n)
{
	struct list *node = c->order.next, *next;

	for (; c->free < n && node != &c->order; node = next) {
		struct cache_entry *e = LIST_OF(node, struct cache_entry, node);

		next = node->next;
		if (atomic_load_explicit(&e->refs, memory_order_acquire) == 1)
			entry_unlink(c, e);
	}
	if (c->free < n)
		return false;
	c->free -= n;
	return true;
}

/* Fresh entries of that key that vary. Lock held. */
static uint32_t variants(struct cache *c, const struct cache_key *key, int64_t now)
{
	uint32_t n = 0;

	for (const struct cache_entry *e = c->buckets[key->hash & c->mask]; e; e = e->next)
		n += has_key(e, key) && e->vary_bits && e->expire > now;
	return n;
}

static bool is_same(const struct cache_entry *e, const struct cache_entry *other)
{
	return e->vary_bits == other->vary_bits &&
	       (!(e->vary_bits & CACHE_VARY_ENCODING) || e->vary.encodings == other->vary.encodings) &&
	       (!(e->vary_bits & CACHE_VARY_REFERER) || e->vary.referer == other->vary.referer);
}

/* Room for `more` bytes of body. False: too large, or none. */
static bool store_reserve(struct cache_store *s, uint64_t body)
{
	uint64_t bytes = body + s->entry->head_len + s->entry->overhead;
	uint32_t blocks = cache_blocks(bytes);
	bool taken = true;

	if (bytes > cache_conf_max_object(s->cache->conf))
		return false;
	if (blocks <= s->entry->blocks)
		return true;
	pthread_mutex_lock(&s->cache->lock);
	taken = take_blocks(s->cache, blocks - s->entry->blocks);
	pthread_mutex_unlock(&s->cache->lock);
	if (taken)
		s->entry->blocks = blocks;
	return taken;
}

static bool store_grow(struct cache_store *s, size_t body)
{
	size_t cap = s->cap ? s->cap : CACHE_BLOCK;
	struct cache_entry *grown;

	if (body <= s->cap)
		return true;
	while (cap < body)
		cap *= 2;
	grown = realloc(s->entry, sizeof(*grown) + s->entry->key_len + s->entry->head_len + cap);
	if (!grown)
		return false;
	s->entry = grown;
	s->cap = cap;
	return true;
}

static void entry_begin(struct cache_entry *e, const struct cache_begin *b)
{
	*e = (struct cache_entry){.hash = b->key.hash,
				  .key_len = (uint32_t)b->key.text.len,
				  .head_len = (uint32_t)b->head.len,
				  .overhead = b->overhead,
				  .vary_bits = b->vary_bits,
				  .vary = b->vary,
				  .age = b->life.age,
				  .stored = b->now,
				  .expire = b->now + b->life.seconds};
	atomic_init(&e->refs, 1);
	memcpy(e->data, b->key.text.ptr, b->key.text.len);
	memcpy(e->data + b->key.text.len, b->head.ptr, b->head.len);
}

struct cache_store *cache_store_begin(struct cache *c, const struct cache_begin *b)
{
	uint64_t length = b->length == UINT64_MAX ? 0 : b->length;
	struct cache_store *s;
	uint32_t have = 0;

	if (length > cache_conf_max_object(c->conf))
		return NULL;
	if (b->vary_bits) {
		pthread_mutex_lock(&c->lock);
		have = variants(c, &b->key, b->now);
		pthread_mutex_unlock(&c->lock);
	}
	if (have >= c->conf->max_secondary)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->cache = c;
	s->entry = malloc(sizeof(*s->entry) + b->key.text.len + b->head.len + length);
	s->cap = length;
	if (s->entry) {
		entry_begin(s->entry, b);
		if (store_reserve(s, length))
			return s;
	}
	cache_store_abort(&s);
	return NULL;
}

bool cache_store_append(struct cache_store *s, struct str data)
{
	size_t body = s->entry->body_len + data.len;

	if (!data.len)
		return true;
	if (!store_reserve(s, body) || !store_grow(s, body))
		return false;
	memcpy(s->entry->data + s->entry->key_len + s->entry->head_len + s->entry->body_len, data.ptr,
	       data.len);
	s->entry->body_len = (uint32_t)body;
	return true;
}

void cache_store_finish(struct cache_store **store)
{
	struct cache_store *s = *store;
	struct cache_entry *e = s->entry, *old, *next;
	struct cache *c = s->cache;
	struct cache_key key = {str_make(e->data, e->key_len), e->hash};

	pthread_mutex_lock(&c->lock);
	for (old = c->buckets[e->hash & c->mask]; old; old = next) {
		next = old->next;
		if (has_key(old, &key) && is_same(old, e))
			entry_unlink(c, old);
	}
	e->next = c->buckets[e->hash & c->mask];
	c->buckets[e->hash & c->mask] = e;
	list_append(&c->order, &e->node);
	pthread_mutex_unlock(&c->lock);
	free(s);
	*store = NULL;
}

void cache_store_abort(struct cache_store **store)
{
	struct cache_store *s = *store;

	if (!s)
		return;
	if (s->entry && s->entry->blocks) {
		pthread_mutex_lock(&s->cache->lock);
		s->cache->free += s->entry->blocks;
		pthread_mutex_unlock(&s->cache->lock);
	}
	free(s->entry);
	free(s);
	*store = NULL;
}
