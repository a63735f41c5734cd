/* `show cache`: caches and what they hold, as HAProxy lists it. Any thread. */
#include "runtime/cache/cache_inside.h"

/* The bytes of both parts of what an entry varies by. */
static void put_vary(struct out *out, const struct cache_entry *e)
{
	uint32_t parts[2] = {e->vary_bits & CACHE_VARY_ENCODING ? e->vary.encodings : 0,
			     e->vary_bits & CACHE_VARY_REFERER ? e->vary.referer : 0};

	for (int i = 0; i < 8; i++)
		out_printf(out, "%02x", parts[i / 4] >> (i % 4 * 8) & 0xff);
}

static void put_entry(struct out *out, const struct cache_entry *e, int64_t now)
{
	out_printf(out, "%p hash:%u vary:0x", (const void *)e, (unsigned)e->hash);
	put_vary(out, e);
	out_printf(out, " size:%u (%u blocks), refcount:%u, expire:%lld\n",
		   e->head_len + e->overhead + e->body_len, e->blocks,
		   atomic_load_explicit(&e->refs, memory_order_relaxed) - 1, (long long)(e->expire - now));
}

/* Blocks that could be had: those that nobody has, and those of entries that nobody reads. */
static uint32_t available(const struct cache *c)
{
	uint32_t n = c->free;

	for (const struct list *node = c->order.next; node != &c->order; node = node->next) {
		const struct cache_entry *e = LIST_OF(node, struct cache_entry, node);

		if (atomic_load_explicit(&e->refs, memory_order_relaxed) == 1)
			n += e->blocks;
	}
	return n;
}

void caches_show(struct caches *all, int64_t now, struct out *out)
{
	for (uint32_t i = 0; all && i < all->n; i++) {
		struct cache *c = &all->v[i];

		pthread_mutex_lock(&c->lock);
		out_printf(out, "%p: %.*s (shctx:%p, available blocks:%u)\n", (void *)c, STR_ARG(c->conf->name),
			   (void *)c->buckets, available(c));
		for (struct list *node = c->order.next; node != &c->order; node = node->next)
			put_entry(out, LIST_OF(node, struct cache_entry, node), now);
		pthread_mutex_unlock(&c->lock);
	}
}
