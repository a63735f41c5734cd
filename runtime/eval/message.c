/* The message: look-up and change of header fields, reason phrases. Names that the proxy itself looks at are
 * known by number (kept with each field), so that looking for one of them compares numbers. The owner is the
 * stream or the parser; one thread. */
#include "runtime/eval/message.h"

static enum http_name name_of_4_to_7(const char *n, size_t len)
{
	switch (len) {
	case 4:
		return !memcmp(n, "host", 4) ? HN_HOST : !memcmp(n, "date", 4) ? HN_DATE : HN_OTHER;
	case 6:
		return !memcmp(n, "cookie", 6) ? HN_COOKIE : !memcmp(n, "expect", 6) ? HN_EXPECT : HN_OTHER;
	case 7:
		return !memcmp(n, "upgrade", 7) ? HN_UPGRADE : !memcmp(n, "trailer", 7) ? HN_TRAILER : HN_OTHER;
	default:
		return HN_OTHER;
	}
}

static enum http_name name_of_8_to_12(const char *n, size_t len)
{
	switch (len) {
	case 8:
		return !memcmp(n, "location", 8) ? HN_LOCATION : HN_OTHER;
	case 10:
		return !memcmp(n, "connection", 10)   ? HN_CONNECTION
		       : !memcmp(n, "set-cookie", 10) ? HN_SET_COOKIE
		       : !memcmp(n, "keep-alive", 10) ? HN_KEEP_ALIVE
						      : HN_OTHER;
	default:
		return HN_OTHER;
	}
}

static enum http_name name_of_13_to_17(const char *n, size_t len)
{
	switch (len) {
	case 13:
		return !memcmp(n, "authorization", 13)   ? HN_AUTHORIZATION
		       : !memcmp(n, "cache-control", 13) ? HN_CACHE_CONTROL
							 : HN_OTHER;
	case 14:
		return !memcmp(n, "content-length", 14) ? HN_CONTENT_LENGTH : HN_OTHER;
	case 15:
		return !memcmp(n, "x-forwarded-for", 15) ? HN_X_FORWARDED_FOR : HN_OTHER;
	case 16:
		return !memcmp(n, "proxy-connection", 16) ? HN_PROXY_CONNECTION : HN_OTHER;
	case 17:
		return !memcmp(n, "transfer-encoding", 17) ? HN_TRANSFER_ENCODING : HN_OTHER;
	default:
		return HN_OTHER;
	}
}

enum http_name http_name_of_lower(struct str name)
{
	if (name.len > 12)
		return name_of_13_to_17(name.ptr, name.len);
	if (name.len > 7)
		return name_of_8_to_12(name.ptr, name.len);
	if (name.len > 3)
		return name_of_4_to_7(name.ptr, name.len);
	return name.len == 2 && !memcmp(name.ptr, "te", 2) ? HN_TE : HN_OTHER;
}

enum http_name http_name_of(struct str name)
{
	char low[17];

	if (name.len > sizeof(low))
		return HN_OTHER;
	for (size_t i = 0; i < name.len; i++)
		low[i] = (char)(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? name.ptr[i] | 0x20 : name.ptr[i]);
	return http_name_of_lower(str_make(low, name.len));
}

struct http_hdr *http_find_id(struct http_msg *m, enum http_name id, struct http_hdr *after)
{
	struct http_hdr *end = m->hdrs + m->nhdrs;

	for (struct http_hdr *h = after ? after + 1 : m->hdrs; h < end; h++)
		if (h->id == id && !h->deleted)
			return h;
	return NULL;
}

struct http_hdr *http_find(struct http_msg *m, struct str name, struct http_hdr *after)
{
	enum http_name id = http_name_of(name);
	struct http_hdr *end = m->hdrs + m->nhdrs;

	if (id != HN_OTHER)
		return http_find_id(m, id, after);
	for (struct http_hdr *h = after ? after + 1 : m->hdrs; h < end; h++)
		if (h->name_len == name.len && h->id == HN_OTHER && !h->deleted &&
		    str_ieq(str_make(h->name, h->name_len), name))
			return h;
	return NULL;
}

/* Room for one field more; the fields may move. */
static bool http_grow(struct http_msg *m)
{
	uint32_t cap = m->cap ? m->cap * 2u : 32;
	struct http_hdr *hdrs;

	if (m->nhdrs < m->cap)
		return true;
	if (cap > UINT16_MAX || !m->scratch || !(hdrs = scratch_alloc(m->scratch, cap * sizeof(*hdrs))))
		return false;
	if (m->nhdrs)
		memcpy(hdrs, m->hdrs, m->nhdrs * sizeof(*hdrs));
	m->hdrs = hdrs;
	m->cap = (uint16_t)cap;
	return true;
}

bool http_add(struct http_msg *m, struct str name, struct str value)
{
	if (name.len > UINT16_MAX || value.len > UINT32_MAX || !http_grow(m))
		return false;
	m->hdrs[m->nhdrs++] = (struct http_hdr){.name = name.ptr,
						.name_len = (uint16_t)name.len,
						.value = value.ptr,
						.value_len = (uint32_t)value.len,
						.id = (uint8_t)http_name_of(name)};
	m->edited = true;
	return true;
}

void http_del(struct http_msg *m, struct http_hdr *h)
{
	h->deleted = true;
	m->edited = true;
}

void http_set_value(struct http_msg *m, struct http_hdr *h, struct str value)
{
	h->value = value.ptr;
	h->value_len = (uint32_t)value.len;
	m->edited = true;
}

void http_del_all(struct http_msg *m, struct str name)
{
	struct http_hdr *h = NULL;

	while ((h = http_find(m, name, h)))
		http_del(m, h);
}
