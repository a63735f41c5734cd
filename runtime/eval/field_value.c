/* Lists inside header fields, queries and forms: cuts without copying. */
#include "runtime/eval/field_value.h"

/* Marks "behind the last value" in an offset. */
#define OFF_END UINT32_MAX

/* Offset of the comma that ends the value at `from`, or the end. */
static size_t value_end(struct str field, size_t from)
{
	bool quoted = false;
	size_t i;

	if (!memchr(field.ptr + from, '"', field.len - from)) {
		const char *comma = memchr(field.ptr + from, ',', field.len - from);

		return comma ? (size_t)(comma - field.ptr) : field.len;
	}
	for (i = from; i < field.len; i++) {
		if (quoted && field.ptr[i] == '\\')
			i++;
		else if (field.ptr[i] == '"')
			quoted = !quoted;
		else if (field.ptr[i] == ',' && !quoted)
			return i;
	}
	return field.len;
}

bool field_value_next(struct str field, uint32_t *off, struct str *value)
{
	size_t end;

	if (*off == OFF_END || *off > field.len)
		return false;
	if (!field.len) {
		*off = OFF_END;
		*value = STR("");
		return true;
	}
	end = value_end(field, *off);
	*value = str_trim(str_sub(field, *off, end - *off));
	*off = end < field.len ? (uint32_t)end + 1 : OFF_END;
	return true;
}

static bool cookie_separator(char c)
{
	return c == ';' || c == ',';
}

size_t cookie_end(struct str field, size_t from)
{
	bool quoted = false;
	size_t i = from;

	while (i < field.len && field.ptr[i] != '=' && !cookie_separator(field.ptr[i]))
		i++;
	if (i >= field.len || field.ptr[i] != '=')
		return i;
	for (; i < field.len; i++) {
		if (quoted && field.ptr[i] == '\\')
			i++;
		else if (field.ptr[i] == '"')
			quoted = !quoted;
		else if (!quoted && cookie_separator(field.ptr[i]))
			return i;
	}
	return field.len;
}

/* Offset of the next word that may be a cookie. */
static uint32_t cookie_start(struct str field, uint32_t off)
{
	while (off < field.len && (char_is_blank(field.ptr[off]) || cookie_separator(field.ptr[off])))
		off++;
	return off;
}

/* Cuts out the word at *off and steps behind it. False when it has no equals sign, which leaves *value empty.
 */
static bool cookie_cut(struct str field, uint32_t *off, struct str *name, struct str *value)
{
	size_t end = cookie_end(field, *off), equal;
	struct str pair = str_sub(field, *off, end - *off);

	*off = (uint32_t)end;
	equal = str_chr(pair, '=');
	*name = str_trim(str_sub(pair, 0, equal));
	*value = str_trim(str_tail(pair, equal + 1));
	return equal < pair.len;
}

bool cookie_next(struct str field, bool set_cookie, uint32_t *off, struct str *name, struct str *value)
{
	for (*off = cookie_start(field, *off); *off < field.len; *off = cookie_start(field, *off)) {
		cookie_cut(field, off, name, value);
		if (set_cookie)
			*off = OFF_END;
		if (name->len || set_cookie)
			return true;
	}
	return false;
}

/* Whether more than n bytes are left of the element of a list that the word at `at` is in; blanks behind a
 * semicolon count. */
static bool element_has(struct str field, size_t at, size_t n)
{
	size_t from = at;
	struct str part;

	while (from && char_is_blank(field.ptr[from - 1]))
		from--;
	if (!from || field.ptr[from - 1] != ';')
		from = at;
	part = str_sub(field, 0, from + n + 1);
	return part.len == from + n + 1 && value_end(part, from) == part.len;
}

bool cookie_next_pair(struct str field, struct str wanted, bool set_cookie, uint32_t *off, struct str *value)
{
	struct str name;

	for (*off = cookie_start(field, *off); *off < field.len; *off = cookie_start(field, *off)) {
		bool enough = element_has(field, *off, wanted.len + 1);

		if (!cookie_cut(field, off, &name, value) || !enough)
			continue;
		if (!wanted.len || str_eq(name, wanted))
			return true;
		if (set_cookie)
			*off = (uint32_t)value_end(field, *off);
	}
	return false;
}

int64_t field_number(struct str text)
{
	bool negative = text.len && text.ptr[0] == '-';
	uint32_t n = 0;

	for (size_t i = negative; i < text.len; i++) {
		int digit = (signed char)text.ptr[i] - '0';

		if (digit > 9)
			break;
		n = n * 10 + (uint32_t)digit;
	}
	return (int32_t)(negative ? 0 - n : n);
}

bool param_next(struct str text, char delimiter, size_t *off, struct str *name, struct str *value)
{
	while (*off < text.len) {
		size_t end = *off, equal;
		struct str pair;

		while (end < text.len && text.ptr[end] != '&' && text.ptr[end] != ';' &&
		       text.ptr[end] != delimiter)
			end++;
		pair = str_sub(text, *off, end - *off);
		*off = end + 1;
		equal = str_chr(pair, '=');
		if (equal == pair.len)
			continue;
		*name = str_sub(pair, 0, equal);
		*value = str_tail(pair, equal + 1);
		return true;
	}
	return false;
}
