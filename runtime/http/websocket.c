/* Keys of websocket handshakes, for what is carried between HTTP/2, which has none, and HTTP/1. The key proves
 * nothing to anybody but that the server read it; it needs no secrecy. Any thread; memory is the caller's. */
#include <openssl/sha.h>
#include <string.h>

#include "runtime/eval/base64.h"
#include "runtime/http/websocket.h"

enum { KEY_BYTES = 16 };

static struct str encoded(struct scratch *s, const void *data, size_t len)
{
	char *text = scratch_alloc(s, base64_size(len));

	return text ? str_make(text, base64_encode(str_make(data, len), text)) : STR_NONE;
}

struct str websocket_key(struct scratch *s, struct worker *w)
{
	uint64_t key[KEY_BYTES / 8] = {worker_random(w), worker_random(w)};

	return encoded(s, key, sizeof(key));
}

struct str websocket_accept(struct scratch *s, struct str key)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	uint8_t digest[SHA_DIGEST_LENGTH];
	char text[64];
	size_t len = key.len < 24 ? key.len : 24;

	memcpy(text, key.ptr ? key.ptr : "", len);
	memcpy(text + len, guid, sizeof(guid) - 1);
	SHA1((const unsigned char *)text, len + sizeof(guid) - 1, digest);
	return encoded(s, digest, sizeof(digest));
}
