/* Buffers and pools. A buffer is a linear piece of tune.bufsize bytes taken from its worker's pool when the
 * first byte arrives and given back when it is empty: idle connections hold none. Worker thread only; failure
 * is NULL or false, never abort. */
#ifndef LB_CORE_BUF_H
#define LB_CORE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct worker;

/* Free list of equal pieces. */
struct pool {
	void *free;
	size_t size;
	uint32_t cached, max_cached; /* pieces above max_cached go back to malloc */
	uint64_t used;               /* pieces handed out */
	uint64_t failed;             /* pieces that there was no memory for */
	uint32_t fails, chance;      /* percent of allocations that fail, for tests; state of its dice */
};

void *pool_grow(struct pool *p); /* for pool_get() */
void pool_init(struct pool *p, size_t size, uint32_t max_cached);
/* Not zeroed. NULL when memory is out. */
static inline void *pool_get(struct pool *p)
{
	void *item = p->free;

	if (!item)
		return pool_grow(p);
	p->free = *(void **)item;
	p->cached--;
	p->used++;
	return item;
}
/* A piece goes to another worker's pool: the giver calls the first one, the taker the second. */
static inline void pool_part(struct pool *p)
{
	p->used--;
}
static inline void pool_adopt(struct pool *p)
{
	p->used++;
}

/* NULL is fine. */
static inline void pool_put(struct pool *p, void *item)
{
	if (!item)
		return;
	p->used--;
	if (p->cached >= p->max_cached) {
		free(item);
		return;
	}
	*(void **)item = p->free;
	p->free = item;
	p->cached++;
}
void pool_free(struct pool *p);

struct buf {
	char *data;             /* NULL: none held */
	uint32_t off, len, cap; /* bytes at hand: data + off, len */
};

/* Makes sure that memory is there. False when it is out. */
bool buf_take(struct worker *w, struct buf *b);
/* Gives the memory back; bytes at hand are dropped. */
void buf_drop(struct worker *w, struct buf *b);
/* Consumes n bytes from the front; an empty buffer starts again at 0. */
void buf_eat(struct buf *b, uint32_t n);
/* Moves what is at hand to the start, so that all free room is behind it. */
void buf_pack(struct buf *b);
/* The byte at hand after `skip` others; NULL when no memory is held. */
static inline char *buf_at(const struct buf *b, uint32_t skip)
{
	return b->data ? b->data + b->off + skip : NULL;
}
static inline uint32_t buf_room(const struct buf *b)
{
	return b->cap - b->off - b->len;
}

#endif
