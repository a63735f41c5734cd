/* Converters of texts (manual, section 7.3.1). What only shortens a text is a slice of it; the rest goes to
 * scratch memory. One thread. */
#include "runtime/eval/fetch.h"

/* All converters have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

static bool change_case(struct eval *e, struct sample *s, char from, char to)
{
	struct str text = scratch_dup(e->scratch, s->str);
	char *p = (char *)text.ptr;

	if (!p)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (p[i] >= from && p[i] <= to)
			p[i] ^= 0x20;
	s->str = text;
	return true;
}

bool conv_lower(struct eval *e, const struct arg *args, struct sample *s)
{
	return change_case(e, s, 'A', 'Z');
}

bool conv_upper(struct eval *e, const struct arg *args, struct sample *s)
{
	return change_case(e, s, 'a', 'z');
}

bool conv_length(struct eval *e, const struct arg *args, struct sample *s)
{
	return sample_set_int(s, (int64_t)s->str.len);
}

static bool operand(struct eval *e, const struct arg *arg, int64_t *value)
{
	struct sample s;

	*value = arg->sint;
	if (arg->type != ARG_VAR)
		return true;
	if (!var_get(e, arg->var, &s) || !sample_cast(e, &s, SMP_SINT))
		return false;
	*value = s.sint;
	return true;
}

/* bytes(offset[,length]) */
bool conv_bytes(struct eval *e, const struct arg *args, struct sample *s)
{
	int64_t offset, len = (int64_t)s->str.len;

	if (!operand(e, &args[0], &offset) || (arg_is_set(&args[1]) && !operand(e, &args[1], &len)))
		return false;
	if (offset < 0 || len < 0)
		return false;
	s->str = str_sub(s->str, (size_t)offset, (size_t)len);
	return true;
}

static bool is_delimiter(char c, struct str delimiters)
{
	return delimiters.len && memchr(delimiters.ptr, c, delimiters.len);
}

/* Range [start, end) of `count` pieces (0: to the end) from piece `index` on, from the left. skip: empty pieces
 * do not count. */
static bool pieces_left(struct str text, struct str delimiters, int64_t index, int64_t count, bool skip,
			struct str *out)
{
	size_t start = 0, i = 0;
	int64_t piece = 1;

	for (;;) {
		while (skip && i < text.len && is_delimiter(text.ptr[i], delimiters))
			i++;
		if (piece <= index)
			start = i;
		if (skip && i >= text.len)
			break;
		while (i < text.len && !is_delimiter(text.ptr[i], delimiters))
			i++;
		if (piece >= index && count && piece == index + count - 1)
			break;
		if (i >= text.len)
			break;
		i++;
		piece++;
	}
	if (piece < index || (skip && start >= text.len))
		return false;
	*out = str_sub(text, start, (count ? i : text.len) - start);
	return true;
}

/* The same from the right: index 1 is the last piece. */
static bool pieces_right(struct str text, struct str delimiters, int64_t index, int64_t count, bool skip,
			 struct str *out)
{
	size_t end = text.len, i = text.len;
	int64_t piece = 1;

	for (;;) {
		while (skip && i > 0 && is_delimiter(text.ptr[i - 1], delimiters))
			i--;
		if (piece <= index)
			end = i;
		if (skip && !i)
			break;
		while (i > 0 && !is_delimiter(text.ptr[i - 1], delimiters))
			i--;
		if (piece >= index && count && piece == index + count - 1)
			break;
		if (!i)
			break;
		i--;
		piece++;
	}
	if (piece < index || (skip && !end))
		return false;
	*out = count ? str_sub(text, i, end - i) : str_sub(text, 0, end);
	return true;
}

/* No text has more pieces than this; sums of such numbers do not overflow. */
static int64_t bounded(int64_t n)
{
	return n > INT32_MAX ? INT32_MAX : n < -INT32_MAX ? -INT32_MAX : n;
}

static bool pieces(const struct arg *args, struct sample *s, bool skip)
{
	int64_t index = bounded(args[0].sint), count = arg_is_set(&args[2]) ? bounded(args[2].sint) : 1;

	if (index > 0)
		return pieces_left(s->str, args[1].str, index, count, skip, &s->str);
	return pieces_right(s->str, args[1].str, -index, count, skip, &s->str);
}

bool conv_field(struct eval *e, const struct arg *args, struct sample *s)
{
	return pieces(args, s, false);
}

bool conv_word(struct eval *e, const struct arg *args, struct sample *s)
{
	return pieces(args, s, true);
}

bool conv_ltrim(struct eval *e, const struct arg *args, struct sample *s)
{
	while (s->str.len && is_delimiter(s->str.ptr[0], args[0].str))
		s->str = str_tail(s->str, 1);
	return true;
}

bool conv_rtrim(struct eval *e, const struct arg *args, struct sample *s)
{
	while (s->str.len && is_delimiter(s->str.ptr[s->str.len - 1], args[0].str))
		s->str.len--;
	return true;
}

bool conv_cut_crlf(struct eval *e, const struct arg *args, struct sample *s)
{
	size_t n = 0;

	while (n < s->str.len && s->str.ptr[n] != '\r' && s->str.ptr[n] != '\n')
		n++;
	s->str.len = n;
	return true;
}

bool conv_reverse(struct eval *e, const struct arg *args, struct sample *s)
{
	char *p = scratch_alloc(e->scratch, s->str.len + 1);

	if (!p)
		return false;
	for (size_t i = 0; i < s->str.len; i++)
		p[i] = s->str.ptr[s->str.len - 1 - i];
	s->str.ptr = p;
	return true;
}

/* Labels of a host name in the other order: www.example.com is com.example.www. One dot at the end is ignored;
 * no value comes of empty labels. */
bool conv_reverse_dom(struct eval *e, const struct arg *args, struct sample *s)
{
	char *buf = scratch_alloc(e->scratch, s->str.len + 1), *p = buf;
	size_t end = s->str.len;

	if (!buf)
		return false;
	if (end && s->str.ptr[end - 1] == '.')
		end--;
	for (size_t i = end; i-- > 0;) {
		if (s->str.ptr[i] != '.')
			continue;
		if (i + 1 == end)
			return false;
		p = mempcpy(p, s->str.ptr + i + 1, end - i - 1);
		*p++ = '.';
		end = i;
	}
	if (!end)
		return false;
	p = mempcpy(p, s->str.ptr, end);
	s->str = str_make(buf, (size_t)(p - buf));
	return true;
}

/* Three texts in a row. */
static bool join(struct eval *e, struct sample *s, struct str a, struct str b, struct str c)
{
	char *buf = scratch_alloc(e->scratch, s->str.len + a.len + b.len + c.len + 1), *p = buf;

	if (!buf)
		return false;
	if (s->str.len)
		p = mempcpy(p, s->str.ptr, s->str.len);
	if (a.len)
		p = mempcpy(p, a.ptr, a.len);
	if (b.len)
		p = mempcpy(p, b.ptr, b.len);
	if (c.len)
		p = mempcpy(p, c.ptr, c.len);
	s->str = str_make(buf, (size_t)(p - buf));
	return true;
}

/* The text of a variable; empty when it is not set. */
static struct str variable_text(struct eval *e, const struct arg *arg)
{
	struct sample s;

	if (arg->type != ARG_VAR || !var_get(e, arg->var, &s) || !sample_cast(e, &s, SMP_STR))
		return STR("");
	return s.str;
}

/* concat([start],[var],[end]) */
bool conv_concat(struct eval *e, const struct arg *args, struct sample *s)
{
	return join(e, s, args[0].str, variable_text(e, &args[1]), args[2].str);
}

/* add_item(delimiter[,var[,suffix]]): the delimiter only between two texts. */
bool conv_add_item(struct eval *e, const struct arg *args, struct sample *s)
{
	struct str var = variable_text(e, &args[1]), suffix = args[2].str;
	bool adds = var.len || suffix.len;

	return join(e, s, adds && s->str.len ? args[0].str : STR(""), var, suffix);
}

bool conv_strcmp(struct eval *e, const struct arg *args, struct sample *s)
{
	struct sample other;

	if (!var_get(e, args[0].var, &other) || !sample_cast(e, &other, SMP_STR))
		return false;
	return sample_set_int(s, str_cmp(s->str, other.str));
}

/* Takes the same time wherever the difference is. */
bool conv_secure_memcmp(struct eval *e, const struct arg *args, struct sample *s)
{
	unsigned char difference = 0;
	struct sample other;

	if (!var_get(e, args[0].var, &other) || !sample_cast(e, &other, SMP_BIN))
		return false;
	if (other.str.len != s->str.len)
		return sample_set_bool(s, false);
	for (size_t i = 0; i < s->str.len; i++)
		difference |= (unsigned char)(s->str.ptr[i] ^ other.str.ptr[i]);
	return sample_set_bool(s, !difference);
}

/* The colon in front of a port in a Host value; the length when there is none. */
static size_t host_colon(struct str host)
{
	size_t from = host.len && host.ptr[0] == '[' ? str_chr(host, ']') : 0;

	for (size_t i = host.len; i > from; i--)
		if (host.ptr[i - 1] == ':')
			return i - 1;
	return host.len;
}

bool conv_host_only(struct eval *e, const struct arg *args, struct sample *s)
{
	s->str = str_sub(s->str, 0, host_colon(s->str));
	return conv_lower(e, args, s);
}

/* What is behind the colon, each byte taken for a digit as HAProxy takes it. */
bool conv_port_only(struct eval *e, const struct arg *args, struct sample *s)
{
	struct str text = str_tail(s->str, host_colon(s->str) + 1);
	uint32_t port = 0;

	for (size_t i = 0; i < text.len; i++)
		port = port * 10 + (uint32_t)(text.ptr[i] - '0');
	return sample_set_int(s, (int32_t)port);
}

/* param(name[,delimiters]): the value of the first parameter of that name; empty when it has none. */
bool conv_param(struct eval *e, const struct arg *args, struct sample *s)
{
	struct str rest = s->str, name = args[0].str, one;
	const char *delimiters = arg_is_set(&args[1]) && args[1].str.len ? args[1].str.ptr : "&";

	while (rest.len) {
		size_t end = 0;

		while (end < rest.len && !(rest.ptr[end] && strchr(delimiters, rest.ptr[end])))
			end++;
		one = str_sub(rest, 0, end);
		rest = str_tail(rest, end + 1);
		if (!str_starts(one, name) || (one.len > name.len && one.ptr[name.len] != '='))
			continue;
		one = str_tail(one, name.len + 1);
		return sample_set_str(s, one.len ? one : STR(""));
	}
	return false;
}
