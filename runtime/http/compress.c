/* Compression of bodies by zlib (RFC 1950 to 1952): gzip, deflate with and without its wrapper, and identity,
 * which changes nothing. Level 1 unless tune.comp.maxlevel says otherwise, with the usual window: what pays for
 * responses made on the fly. At level 0 bytes pass as they are, in a format that says so: they count as bypassed. */
#include "runtime/http/compress.h"

#include <stdlib.h>
#include <zlib.h>

enum { MEMLEVEL = 8, WINDOW = 15, GZIP = 16, FLUSH_ROOM = 256 };
/* What zlib itself says that it takes (zconf.h), and its state. */
enum { ZLIB_MEMORY = (1 << (WINDOW + 2)) + (1 << (MEMLEVEL + 9)) + 6144 };

struct compress {
	z_stream z;
	bool identity;
	int level;
	struct compress_count count;
	uint32_t cap, used, given; /* of buf: written, returned */
	char *buf;
};

const char *compress_token(enum compression_algo algo)
{
	return algo == COMP_IDENTITY ? NULL : algo == COMP_GZIP ? "gzip" : "deflate";
}

size_t compress_memory(const struct compress *c)
{
	return sizeof(*c) + c->cap + (c->identity ? 0 : ZLIB_MEMORY);
}

static bool start(struct compress *c, enum compression_algo algo, int level, uint32_t most)
{
	static const int bits[COMP_ALGOS] = {
		[COMP_GZIP] = WINDOW + GZIP, [COMP_DEFLATE] = WINDOW, [COMP_RAW_DEFLATE] = -WINDOW};

	if (deflateInit2(&c->z, level, Z_DEFLATED, bits[algo], MEMLEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	c->cap = (uint32_t)deflateBound(&c->z, most) + FLUSH_ROOM;
	c->buf = malloc(c->cap);
	return c->buf != NULL;
}

struct compress *compress_new(enum compression_algo algo, int level, uint32_t most)
{
	struct compress *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->identity = algo == COMP_IDENTITY;
	c->level = c->identity ? 0 : level;
	if (!c->identity && !start(c, algo, level, most))
		compress_free(&c);
	return c;
}

void compress_again(struct compress *c)
{
	if (!c->identity)
		deflateReset(&c->z);
	c->used = c->given = 0;
	c->count = (struct compress_count){0};
}

void compress_free(struct compress **c)
{
	if (!*c)
		return;
	if (!(*c)->identity)
		deflateEnd(&(*c)->z);
	free((*c)->buf);
	free(*c);
	*c = NULL;
}

void compress_begin(struct compress *c)
{
	c->used = c->given = 0;
}

static void aim(struct compress *c, struct str data)
{
	c->z.next_in = (Bytef *)(uintptr_t)data.ptr;
	c->z.avail_in = (uInt)data.len;
	c->z.next_out = (Bytef *)c->buf + c->used;
	c->z.avail_out = c->cap - c->used;
}

bool compress_level(struct compress *c, int level)
{
	int result;

	if (c->identity || level == c->level)
		return true;
	aim(c, STR_NONE);
	result = deflateParams(&c->z, level, Z_DEFAULT_STRATEGY);
	c->used = c->cap - c->z.avail_out;
	c->level = level;
	return result == Z_OK;
}

static bool run(struct compress *c, struct str data, int flush)
{
	int result;

	aim(c, data);
	result = deflate(&c->z, flush);
	c->used = c->cap - c->z.avail_out;
	return (result == Z_OK || result == Z_BUF_ERROR || result == Z_STREAM_END) && !c->z.avail_in &&
	       c->z.avail_out;
}

/* All that has come out since the last time. */
static bool end(struct compress *c, int flush, struct str *out)
{
	*out = STR_NONE;
	if (c->identity)
		return true;
	if (!run(c, STR_NONE, flush))
		return false;
	*out = str_make(c->buf + c->given, c->used - c->given);
	c->given = c->used;
	c->count.out += c->level ? out->len : 0;
	return true;
}

struct compress_count compress_counted(struct compress *c)
{
	struct compress_count count = c->count;

	c->count = (struct compress_count){0};
	return count;
}

bool compress_push(struct compress *c, struct str data, struct str *out)
{
	*(c->level ? &c->count.in : &c->count.bypassed) += data.len;
	*out = c->identity ? data : STR_NONE;
	return c->identity || run(c, data, Z_NO_FLUSH);
}

bool compress_flush(struct compress *c, struct str *out)
{
	return end(c, Z_SYNC_FLUSH, out);
}

bool compress_finish(struct compress *c, struct str *out)
{
	return end(c, Z_FINISH, out);
}
