/* Keys of websocket handshakes, for what is carried between HTTP/2, which has none, and HTTP/1. The key proves
 * nothing to anybody but that the server read it; it needs no secrecy. Any thread; memory is the caller's. */
#include <string.h>

#include "runtime/eval/base64.h"
#include "runtime/http/websocket.h"

enum { KEY_BYTES = 16, SHA1_BYTES = 20 };

struct sha1 {
	uint32_t h[5];
};

static uint32_t rotate(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

/* One block of 64 bytes (FIPS 180-4 section 6.1.2). */
static void sha1_block(struct sha1 *s, const uint8_t *p)
{
	uint32_t w[80], a = s->h[0], b = s->h[1], c = s->h[2], d = s->h[3], e = s->h[4];

	for (int t = 0; t < 16; t++, p += 4)
		w[t] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	for (int t = 16; t < 80; t++)
		w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	for (int t = 0; t < 80; t++) {
		static const uint32_t k[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
		uint32_t f = t < 20              ? (b & c) | (~b & d)
			     : t >= 40 && t < 60 ? (b & c) | (b & d) | (c & d)
						 : b ^ c ^ d;
		uint32_t next = rotate(a, 5) + f + e + k[t / 20] + w[t];

		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = next;
	}
	s->h[0] += a;
	s->h[1] += b;
	s->h[2] += c;
	s->h[3] += d;
	s->h[4] += e;
}

/* Of a text that leaves room for the padding in two blocks. */
static void sha1_short(struct str text, uint8_t digest[SHA1_BYTES])
{
	struct sha1 s = {{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}};
	size_t blocks = (text.len + 9 + 63) / 64;
	uint8_t data[128] = {0};

	memcpy(data, text.ptr, text.len);
	data[text.len] = 0x80;
	data[blocks * 64 - 2] = (uint8_t)(text.len * 8 >> 8);
	data[blocks * 64 - 1] = (uint8_t)(text.len * 8);
	for (size_t i = 0; i < blocks; i++)
		sha1_block(&s, data + i * 64);
	for (int i = 0; i < SHA1_BYTES; i++)
		digest[i] = (uint8_t)(s.h[i / 4] >> (24 - 8 * (i % 4)));
}

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
	uint8_t digest[SHA1_BYTES];
	char text[64];
	size_t len = key.len < 24 ? key.len : 24;

	memcpy(text, key.ptr ? key.ptr : "", len);
	memcpy(text + len, guid, sizeof(guid) - 1);
	sha1_short(str_make(text, len + sizeof(guid) - 1), digest);
	return encoded(s, digest, sizeof(digest));
}
