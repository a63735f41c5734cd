/* The chunked coding: the first byte of the input says how it is cut. Demands: the same data and verdict
 * however the bytes arrive, never more than came in, nothing used behind a mistake. One thread. */
#include <string.h>

#include "runtime/http/h1_chunk.h"
#include "tests/fuzz/fuzz.h"

struct decoded {
	enum h1_chunk_result result;
	size_t used, len;
	char *body;
};

static void decode(struct decoded *d, const uint8_t *in, size_t size, size_t step)
{
	struct h1_chunks chunks;

	h1_chunks_init(&chunks);
	*d = (struct decoded){.result = H1_CHUNK_MORE, .body = malloc(size + 1)};
	FUZZ_DEMAND(d->body);
	for (size_t have = 0; have < size && d->result == H1_CHUNK_MORE;) {
		size_t n = have + step < size ? step : size - have;
		char *piece = malloc(n);
		uint32_t used;
		struct str body;

		FUZZ_DEMAND(piece);
		memcpy(piece, in + have, n);
		d->result = h1_chunks_decode(&chunks, piece, (uint32_t)n, &body, &used);
		FUZZ_DEMAND(used <= n);
		FUZZ_DEMAND(body.len <= n);
		FUZZ_DEMAND(d->result != H1_CHUNK_MORE || used == n);
		if (body.len)
			memcpy(d->body + d->len, body.ptr, body.len);
		d->len += body.len;
		d->used += used;
		have += n;
		free(piece);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct decoded whole, cut;

	if (size < 2 || size > 65536)
		return 0;
	decode(&whole, data + 1, size - 1, size - 1);
	decode(&cut, data + 1, size - 1, 1 + (data[0] & 15));
	FUZZ_DEMAND(whole.result == cut.result);
	if (whole.result != H1_CHUNK_BAD)
		FUZZ_DEMAND(whole.used == cut.used && whole.len == cut.len &&
			    !memcmp(whole.body, cut.body, whole.len));
	free(whole.body);
	free(cut.body);
	return 0;
}
