/* Hash functions. SDBM and DJB2 as commonly published; CRC-32 (ISO 3309) and CRC-32C (RFC 4960, appendix B) bit
 * by bit over a table made at compile time would cost a kilobyte each, so they go by half bytes; XXH32 and
 * XXH64 after the format's public specification. The avalanche step is Bob Jenkins' published integer hash; its
 * last multiplication was measured on HAProxy, and all of WT6 was: see there. */
#include "runtime/eval/hash.h"

#include <xxhash.h>

uint32_t hash_sdbm_more(uint32_t hash, struct str data)
{
	for (size_t i = 0; i < data.len; i++)
		hash = (unsigned char)data.ptr[i] + (hash << 6) + (hash << 16) - hash;
	return hash;
}

uint32_t hash_sdbm(struct str data)
{
	return hash_sdbm_more(0, data);
}

uint32_t hash_djb2(struct str data)
{
	uint32_t hash = 5381;

	for (size_t i = 0; i < data.len; i++)
		hash = hash * 33 + (unsigned char)data.ptr[i];
	return hash;
}

static uint32_t rotate32(uint32_t v, uint32_t n)
{
	return v << (n & 31) | v >> (-n & 31);
}

/* No manual tells what WT6 is, so this is what HAProxy 2.6 answers to `req.hdr(x),b64dec,wt6`. All last bytes
 * behind one beginning differ by the byte xored in and rotated and the byte added and rotated: this gives both
 * rotations and some bits of the sum. Rotated by what was seen, only one pair of first values (and the pair of
 * their complements, with a subtraction) answers 210 prefixes right. The rotations that follow are each bit the
 * xor of two bits of the state: the only linear function that fits. */
uint32_t hash_wt6(struct str data)
{
	uint32_t mixed = 0xa53c965a, summed = 0x5ca6953a, left = 18, right = 6;

	for (size_t i = 0; i < data.len; i++) {
		uint32_t byte = (unsigned char)data.ptr[i], sum = rotate32(~(summed + byte), right);

		summed = rotate32(~(mixed ^ byte), left);
		mixed = sum;
		left = (mixed >> 27 ^ summed >> 11) & 31;
		right = (mixed >> 16 ^ summed) & 31;
	}
	return mixed ^ summed;
}

/* `hash-type ... none`: the key is a hash already, as a number in its digits. */
static uint32_t number_of(struct str key)
{
	uint32_t n = 0;

	for (size_t i = 0; i < key.len && key.ptr[i] >= '0' && key.ptr[i] <= '9'; i++)
		n = n * 10 + (uint32_t)(key.ptr[i] - '0');
	return n;
}

uint32_t hash_of(enum hash_func function, struct str key)
{
	switch (function) {
	case HASH_DJB2:
		return hash_djb2(key);
	case HASH_WT6:
		return hash_wt6(key);
	case HASH_CRC32:
		return hash_crc32(key);
	case HASH_NONE:
		return number_of(key);
	case HASH_SDBM:
		break;
	}
	return hash_sdbm(key);
}

uint32_t hash_avalanche(uint32_t a)
{
	a = a + 0x7ed55d16 + (a << 12);
	a = a ^ 0xc761c23c ^ a >> 19;
	a = a + 0x165667b1 + (a << 5);
	a = (a + 0xd3a2646c) ^ a << 9;
	a = a + 0xfd7046c5 + (a << 3);
	a = a ^ 0xb55a4f09 ^ a >> 16;
	return a * 3221225473u;
}

/* A reflected CRC, half a byte at a time. */
static uint32_t crc_reflected(struct str data, uint32_t polynomial)
{
	uint32_t table[16], crc = ~0u;

	for (uint32_t i = 0; i < 16; i++) {
		table[i] = i;
		for (int k = 0; k < 4; k++)
			table[i] = table[i] & 1 ? table[i] >> 1 ^ polynomial : table[i] >> 1;
	}
	for (size_t i = 0; i < data.len; i++) {
		crc ^= (unsigned char)data.ptr[i];
		crc = table[crc & 15] ^ crc >> 4;
		crc = table[crc & 15] ^ crc >> 4;
	}
	return ~crc;
}

uint32_t hash_crc32(struct str data)
{
	return crc_reflected(data, 0xedb88320);
}

uint32_t hash_crc32c(struct str data)
{
	return crc_reflected(data, 0x82f63b78);
}

static uint64_t rotate64(uint64_t v, int n)
{
	return v << n | v >> (64 - n);
}

static uint32_t read32(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;

	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static uint64_t read64(const char *p)
{
	return read32(p) | (uint64_t)read32(p + 4) << 32;
}

#define P32_1 0x9e3779b1u
#define P32_2 0x85ebca77u
#define P32_3 0xc2b2ae3du
#define P32_4 0x27d4eb2fu
#define P32_5 0x165667b1u

uint32_t hash_xxh32(struct str data, uint32_t seed)
{
	const char *p = data.ptr, *end = p + data.len;
	uint32_t acc[4] = {seed + P32_1 + P32_2, seed + P32_2, seed, seed - P32_1}, h = seed + P32_5;

	if (data.len >= 16) {
		for (; end - p >= 16; p += 16)
			for (int i = 0; i < 4; i++)
				acc[i] = rotate32(acc[i] + read32(p + 4 * i) * P32_2, 13) * P32_1;
		h = rotate32(acc[0], 1) + rotate32(acc[1], 7) + rotate32(acc[2], 12) + rotate32(acc[3], 18);
	}
	h += (uint32_t)data.len;
	for (; end - p >= 4; p += 4)
		h = rotate32(h + read32(p) * P32_3, 17) * P32_4;
	for (; p < end; p++)
		h = rotate32(h + (unsigned char)*p * P32_5, 11) * P32_1;
	h = (h ^ h >> 15) * P32_2;
	h = (h ^ h >> 13) * P32_3;
	return h ^ h >> 16;
}

#define P64_1 0x9e3779b185ebca87u
#define P64_2 0xc2b2ae3d27d4eb4fu
#define P64_3 0x165667b19e3779f9u
#define P64_4 0x85ebca77c2b2ae63u
#define P64_5 0x27d4eb2f165667c5u

static uint64_t xxh64_round(uint64_t acc, uint64_t lane)
{
	return rotate64(acc + lane * P64_2, 31) * P64_1;
}

static uint64_t xxh64_merge(uint64_t h, uint64_t acc)
{
	return (h ^ xxh64_round(0, acc)) * P64_1 + P64_4;
}

/* The bytes that fill no stripe, and the final mix. */
static uint64_t xxh64_finish(uint64_t h, const char *p, const char *end)
{
	for (; end - p >= 8; p += 8)
		h = rotate64(h ^ xxh64_round(0, read64(p)), 27) * P64_1 + P64_4;
	if (end - p >= 4) {
		h = rotate64(h ^ read32(p) * P64_1, 23) * P64_2 + P64_3;
		p += 4;
	}
	for (; p < end; p++)
		h = rotate64(h ^ (unsigned char)*p * P64_5, 11) * P64_1;
	h = (h ^ h >> 33) * P64_2;
	h = (h ^ h >> 29) * P64_3;
	return h ^ h >> 32;
}

uint64_t hash_xxh64(struct str data, uint64_t seed)
{
	const char *p = data.ptr, *end = p + data.len;
	uint64_t acc[4] = {seed + P64_1 + P64_2, seed + P64_2, seed, seed - P64_1}, h = seed + P64_5;

	if (data.len >= 32) {
		for (; end - p >= 32; p += 32)
			for (int i = 0; i < 4; i++)
				acc[i] = xxh64_round(acc[i], read64(p + 8 * i));
		h = rotate64(acc[0], 1) + rotate64(acc[1], 7) + rotate64(acc[2], 12) + rotate64(acc[3], 18);
		for (int i = 0; i < 4; i++)
			h = xxh64_merge(h, acc[i]);
	}
	return xxh64_finish(h + data.len, p, end);
}

uint64_t hash_xxh3(struct str data, uint64_t seed)
{
	return XXH3_64bits_withSeed(data.ptr ? data.ptr : "", data.len, seed);
}
