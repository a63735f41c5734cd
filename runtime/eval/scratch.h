/* Scratch memory of one request: bump allocation out of fixed-size chunks, given back all at once when the stream ends or
 * the next request begins. Unlike an arena it may fail, and it takes its chunks from the caller's pool, so that steady
 * traffic allocates nothing. One thread (the worker's). */
#ifndef LB_EVAL_SCRATCH_H
#define LB_EVAL_SCRATCH_H

#include <stdarg.h>

#include "grammar/base/str.h"

enum { SCRATCH_CHUNK = 4096 };

struct scratch_chunk {
	struct scratch_chunk *next;
	size_t size; /* of the whole chunk, this head included; SCRATCH_CHUNK unless the request was larger */
};

/* Where chunks come from: get() returns `size` bytes or NULL; put() takes them back. */
struct scratch_source {
	void *(*get)(void *ctx, size_t size);
	void (*put)(void *ctx, void *chunk, size_t size);
	void *ctx;
};

struct scratch {
	const struct scratch_source *source;
	struct scratch_chunk *chunks;
	char *next, *end;
	size_t total, limit; /* bytes taken, and how many at most (default 256 KiB) */
};

void scratch_init(struct scratch *s, const struct scratch_source *source);
/* Gives every chunk back. */
void scratch_reset(struct scratch *s);
/* Aligned to 8, not zeroed. NULL when memory or the limit is exhausted. */
void *scratch_alloc(struct scratch *s, size_t size);
/* Copy; ptr is NULL on failure (also for an empty one: test .ptr). */
struct str scratch_dup(struct scratch *s, struct str text);
struct str scratch_printf(struct scratch *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A point to which scratch memory can be given back: everything allocated after the mark goes, in any order of marks that nest. */
struct scratch_mark {
	struct scratch_chunk *chunks;
	char *next, *end;
	size_t total;
};
struct scratch_mark scratch_mark(const struct scratch *s);
void scratch_release(struct scratch *s, struct scratch_mark mark);
/* malloc and free, for tools and tests. */
extern const struct scratch_source scratch_malloc;

#endif
