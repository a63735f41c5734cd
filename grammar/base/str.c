/* Byte slices: comparisons, searches and numbers. Pure functions, any thread. */
#include "grammar/base/str.h"

static unsigned char lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

bool str_ieq(struct str a, struct str b)
{
	return a.len == b.len && str_icmp(a, b) == 0;
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int r = n ? memcmp(a.ptr, b.ptr, n) : 0;

	if (r)
		return r;
	return (a.len > b.len) - (a.len < b.len);
}

int str_icmp(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;

	for (size_t i = 0; i < n; i++) {
		int d = lower((unsigned char)a.ptr[i]) - lower((unsigned char)b.ptr[i]);
		if (d)
			return d;
	}
	return (a.len > b.len) - (a.len < b.len);
}

size_t str_chr(struct str s, char c)
{
	const char *p = s.len ? memchr(s.ptr, c, s.len) : NULL;

	return p ? (size_t)(p - s.ptr) : s.len;
}

size_t str_word_run(struct str s, const char *signs)
{
	size_t i = 0;

	for (; i < s.len; i++) {
		char c = s.ptr[i];

		if (!((c | 32) >= 'a' && (c | 32) <= 'z') && !(c >= '0' && c <= '9') &&
		    !(c && strchr(signs, c)))
			break;
	}
	return i;
}

struct str str_trim_left(struct str s)
{
	while (s.len && char_is_blank(s.ptr[0]))
		s = str_tail(s, 1);
	return s;
}

struct str str_trim(struct str s)
{
	s = str_trim_left(s);
	while (s.len && char_is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool str_to_u64(struct str s, uint64_t *value)
{
	uint64_t v = 0;

	if (!s.len)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned d = (unsigned char)s.ptr[i] - (unsigned)'0';
		if (d > 9 || __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, d, &v))
			return false;
	}
	*value = v;
	return true;
}

bool str_to_i64(struct str s, int64_t *value)
{
	bool negative = s.len && s.ptr[0] == '-';
	uint64_t v;

	if (s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'))
		s = str_tail(s, 1);
	if (!str_to_u64(s, &v) || v > (uint64_t)INT64_MAX + negative)
		return false;
	*value = negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

/* What the first byte of a sequence announces. */
static size_t utf8_announced(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

size_t str_utf8_length(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	size_t n = s.len ? utf8_announced(p[0]) : 0;

	if (n > s.len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, and what lies behind U+10FFFF. */
	if (n > 2 && ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		      (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)))
		return 0;
	return n;
}

uint32_t str_hash(struct str s)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.ptr[i]) * 16777619u;
	return h;
}
