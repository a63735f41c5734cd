/* Bounded output: appends text to memory of the caller's (fixed) or of its own (growing, up to a limit), and
 * remembers when something did not fit instead of overrunning. One thread at a time. */
#ifndef LB_BASE_OUT_H
#define LB_BASE_OUT_H

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "grammar/base/str.h"

struct out {
	char *buf;
	size_t len, cap, limit; /* limit: 0 for a fixed buffer */
	bool truncated;
};

/* Over the caller's memory; never grows. */
struct out out_fixed(char *buf, size_t cap);
/* Grows by realloc up to limit bytes; out_free() gives it back. */
struct out out_growing(size_t limit);
void out_free(struct out *o);
/* out_bytes() when there is no room. Not for others. */
void out_bytes_grow(struct out *o, const void *data, size_t len);
static inline void out_bytes(struct out *o, const void *data, size_t len)
{
	if (o->cap - o->len < len) {
		out_bytes_grow(o, data, len);
		return;
	}
	if (len)
		memcpy(o->buf + o->len, data, len);
	o->len += len;
}
static inline void out_str(struct out *o, struct str s)
{
	out_bytes(o, s.ptr, s.len);
}
static inline void out_puts(struct out *o, const char *c_string)
{
	out_bytes(o, c_string, strlen(c_string));
}
static inline void out_char(struct out *o, char c)
{
	if (o->cap == o->len)
		out_bytes_grow(o, &c, 1);
	else
		o->buf[o->len++] = c;
}
/* In decimal digits. */
void out_decimal_digits(struct out *o, uint64_t n);
static inline void out_decimal(struct out *o, uint64_t n)
{
	if (n < 10)
		out_char(o, (char)('0' + n));
	else
		out_decimal_digits(o, n);
}
void out_printf(struct out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
void out_vprintf(struct out *o, const char *format, va_list ap);
/* JSON string with quotes (RFC 8259 section 7); bytes that are not UTF-8 become U+FFFD. */
void out_json(struct out *o, struct str s);
static inline struct str out_get(const struct out *o)
{
	return str_make(o->buf, o->len);
}

#endif
