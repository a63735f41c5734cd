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

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool cookie_next(struct str field, bool set_cookie, uint32_t *off, struct str *name, struct str *value)
{
	struct str pair;
	size_t end, equal;

	while (*off < field.len &&
	       (is_blank(field.ptr[*off]) || field.ptr[*off] == ';' || field.ptr[*off] == ','))
		++*off;
	if (*off >= field.len)
		return false;
	for (end = *off; end < field.len && field.ptr[end] != ';' && (set_cookie || field.ptr[end] != ',');
	     end++)
		;
	pair = str_sub(field, *off, end - *off);
	*off = set_cookie ? OFF_END : (uint32_t)end;
	equal = str_chr(pair, '=');
	*name = str_trim(str_sub(pair, 0, equal));
	if (!name->len && !set_cookie)
		return cookie_next(field, set_cookie, off, name, value);
	*value = str_trim(str_tail(pair, equal + 1));
	return true;
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

bool cookie_next_any(struct str field, bool set_cookie, uint32_t *off, struct str *name, struct str *value)
{
	while (*off < field.len) {
		struct str rest = str_tail(field, *off), pair;
		size_t end = 0, equal;

		while (end < rest.len && rest.ptr[end] != ';' && (set_cookie || rest.ptr[end] != ','))
			end++;
		pair = str_trim(str_sub(rest, 0, end));
		*off += (uint32_t)end + 1;
		equal = str_chr(pair, '=');
		if (equal == pair.len)
			continue;
		*name = str_trim(str_sub(pair, 0, equal));
		*value = str_trim(str_tail(pair, equal + 1));
		return true;
	}
	return false;
}

bool param_next(struct str text, size_t *off, struct str *name, struct str *value)
{
	struct str pair;
	size_t end = *off, equal;

	if (*off >= text.len)
		return false;
	while (end < text.len && text.ptr[end] != '&' && text.ptr[end] != ';')
		end++;
	pair = str_sub(text, *off, end - *off);
	*off = end + 1;
	equal = str_chr(pair, '=');
	*name = str_sub(pair, 0, equal);
	*value = str_tail(pair, equal + 1);
	return true;
}
