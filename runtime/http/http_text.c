/* See http_text.h (RFC 9112, sections 4 to 7). */
#include "runtime/http/http_text.h"

#include <string.h>

/* The next line without its end; false: it is not there yet. */
static bool take_line(struct str text, size_t *at, struct str *line)
{
	const char *end = *at < text.len ? memchr(text.ptr + *at, '\n', text.len - *at) : NULL;

	if (!end)
		return false;
	*line = str_make(text.ptr + *at, (size_t)(end - text.ptr) - *at);
	*at += line->len + 1;
	if (line->len && line->ptr[line->len - 1] == '\r')
		line->len--;
	return true;
}

static bool field_split(struct str line, struct str *name, struct str *value)
{
	size_t colon = str_chr(line, ':');

	*name = str_sub(line, 0, colon);
	*value = str_trim(str_tail(line, colon + 1));
	return colon && colon < line.len;
}

static bool status_read(struct str line, unsigned *status)
{
	struct str code = str_sub(str_tail(line, 9), 0, 3);
	uint64_t number;

	if (!str_starts(line, STR("HTTP/1.")) || !str_to_u64(code, &number) || number < 100 || number > 599)
		return false;
	*status = (unsigned)number;
	return true;
}

static bool field_note(struct http_text *t, struct str line)
{
	struct str name, value;

	if (!field_split(line, &name, &value))
		return false;
	if (str_ieq(name, STR("transfer-encoding")))
		t->chunked = str_ieq(value, STR("chunked"));
	if (!str_ieq(name, STR("content-length")))
		return true;
	t->has_length = true;
	return str_to_u64(value, &t->length);
}

/* The head from t->start on. Its fields are noted; *at is behind it. */
static enum http_text_state head_read(struct http_text *t, struct str text, size_t *at)
{
	struct str line;

	t->chunked = t->has_length = false;
	if (!take_line(text, at, &line))
		return HTTP_TEXT_MORE;
	if (!status_read(line, &t->status))
		return HTTP_TEXT_BAD;
	while (take_line(text, at, &line)) {
		if (!line.len)
			return HTTP_TEXT_WHOLE;
		if (!field_note(t, line))
			return HTTP_TEXT_BAD;
	}
	return HTTP_TEXT_MORE;
}

/* Passes interim answers by, however many there are. */
static enum http_text_state head_look(struct http_text *t, struct str text)
{
	enum http_text_state state;
	size_t at;

	for (;;) {
		at = t->start;
		state = head_read(t, text, &at);
		if (state != HTTP_TEXT_WHOLE)
			return state;
		if (t->status >= 200 || t->status == 101)
			break;
		t->start = at;
	}
	t->body = t->at = at;
	t->head_only |= t->status == 204 || t->status == 304 || t->status == 101;
	return HTTP_TEXT_WHOLE;
}

/* The size of the chunk at *at, which is left at its data; false: cut, or *bad. */
static bool chunk_begin(struct str text, size_t *at, uint64_t *size, bool *bad)
{
	struct str line;
	size_t i;

	if (!take_line(text, at, &line))
		return false;
	*size = 0;
	for (i = 0; i < line.len && i < 16; i++) {
		const char *digit = memchr("0123456789abcdef", line.ptr[i] | 0x20, 16);

		if (!digit)
			break;
		*size = *size * 16 + (uint64_t)(digit - "0123456789abcdef");
	}
	*bad = !i || (i < line.len && line.ptr[i] != ';' && line.ptr[i] != ' ');
	return !*bad;
}

static enum http_text_state chunks_look(struct http_text *t, struct str text)
{
	struct str line;
	uint64_t size;
	bool bad = false;

	for (;;) {
		size_t at = t->at;

		if (!chunk_begin(text, &at, &size, &bad))
			return bad ? HTTP_TEXT_BAD : HTTP_TEXT_MORE;
		if (!size) {
			while (take_line(text, &at, &line))
				if (!line.len)
					return HTTP_TEXT_WHOLE;
			return HTTP_TEXT_MORE;
		}
		if (size > text.len - at || !take_line(text, &(size_t){at + size}, &line))
			return HTTP_TEXT_MORE;
		if (line.len)
			return HTTP_TEXT_BAD;
		t->at = at + (size_t)size + (text.ptr[at + size] == '\r' ? 2 : 1);
	}
}

enum http_text_state http_text_look(struct http_text *t, struct str text)
{
	enum http_text_state state = t->body ? HTTP_TEXT_WHOLE : head_look(t, text);

	if (state != HTTP_TEXT_WHOLE || t->head_only)
		return state;
	if (t->chunked)
		return chunks_look(t, text);
	return t->has_length && text.len - t->body >= t->length ? HTTP_TEXT_WHOLE : HTTP_TEXT_MORE;
}

bool http_text_may_end(const struct http_text *t)
{
	return t->body && !t->chunked && !t->has_length;
}

static void show_head(const struct http_text *t, struct str text, struct out *out)
{
	struct str line, name, value;
	size_t at = t->start;
	bool any = false;

	take_line(text, &at, &line);
	out_str(out, line);
	out_char(out, '\n');
	while (take_line(text, &at, &line) && line.len) {
		field_split(line, &name, &value);
		for (size_t i = 0; i < name.len; i++)
			out_char(out, name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? (char)(name.ptr[i] | 0x20)
									       : name.ptr[i]);
		out_puts(out, ": ");
		out_str(out, value);
		out_puts(out, "\r\n");
		any = true;
	}
	if (any)
		out_puts(out, "\r\n");
}

struct str http_text_field(const struct http_text *t, struct str text, const char *wanted)
{
	struct str line, name, value;
	size_t at = t->start;

	take_line(text, &at, &line);
	while (take_line(text, &at, &line) && line.len)
		if (field_split(line, &name, &value) && str_ieq(name, str_from(wanted)))
			return value;
	return STR_NONE;
}

void http_text_body(const struct http_text *t, struct str text, struct out *out)
{
	size_t at = t->body;
	uint64_t size;
	bool bad = false;

	if (t->head_only)
		return;
	if (!t->chunked) {
		out_str(out, str_sub(text, t->body, t->has_length ? (size_t)t->length : text.len - t->body));
		return;
	}
	while (chunk_begin(text, &at, &size, &bad) && size && size <= text.len - at) {
		out_str(out, str_sub(text, at, (size_t)size));
		at += (size_t)size + (text.ptr[at + size] == '\r' ? 2 : 1);
	}
}

void http_text_show(const struct http_text *t, struct str text, struct out *out)
{
	show_head(t, text, out);
	http_text_body(t, text, out);
}
