/* Base64 (RFC 4648), both alphabets. */
#include "runtime/eval/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 0 to 63, or -1. */
static int digit_value(char c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	return c == (url ? '_' : '/') ? 63 : -1;
}

static bool decode(struct str in, bool url, char *out, size_t cap, size_t *len)
{
	uint32_t bits = 0;
	size_t n = 0;

	if (in.len % 4 == 1)
		return false;
	for (size_t i = 0; i < in.len; i++) {
		int value = digit_value(in.ptr[i], url);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		if (i % 4 == 0)
			continue;
		if (n == cap)
			return false;
		out[n++] = (char)(bits >> (6 - 2 * (i % 4)));
	}
	*len = n;
	return true;
}

/* Four characters, of which the last ones may be padding. Bytes that came out, -1: malformed. */
static int decode_four(const char *in, char *out, size_t cap)
{
	int digits = 0, n;
	size_t len;

	while (digits < 4 && in[digits] != '=')
		digits++;
	for (int i = digits; i < 4; i++)
		if (in[i] != '=')
			return -1;
	if (!digits || digit_value(*in, false) < 0)
		return -1;
	n = digits - 1;
	if ((size_t)n > cap)
		return -1;
	return digits < 2 || decode(str_make(in, (size_t)digits), false, out, cap, &len) ? n : -1;
}

/* Padding may stand in the middle, as for HAProxy: each four characters are read for themselves. */
bool base64_decode(struct str in, char *out, size_t cap, size_t *len)
{
	size_t n = 0;

	if (in.len % 4)
		return false;
	for (size_t i = 0; i < in.len; i += 4) {
		int got = decode_four(in.ptr + i, out + n, cap - n);

		if (got < 0)
			return false;
		n += (size_t)got;
	}
	*len = n;
	return true;
}

bool base64url_decode(struct str in, char *out, size_t cap, size_t *len)
{
	for (int pad = 0; pad < 2 && in.len && in.len % 4 != 1 && in.ptr[in.len - 1] == '='; pad++)
		in.len--;
	return decode(in, true, out, cap, len);
}

size_t base64_encode(struct str in, char *out)
{
	const unsigned char *p = (const unsigned char *)in.ptr;
	size_t n = 0, left = in.len;

	for (; left >= 3; p += 3, left -= 3) {
		out[n++] = alphabet[p[0] >> 2];
		out[n++] = alphabet[(p[0] & 3) << 4 | p[1] >> 4];
		out[n++] = alphabet[(p[1] & 15) << 2 | p[2] >> 6];
		out[n++] = alphabet[p[2] & 63];
	}
	if (left) {
		out[n++] = alphabet[p[0] >> 2];
		out[n++] = alphabet[(p[0] & 3) << 4 | (left > 1 ? p[1] >> 4 : 0)];
		out[n++] = left > 1 ? alphabet[(p[1] & 15) << 2] : '=';
		out[n++] = '=';
	}
	return n;
}

size_t base64url_encode(struct str in, char *out)
{
	size_t n = base64_encode(in, out);

	while (n && out[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++) {
		if (out[i] == '+')
			out[i] = '-';
		else if (out[i] == '/')
			out[i] = '_';
	}
	return n;
}
