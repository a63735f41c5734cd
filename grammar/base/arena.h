/* Arenas: memory that is given back all at once. Everything of the compiling half lives in one, so that an
 * abandoned compilation leaks nothing. arena_alloc() never returns NULL: when memory runs out it jumps to the
 * handler of the arena's owner (arena_catch), who frees the arena and reports the failure. One thread at a time. */
#ifndef LB_BASE_ARENA_H
#define LB_BASE_ARENA_H

#include <setjmp.h>
#include <stdarg.h>

#include "grammar/base/str.h"

struct arena;

/* An empty arena, or NULL when memory is out. The caller owns it. */
struct arena *arena_new(void);
/* Gives back every byte and sets *a to NULL; NULL and *a == NULL are fine. */
void arena_free(struct arena **a);
/* Where arena_alloc() jumps (with value 1) when memory runs out; NULL: abort(). The owner sets it around a whole
 * compilation: `jmp_buf env; if (setjmp(env)) {...free, report...}; arena_catch(a, &env);`. */
void arena_catch(struct arena *a, jmp_buf *env);
/* From now on no more than this many bytes in all (as arena_size() counts them); 0: no limit. Running into it is
 * running out of memory. */
void arena_limit(struct arena *a, size_t bytes);
/* Zeroed, aligned to 8 bytes: for any type but long double and vectors. size 0 gives a unique pointer. */
void *arena_alloc(struct arena *a, size_t size);
/* The same, but NULL when memory runs out: for callers that hold something to give back first. */
void *arena_try_alloc(struct arena *a, size_t size);
void *arena_dup(struct arena *a, const void *data, size_t size);
/* Copy with a terminating NUL that is not part of the length. */
struct str arena_str(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct str arena_vprintf(struct arena *a, const char *format, va_list ap);
/* Bytes taken from the system. */
size_t arena_size(const struct arena *a);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (size_t)(n)))

#endif
