/* Arenas: a chain of growing blocks, bump allocation, one free. Owned by whoever called arena_new(). */
#include "grammar/base/arena.h"

#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_MIN = 4096, BLOCK_MAX = 1 << 20, ALIGN = 8 };

struct block {
	struct block *next;
	size_t size;
	_Alignas(ALIGN) char data[];
};

struct arena {
	struct block *blocks;
	char *next, *end;
	size_t total, limit;
	jmp_buf *env;
};

static _Noreturn void arena_exhausted(struct arena *a)
{
	if (a->env)
		longjmp(*a->env, 1);
	abort();
}

struct arena *arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena **a)
{
	if (!a || !*a)
		return;
	for (struct block *b = (*a)->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(*a);
	*a = NULL;
}

void arena_catch(struct arena *a, jmp_buf *env)
{
	a->env = env;
}

void arena_limit(struct arena *a, size_t bytes)
{
	a->limit = bytes;
}

static bool arena_grow(struct arena *a, size_t size)
{
	size_t want = a->total < BLOCK_MIN ? BLOCK_MIN : a->total > BLOCK_MAX ? BLOCK_MAX : a->total;
	struct block *b;

	if (want < size)
		want = size;
	if (a->limit && (a->total >= a->limit || want > a->limit - a->total))
		return false;
	b = want > SIZE_MAX - sizeof(*b) ? NULL : calloc(1, sizeof(*b) + want);
	if (!b)
		return false;
	b->size = want;
	b->next = a->blocks;
	a->blocks = b;
	a->next = b->data;
	a->end = b->data + want;
	a->total += want;
	return true;
}

void *arena_try_alloc(struct arena *a, size_t size)
{
	char *p;

	if (size > SIZE_MAX - ALIGN)
		return NULL;
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (!size)
		size = ALIGN;
	if ((size_t)(a->end - a->next) < size && !arena_grow(a, size))
		return NULL;
	p = a->next;
	a->next += size;
	return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
	void *p = arena_try_alloc(a, size);

	if (!p)
		arena_exhausted(a);
	return p;
}

void *arena_dup(struct arena *a, const void *data, size_t size)
{
	void *p = arena_alloc(a, size);

	if (size)
		memcpy(p, data, size);
	return p;
}

struct str arena_str(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.len + 1);

	if (s.len)
		memcpy(p, s.ptr, s.len);
	return str_make(p, s.len);
}

struct str arena_vprintf(struct arena *a, const char *format, va_list ap)
{
	va_list again;
	int n;
	char *p;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (n < 0)
		return STR_NONE;
	p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, format, ap);
	return str_make(p, (size_t)n);
}

struct str arena_printf(struct arena *a, const char *format, ...)
{
	va_list ap;
	struct str s;

	va_start(ap, format);
	s = arena_vprintf(a, format, ap);
	va_end(ap);
	return s;
}

size_t arena_size(const struct arena *a)
{
	return a->total;
}
