/* Fetches of header fields and cookies (manual, section 7.3.6). A field without commas inside is one value for
 * fhdr, a list of values for hdr. An ACL sees one value after the other. One thread. */
#include <stdlib.h>

#include "runtime/eval/field_value.h"
#include "runtime/eval/fetch.h"

/* All fetches have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

/* The next field of the call's name (any field without a name). */
static struct http_hdr *next_field(struct http_msg *m, const struct fetch_call *call, struct http_hdr *after)
{
	struct str name = call->args[0].str;

	if (call->hdr != HN_OTHER)
		return http_find_id(m, call->hdr, after);
	if (name.len)
		return http_find(m, name, after);
	for (size_t i = after ? (size_t)(after - m->hdrs) + 1 : 0; i < m->nhdrs; i++)
		if (!m->hdrs[i].deleted)
			return &m->hdrs[i];
	return NULL;
}

/* Steps to the next value; full: whole fields. False at the end. */
static bool next_value(struct http_msg *m, const struct fetch_call *call, bool full, struct sample_iter *iter,
		       struct str *value)
{
	for (;;) {
		if (iter->hdr && !full &&
		    field_value_next(str_make(iter->hdr->value, iter->hdr->value_len), &iter->off, value))
			return true;
		iter->hdr = next_field(m, call, iter->hdr);
		if (!iter->hdr)
			return false;
		iter->off = 0;
		*value = str_trim(str_make(iter->hdr->value, iter->hdr->value_len));
		if (full)
			return true;
	}
}

/* The value that args[1] counts: 1 is the first, -1 the last (the default). */
static bool one_value(struct http_msg *m, const struct fetch_call *call, bool full, struct str *value)
{
	int64_t wanted = arg_is_set(&call->args[1]) && call->args[1].sint ? call->args[1].sint : -1;
	struct sample_iter iter = {0};
	struct str recent[10], v;
	int64_t n = 0;

	while (next_value(m, call, full, &iter, &v)) {
		recent[n++ % 10] = v;
		if (n == wanted) {
			*value = v;
			return true;
		}
	}
	if (wanted > 0 || -wanted > n || -wanted > 10)
		return false;
	*value = recent[(n + wanted) % 10];
	return true;
}

static bool header(struct http_msg *m, const struct fetch_call *call, bool full, struct sample *out,
		   struct sample_iter *iter)
{
	struct str value;

	if (!arg_is_set(&call->args[0]) && !arg_is_set(&call->args[1]))
		return false; /* an empty name stands for any field, none at all for no field */
	if (iter && !(arg_is_set(&call->args[1]) && call->args[1].sint)) {
		iter->more = next_value(m, call, full, iter, &value);
		return iter->more && sample_set_str(out, value);
	}
	return one_value(m, call, full, &value) && sample_set_str(out, value);
}

static bool header_count(struct http_msg *m, const struct fetch_call *call, bool full, struct sample *out)
{
	struct sample_iter iter = {0};
	struct str value;
	int64_t n = 0;

	while (next_value(m, call, full, &iter, &value))
		n++;
	return sample_set_int(out, n);
}

bool fetch_req_hdr(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return fetch_request(e) && header(e->req, call, false, out, iter);
}

bool fetch_res_hdr(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return fetch_response(e) && header(e->res, call, false, out, iter);
}

bool fetch_req_fhdr(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return fetch_request(e) && header(e->req, call, true, out, iter);
}

bool fetch_res_fhdr(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return fetch_response(e) && header(e->res, call, true, out, iter);
}

/* Of the message that is being processed. */
bool fetch_hdr(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return e->place & PLACES_RESPONSE ? fetch_res_hdr(e, call, out, iter)
					  : fetch_req_hdr(e, call, out, iter);
}

bool fetch_req_hdr_cnt(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	return fetch_request(e) && header_count(e->req, call, false, out);
}

bool fetch_res_hdr_cnt(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	return fetch_response(e) && header_count(e->res, call, false, out);
}

bool fetch_req_fhdr_cnt(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	return fetch_request(e) && header_count(e->req, call, true, out);
}

bool fetch_res_fhdr_cnt(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	return fetch_response(e) && header_count(e->res, call, true, out);
}

/* A colon and a number of 16 bits. */
static bool is_port(struct str text)
{
	unsigned port = 0;

	if (text.len < 2 || text.ptr[0] != ':')
		return false;
	for (size_t i = 1; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		port = port * 10 + (unsigned)(text.ptr[i] - '0');
		if (port > UINT16_MAX)
			return false;
	}
	return true;
}

/* An address; an IPv4 one may have a port behind it. */
static bool value_addr(struct eval *e, struct sample *s)
{
	size_t len = sample_ipv4_text(s->str, s->ip);

	if (len) {
		s->type = SMP_IPV4;
		return len == s->str.len || is_port(str_tail(s->str, len));
	}
	s->type = SMP_STR;
	return sample_cast(e, s, SMP_ADDR);
}

/* ACLs step over values that are no addresses. */
static bool header_ip(struct eval *e, struct http_msg *m, const struct fetch_call *call, struct sample *out,
		      struct sample_iter *iter)
{
	while (header(m, call, false, out, iter)) {
		if (value_addr(e, out))
			return true;
		if (!iter || !iter->more)
			return false;
	}
	return false;
}

bool fetch_req_hdr_ip(struct eval *e, const struct fetch_call *call, struct sample *out,
		      struct sample_iter *iter)
{
	return fetch_request(e) && header_ip(e, e->req, call, out, iter);
}

bool fetch_res_hdr_ip(struct eval *e, const struct fetch_call *call, struct sample *out,
		      struct sample_iter *iter)
{
	return fetch_response(e) && header_ip(e, e->res, call, out, iter);
}

bool fetch_req_hdr_val(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	return fetch_req_hdr(e, call, out, iter) && sample_set_int(out, field_number(out->str));
}

bool fetch_res_hdr_val(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	return fetch_res_hdr(e, call, out, iter) && sample_set_int(out, field_number(out->str));
}

/* Names of all fields, joined. */
static bool header_names(struct eval *e, struct http_msg *m, const struct fetch_call *call, struct sample *out)
{
	struct str delimiter =
		arg_is_set(&call->args[0]) && call->args[0].str.len ? call->args[0].str : STR(",");
	size_t len = 0;
	char *text, *p;

	for (uint32_t i = 0; i < m->nhdrs; i++)
		len += m->hdrs[i].name_len + delimiter.len;
	text = p = scratch_alloc(e->scratch, len + 1);
	if (!text)
		return false;
	for (uint32_t i = 0; i < m->nhdrs; i++) {
		if (m->hdrs[i].deleted)
			continue;
		if (p > text)
			p = mempcpy(p, delimiter.ptr, delimiter.len);
		for (size_t k = 0; k < m->hdrs[i].name_len; k++) {
			char c = m->hdrs[i].name[k];

			*p++ = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
		}
	}
	return sample_set_str(out, str_make(text, (size_t)(p - text)));
}

bool fetch_req_hdr_names(struct eval *e, const struct fetch_call *call, struct sample *out,
			 struct sample_iter *iter)
{
	return fetch_request(e) && header_names(e, e->req, call, out);
}

bool fetch_res_hdr_names(struct eval *e, const struct fetch_call *call, struct sample *out,
			 struct sample_iter *iter)
{
	return fetch_response(e) && header_names(e, e->res, call, out);
}

/* Steps to the next cookie of that name (any without a name). */
static bool next_cookie(struct http_msg *m, const struct fetch_call *call, enum http_name field,
			struct sample_iter *iter, struct str *value)
{
	for (;;) {
		if (iter->hdr && cookie_next_pair(str_make(iter->hdr->value, iter->hdr->value_len),
						  call->args[0].str, field == HN_SET_COOKIE, &iter->off, value))
			return true;
		iter->hdr = http_find_id(m, field, iter->hdr);
		if (!iter->hdr)
			return false;
		iter->off = 0;
	}
}

static bool cookie(struct http_msg *m, const struct fetch_call *call, enum http_name field, struct sample *out,
		   struct sample_iter *iter)
{
	struct sample_iter all = {0};
	struct str value, last = STR_NONE;

	if (iter) {
		iter->more = next_cookie(m, call, field, iter, &value);
		return iter->more && sample_set_str(out, value);
	}
	while (next_cookie(m, call, field, &all, &value)) {
		last = value;
		if (!call->args[0].str.len)
			break;
	}
	return sample_set_str(out, last);
}

static bool cookie_count(struct http_msg *m, const struct fetch_call *call, enum http_name field,
			 struct sample *out)
{
	struct sample_iter iter = {0};
	struct str value;
	int64_t n = 0;

	while (next_cookie(m, call, field, &iter, &value))
		n++;
	return sample_set_int(out, n);
}

bool fetch_req_cook(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return fetch_request(e) && cookie(e->req, call, HN_COOKIE, out, iter);
}

bool fetch_res_cook(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return fetch_response(e) && cookie(e->res, call, HN_SET_COOKIE, out, iter);
}

bool fetch_cookie(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return e->place & PLACES_RESPONSE ? fetch_res_cook(e, call, out, iter)
					  : fetch_req_cook(e, call, out, iter);
}

bool fetch_req_cook_cnt(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	return fetch_request(e) && cookie_count(e->req, call, HN_COOKIE, out);
}

bool fetch_res_cook_cnt(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	return fetch_response(e) && cookie_count(e->res, call, HN_SET_COOKIE, out);
}

bool fetch_req_cook_val(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	return fetch_req_cook(e, call, out, iter) && sample_set_int(out, field_number(out->str));
}

bool fetch_res_cook_val(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	return fetch_res_cook(e, call, out, iter) && sample_set_int(out, field_number(out->str));
}
