/* Fetches of whole heads (manual, section 7.3.6), and of protocols that begin a connection (7.3.5): RDP
 * cookies, distcc. One thread. */
#include "grammar/base/out.h"
#include "runtime/eval/fetch.h"
#include "runtime/eval/fetch_rdp.h"
#include "runtime/eval/field_value.h"

/* All fetches have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

enum { VARINT_SHORT = 240 };

/* Room for every field, `extra` bytes each and behind the last. */
static size_t head_size(const struct http_msg *m, size_t extra)
{
	size_t size = extra;

	for (uint16_t i = 0; i < m->nhdrs; i++)
		size += m->hdrs[i].name_len + m->hdrs[i].value_len + extra;
	return size;
}

static struct str hdr_name(struct eval *e, const struct http_hdr *h)
{
	char *p = scratch_alloc(e->scratch, h->name_len + 1u);

	for (uint16_t i = 0; p && i < h->name_len; i++)
		p[i] = (char)(h->name[i] >= 'A' && h->name[i] <= 'Z' ? h->name[i] | 0x20 : h->name[i]);
	return str_make(p, p ? h->name_len : 0);
}

/* Writes one field. */
typedef void (*put_field)(struct out *o, struct str name, struct str value);

/* All fields, in scratch memory with room for `extra` bytes each and behind the last. False: no message, or no
 * memory. */
static bool hdrs_put(struct eval *e, const struct http_msg *m, size_t extra, put_field put, struct out *o)
{
	size_t cap = m ? head_size(m, extra) : 0;
	char *buf = m ? scratch_alloc(e->scratch, cap + 1) : NULL;

	if (!buf)
		return false;
	*o = out_fixed(buf, cap + 1);
	for (uint16_t i = 0; i < m->nhdrs; i++)
		if (!m->hdrs[i].deleted)
			put(o, hdr_name(e, &m->hdrs[i]), str_make(m->hdrs[i].value, m->hdrs[i].value_len));
	return true;
}

static void put_line(struct out *o, struct str name, struct str value)
{
	out_str(o, name);
	out_str(o, STR(": "));
	out_str(o, value);
	out_str(o, STR("\r\n"));
}

/* All fields as lines, an empty one behind them; names in lower case. */
static bool hdrs_text(struct eval *e, const struct http_msg *m, struct sample *out)
{
	struct out o;

	if (!hdrs_put(e, m, 4, put_line, &o))
		return false;
	out_str(&o, STR("\r\n"));
	return !o.truncated && sample_set_str(out, out_get(&o));
}

/* The variable-length integer of SPOE: below 240 one byte, then seven bits a byte. */
static void put_varint(struct out *o, uint64_t v)
{
	if (v < VARINT_SHORT) {
		out_char(o, (char)v);
		return;
	}
	out_char(o, (char)(v | VARINT_SHORT));
	v = (v - VARINT_SHORT) >> 4;
	while (v >= 128) {
		out_char(o, (char)(v | 128));
		v = (v - 128) >> 7;
	}
	out_char(o, (char)v);
}

static void put_counted(struct out *o, struct str text)
{
	put_varint(o, text.len);
	out_str(o, text);
}

static void put_pair(struct out *o, struct str name, struct str value)
{
	put_counted(o, name);
	put_counted(o, value);
}

/* Names and values, each behind its length; two lengths of zero end it. */
static bool hdrs_bin(struct eval *e, const struct http_msg *m, struct sample *out)
{
	struct out o;

	if (!hdrs_put(e, m, 12, put_pair, &o))
		return false;
	out_bytes(&o, "\0\0", 2);
	out->type = SMP_BIN;
	out->str = out_get(&o);
	return !o.truncated;
}

bool fetch_req_hdrs(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return hdrs_text(e, fetch_request(e), out);
}

bool fetch_res_hdrs(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return hdrs_text(e, e->res, out);
}

bool fetch_req_hdrs_bin(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	return hdrs_bin(e, fetch_request(e), out);
}

bool fetch_res_hdrs_bin(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	return hdrs_bin(e, e->res, out);
}

/* Names of all cookies, a delimiter (args[0], a comma) between them. */
static bool cook_names(struct eval *e, struct http_msg *m, const struct fetch_call *call, bool response,
		       struct sample *out)
{
	enum http_name id = response ? HN_SET_COOKIE : HN_COOKIE;
	struct str delimiter = call->args[0].str.len ? call->args[0].str : STR(","), name, value;
	size_t cap = m ? head_size(m, 0) * (1 + delimiter.len) + 1 : 0;
	char *buf = m ? scratch_alloc(e->scratch, cap) : NULL;
	struct out o;

	if (!buf)
		return false;
	o = out_fixed(buf, cap);
	for (struct http_hdr *h = http_find_id(m, id, NULL); h; h = http_find_id(m, id, h)) {
		uint32_t off = 0;

		while (cookie_next(str_make(h->value, h->value_len), response, &off, &name, &value)) {
			if (o.len)
				out_str(&o, delimiter);
			out_str(&o, name);
		}
	}
	return sample_set_str(out, out_get(&o));
}

bool fetch_req_cook_names(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	return cook_names(e, fetch_request(e), call, false, out);
}

bool fetch_res_cook_names(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	return cook_names(e, e->res, call, true, out);
}

/* --- RDP: a TPKT packet (RFC 1006), an X.224 connection request, a line "Cookie: NAME=VALUE" */

enum { RDP_HEAD = 11, RDP_CONNECT = 0xe0 };

bool rdp_cookie_find(struct eval *e, struct str wanted, struct str *value)
{
	struct str in = e->raw_req, line, name;
	size_t end;

	if (in.len <= RDP_HEAD) {
		e->want_more = e->may_wait && !e->raw_req_final;
		return false;
	}
	if (in.ptr[0] != 3 || in.ptr[1] != 0 || (unsigned char)in.ptr[5] != RDP_CONNECT)
		return false;
	in = str_tail(in, RDP_HEAD);
	if (!str_ieq(str_sub(in, 0, 7), STR("Cookie:")))
		return false;
	line = str_tail(in, 7);
	end = str_chr(line, '\r');
	if (end == line.len) {
		e->want_more = e->may_wait && !e->raw_req_final;
		return false;
	}
	line = str_trim(str_sub(line, 0, end));
	name = str_sub(line, 0, str_chr(line, '='));
	*value = str_tail(line, name.len + 1);
	return name.len < line.len && (!wanted.len || str_ieq(name, wanted));
}

bool fetch_rdp_cookie(struct eval *e, const struct fetch_call *call, struct sample *out,
		      struct sample_iter *iter)
{
	struct str value;

	return rdp_cookie_find(e, call->args[0].str, &value) && sample_set_str(out, value);
}

bool fetch_rdp_cookie_cnt(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	struct str value;

	return sample_set_int(out, rdp_cookie_find(e, call->args[0].str, &value));
}

/* --- distcc: tokens of four letters, each with a number of eight hexadecimal digits, then perhaps that many
 * bytes */

enum { DISTCC_HEAD = 12 };

static bool distcc_number(struct str digits, uint32_t *value)
{
	*value = 0;
	for (size_t i = 0; i < digits.len; i++) {
		char c = digits.ptr[i];

		if (c >= '0' && c <= '9')
			*value = *value << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			*value = *value << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	return true;
}

static bool distcc_has_body(struct str token)
{
	static const char *const tokens[] = {"ARGV", "DOTI", "DOTO", "SERR", "SOUT"};

	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
		if (str_is(token, tokens[i]))
			return true;
	return false;
}

/* The occurrence-th token of that name: its number, and its bytes. */
static bool distcc_find(struct eval *e, const struct fetch_call *call, uint32_t *number, struct str *body)
{
	bool response = e->place & PLACES_RESPONSE;
	struct str in = response ? e->raw_res : e->raw_req;
	int64_t left = arg_is_set(&call->args[1]) && call->args[1].sint > 0 ? call->args[1].sint : 1;

	while (in.len >= DISTCC_HEAD && distcc_number(str_sub(in, 4, 8), number)) {
		struct str token = str_sub(in, 0, 4);
		uint32_t len = distcc_has_body(token) ? *number : 0;

		in = str_tail(in, DISTCC_HEAD);
		if (str_eq(token, str_sub(call->args[0].str, 0, 4)) && !--left) {
			*body = str_sub(in, 0, len);
			return in.len >= len;
		}
		in = str_tail(in, len);
	}
	e->want_more = e->may_wait && !(response ? e->raw_res_final : e->raw_req_final);
	return false;
}

bool fetch_distcc_param(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	uint32_t number;
	struct str body;

	return distcc_find(e, call, &number, &body) && sample_set_int(out, number);
}

bool fetch_distcc_body(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	uint32_t number;

	out->type = SMP_BIN;
	return distcc_find(e, call, &number, &out->str);
}
