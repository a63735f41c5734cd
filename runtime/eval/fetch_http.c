/* Fetches of start lines, bodies and captures (manual, section 7.3.6). Texts are slices of the message. One
 * thread. */
#include "runtime/eval/engine.h"
#include "runtime/eval/field_value.h"
#include "runtime/eval/hash.h"

/* All fetches have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

/* An absent part of the target is no sample. */
static bool set_part(struct sample *out, struct str part)
{
	return part.len && sample_set_str(out, part);
}

bool fetch_path(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return fetch_request(e) && set_part(out, http_uri_path(e->req->uri));
}

bool fetch_pathq(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return fetch_request(e) && set_part(out, http_uri_pathq(e->req->uri));
}

bool fetch_url(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return fetch_request(e) && sample_set_str(out, e->req->uri);
}

/* What follows the first question mark, in targets without a path, too. */
bool fetch_query(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	struct str uri;
	size_t mark;

	if (!fetch_request(e))
		return false;
	uri = e->req->uri;
	mark = str_chr(uri, '?');
	return mark < uri.len && sample_set_str(out, str_tail(uri, mark + 1));
}

bool fetch_method(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	if (!e->req && !fetch_request(e)) /* rules about the response know it, too */
		return false;
	out->type = SMP_METH;
	out->meth = e->req->method;
	out->str = e->req->method_name;
	return true;
}

/* What stands behind the slash in the start line, whatever it is. */
static bool set_version(struct eval *e, struct sample *out, const struct http_msg *m)
{
	char *text;

	if (m->version_text.len)
		return set_part(out, str_tail(m->version_text, str_chr(m->version_text, '/') + 1));
	if (m->version == 11)
		return sample_set_str(out, STR("1.1"));
	text = scratch_alloc(e->scratch, 3);
	if (!text)
		return false;
	text[0] = (char)('0' + m->version / 10);
	text[1] = '.';
	text[2] = (char)('0' + m->version % 10);
	return sample_set_str(out, str_make(text, 3));
}

bool fetch_req_ver(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return fetch_request(e) && set_version(e, out, e->req);
}

bool fetch_res_ver(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return fetch_response(e) && set_version(e, out, e->res);
}

bool fetch_status(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return fetch_response(e) && sample_set_int(out, e->res->status);
}

bool fetch_req_proto_http(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	return fetch_request(e) && sample_set_bool(out, true);
}

bool fetch_http_first_req(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	return sample_set_bool(out, e->first_request);
}

static struct str host_of(struct eval *e)
{
	struct http_hdr *host = http_find_id(e->req, HN_HOST, NULL);

	return host ? str_make(host->value, host->value_len) : STR_NONE;
}

/* Two texts in a row, in scratch memory. */
static struct str join(struct eval *e, struct str a, struct str b)
{
	char *p = scratch_alloc(e->scratch, a.len + b.len + 1);

	if (!p)
		return STR_NONE;
	if (a.len)
		memcpy(p, a.ptr, a.len);
	if (b.len)
		memcpy(p + a.len, b.ptr, b.len);
	return str_make(p, a.len + b.len);
}

/* The first value of the Host field, which is a list here. */
static struct str first_host(struct eval *e)
{
	struct str host = host_of(e), value;
	uint32_t off = 0;

	return field_value_next(host, &off, &value) ? value : STR_NONE;
}

/* That value and the path, when that begins with a slash. */
bool fetch_base(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	struct str host, path;

	if (!fetch_request(e))
		return false;
	host = first_host(e);
	path = http_uri_path(e->req->uri);
	if (!host.len)
		return set_part(out, path);
	return sample_set_str(out, join(e, host, path));
}

bool fetch_baseq(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	struct str host, pathq;

	if (!fetch_request(e))
		return false;
	host = first_host(e);
	pathq = http_uri_pathq(e->req->uri);
	if (!host.len)
		return set_part(out, pathq);
	return sample_set_str(out, join(e, host, pathq));
}

/* SDBM over signed characters, as HAProxy's of these texts. */
static uint32_t signed_hash(uint32_t hash, struct str data)
{
	for (size_t i = 0; i < data.len; i++)
		hash = (uint32_t)(signed char)data.ptr[i] + (hash << 6) + (hash << 16) - hash;
	return hash;
}

static uint32_t text_hash(struct str host, struct str tail)
{
	return hash_avalanche(signed_hash(signed_hash(0, host), tail));
}

bool fetch_base32(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return fetch_request(e) && sample_set_int(out, text_hash(first_host(e), http_uri_path(e->req->uri)));
}

bool fetch_url32(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return fetch_request(e) && sample_set_int(out, text_hash(host_of(e), http_uri_pathq(e->req->uri)));
}

/* A hash in network byte order and the client's address behind it. */
static bool hash_and_src(struct eval *e, struct sample *out)
{
	uint32_t hash = __builtin_bswap32((uint32_t)out->sint);
	struct sample src;
	struct str bytes;

	if (!sample_set_addr(&src, e->src))
		return false;
	bytes = join(e, str_make((const char *)&hash, 4),
		     str_make((const char *)src.ip, src.type == SMP_IPV4 ? 4 : 16));
	out->type = SMP_BIN;
	out->str = bytes;
	return bytes.ptr != NULL;
}

bool fetch_base32_src(struct eval *e, const struct fetch_call *call, struct sample *out,
		      struct sample_iter *iter)
{
	return fetch_base32(e, call, out, iter) && hash_and_src(e, out);
}

bool fetch_url32_src(struct eval *e, const struct fetch_call *call, struct sample *out,
		     struct sample_iter *iter)
{
	return fetch_url32(e, call, out, iter) && hash_and_src(e, out);
}

/* What is at hand of the body. */
static struct str body_of(struct eval *e, const struct http_msg *m)
{
	fetch_see_body(e, m);
	return m->body_seen.ptr ? m->body_seen : STR("");
}

static bool set_body(struct eval *e, struct sample *out, const struct http_msg *m)
{
	out->type = SMP_BIN;
	out->str = body_of(e, m);
	return true;
}

bool fetch_req_body(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return fetch_request(e) && set_body(e, out, e->req);
}

bool fetch_res_body(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return fetch_response(e) && set_body(e, out, e->res);
}

bool fetch_req_body_len(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	return fetch_request(e) && sample_set_int(out, (int64_t)body_of(e, e->req).len);
}

bool fetch_res_body_len(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	return fetch_response(e) && sample_set_int(out, (int64_t)body_of(e, e->res).len);
}

/* The announced length; what is there of a body without one, with the rest of its chunk, or else with the
 * length that was announced besides, as HAProxy has it. */
static bool set_body_size(struct eval *e, struct sample *out, const struct http_msg *m)
{
	uint64_t seen;

	if (m->body == HTTP_BODY_LENGTH)
		return sample_set_int(out, (int64_t)m->content_length);
	seen = body_of(e, m).len;
	if (m->body == HTTP_BODY_CHUNKED)
		seen += m->chunk_left ? m->chunk_left : m->content_length;
	return sample_set_int(out, (int64_t)seen);
}

bool fetch_req_body_size(struct eval *e, const struct fetch_call *call, struct sample *out,
			 struct sample_iter *iter)
{
	return fetch_request(e) && set_body_size(e, out, e->req);
}

bool fetch_res_body_size(struct eval *e, const struct fetch_call *call, struct sample *out,
			 struct sample_iter *iter)
{
	return fetch_response(e) && set_body_size(e, out, e->res);
}

static bool set_capture(struct sample *out, const struct str *slots, uint32_t n, int64_t i)
{
	return slots && i >= 0 && i < n && slots[i].ptr && sample_set_str(out, slots[i]);
}

bool fetch_capture_req_hdr(struct eval *e, const struct fetch_call *call, struct sample *out,
			   struct sample_iter *iter)
{
	return e->frontend && set_capture(out, e->cap_req, e->frontend->capture_request_n, call->args[0].sint);
}

bool fetch_capture_res_hdr(struct eval *e, const struct fetch_call *call, struct sample *out,
			   struct sample_iter *iter)
{
	return e->frontend && set_capture(out, e->cap_res, e->frontend->capture_response_n, call->args[0].sint);
}

bool fetch_capture_req_method(struct eval *e, const struct fetch_call *call, struct sample *out,
			      struct sample_iter *iter)
{
	return e->log && e->log->method.len && sample_set_str(out, e->log->method);
}

bool fetch_capture_req_uri(struct eval *e, const struct fetch_call *call, struct sample *out,
			   struct sample_iter *iter)
{
	return e->log && set_part(out, http_uri_pathq(e->log->uri));
}

bool fetch_capture_req_ver(struct eval *e, const struct fetch_call *call, struct sample *out,
			   struct sample_iter *iter)
{
	return e->log && (e->log->method.len || e->log->cut) &&
	       sample_set_str(out, e->log->version < 11 ? STR("HTTP/1.0") : STR("HTTP/1.1"));
}

bool fetch_capture_res_ver(struct eval *e, const struct fetch_call *call, struct sample *out,
			   struct sample_iter *iter)
{
	return fetch_response(e) &&
	       sample_set_str(out, e->res->version < 11 ? STR("HTTP/1.0") : STR("HTTP/1.1"));
}

/* Made on first use, for the whole life of the request. */
bool fetch_unique_id(struct eval *e, const struct fetch_call *call, struct sample *out,
		     struct sample_iter *iter)
{
	struct str id;

	if (!e->log || !e->frontend || !e->frontend->unique_id_format)
		return false;
	if (!e->log->unique_id.ptr) {
		id = logfmt_text(e, e->frontend->unique_id_format);
		if (!id.ptr)
			return false;
		e->log->unique_id = id;
		e->engine->kept++;
	}
	return sample_set_str(out, e->log->unique_id);
}
