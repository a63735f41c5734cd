/* One body being compressed: bytes in, bytes out of a buffer of its own that is used again once everything in it has been sent. Owned by
 * a flow; one thread. */
#ifndef LB_HTTP_COMPRESS_H
#define LB_HTTP_COMPRESS_H

#include "grammar/model_proxy.h"

struct compress;
/* Bytes that were compressed, what they became, and those that passed as they are: of identity, and at level 0. */
struct compress_count {
	uint64_t in, out, bypassed;
};

/* level: zlib's, 1 to 9. most: how many bytes are pushed between two calls of compress_begin(), at most. NULL: no memory. */
struct compress *compress_new(enum compression_algo algo, int level, uint32_t most);
/* The same as new for another body. */
void compress_again(struct compress *c);
void compress_free(struct compress **c);
/* What was returned before is no longer needed. */
void compress_begin(struct compress *c);
/* Compresses. *out: what can go out at once; the rest comes with flush or finish. Texts stay until compress_begin(). False: no memory. */
bool compress_push(struct compress *c, struct str data, struct str *out);
/* All that was pushed comes out (flush), or also the end of the coding (finish). */
bool compress_flush(struct compress *c, struct str *out);
bool compress_finish(struct compress *c, struct str *out);
/* For what comes now: zlib's levels, or 0. After compress_begin(), before anything is pushed. False: the library refused. */
bool compress_level(struct compress *c, int level);
/* Since the last time, or since it was made or told `again`. */
struct compress_count compress_counted(struct compress *c);
/* Memory that it holds, in bytes. */
size_t compress_memory(const struct compress *c);
/* Token for Content-Encoding, or NULL for identity. */
const char *compress_token(enum compression_algo algo);

#endif
