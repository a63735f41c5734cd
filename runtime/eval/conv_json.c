/* json_query and what builds on it (manual, section 7.3.1): one value out of a JSON text (RFC 8259) by a path
 * of names and indexes, found without building a tree. Texts are slices of the input or unescaped into scratch
 * memory. One thread. */
#include <stdlib.h>

#include "grammar/base/out.h"
#include "runtime/eval/base64.h"
#include "runtime/eval/fetch.h"

enum { JSON_DEPTH = 64 };

/* A text being read. */
struct json {
	const char *p, *end;
};

static void skip_blanks(struct json *j)
{
	while (j->p < j->end && (*j->p == ' ' || *j->p == '\t' || *j->p == '\n' || *j->p == '\r'))
		j->p++;
}

static bool take(struct json *j, char c)
{
	skip_blanks(j);
	if (j->p == j->end || *j->p != c)
		return false;
	j->p++;
	return true;
}

/* A string with its quotes. */
static bool skip_string(struct json *j, struct str *text)
{
	const char *begin;

	if (!take(j, '"'))
		return false;
	for (begin = j->p; j->p < j->end && *j->p != '"'; j->p++) {
		if ((unsigned char)*j->p < 0x20)
			return false;
		if (*j->p == '\\' && ++j->p == j->end)
			return false;
	}
	if (j->p >= j->end)
		return false;
	*text = str_make(begin, (size_t)(j->p++ - begin));
	return true;
}

static bool skip_word(struct json *j)
{
	const char *begin = j->p;

	while (j->p < j->end && (strchr("+-.", *j->p) ? *j->p != 0
						      : (*j->p >= '0' && *j->p <= '9') ||
								(*j->p >= 'a' && *j->p <= 'z') || *j->p == 'E'))
		j->p++;
	return j->p > begin;
}

/* Any value; *value: its text. */
static bool skip_value(struct json *j, int depth, struct str *value)
{
	struct str name, inner;
	const char *begin;
	char close;
	bool more;

	skip_blanks(j);
	begin = j->p;
	if (j->p == j->end || depth > JSON_DEPTH)
		return false;
	if (*j->p == '{' || *j->p == '[') {
		close = *j->p == '{' ? '}' : ']';
		j->p++;
		more = !take(j, close);
		while (more) {
			if (close == '}' && (!skip_string(j, &name) || !take(j, ':')))
				return false;
			if (!skip_value(j, depth + 1, &inner))
				return false;
			more = take(j, ',');
			if (!more && !take(j, close))
				return false;
		}
	} else if (*j->p == '"' ? !skip_string(j, &inner) : !skip_word(j)) {
		return false;
	}
	*value = str_make(begin, (size_t)(j->p - begin));
	return true;
}

/* The member of an object, or the element of an array, that one step of a path names. */
static bool step_into(struct str *value, bool is_index, uint64_t index, struct str step)
{
	struct json j = {value->ptr, value->ptr + value->len};
	struct str name, inner;

	if (!take(&j, is_index ? '[' : '{'))
		return false;
	for (uint64_t i = 0;; i++) {
		if (!is_index && (!skip_string(&j, &name) || !take(&j, ':')))
			return false;
		if (!skip_value(&j, 0, &inner))
			return false;
		if (is_index ? i == index : str_eq(name, step)) {
			*value = inner;
			return true;
		}
		if (!take(&j, ','))
			return false;
	}
}

/* The next name of a path; a backslash takes the special meaning from a dot or bracket. */
static struct str path_name(struct str *path, char *buf, size_t cap)
{
	size_t n = 0, i = 0;

	for (; i < path->len && path->ptr[i] != '.' && path->ptr[i] != '[' && n < cap; i++) {
		if (path->ptr[i] == '\\' && i + 1 < path->len)
			i++;
		buf[n++] = path->ptr[i];
	}
	*path = str_tail(*path, i);
	return str_make(buf, n);
}

static bool json_find(struct str text, struct str path, struct str *value)
{
	struct json j = {text.ptr, text.ptr + text.len};
	char name[256];
	struct str step;
	uint64_t index;
	size_t close;

	if (!path.len || path.ptr[0] != '$' || !text.len || !skip_value(&j, 0, value))
		return false;
	path = str_tail(path, 1);
	while (path.len) {
		if (path.ptr[0] == '.') {
			path = str_tail(path, 1);
			step = path_name(&path, name, sizeof(name));
			if (!step_into(value, false, 0, step))
				return false;
			continue;
		}
		close = str_chr(path, ']');
		if (path.ptr[0] != '[' || close == path.len ||
		    !str_to_u64(str_sub(path, 1, close - 1), &index) ||
		    !step_into(value, true, index, STR_NONE))
			return false;
		path = str_tail(path, close + 1);
	}
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \uXXXX below 256, as HAProxy has it; others fail. */
static bool unescape_unicode(struct str text, size_t *i, char *out)
{
	int value = 0;

	for (size_t k = 1; k <= 4; k++) {
		int digit = *i + k < text.len ? hex_digit(text.ptr[*i + k]) : -1;

		if (digit < 0)
			return false;
		value = value * 16 + digit;
	}
	*i += 4;
	*out = (char)value;
	return value < 256;
}

static bool set_text(struct eval *e, struct sample *s, struct str text)
{
	static const char from[] = "bfnrt\\\"/", to[] = "\b\f\n\r\t\\\"/";
	char *buf = scratch_alloc(e->scratch, text.len + 1);
	size_t n = 0;

	if (!buf)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		const char *at;

		buf[n] = text.ptr[i];
		if (text.ptr[i] == '\\' && ++i < text.len) {
			at = text.ptr[i] ? strchr(from, text.ptr[i]) : NULL;
			if (text.ptr[i] == 'u' ? !unescape_unicode(text, &i, &buf[n]) : !at)
				return false;
			if (at)
				buf[n] = to[at - from];
		}
		n++;
	}
	return sample_set_str(s, str_make(buf, n));
}

static bool set_number(struct eval *e, struct sample *s, struct str text, bool as_int)
{
	struct str copy = scratch_printf(e->scratch, "%.*s", STR_ARG(text));
	char *end;
	double value;

	if (!copy.ptr)
		return false;
	value = strtod(copy.ptr, &end);
	if (end == copy.ptr || *end || !(value > -9.3e18 && value < 9.3e18))
		return false;
	if (!as_int && text.len != strspn(copy.ptr, "+-0123456789"))
		return sample_set_str(s, copy);
	return sample_set_int(s, value >= 9223372036854775807.0 ? INT64_MAX : strtoll(copy.ptr, NULL, 10));
}

static bool json_query(struct eval *e, const struct arg *args, struct sample *s)
{
	bool as_int = arg_is_set(&args[1]) && str_is(args[1].str, "int");
	struct json j;
	struct str value, text;

	if (!json_find(s->str, args[0].str, &value) || !value.len)
		return false;
	if (value.ptr[0] == '"') {
		j = (struct json){value.ptr, value.ptr + value.len};
		return skip_string(&j, &text) && set_text(e, s, text) &&
		       (!as_int || sample_cast(e, s, SMP_SINT));
	}
	if (str_is(value, "true") || str_is(value, "false"))
		return as_int ? sample_set_int(s, value.ptr[0] == 't')
			      : sample_set_bool(s, value.ptr[0] == 't');
	if (value.ptr[0] == '[')
		return sample_set_str(s, value);
	return value.ptr[0] != '{' && value.ptr[0] != 'n' && set_number(e, s, value, as_int);
}

bool conv_json_query(struct eval *e, const struct arg *args, struct sample *s)
{
	return json_query(e, args, s);
}

/* Part `index` of a token HEADER.PAYLOAD.SIGNATURE, decoded, and what a path finds in there. */
static bool jwt_query(struct eval *e, const struct arg *args, struct sample *s, unsigned index)
{
	struct str rest = s->str, part = STR_NONE;
	size_t len;
	char *buf;

	for (unsigned i = 0; i <= index; i++) {
		size_t dot = str_chr(rest, '.');

		if (dot == rest.len)
			return false;
		part = str_sub(rest, 0, dot);
		rest = str_tail(rest, dot + 1);
	}
	buf = scratch_alloc(e->scratch, part.len + 1);
	if (!buf || !base64url_decode(part, buf, part.len, &len))
		return false;
	sample_set_str(s, str_make(buf, len));
	return !arg_is_set(&args[0]) || json_query(e, args, s);
}

bool conv_jwt_header_query(struct eval *e, const struct arg *args, struct sample *s)
{
	return jwt_query(e, args, s, 0);
}

bool conv_jwt_payload_query(struct eval *e, const struct arg *args, struct sample *s)
{
	return jwt_query(e, args, s, 1);
}
