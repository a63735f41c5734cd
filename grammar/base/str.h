/* Byte slices. A struct str borrows: it never owns what it points to, need not be NUL-terminated and may hold
 * any byte. Leaf helper of both libraries; no allocation, any thread. */
#ifndef LB_BASE_STR_H
#define LB_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *ptr;
	size_t len;
};

#define STR(lit) ((struct str){(lit), sizeof(lit) - 1})
#define STR_NONE ((struct str){NULL, 0})
/* For printf("%.*s", STR_ARG(s)); lengths above INT_MAX are cut. */
#define STR_ARG(s) ((int)((s).len > 0x7fffffff ? 0x7fffffff : (s).len)), ((s).ptr ? (s).ptr : "")

static inline struct str str_make(const char *ptr, size_t len)
{
	return (struct str){ptr, len};
}

static inline struct str str_from(const char *c_string)
{
	return (struct str){c_string, c_string ? strlen(c_string) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_is(struct str a, const char *c_string)
{
	return str_eq(a, str_from(c_string));
}

static inline struct str str_sub(struct str s, size_t off, size_t len)
{
	if (off > s.len)
		off = s.len;
	if (len > s.len - off)
		len = s.len - off;
	return (struct str){s.ptr ? s.ptr + off : NULL, len};
}

static inline struct str str_tail(struct str s, size_t off)
{
	return str_sub(s, off, s.len);
}

static inline bool str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq(str_sub(s, 0, prefix.len), prefix);
}

static inline bool str_ends(struct str s, struct str suffix)
{
	return s.len >= suffix.len && str_eq(str_tail(s, s.len - suffix.len), suffix);
}

/* ASCII case folding only (RFC 9110 section 5.1: field names are ASCII). */
bool str_ieq(struct str a, struct str b);
/* Like memcmp, the shorter of two with a common prefix first. */
int str_cmp(struct str a, struct str b);
int str_icmp(struct str a, struct str b);
/* Offset of the first `c`, or s.len when absent. */
size_t str_chr(struct str s, char c);
/* The part before the first `by`, which is taken off *rest together with that; all of it when there is none. For lists:
 * while (rest.len) ... str_cut(&rest, ','). */
static inline struct str str_cut(struct str *rest, char by)
{
	size_t len = str_chr(*rest, by);
	struct str part = str_sub(*rest, 0, len);

	*rest = str_tail(*rest, len + 1);
	return part;
}
/* Length of what s begins with that is ASCII letters, digits and bytes of `signs` only. */
size_t str_word_run(struct str s, const char *signs);
/* A space or a tab. */
static inline bool char_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Without blanks at both ends; at the beginning. */
struct str str_trim(struct str s);
struct str str_trim_left(struct str s);
/* Whole-slice decimal number, sign allowed; false (and *value untouched) on anything else or on overflow. */
bool str_to_i64(struct str s, int64_t *value);
/* Whole-slice unsigned decimal number; false on anything else or on overflow. */
bool str_to_u64(struct str s, uint64_t *value);
/* Length of the UTF-8 sequence at the start of s (RFC 3629), or 0 when there is none. */
size_t str_utf8_length(struct str s);
/* FNV-1a, for the maps of this library; not for untrusted keys at run time. */
uint32_t str_hash(struct str s);

#endif
