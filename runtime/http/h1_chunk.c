/* Decoding of chunks: a state for each place where the bytes may end. Data of a second and later chunk move
 * down over the framing between them; the data of one chunk alone stay where they are. One thread. */
#include "runtime/http/h1_chunk.h"

#include "runtime/http/h1_scan.h"

enum state { CK_SIZE, CK_BLANK, CK_EXTENSION, CK_SIZE_LF, CK_DATA, CK_DATA_END, CK_DATA_LF };

/* Sizes of 2^52 and more are refused, as by HAProxy. */
static const uint64_t size_limit = (uint64_t)1 << 48;

static int hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of a size line; false: bad. */
static bool size_byte(struct h1_chunks *c, unsigned char b)
{
	int digit = hex_value(b);

	if (c->state == CK_SIZE && digit >= 0) {
		if (c->left >= size_limit)
			return false;
		c->left = c->left << 4 | (unsigned)digit;
		c->digits = true;
		return true;
	}
	if (!c->digits)
		return false;
	if (b == ' ' || b == '\t')
		c->state = CK_BLANK;
	else if (b == ';')
		c->state = CK_EXTENSION;
	else if (b == '\r')
		c->state = CK_SIZE_LF;
	else if (b == '\n')
		c->state = CK_DATA;
	else
		return false;
	return true;
}

/* A byte that is not chunk data; false: bad. */
static bool frame_byte(struct h1_chunks *c, unsigned char b)
{
	switch ((enum state)c->state) {
	case CK_SIZE:
	case CK_BLANK:
		return size_byte(c, b);
	case CK_SIZE_LF:
		c->state = CK_DATA;
		return b == '\n';
	case CK_DATA_END:
		if (b == '\r') {
			c->state = CK_DATA_LF;
			return true;
		}
		/* fall through */
	case CK_DATA_LF:
		h1_chunks_init(c);
		return b == '\n';
	default:
		return false;
	}
}

/* Skips an extension up to its line's end. */
static const char *skip_extension(struct h1_chunks *c, const char *p, const char *end)
{
	p = h1_find_eol((char *)(uintptr_t)p, (char *)(uintptr_t)end);
	if (p < end)
		c->state = *p++ == '\r' ? CK_SIZE_LF : CK_DATA;
	return p;
}

/* Data of the current chunk: appended to what is decoded. */
static char *take_data(struct h1_chunks *c, char *p, char *end, struct str *body)
{
	size_t n = (size_t)(end - p) < c->left ? (size_t)(end - p) : (size_t)c->left;
	char *to = (char *)body->ptr + body->len;

	if (!body->len)
		body->ptr = p;
	else if (to != p)
		memmove(to, p, n);
	body->len += n;
	c->left -= n;
	if (!c->left)
		c->state = CK_DATA_END;
	return p + n;
}

enum h1_chunk_result h1_chunks_decode(struct h1_chunks *c, char *data, uint32_t len, struct str *body,
				      uint32_t *used)
{
	enum h1_chunk_result result = H1_CHUNK_MORE;
	char *p = data, *end = data + len;

	*body = str_make(data, 0);
	while (p < end && result == H1_CHUNK_MORE) {
		if (c->state == CK_DATA)
			p = take_data(c, p, end, body);
		else if (c->state == CK_EXTENSION)
			p = (char *)(uintptr_t)skip_extension(c, p, end);
		else if (!frame_byte(c, (unsigned char)*p++))
			result = H1_CHUNK_BAD;
		if (result == H1_CHUNK_MORE && c->state == CK_DATA && !c->left)
			result = H1_CHUNK_LAST;
	}
	*used = (uint32_t)(p - data);
	return result;
}

bool h1_chunks_are_bad(const struct h1_chunks *c, const char *data, uint32_t len, uint32_t *used)
{
	const char *p = data, *end = data + len;
	struct h1_chunks at = *c;

	while (p < end && !(at.state == CK_DATA && !at.left)) {
		if (at.state == CK_DATA) {
			size_t n = (size_t)(end - p) < at.left ? (size_t)(end - p) : (size_t)at.left;

			p += n;
			if (!(at.left -= n))
				at.state = CK_DATA_END;
		} else if (at.state == CK_EXTENSION) {
			p = skip_extension(&at, p, end);
		} else if (!frame_byte(&at, (unsigned char)*p++)) {
			return true;
		}
	}
	*used = (uint32_t)(p - data);
	return false;
}
