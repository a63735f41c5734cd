/* Hellos in raw bytes and lines of crt-lists. Demands: nothing outside the input is looked at (the copy is exactly
 * as long), more bytes never turn a complete hello into something else, every slice lies inside the input, and a
 * list that was read can be given back. One thread. */
#include <string.h>

#include "runtime/tls/client_hello.h"
#include "grammar/crt_list.h"
#include "tests/fuzz/fuzz.h"

static void within(struct str part, const char *data, size_t size)
{
	FUZZ_DEMAND(!part.len || (part.ptr >= data && part.ptr + part.len <= data + size));
}

static void hello(const uint8_t *in, size_t size)
{
	struct client_hello h, again;
	char *data = malloc(size ? size : 1);
	enum hello_state state;
	bool more;

	FUZZ_DEMAND(data);
	if (size)
		memcpy(data, in, size);
	state = client_hello_parse(str_make(data, size), &h);
	hello_type(str_make(data, size), &more);
	if (state == HELLO_DONE) {
		within(h.ciphers, data, size);
		within(h.sni, data, size);
		within(h.alpn, data, size);
		within(h.groups, data, size);
		within(h.keyshares, data, size);
	}
	for (size_t n = size > 64 ? size - 64 : 0; n < size; n++)
		if (client_hello_parse(str_make(data, n), &again) == HELLO_DONE)
			FUZZ_DEMAND(state == HELLO_DONE && again.version == h.version);
	free(data);
}

static void list(const uint8_t *in, size_t size)
{
	struct crt_list *l = crt_list_new("x");
	struct out error = out_growing(1 << 20);

	FUZZ_DEMAND(l);
	FUZZ_DEMAND(crt_list_parse(l, str_make((const char *)in, size), &error) || error.len);
	crt_list_free(&l);
	out_free(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 65536)
		return 0;
	hello(data, size);
	list(data, size);
	return 0;
}
