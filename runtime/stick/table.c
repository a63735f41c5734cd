/* Stick tables: shards, their hash tables that grow little by little, entries out of slabs, age and expiry.
 * table.h says who locks what. All memory belongs to the tables. */
#include "runtime/stick/table.h"

#include <stdlib.h>
#include <sys/random.h>

#include "runtime/eval/hash.h"

enum {
	BUCKETS_MIN = 16,
	BUCKETS_STEP = 4, /* old buckets moved with every new entry */
	SLAB_MIN = 8,
	SLAB_MAX = 512,
	SHARDS_FROM = 4096, /* smaller tables are in one piece: they forget in exact order */
	SWEEP_MOST = 2048
};

struct stick_slab {
	struct stick_slab *next;
	char entries[] __attribute__((aligned(8)));
};

static struct stick_sync *stick_sync_of(const struct stick_table *t, struct stick_entry *e)
{
	return (struct stick_sync *)(void *)((char *)e + t->sync_offset);
}

/* --- layout */

static uint32_t data_size(const struct table_conf *conf, enum stick_data data)
{
	static const uint8_t sizes[] = {
		[STICK_U32] = 4,    [STICK_U64] = 8,  [STICK_RATE] = sizeof(struct stick_rate),
		[STICK_STRING] = 4, [STICK_U32S] = 4, [STICK_RATES] = sizeof(struct stick_rate)};

	return sizes[stick_data_row(data)->kind] * conf->length[data];
}

/* Those of eight bytes first, so that nothing needs padding. */
static void layout(struct stick_table *t)
{
	uint32_t at = sizeof(struct stick_entry);

	for (int wide = 1; wide >= 0; wide--)
		for (int d = 0; d < STICK_DATA_COUNT; d++) {
			if (!table_stores(t->conf, d) || (stick_data_row(d)->kind == STICK_U64) != wide)
				continue;
			t->offsets[d] = (uint16_t)at;
			at += data_size(t->conf, d);
		}
	if (t->conf->peers.len) {
		t->sync_offset = at = (at + 7) & ~7u;
		at += sizeof(struct stick_sync);
	}
	t->key_offset = at;
	t->entry_size = (at + t->conf->key_len + 7) & ~7u;
}

static uint32_t shards_wanted(const struct table_conf *conf, uint32_t nthreads)
{
	uint32_t n = 1;

	if (nthreads < 2 || conf->size < SHARDS_FROM)
		return 1;
	while (n < nthreads * 4 && n < STICK_SHARDS_MAX)
		n *= 2;
	return n;
}

static bool table_init(struct stick_table *t, struct stick_tables *owner, const struct table_conf *conf,
		       uint32_t nthreads)
{
	t->conf = conf;
	t->owner = owner;
	t->nshards = shards_wanted(conf, nthreads);
	layout(t);
	t->shards = aligned_alloc(_Alignof(struct stick_shard), t->nshards * sizeof(*t->shards));
	if (!t->shards)
		return false;
	memset(t->shards, 0, t->nshards * sizeof(*t->shards));
	for (uint32_t i = 0; i < t->nshards; i++) {
		pthread_mutex_init(&t->shards[i].lock, NULL);
		list_init(&t->shards[i].ages);
		list_init(&t->shards[i].updates);
		t->shards[i].slab_size = SLAB_MIN;
	}
	return true;
}

struct stick_tables *stick_tables_new(const struct model *m, uint32_t nthreads)
{
	struct stick_tables *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	pthread_mutex_init(&all->texts.lock, NULL);
	if (getrandom(&all->seed, sizeof(all->seed), GRND_NONBLOCK) < 0)
		all->seed = (uintptr_t)all;
	all->references = 1;
	all->model = model_retain((struct model *)(uintptr_t)m);
	all->v = calloc(m->tables.n + 1, sizeof(struct stick_table *));
	all->own = calloc(m->tables.n + 1, sizeof(*all->own));
	while (all->v && all->own && all->n < m->tables.n) {
		if (!table_init(&all->own[all->n], all, m->tables.v[all->n], nthreads))
			break;
		all->v[all->n] = &all->own[all->n];
		all->nown = ++all->n;
	}
	if (!all->v || !all->own || all->n < m->tables.n)
		stick_tables_free(&all);
	return all;
}

static void slabs_free(struct stick_shard *s)
{
	while (s->slabs) {
		struct stick_slab *slab = s->slabs;

		s->slabs = slab->next;
		free(slab);
	}
	s->spare = NULL;
	s->slab_size = SLAB_MIN;
}

static void table_free(struct stick_table *t)
{
	for (uint32_t i = 0; i < t->nshards; i++) {
		slabs_free(&t->shards[i]);
		free(t->shards[i].now.v);
		free(t->shards[i].old.v);
		pthread_mutex_destroy(&t->shards[i].lock);
	}
	free(t->shards);
}

void stick_tables_free(struct stick_tables **tp)
{
	struct stick_tables *all = *tp;

	*tp = NULL;
	if (!all || atomic_fetch_sub(&all->references, 1) > 1)
		return;
	for (uint32_t i = 0; i < all->nown; i++)
		table_free(&all->own[i]);
	for (uint32_t i = 0; i < all->nlenders; i++)
		stick_tables_free(&all->lenders[i]);
	free(all->lenders);
	model_release(&all->model);
	for (uint32_t i = 0; i < all->texts.n; i++)
		free((char *)(uintptr_t)all->texts.v[i].ptr);
	free(all->texts.v);
	pthread_mutex_destroy(&all->texts.lock);
	free(all->own);
	free(all->v);
	free(all);
}

/* --- from one model to the next */

bool stick_conf_same(const struct table_conf *a, const struct table_conf *b)
{
	return str_eq(a->name, b->name) && str_eq(a->peers, b->peers) && a->key_type == b->key_type &&
	       a->key_len == b->key_len && a->size == b->size && a->expire == b->expire &&
	       a->nopurge == b->nopurge && a->recv_only == b->recv_only && a->server_addr == b->server_addr &&
	       a->routes == b->routes && a->brates_factor == b->brates_factor &&
	       str_eq(a->write_to_name, b->write_to_name) && a->stores == b->stores &&
	       !memcmp(a->period, b->period, sizeof(a->period)) &&
	       !memcmp(a->length, b->length, sizeof(a->length));
}

static bool lender_keep(struct stick_tables *all, struct stick_tables *lender)
{
	struct stick_tables **more;

	for (uint32_t i = 0; i < all->nlenders; i++)
		if (all->lenders[i] == lender)
			return true;
	more = realloc(all->lenders, (all->nlenders + 1) * sizeof(struct stick_tables *));
	if (!more)
		return false;
	all->lenders = more;
	more[all->nlenders++] = lender;
	atomic_fetch_add(&lender->references, 1);
	return true;
}

/* The one of the same place is tried first. */
static struct stick_table *table_like(const struct stick_tables *all, uint32_t i, const struct table_conf *conf)
{
	if (i < all->n && stick_conf_same(all->v[i]->conf, conf))
		return all->v[i];
	for (uint32_t k = 0; k < all->n; k++)
		if (stick_conf_same(all->v[k]->conf, conf))
			return all->v[k];
	return NULL;
}

void stick_tables_adopt(struct stick_tables *all, struct stick_tables *old)
{
	for (uint32_t i = 0; i < all->n; i++) {
		struct stick_table *t = table_like(old, i, all->v[i]->conf);

		if (t && lender_keep(all, t->owner))
			all->v[i] = t;
	}
}

/* --- buckets */

static struct stick_entry **bucket_of(struct stick_buckets *b, uint32_t hash)
{
	return b->v ? &b->v[hash & b->mask] : NULL;
}

static void buckets_move(struct stick_shard *s)
{
	for (int i = 0; s->old.v && i < BUCKETS_STEP; i++) {
		while (s->old.v[s->moved]) {
			struct stick_entry *e = s->old.v[s->moved], **to = bucket_of(&s->now, e->hash);

			s->old.v[s->moved] = e->next;
			e->next = *to;
			*to = e;
		}
		if (s->moved++ < s->old.mask)
			continue;
		free(s->old.v);
		s->old = (struct stick_buckets){0};
		s->moved = 0;
	}
}

/* One entry more. False: memory is out and there are no buckets at all. */
static bool buckets_grow(struct stick_shard *s)
{
	uint32_t n = s->now.v ? s->now.mask + 1 : 0;
	struct stick_entry **v;

	buckets_move(s);
	if (s->used < n || s->old.v)
		return true;
	n = n ? 2 * n : BUCKETS_MIN;
	v = calloc(n, sizeof(*v));
	if (!v)
		return s->now.v != NULL;
	s->old = s->now;
	s->now = (struct stick_buckets){v, n - 1};
	return true;
}

static bool entry_is(const struct stick_table *t, const struct stick_entry *e, uint32_t hash, struct str key)
{
	return e->hash == hash && e->key_len == key.len && !memcmp(stick_key(t, e).ptr, key.ptr, key.len);
}

static struct stick_entry *entry_find(const struct stick_table *t, struct stick_shard *s, uint32_t hash,
				      struct str key)
{
	struct stick_entry **chain = bucket_of(&s->now, hash), *e;

	for (e = chain ? *chain : NULL; e; e = e->next)
		if (entry_is(t, e, hash, key))
			return e;
	chain = bucket_of(&s->old, hash);
	for (e = chain ? *chain : NULL; e; e = e->next)
		if (entry_is(t, e, hash, key))
			return e;
	return NULL;
}

static bool chain_remove(struct stick_entry **chain, const struct stick_entry *e)
{
	while (chain && *chain && *chain != e)
		chain = &(*chain)->next;
	if (!chain || !*chain)
		return false;
	*chain = e->next;
	return true;
}

/* --- entries */

static struct stick_entry *slab_grow(struct stick_table *t, struct stick_shard *s)
{
	struct stick_slab *slab = malloc(sizeof(*slab) + (size_t)s->slab_size * t->entry_size);

	if (!slab)
		return NULL;
	slab->next = s->slabs;
	s->slabs = slab;
	for (uint32_t i = s->slab_size; i-- > 0;) {
		struct stick_entry *e =
			(struct stick_entry *)(void *)(slab->entries + (size_t)i * t->entry_size);

		e->next = s->spare;
		s->spare = e;
	}
	if (s->slab_size < SLAB_MAX)
		s->slab_size *= 2;
	return s->spare;
}

/* Out of the shard, its memory to the next one. The last one takes the slabs along. */
static void entry_free(struct stick_table *t, struct stick_shard *s, struct stick_entry *e)
{
	if (!chain_remove(bucket_of(&s->now, e->hash), e))
		chain_remove(bucket_of(&s->old, e->hash), e);
	list_remove(&e->age);
	if (t->sync_offset)
		list_remove(&stick_sync_of(t, e)->node);
	s->used--;
	atomic_fetch_sub_explicit(&t->used, 1, memory_order_relaxed);
	e->next = s->spare;
	s->spare = e;
	if (!s->used && s->slabs->next)
		slabs_free(s);
}

static bool is_over(const struct stick_table *t, const struct stick_entry *e, uint64_t now)
{
	return t->conf->expire && !e->refs && (int32_t)(e->expire - (uint32_t)now) <= 0;
}

/* Forgets up to `most` of the oldest that nobody refers to; how many. */
static uint32_t shard_purge(struct stick_table *t, struct stick_shard *s, uint32_t most)
{
	struct list *node, *next;
	uint32_t n = 0;

	for (node = s->ages.next; node != &s->ages && n < most; node = next) {
		struct stick_entry *e = LIST_OF(node, struct stick_entry, age);

		next = node->next;
		if (e->refs)
			continue;
		n++;
		entry_free(t, s, e);
		if (!s->used)
			break;
	}
	return n;
}

/* A full table forgets some of its oldest. s is locked; others are only tried. */
static bool make_room(struct stick_table *t, struct stick_shard *s)
{
	uint32_t most = (t->conf->size >> 8) + 1;

	if (t->conf->nopurge)
		return false;
	if (shard_purge(t, s, most))
		return true;
	for (uint32_t i = 0; i < t->nshards; i++) {
		struct stick_shard *other = &t->shards[i];
		uint32_t n;

		if (other == s || pthread_mutex_trylock(&other->lock))
			continue;
		n = shard_purge(t, other, most);
		pthread_mutex_unlock(&other->lock);
		if (n)
			return true;
	}
	return false;
}

static struct stick_entry *entry_new(struct stick_table *t, struct stick_shard *s, uint32_t hash,
				     struct str key)
{
	struct stick_entry *e, **to;

	if (atomic_fetch_add_explicit(&t->used, 1, memory_order_relaxed) >= t->conf->size && !make_room(t, s))
		goto none;
	e = s->spare ? s->spare : slab_grow(t, s);
	if (!e || !buckets_grow(s))
		goto none;
	s->spare = e->next;
	memset(e, 0, t->entry_size);
	e->hash = hash;
	e->key_len = (uint32_t)key.len;
	if (key.len)
		memcpy((char *)e + t->key_offset, key.ptr, key.len);
	to = bucket_of(&s->now, hash);
	e->next = *to;
	*to = e;
	list_append(&s->ages, &e->age);
	if (t->sync_offset)
		list_init(&stick_sync_of(t, e)->node);
	s->used++;
	return e;
none:
	atomic_fetch_sub_explicit(&t->used, 1, memory_order_relaxed);
	return NULL;
}

/* --- by key */

static struct stick_shard *shard_lock(struct stick_table *t, uint32_t hash)
{
	struct stick_shard *s = &t->shards[(hash >> 24) & (t->nshards - 1)];

	pthread_mutex_lock(&s->lock);
	return s;
}

static uint32_t key_hash(const struct stick_table *t, struct str key)
{
	return (uint32_t)hash_xxh64(key, t->owner->seed);
}

/* Locks, and forgets the entry if it is too old. */
static bool hold_find(struct stick_hold *h, uint32_t hash, struct str key, uint64_t now)
{
	h->shard = shard_lock(h->table, hash);
	h->entry = entry_find(h->table, h->shard, hash, key);
	if (h->entry && is_over(h->table, h->entry, now)) {
		entry_free(h->table, h->shard, h->entry);
		h->entry = NULL;
	}
	return h->entry != NULL;
}

bool stick_find(struct stick_hold *h, struct stick_table *t, struct str key, uint64_t now)
{
	h->table = t;
	if (hold_find(h, key_hash(t, key), key, now))
		return true;
	stick_leave(h);
	return false;
}

bool stick_open(struct stick_hold *h, struct stick_table *t, struct str key, uint64_t now)
{
	uint32_t hash = key_hash(t, key);

	h->table = t;
	if (hold_find(h, hash, key, now))
		return true;
	h->entry = entry_new(t, h->shard, hash, key);
	if (!h->entry) {
		stick_leave(h);
		return false;
	}
	h->entry->expire = (uint32_t)now + t->conf->expire;
	return true;
}

void stick_enter(struct stick_hold *h, struct stick_table *t, struct stick_entry *entry)
{
	h->table = t;
	h->shard = shard_lock(t, entry->hash);
	h->entry = entry;
}

void stick_leave(struct stick_hold *h)
{
	pthread_mutex_unlock(&h->shard->lock);
}

static void age_renew(struct stick_hold *h)
{
	if (h->entry->age.next == &h->shard->ages)
		return;
	list_remove(&h->entry->age);
	list_append(&h->shard->ages, &h->entry->age);
}

/* The latest change of all. Numbers grow along each shard's list, because they are drawn under its lock. */
static void sync_note(struct stick_hold *h, bool learned)
{
	struct stick_sync *sync = stick_sync_of(h->table, h->entry);

	sync->number = atomic_fetch_add_explicit(&h->table->updates, 1, memory_order_relaxed) + 1;
	sync->learned = learned;
	list_remove(&sync->node);
	list_append(&h->shard->updates, &sync->node);
	if (!learned && h->table->owner->on_update)
		h->table->owner->on_update(h->table->owner->update_ctx);
}

void stick_touch(struct stick_hold *h, uint64_t now)
{
	h->entry->expire = (uint32_t)now + h->table->conf->expire;
	age_renew(h);
	if (h->table->sync_offset)
		sync_note(h, false);
}

/* The order of age then is that of news, not of expiry: an entry may stay a little longer than it should, until
 * those before it go; who looks it up sees its time. */
void stick_touch_learned(struct stick_hold *h, uint64_t now, uint32_t left)
{
	uint32_t expire = h->table->conf->expire;

	h->entry->expire = (uint32_t)now + (left && left < expire ? left : expire);
	age_renew(h);
	if (h->table->sync_offset)
		sync_note(h, true);
}

bool stick_remove(struct stick_hold *h)
{
	bool unused = !h->entry->refs;

	if (unused)
		entry_free(h->table, h->shard, h->entry);
	stick_leave(h);
	return unused;
}

/* --- all of them */

static uint32_t shard_sweep(struct stick_table *t, struct stick_shard *s, uint64_t now, uint32_t most)
{
	struct list *node, *next;
	uint32_t n = 0;

	for (node = s->ages.next; node != &s->ages && n < most; node = next, n++) {
		struct stick_entry *e = LIST_OF(node, struct stick_entry, age);

		next = node->next;
		if ((int32_t)(e->expire - (uint32_t)now) > 0)
			break;
		if (!e->refs)
			entry_free(t, s, e);
		if (!s->used)
			break;
	}
	return n;
}

void stick_sweep(struct stick_table *t, uint64_t now, uint32_t most)
{
	for (uint32_t i = 0; t->conf->expire && i < t->nshards; i++) {
		struct stick_shard *s = &t->shards[i];

		pthread_mutex_lock(&s->lock);
		shard_sweep(t, s, now, most ? most : UINT32_MAX);
		pthread_mutex_unlock(&s->lock);
	}
}

void stick_tables_sweep(struct stick_tables *all, uint64_t now)
{
	for (uint32_t i = 0; i < all->n; i++)
		if (atomic_load_explicit(&all->v[i]->used, memory_order_relaxed))
			stick_sweep(all->v[i], now, SWEEP_MOST);
}

void stick_each(struct stick_table *t, uint64_t now, bool (*fn)(struct stick_hold *h, void *ctx), void *ctx)
{
	struct stick_hold h = {.table = t};
	bool go_on = true;

	stick_sweep(t, now, 0);
	for (uint32_t i = 0; go_on && i < t->nshards; i++) {
		h.shard = &t->shards[i];
		pthread_mutex_lock(&h.shard->lock);
		for (struct list *node = h.shard->ages.next; go_on && node != &h.shard->ages;
		     node = node->next) {
			h.entry = LIST_OF(node, struct stick_entry, age);
			go_on = fn(&h, ctx);
		}
		stick_leave(&h);
	}
}

void stick_clear(struct stick_table *t, uint64_t now, bool (*wanted)(struct stick_hold *h, void *ctx),
		 void *ctx)
{
	struct stick_hold h = {.table = t};

	stick_sweep(t, now, 0);
	for (uint32_t i = 0; i < t->nshards; i++) {
		struct list *node, *next;

		h.shard = &t->shards[i];
		pthread_mutex_lock(&h.shard->lock);
		for (node = h.shard->ages.next; h.shard->used && node != &h.shard->ages; node = next) {
			next = node->next;
			h.entry = LIST_OF(node, struct stick_entry, age);
			if (!h.entry->refs && (!wanted || wanted(&h, ctx)))
				entry_free(t, h.shard, h.entry);
		}
		stick_leave(&h);
	}
}

/* --- what changed */

static struct stick_sync *sync_at(struct list *node)
{
	return LIST_OF(node, struct stick_sync, node);
}

/* The first change behind `at`: looked for from both ends, as most often it is near one of them. */
static struct list *sync_start(struct list *updates, uint64_t at)
{
	struct list *front = updates->next, *back = updates->prev;

	for (; front != updates; front = front->next, back = back->prev) {
		if (sync_at(front)->number > at)
			return front;
		if (sync_at(back)->number <= at)
			return back->next;
	}
	return front;
}

static bool shard_walk(struct stick_hold *h, uint64_t *at, const struct stick_walk *w)
{
	struct list *node = sync_start(&h->shard->updates, *at);

	for (; node != &h->shard->updates; node = node->next) {
		struct stick_sync *sync = sync_at(node);

		if (sync->number > w->until)
			break;
		h->entry = (struct stick_entry *)(void *)((char *)sync - h->table->sync_offset);
		if ((w->learned || !sync->learned) && !w->fn(h, sync->number, w->ctx))
			return false;
		*at = sync->number;
	}
	return true;
}

bool stick_sync_walk(struct stick_table *t, struct stick_cursor *c, const struct stick_walk *w)
{
	struct stick_hold h = {.table = t};
	bool done = true;

	for (uint32_t i = 0; t->sync_offset && done && i < t->nshards; i++) {
		h.shard = &t->shards[i];
		pthread_mutex_lock(&h.shard->lock);
		done = shard_walk(&h, &c->at[i], w);
		stick_leave(&h);
	}
	return done;
}
