/* The three inner loops of the HTTP/1 parser: end of a line, end of a field name, end of a request target.
 * Sixteen bytes at a time where the processor has SSE2, else one by one; both give the same. Pure functions,
 * any thread. */
#ifndef LB_HTTP_H1_SCAN_H
#define LB_HTTP_H1_SCAN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Lower-case letter, digit or other character of a token (RFC 9110 section 5.6.2) for each byte; 0: not in a
 * token. */
extern const unsigned char h1_token[256];

/* The first CR or LF in [p, end), or end. */
static inline char *h1_find_eol(char *p, char *end)
{
#ifdef __SSE2__
	const __m128i cr = _mm_set1_epi8('\r'), lf = _mm_set1_epi8('\n');

	while (end - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)p);
		int hit = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(v, cr), _mm_cmpeq_epi8(v, lf)));

		if (hit)
			return p + __builtin_ctz((unsigned)hit);
		p += 16;
	}
#endif
	while (p < end && *p != '\r' && *p != '\n')
		p++;
	return p;
}

#ifdef __SSE2__
/* Lower-cases the letters, digits and hyphens at p (16 bytes are there); how many there are. */
static inline unsigned h1_lower_16(char *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)p);
	__m128i upper = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8('A' - 1)),
				      _mm_cmplt_epi8(v, _mm_set1_epi8('Z' + 1)));
	__m128i low = _mm_or_si128(v, _mm_and_si128(upper, _mm_set1_epi8(0x20)));
	__m128i alpha = _mm_and_si128(_mm_cmpgt_epi8(low, _mm_set1_epi8('a' - 1)),
				      _mm_cmplt_epi8(low, _mm_set1_epi8('z' + 1)));
	__m128i digit = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8('0' - 1)),
				      _mm_cmplt_epi8(v, _mm_set1_epi8('9' + 1)));
	__m128i ok = _mm_or_si128(_mm_or_si128(alpha, digit), _mm_cmpeq_epi8(v, _mm_set1_epi8('-')));
	unsigned n = (unsigned)__builtin_ctz(~(unsigned)_mm_movemask_epi8(ok));
	unsigned up = (unsigned)_mm_movemask_epi8(upper) & ((1u << n) - 1);

	for (; up; up &= up - 1)
		p[__builtin_ctz(up)] |= 0x20;
	return n;
}
#endif

/* Lower-cases a field name in place; the first byte in [p, end) that is not in a token, or end. */
static inline char *h1_lower_name(char *p, char *end)
{
#ifdef __SSE2__
	while (end - p >= 16) {
		unsigned n = h1_lower_16(p);

		p += n;
		if (n == 16)
			continue;
		if (*p == ':')
			return p;
		break;
	}
#endif
	for (unsigned char low; p < end && (low = h1_token[(unsigned char)*p]); p++)
		*p = (char)low;
	return p;
}

/* The first byte in [p, end) that is not a visible ASCII character, or is `#`; or end. */
static inline const char *h1_find_target_end(const char *p, const char *end)
{
#ifdef __SSE2__
	while (end - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)p);
		__m128i bad = _mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8('!')),
					   _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
		int hit = _mm_movemask_epi8(_mm_or_si128(bad, _mm_cmpeq_epi8(v, _mm_set1_epi8('#'))));

		if (hit)
			return p + __builtin_ctz((unsigned)hit);
		p += 16;
	}
#endif
	while (p<end && * p> ' ' && *p < 0x7f && *p != '#')
		p++;
	return p;
}

#endif
