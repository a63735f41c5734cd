/* Converters that encode and decode (manual, section 7.3.1): hexadecimal, base64, URLs, JSON, numbers in
 * binary. Results are in scratch memory. One thread. */
#include "grammar/base/out.h"
#include "runtime/eval/base64.h"
#include "runtime/eval/fetch.h"

/* All converters have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

static const char hex_digits[] = "0123456789ABCDEF";

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool conv_hex(struct eval *e, const struct arg *args, struct sample *s)
{
	char *p = scratch_alloc(e->scratch, s->str.len * 2 + 1);

	if (!p)
		return false;
	for (size_t i = 0; i < s->str.len; i++) {
		p[i * 2] = hex_digits[(unsigned char)s->str.ptr[i] >> 4];
		p[i * 2 + 1] = hex_digits[s->str.ptr[i] & 15];
	}
	return sample_set_str(s, str_make(p, s->str.len * 2));
}

bool conv_hex2i(struct eval *e, const struct arg *args, struct sample *s)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s->str.len; i++) {
		int digit = hex_value(s->str.ptr[i]);

		if (digit < 0)
			return false;
		v = v << 4 | (unsigned)digit;
	}
	return sample_set_int(s, (int64_t)v);
}

bool conv_base64(struct eval *e, const struct arg *args, struct sample *s)
{
	char *p = scratch_alloc(e->scratch, base64_size(s->str.len) + 1);

	return p && sample_set_str(s, str_make(p, base64_encode(s->str, p)));
}

bool conv_ub64enc(struct eval *e, const struct arg *args, struct sample *s)
{
	char *p = scratch_alloc(e->scratch, base64_size(s->str.len) + 1);

	return p && sample_set_str(s, str_make(p, base64url_encode(s->str, p)));
}

static bool decode64(struct eval *e, struct sample *s, bool (*decode)(struct str, char *, size_t, size_t *))
{
	char *p = scratch_alloc(e->scratch, s->str.len + 1);
	size_t len;

	if (!p || !decode(s->str, p, s->str.len, &len))
		return false;
	s->type = SMP_BIN;
	s->str = str_make(p, len);
	return true;
}

bool conv_b64dec(struct eval *e, const struct arg *args, struct sample *s)
{
	return decode64(e, s, base64_decode);
}

bool conv_ub64dec(struct eval *e, const struct arg *args, struct sample *s)
{
	return decode64(e, s, base64url_decode);
}

/* Percent signs of URLs; a plus is a blank in forms, and in queries behind a question mark. */
bool conv_url_dec(struct eval *e, const struct arg *args, struct sample *s)
{
	bool form = arg_is_set(&args[0]) && args[0].sint;
	char *p = scratch_alloc(e->scratch, s->str.len + 1);
	size_t n = 0;

	if (!p)
		return false;
	for (size_t i = 0; i < s->str.len; i++) {
		char c = s->str.ptr[i];

		if (c == '%') {
			int high = i + 2 < s->str.len ? hex_value(s->str.ptr[i + 1]) : -1;
			int low = high >= 0 ? hex_value(s->str.ptr[i + 2]) : -1;

			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && form) {
			c = ' ';
		} else if (c == '?') {
			form = true;
		}
		p[n++] = c;
	}
	s->str = str_make(p, n);
	return true;
}

/* Everything but the unreserved characters (RFC 3986, section 2.3). */
bool conv_url_enc(struct eval *e, const struct arg *args, struct sample *s)
{
	char *p = scratch_alloc(e->scratch, s->str.len * 3 + 1);
	size_t n = 0;

	if (!p)
		return false;
	for (size_t i = 0; i < s->str.len; i++) {
		unsigned char c = (unsigned char)s->str.ptr[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    (c && strchr("-._~", c))) {
			p[n++] = (char)c;
			continue;
		}
		p[n++] = '%';
		p[n++] = hex_digits[c >> 4];
		p[n++] = hex_digits[c & 15];
	}
	s->str = str_make(p, n);
	return true;
}

/* The next code point of UTF-8 (RFC 3629); length 0 at a malformed one and at one that \uXXXX cannot tell.
 * overlong: longer forms than needed are taken. */
static size_t utf8_read(struct str text, size_t at, bool overlong, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char c = (unsigned char)text.ptr[at];
	size_t n = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;

	if (!n || n > text.len - at)
		return 0;
	*code = n == 1 ? c : c & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((text.ptr[at + i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (text.ptr[at + i] & 0x3f);
	}
	return (*code < least[n] && !overlong) || *code > 0xfffd || *code >> 11 == 0x1b ? 0 : n;
}

/* One code point inside a JSON text. */
static void json_put(struct out *o, uint32_t code)
{
	static const char escapes[] = "\"\"\\\\//\bb\ff\nn\rr\tt";

	for (size_t i = 0; code < 0x80 && i + 1 < sizeof(escapes); i += 2) {
		if ((uint32_t)escapes[i] == code) {
			out_char(o, '\\');
			out_char(o, escapes[i + 1]);
			return;
		}
	}
	if (code >= 0x20 && code < 0x7f)
		out_char(o, (char)code);
	else
		out_printf(o, "\\u%04x", code);
}

/* json(ascii|utf8|utf8s|utf8p|utf8ps): s skips what is malformed, which else fails; p takes overlong forms. */
bool conv_json(struct eval *e, const struct arg *args, struct sample *s)
{
	struct str mode = args[0].str;
	bool ascii = !mode.len || str_is(mode, "ascii"), skip = mode.len > 4 && mode.ptr[mode.len - 1] == 's';
	bool overlong = mode.len > 4 && mode.ptr[4] == 'p';
	size_t cap = s->str.len * 6 + 1, n;
	char *buf = scratch_alloc(e->scratch, cap);
	struct out o;

	if (!buf)
		return false;
	o = out_fixed(buf, cap);
	for (size_t i = 0; i < s->str.len; i += n) {
		uint32_t code = (unsigned char)s->str.ptr[i];

		n = ascii ? 1 : utf8_read(s->str, i, overlong, &code);
		if (n)
			json_put(&o, code);
		else if (!skip)
			return false;
		n = n ? n : 1;
	}
	return !o.truncated && sample_set_str(s, out_get(&o));
}

static bool number_write(struct out *o, const unsigned char *p, size_t n, bool little)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[little ? n - 1 - i : i];
	out_printf(o, "%llu", (unsigned long long)v);
	return !o->truncated;
}

/* Numbers of `size` bytes, a separator between them; truncate: an incomplete one at the end is left out. */
static bool to_dec(struct eval *e, const struct arg *args, struct sample *s, bool little)
{
	size_t size = (size_t)args[1].sint, digits = size < 8 ? size * 5 / 2 + 1 : 20,
	       cap = (s->str.len / size + 1) * (digits + args[0].str.len) + 1;
	char *buf = scratch_alloc(e->scratch, cap);
	struct out o;

	if (!buf)
		return false;
	o = out_fixed(buf, cap);
	for (size_t i = 0; i < s->str.len; i += size) {
		size_t n = s->str.len - i < size ? s->str.len - i : size;

		if (n < size && args[2].sint)
			break;
		if (i)
			out_str(&o, args[0].str);
		number_write(&o, (const unsigned char *)s->str.ptr + i, n, little);
	}
	return !o.truncated && sample_set_str(s, out_get(&o));
}

bool conv_be2dec(struct eval *e, const struct arg *args, struct sample *s)
{
	return to_dec(e, args, s, false);
}

bool conv_le2dec(struct eval *e, const struct arg *args, struct sample *s)
{
	return to_dec(e, args, s, true);
}

/* be2hex([separator[,chunk[,truncate]]]) */
bool conv_be2hex(struct eval *e, const struct arg *args, struct sample *s)
{
	size_t size = arg_is_set(&args[1]) && args[1].sint > 0 ? (size_t)args[1].sint : 1;
	size_t end = args[2].sint ? s->str.len / size * size : s->str.len;
	size_t cap = s->str.len * (2 + args[0].str.len) + 1;
	char *buf = scratch_alloc(e->scratch, cap);
	struct out o;

	if (!buf)
		return false;
	o = out_fixed(buf, cap);
	for (size_t i = 0; i < end; i++) {
		if (i && i % size == 0)
			out_str(&o, args[0].str);
		out_char(&o, hex_digits[(unsigned char)s->str.ptr[i] >> 4]);
		out_char(&o, hex_digits[s->str.ptr[i] & 15]);
	}
	return !o.truncated && sample_set_str(s, out_get(&o));
}

/* Eight digits a byte. */
bool conv_base2(struct eval *e, const struct arg *args, struct sample *s)
{
	char *p = scratch_alloc(e->scratch, s->str.len * 8 + 1);

	if (!p)
		return false;
	for (size_t i = 0; i < s->str.len * 8; i++)
		p[i] = (char)('0' + ((unsigned char)s->str.ptr[i / 8] >> (7 - i % 8) & 1));
	return sample_set_str(s, str_make(p, s->str.len * 8));
}
