/* Scratch memory: a chain of chunks from the caller's source, bump allocation, given back all at once. What
 * does not fit into an ordinary chunk gets one of its own, so the ordinary one stays in use. The owner is a
 * stream (or a test); one thread. */
#include "runtime/eval/scratch.h"

#include <stdio.h>
#include <stdlib.h>

enum { SCRATCH_ALIGN = 8, SCRATCH_LIMIT = 256 * 1024 };

static void *malloc_get(void *ctx, size_t size)
{
	(void)ctx;
	return malloc(size);
}

static void malloc_put(void *ctx, void *chunk, size_t size)
{
	(void)ctx;
	(void)size;
	free(chunk);
}

const struct scratch_source scratch_malloc = {malloc_get, malloc_put, NULL};

void scratch_init(struct scratch *s, const struct scratch_source *source)
{
	*s = (struct scratch){.source = source, .limit = SCRATCH_LIMIT};
}

void scratch_reset(struct scratch *s)
{
	for (struct scratch_chunk *c = s->chunks, *next; c; c = next) {
		next = c->next;
		s->source->put(s->source->ctx, c, c->size);
	}
	s->chunks = NULL;
	s->next = s->end = NULL;
	s->total = 0;
}

struct scratch_mark scratch_mark(const struct scratch *s)
{
	return (struct scratch_mark){s->chunks, s->next, s->end, s->total};
}

void scratch_release(struct scratch *s, struct scratch_mark mark)
{
	struct scratch_chunk *c;

	while ((c = s->chunks) != mark.chunks) {
		s->chunks = c->next;
		s->source->put(s->source->ctx, c, c->size);
	}
	s->next = mark.next;
	s->end = mark.end;
	s->total = mark.total;
}

/* A new chunk of `size` bytes in the chain, or NULL. */
static struct scratch_chunk *scratch_grow(struct scratch *s, size_t size)
{
	struct scratch_chunk *c = NULL;

	if (s->total + size <= s->limit)
		c = s->source->get(s->source->ctx, size);
	if (!c)
		return NULL;
	c->next = s->chunks;
	c->size = size;
	s->chunks = c;
	s->total += size;
	return c;
}

/* When the current chunk is full: a whole chunk for a large piece, else a new current one. */
static void *scratch_alloc_slow(struct scratch *s, size_t size)
{
	const size_t head = (sizeof(struct scratch_chunk) + SCRATCH_ALIGN - 1) & ~(size_t)(SCRATCH_ALIGN - 1);
	bool own = size > (SCRATCH_CHUNK - head) / 2;
	struct scratch_chunk *c = scratch_grow(s, own ? head + size : (size_t)SCRATCH_CHUNK);

	if (!c)
		return NULL;
	if (own)
		return (char *)c + head;
	s->next = (char *)c + head + size;
	s->end = (char *)c + SCRATCH_CHUNK;
	return (char *)c + head;
}

void *scratch_alloc(struct scratch *s, size_t size)
{
	void *p = s->next;

	if (size > s->limit)
		return NULL;
	size = (size + SCRATCH_ALIGN - 1) & ~(size_t)(SCRATCH_ALIGN - 1);
	if ((size_t)(s->end - s->next) < size || !p)
		return scratch_alloc_slow(s, size);
	s->next += size;
	return p;
}

struct str scratch_dup(struct scratch *s, struct str text)
{
	char *p = scratch_alloc(s, text.len ? text.len : 1);

	if (!p)
		return STR_NONE;
	if (text.len)
		memcpy(p, text.ptr, text.len);
	return str_make(p, text.len);
}

struct str scratch_printf(struct scratch *s, const char *format, ...)
{
	size_t room = (size_t)(s->end - s->next);
	va_list ap;
	char *p;
	int n;

	va_start(ap, format);
	n = vsnprintf(s->next, room, format, ap);
	va_end(ap);
	if (n < 0 || !(p = scratch_alloc(s, (size_t)n + 1)))
		return STR_NONE;
	if ((size_t)n >= room) {
		va_start(ap, format);
		vsnprintf(p, (size_t)n + 1, format, ap);
		va_end(ap);
	}
	return str_make(p, (size_t)n);
}
