/* Characters and their pictures: what a hostile or merely odd byte of a configuration looks like on a terminal.
 */
#include "grammar/render_glyph.h"

#include <stdio.h>

struct range {
	uint32_t first, last;
};

/* Two columns wide (Unicode, UAX 11: the blocks that are wide throughout). */
static const struct range wide[] = {
	{0x1100, 0x115f}, {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
	{0xa000, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
	{0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

/* Combining marks: no column of their own. */
static const struct range combining[] = {
	{0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},   {0x64b, 0x65f},
	{0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};

/* Invisible, or turning the direction of what follows: shown by number. */
static const struct range hidden[] = {
	{0x80, 0xa0},     {0xad, 0xad},     {0x200b, 0x200f}, {0x2028, 0x202e},
	{0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
};

static bool in_ranges(uint32_t c, const struct range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}
#define IN(c, ranges) in_ranges((c), (ranges), sizeof(ranges) / sizeof((ranges)[0]))

static void utf8_put(char *to, uint32_t c)
{
	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (c & 0x3f));
	*to = '\0';
}

static uint32_t utf8_decode(const unsigned char *p, uint32_t n)
{
	uint32_t c = n == 2 ? p[0] & 0x1fu : n == 3 ? p[0] & 0x0fu : p[0] & 0x07u;

	for (uint32_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3fu);
	return c;
}

static struct glyph glyph_ascii(unsigned char c)
{
	struct glyph g = {1, 1, {(char)c}};

	if (c == '\t') {
		g.width = 4;
		memcpy(g.picture, "    ", 5);
	} else if (c < 0x20) {
		utf8_put(g.picture, 0x2400u + c);
	} else if (c == 0x7f) {
		utf8_put(g.picture, 0x2421);
	}
	return g;
}

struct glyph glyph_next(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	uint32_t n, c;
	struct glyph g;

	if (p[0] < 0x80)
		return glyph_ascii(p[0]);
	n = (uint32_t)str_utf8_length(s);
	if (!n) {
		g = (struct glyph){1, 1, {0}};
		utf8_put(g.picture, 0xfffd);
		return g;
	}
	c = utf8_decode(p, n);
	g = (struct glyph){n, IN(c, wide) ? 2 : IN(c, combining) ? 0 : 1, {0}};
	if (IN(c, hidden))
		g.width = (uint32_t)snprintf(g.picture, sizeof(g.picture), "<U+%04X>", c);
	else
		utf8_put(g.picture, c);
	return g;
}

uint32_t glyph_columns(struct str s)
{
	uint32_t columns = 0;

	for (size_t i = 0; i < s.len;) {
		struct glyph g = glyph_next(str_tail(s, i));
		columns += g.width;
		i += g.bytes;
	}
	return columns;
}

uint32_t glyph_count(struct str s)
{
	uint32_t count = 0;

	for (size_t i = 0; i < s.len; count++)
		i += glyph_next(str_tail(s, i)).bytes;
	return count;
}

void glyph_print(struct out *o, struct str s)
{
	for (size_t i = 0; i < s.len;) {
		struct glyph g = glyph_next(str_tail(s, i));
		out_puts(o, g.picture);
		i += g.bytes;
	}
}
