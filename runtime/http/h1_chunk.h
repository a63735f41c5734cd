/* The chunked coding (RFC 9112 section 7.1): taken off in place, so that the data of all chunks at hand are one
 * slice of the buffer. Chunk extensions go. The trailer section is left to h1_parse_trailers(). Owned by the
 * stream; one thread. */
#ifndef LB_HTTP_H1_CHUNK_H
#define LB_HTTP_H1_CHUNK_H

#include "runtime/http/h1_parse.h"

struct h1_chunks {
	uint64_t left; /* bytes of the current chunk that are to come */
	uint8_t state;
	bool digits;
};

enum h1_chunk_result { H1_CHUNK_MORE, H1_CHUNK_LAST /* behind the last chunk's size line */, H1_CHUNK_BAD };

static inline void h1_chunks_init(struct h1_chunks *c)
{
	*c = (struct h1_chunks){0};
}

/* Decodes what is at hand: *body is what came out (inside data; may be empty), *used how many bytes went in.
 * What is behind a mistake is not touched. */
enum h1_chunk_result h1_chunks_decode(struct h1_chunks *c, char *data, uint32_t len, struct str *body,
				      uint32_t *used);

/* Would h1_chunks_decode() find a mistake in these bytes? Changes nothing. *used: up to the end of the last
 * chunk's size line, or all. */
bool h1_chunks_are_bad(const struct h1_chunks *c, const char *data, uint32_t len, uint32_t *used);

#endif
