/* Heads: fields that nghttp2 has decoded become a version-neutral message, and the other way round (RFC 9113
 * section 8.3, RFC 8441 for websockets). What nghttp2 has checked already: names, pseudo-header fields, fields
 * of one connection, that Content-Length agrees with the body. The message is what HAProxy makes of it: an
 * absolute target, Host first, one Cookie field. Everything lies in the stream's scratch memory. Worker thread
 * only. */
#include <string.h>

#include "runtime/eval/base64.h"
#include "runtime/eval/sample.h"
#include "runtime/http/h1_parse.h"
#include "runtime/http/h2_rules.h"
#include "runtime/http/websocket.h"

enum { LINE_COST = 21, PART_COST = 8, NV_STACK = 64 };

struct h2_head *h2_head_new(struct h2_stream *st)
{
	struct h2_head *head = scratch_alloc(&st->scratch, sizeof(*head));

	if (!head)
		return NULL;
	memset(head, 0, sizeof(*head));
	head->msg.scratch = &st->scratch;
	st->coming = head;
	return head;
}

static bool set_once(struct str *to, struct str value)
{
	bool first = !to->ptr;

	*to = value;
	return first;
}

static bool status_field(struct h2_head *head, struct str value)
{
	unsigned status = 0;

	for (size_t i = 0; i < value.len && value.ptr[i] >= '0' && value.ptr[i] <= '9'; i++)
		status = status * 10 + (unsigned)(value.ptr[i] - '0');
	if (head->msg.status || value.len != 3 || status < 100)
		return false;
	head->msg.status = (uint16_t)status;
	return true;
}

static bool pseudo_field(struct h2_head *head, struct str name, struct str value)
{
	if (str_eq(name, STR(":method")))
		return set_once(&head->method, value);
	if (str_eq(name, STR(":path")))
		return set_once(&head->path, value);
	if (str_eq(name, STR(":scheme")))
		return set_once(&head->scheme, value);
	if (str_eq(name, STR(":authority")))
		return set_once(&head->authority, value);
	if (str_eq(name, STR(":protocol")))
		return set_once(&head->protocol, value);
	return str_eq(name, STR(":status")) && status_field(head, value);
}

bool h2_head_field(struct h2_stream *st, struct str name, struct str value)
{
	const struct h2_settings *s = &st->h2->settings;
	struct h2_head *head = st->coming;
	struct str n, v;

	if (!h2_field_is_good(head, name, value, st->has_final))
		return false;
	head->counted += (uint32_t)(name.len + value.len);
	if (head->counted + PART_COST * (head->msg.nhdrs + 2u) > s->head_size ||
	    head->msg.nhdrs + 1u >= 2u * s->max_hdrs)
		return false;
	v = value.len ? scratch_dup(&st->scratch, value) : STR("");
	if (!v.ptr)
		return false;
	if (name.ptr[0] == ':') {
		head->counted -= (uint32_t)(name.len + value.len);
		return pseudo_field(head, name, v);
	}
	head->regular = true;
	n = scratch_dup(&st->scratch, name);
	return n.ptr && http_add(&head->msg, n, v);
}

/* --- what it means */

/* Crumbs of Cookie become one field at the end (RFC 9113 section 8.2.3). */
static bool join_cookies(struct http_msg *m)
{
	struct http_hdr *h = http_find_id(m, HN_COOKIE, NULL);
	size_t len = 0;
	char *text, *p;

	if (!h)
		return true;
	for (; h; h = http_find_id(m, HN_COOKIE, h))
		len += h->value_len + 2;
	p = text = scratch_alloc(m->scratch, len);
	if (!p)
		return false;
	for (h = NULL; (h = http_find_id(m, HN_COOKIE, h)); h->deleted = true) {
		if (p != text)
			p = mempcpy(p, "; ", 2);
		p = mempcpy(p, h->value, h->value_len);
	}
	return http_add(m, STR("cookie"), str_make(text, (size_t)(p - text)));
}

/* Host comes first, and says what :authority says; without one the first Host stays. */
static bool host_first(struct http_msg *m, struct str authority)
{
	struct http_hdr *h = http_find_id(m, HN_HOST, NULL), first;

	if (!authority.ptr) {
		if (h)
			http_drop_id(m, HN_HOST, h);
		return true;
	}
	http_drop_id(m, HN_HOST, NULL);
	if (!http_add(m, STR("host"), authority))
		return false;
	first = m->hdrs[m->nhdrs - 1];
	memmove(m->hdrs + 1, m->hdrs, (m->nhdrs - 1u) * sizeof(*m->hdrs));
	m->hdrs[0] = first;
	return true;
}

/* scheme://authority/path */
static struct str absolute(struct scratch *s, const struct h2_head *head)
{
	size_t len = head->scheme.len + 3 + head->authority.len + head->path.len;
	char *text = scratch_alloc(s, len), *p = text;

	if (!text)
		return STR_NONE;
	p = mempcpy(p, head->scheme.ptr, head->scheme.len);
	p = mempcpy(p, "://", 3);
	p = mempcpy(p, head->authority.ptr, head->authority.len);
	memcpy(p, head->path.ptr, head->path.len);
	return str_make(text, len);
}

static bool target_of(struct h2_stream *st, struct h2_head *head)
{
	struct http_msg *m = &head->msg;

	if (m->method == HTTP_M_CONNECT && !head->protocol.len) {
		m->uri = head->authority;
		return m->uri.len > 0;
	}
	m->uri = head->path;
	if (str_eq(head->path, STR("*"))) {
		if (m->method == HTTP_M_OPTIONS)
			return true;
		head->path = STR("");
	}
	if (!head->authority.len) {
		m->uri = head->path.len ? head->path : STR("/");
		return true;
	}
	head->authority = http_authority_bare(head->scheme, head->authority);
	m->uri = absolute(&st->scratch, head);
	m->normalized = str_ieq(head->scheme, STR("http")) || str_ieq(head->scheme, STR("https"));
	return m->uri.ptr != NULL;
}

/* How the body ends, and what of it is announced: st->rx_left is what has to come. */
static bool body_of(struct h2_stream *st, struct http_msg *m, bool last)
{
	uint64_t length;

	if (!h2_length_is_good(m, &length))
		return false;
	st->rx_left = length;
	m->content_length = length == UINT64_MAX ? 0 : length;
	m->body = last                   ? HTTP_BODY_NONE
		  : length == UINT64_MAX ? HTTP_BODY_CHUNKED
		  : length               ? HTTP_BODY_LENGTH
					 : HTTP_BODY_NONE;
	return true;
}

static void sum_up(struct http_msg *m, size_t start_line)
{
	m->counted = (uint32_t)start_line + LINE_COST;
	for (const struct http_hdr *h = m->hdrs; h < http_hdrs_end(m); h++)
		m->counted += h->deleted ? 0 : h->name_len + h->value_len;
}

/* A websocket, or the like, over HTTP/2 is a GET with Upgrade to everybody else (RFC 8441 section 5). */
static bool tunnel_request(struct h2_stream *st, struct http_msg *m, struct str protocol)
{
	st->websocket = true;
	m->method_name = STR("GET");
	m->method = HTTP_M_GET;
	m->upgrade = m->conn_upgrade = true;
	m->websocket = str_ieq(protocol, STR("websocket"));
	return http_add(m, STR("upgrade"), protocol) && http_add(m, STR("connection"), STR("upgrade"));
}

static void lengths_drop(struct http_msg *m)
{
	http_drop_id(m, HN_CONTENT_LENGTH, NULL);
	m->content_length = 0;
}

static bool websocket_add_key(struct h2_stream *st, struct http_msg *m)
{
	struct str key = websocket_key(&st->scratch, st->h2->carrier->worker);

	return key.ptr && http_add(m, STR("sec-websocket-key"), key);
}

static bool request_done(struct h2_stream *st, struct h2_head *head, bool last)
{
	struct http_msg *m = &head->msg;

	m->method_name = head->method;
	m->method = (uint8_t)sample_method_of(head->method);
	m->version = 20;
	m->keep_alive = true;
	if (!h2_request_is_good(head))
		return false;
	head->refused = !h2_start_is_good(head);
	if (head->refused)
		return true;
	if (!target_of(st, head) || !host_first(m, head->authority) || !join_cookies(m))
		return false;
	if (m->method == HTTP_M_CONNECT)
		lengths_drop(m);
	m->expects = http_find_id(m, HN_EXPECT, NULL) != NULL;
	if (!body_of(st, m, last) || (last && m->content_length))
		return false;
	if (m->method == HTTP_M_CONNECT) {
		st->rx_left = UINT64_MAX;
		st->tunnel = true;
		m->body = HTTP_BODY_NONE;
		if (head->protocol.len && !tunnel_request(st, m, head->protocol))
			return false;
	}
	sum_up(m, m->method_name.len + m->uri.len + 8);
	if (m->websocket && !websocket_add_key(st, m)) /* not counted, as in HAProxy */
		return false;
	m->edited = m->start_edited = true;
	return true;
}

/* The answer to our own websocket request. */
static bool websocket_response(struct h2_stream *st, struct http_msg *m)
{
	struct str accept = websocket_accept(&st->scratch, st->ws_key);

	m->status = 101;
	m->upgrade = m->conn_upgrade = m->websocket = true;
	m->body = HTTP_BODY_TUNNEL;
	return accept.ptr && http_add(m, STR("connection"), STR("upgrade")) &&
	       http_add(m, STR("upgrade"), STR("websocket")) &&
	       http_add(m, STR("sec-websocket-accept"), accept);
}

static bool response_done(struct h2_stream *st, struct h2_head *head, bool last)
{
	struct http_msg *m = &head->msg;

	m->is_response = true;
	m->version = 20;
	m->keep_alive = true;
	m->reason = STR("");
	if (!h2_response_is_good(head) || (last && m->status < 200))
		return false;
	if (m->status / 100 == 1 || m->status == 204)
		lengths_drop(m);
	if (!body_of(st, m, last))
		return false;
	if (last && m->content_length && !st->bodiless && m->status != 304)
		return false;
	if (last && st->rx_left == UINT64_MAX)
		m->body = HTTP_BODY_CHUNKED; /* an empty one */
	if (st->bodiless || m->status / 100 == 1 || m->status == 204 || m->status == 304)
		m->body = HTTP_BODY_NONE;
	if (st->tunnel && m->status / 100 == 2) {
		m->body = HTTP_BODY_TUNNEL;
		if (st->websocket && !websocket_response(st, m))
			return false;
	}
	sum_up(m, 8 + 3 + m->reason.len);
	m->edited = m->start_edited = true;
	return true;
}

bool h2_head_done(struct h2_stream *st, bool last)
{
	struct h2_head *head = st->coming, **end = &st->heads;

	st->coming = NULL;
	if (st->has_final && !last)
		return false; /* they come behind everything else */
	if (st->has_final) {
		sum_up(&head->msg, 0);
		head->msg.counted -= LINE_COST;
		st->trailers = &head->msg;
		return true;
	}
	if (!(st->h2->server ? request_done(st, head, last) : response_done(st, head, last)))
		return false;
	st->has_final = st->h2->server || head->msg.status >= 200 || head->msg.status == 101;
	while (*end)
		end = &(*end)->next;
	*end = head;
	return true;
}

/* --- out */

struct nv_list {
	nghttp2_nv *v;
	size_t n, cap;
	nghttp2_nv first[NV_STACK];
};

static bool nv_init(struct nv_list *l, struct h2_stream *st, const struct http_msg *m)
{
	size_t most = m->nhdrs + 8u;

	l->n = 0;
	l->cap = most <= NV_STACK ? NV_STACK : most;
	l->v = most <= NV_STACK ? l->first : scratch_alloc(&st->scratch, most * sizeof(*l->v));
	return l->v != NULL;
}

static void nv_add(struct nv_list *l, struct str name, struct str value)
{
	l->v[l->n++] = (nghttp2_nv){.name = (uint8_t *)(uintptr_t)(name.ptr ? name.ptr : ""),
				    .namelen = name.len,
				    .value = (uint8_t *)(uintptr_t)(value.ptr ? value.ptr : ""),
				    .valuelen = value.len};
}

/* Fields that HTTP/2 has not (a Host stays where the target has no authority; RFC 9113 section 8.2.2), and
 * those that became pseudo-header fields. */
static bool stays_behind(const struct h2_stream *st, const struct http_msg *m, const struct http_hdr *h)
{
	struct str name = str_make(h->name, h->name_len);

	switch ((enum http_name)h->id) {
	case HN_CONNECTION:
	case HN_TRANSFER_ENCODING:
	case HN_UPGRADE:
	case HN_KEEP_ALIVE:
	case HN_PROXY_CONNECTION:
		return true;
	case HN_HOST:
		return !m->is_response && (st->websocket || http_uri_scheme(m->uri).len);
	case HN_TE:
		return !str_ieq(str_make(h->value, h->value_len), STR("trailers"));
	case HN_OTHER:
		return str_ieq(name, STR("http2-settings")) ||
		       (st->websocket && (str_ieq(name, STR("sec-websocket-key")) ||
					  str_ieq(name, STR("sec-websocket-accept"))));
	default:
		return false;
	}
}

/* Names are sent in lower case (RFC 9113 section 8.2.1). */
static struct str lower(struct h2_stream *st, struct str name)
{
	char *copy;
	size_t i;

	for (i = 0; i < name.len && !(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z'); i++)
		;
	if (i == name.len)
		return name;
	copy = scratch_alloc(&st->scratch, name.len);
	for (i = 0; copy && i < name.len; i++)
		copy[i] = (char)(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? name.ptr[i] | 0x20 : name.ptr[i]);
	return copy ? str_make(copy, name.len) : STR_NONE;
}

static bool nv_fields(struct nv_list *l, struct h2_stream *st, struct http_msg *m)
{
	struct http_hdr *end = http_hdrs_end(m);

	for (struct http_hdr *h = m->hdrs; h < end; h++) {
		struct str name;

		if (h->deleted || stays_behind(st, m, h))
			continue;
		name = lower(st, str_make(h->name, h->name_len));
		if (!name.ptr)
			return false;
		nv_add(l, name, str_make(h->value, h->value_len));
	}
	return true;
}

static bool submit_response(struct h2_stream *st, struct http_msg *m, bool last)
{
	nghttp2_data_provider body = {.source.ptr = st, .read_callback = h2_stream_data};
	unsigned status = m->status == 101 && st->websocket ? 200 : m->status;
	char text[4] = {(char)('0' + status / 100 % 10), (char)('0' + status / 10 % 10),
			(char)('0' + status % 10)};
	struct nv_list l;

	if (!nv_init(&l, st, m))
		return false;
	nv_add(&l, STR(":status"), str_make(text, 3));
	if (!nv_fields(&l, st, m))
		return false;
	if (status < 200)
		return !nghttp2_submit_headers(st->h2->ng, NGHTTP2_FLAG_NONE, st->id, NULL, l.v, l.n, NULL);
	return !nghttp2_submit_response(st->h2->ng, st->id, l.v, l.n, last ? NULL : &body);
}

/* Our side of a websocket: to a server that knows them (RFC 8441 section 3). */
static bool websocket_begin(struct h2_stream *st, struct http_msg *m)
{
	const struct http_hdr *key = http_find(m, STR("sec-websocket-key"), NULL);

	if (!key || (st->h2->settled && !nghttp2_session_get_remote_settings(
						st->h2->ng, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL)))
		return false;
	st->ws_key = scratch_dup(&st->scratch, str_make(key->value, key->value_len));
	st->websocket = st->tunnel = true;
	return st->ws_key.ptr != NULL;
}

static void nv_target(struct nv_list *l, struct h2_stream *st, struct http_msg *m)
{
	struct str scheme = http_uri_scheme(m->uri), path = http_uri_pathq(m->uri);
	struct str authority = scheme.len ? http_uri_authority(m->uri) : STR_NONE;
	const struct http_hdr *host = st->websocket ? http_find_id(m, HN_HOST, NULL) : NULL;

	if (st->tunnel && !st->websocket) {
		nv_add(l, STR(":authority"), m->uri);
		return;
	}
	nv_add(l, STR(":scheme"), scheme.len ? scheme : STR("https"));
	if (!authority.len && host)
		authority = str_make(host->value, host->value_len);
	if (authority.len)
		nv_add(l, STR(":authority"), authority);
	nv_add(l, STR(":path"), str_eq(m->uri, STR("*")) ? m->uri : path.len ? path : STR("/"));
}

static bool submit_request(struct h2_stream *st, struct http_msg *m, bool last)
{
	nghttp2_data_provider body = {.source.ptr = st, .read_callback = h2_stream_data};
	struct nv_list l;
	int32_t id;

	if (m->websocket && m->upgrade && !websocket_begin(st, m))
		return false;
	st->tunnel = st->tunnel || m->method == HTTP_M_CONNECT;
	st->bodiless = m->method == HTTP_M_HEAD;
	if (!nv_init(&l, st, m))
		return false;
	nv_add(&l, STR(":method"), st->websocket ? STR("CONNECT") : m->method_name);
	if (st->websocket)
		nv_add(&l, STR(":protocol"), STR("websocket"));
	nv_target(&l, st, m);
	if (!nv_fields(&l, st, m))
		return false;
	id = nghttp2_submit_request(st->h2->ng, NULL, l.v, l.n, last && !st->tunnel ? NULL : &body, st);
	if (id > 0)
		st->id = id;
	return id > 0;
}

bool h2_head_submit(struct h2_stream *st, struct http_msg *m, bool last)
{
	return m->is_response ? submit_response(st, m, last) : submit_request(st, m, last);
}

void h2_trailers_submit(struct h2_stream *st, struct http_msg *m)
{
	struct nv_list l;

	if (nv_init(&l, st, m) && nv_fields(&l, st, m))
		nghttp2_submit_trailer(st->h2->ng, st->id, l.v, l.n);
}
