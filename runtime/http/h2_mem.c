/* What nghttp2 allocates for each stream and frame is small, alike and short-lived: pieces of six sizes come
 * from pools (core/buf.h), larger ones from malloc. Each piece is preceded by its size. Owned by the desk of a
 * worker, used on its thread only. */
#include "runtime/http/h2_mem.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/core/buf.h"

enum { SMALLEST = 64, POOLS = 6, MOST_CACHED = 1024 };

struct h2_mem {
	nghttp2_mem mem;
	struct pool pools[POOLS]; /* of SMALLEST << index bytes, head included */
};

/* Keeps what follows aligned for anything. */
union head {
	size_t size; /* of the whole piece */
	max_align_t align;
};

static struct pool *pool_for(struct h2_mem *m, size_t size)
{
	for (int i = 0; i < POOLS; i++)
		if (size <= (size_t)SMALLEST << i)
			return &m->pools[i];
	return NULL;
}

static void *mem_malloc(size_t size, void *user)
{
	struct pool *pool;
	union head *h;

	if (size > SIZE_MAX - sizeof(*h))
		return NULL;
	size += sizeof(*h);
	pool = pool_for(user, size);
	h = pool ? pool_get(pool) : malloc(size);
	if (!h)
		return NULL;
	h->size = pool ? pool->size : size;
	return h + 1;
}

static void mem_free(void *data, void *user)
{
	union head *h = data;
	struct pool *pool;

	if (!h)
		return;
	h--;
	pool = pool_for(user, h->size);
	if (pool)
		pool_put(pool, h);
	else
		free(h);
}

static void *mem_calloc(size_t n, size_t size, void *user)
{
	void *data;

	if (size && n > SIZE_MAX / size)
		return NULL;
	data = mem_malloc(n * size, user);
	if (data)
		memset(data, 0, n * size);
	return data;
}

static void *mem_realloc(void *data, size_t size, void *user)
{
	size_t had = data ? ((union head *)data - 1)->size - sizeof(union head) : 0;
	void *to;

	if (data && size <= had)
		return data;
	to = mem_malloc(size, user);
	if (!to)
		return NULL;
	if (had)
		memcpy(to, data, had);
	mem_free(data, user);
	return to;
}

struct h2_mem *h2_mem_new(void)
{
	struct h2_mem *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->mem = (nghttp2_mem){m, mem_malloc, mem_free, mem_calloc, mem_realloc};
	for (int i = 0; i < POOLS; i++)
		pool_init(&m->pools[i], (size_t)SMALLEST << i, MOST_CACHED);
	return m;
}

void h2_mem_free(struct h2_mem *m)
{
	for (int i = 0; m && i < POOLS; i++)
		pool_free(&m->pools[i]);
	free(m);
}

nghttp2_mem *h2_mem_nghttp2(struct h2_mem *m)
{
	return &m->mem;
}
