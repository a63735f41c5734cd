/* Buffers of tune.bufsize bytes out of the worker's pool: taken with the first byte, given back with the last
 * one, so that an idle connection holds none. Worker thread only. */
#include <stdlib.h>
#include <string.h>

#include "runtime/core/worker.h"

bool buf_take(struct worker *w, struct buf *b)
{
	if (b->data)
		return true;
	b->data = pool_get(&w->buffers);
	if (!b->data)
		return false;
	b->off = b->len = 0;
	b->cap = (uint32_t)w->buffers.size;
	return true;
}

void buf_drop(struct worker *w, struct buf *b)
{
	if (b->data && b->cap != w->buffers.size) { /* taken before tune.bufsize changed */
		free(b->data);
		w->buffers.used--;
	} else {
		pool_put(&w->buffers, b->data);
	}
	*b = (struct buf){0};
}

void buf_eat(struct buf *b, uint32_t n)
{
	b->off += n;
	b->len -= n;
	if (!b->len)
		b->off = 0;
}

void buf_pack(struct buf *b)
{
	if (!b->off)
		return;
	memmove(b->data, b->data + b->off, b->len);
	b->off = 0;
}
