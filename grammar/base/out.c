/* Bounded output. A growing buffer doubles; whatever does not fit is dropped and flagged, never written. */
#include "grammar/base/out.h"

#include <stdio.h>
#include <stdlib.h>

struct out out_fixed(char *buf, size_t cap)
{
	return (struct out){.buf = buf, .cap = cap};
}

struct out out_growing(size_t limit)
{
	return (struct out){.limit = limit};
}

void out_free(struct out *o)
{
	if (o->limit)
		free(o->buf);
	*o = (struct out){0};
}

/* Makes room for up to `len` more bytes; returns how many fit. */
static size_t out_room(struct out *o, size_t len)
{
	size_t cap = o->cap;
	char *p;

	if (o->cap - o->len >= len)
		return len;
	while (o->limit && cap < o->limit && cap - o->len < len)
		cap = cap ? cap * 2 : 256;
	if (o->limit && cap > o->limit)
		cap = o->limit;
	if (cap > o->cap && (p = realloc(o->buf, cap))) {
		o->buf = p;
		o->cap = cap;
	}
	if (o->cap - o->len >= len)
		return len;
	o->truncated = true;
	return o->cap - o->len;
}

void out_bytes_grow(struct out *o, const void *data, size_t len)
{
	len = out_room(o, len);
	if (len)
		memcpy(o->buf + o->len, data, len);
	o->len += len;
}

static unsigned digits_of(uint64_t n)
{
	unsigned digits = 1;

	for (uint64_t limit = 10; digits < 20 && n >= limit; limit *= 10)
		digits++;
	return digits;
}

/* Writes n, which has that many digits, so that it ends before `end`. */
static void digits_put(char *end, uint64_t n)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";

	for (; n >= 100; n /= 100)
		memcpy(end -= 2, pairs + n % 100 * 2, 2);
	if (n >= 10)
		memcpy(end - 2, pairs + n * 2, 2);
	else
		end[-1] = (char)('0' + n);
}

void out_decimal_digits(struct out *o, uint64_t n)
{
	unsigned len = digits_of(n);
	char digits[20];

	if (o->cap - o->len >= len) {
		digits_put(o->buf + o->len + len, n);
		o->len += len;
		return;
	}
	digits_put(digits + len, n);
	out_bytes(o, digits, len);
}

void out_vprintf(struct out *o, const char *format, va_list ap)
{
	char small[512];
	va_list again;
	char *big;
	int n;

	va_copy(again, ap);
	n = vsnprintf(small, sizeof(small), format, again);
	va_end(again);
	if (n >= 0 && (size_t)n < sizeof(small)) {
		out_bytes(o, small, (size_t)n);
		return;
	}
	big = n < 0 ? NULL : malloc((size_t)n + 1);
	if (!big) {
		o->truncated = true;
		return;
	}
	vsnprintf(big, (size_t)n + 1, format, ap);
	out_bytes(o, big, (size_t)n);
	free(big);
}

void out_printf(struct out *o, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	out_vprintf(o, format, ap);
	va_end(ap);
}

static void out_json_byte(struct out *o, unsigned char c)
{
	switch (c) {
	case '"':
		out_puts(o, "\\\"");
		break;
	case '\\':
		out_puts(o, "\\\\");
		break;
	case '\n':
		out_puts(o, "\\n");
		break;
	case '\t':
		out_puts(o, "\\t");
		break;
	default:
		if (c < 0x20 || c == 0x7f)
			out_printf(o, "\\u%04x", c);
		else
			out_char(o, (char)c);
	}
}

void out_json(struct out *o, struct str s)
{
	out_char(o, '"');
	for (size_t i = 0; i < s.len;) {
		const unsigned char *p = (const unsigned char *)s.ptr + i;
		size_t n = str_utf8_length(str_tail(s, i));

		if (n > 1)
			out_bytes(o, p, n);
		else if (n == 1)
			out_json_byte(o, *p);
		else
			out_puts(o, "\xef\xbf\xbd");
		i += n ? n : 1;
	}
	out_char(o, '"');
}
