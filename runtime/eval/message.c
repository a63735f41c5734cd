/* The message: look-up and change of header fields, reason phrases. Names that the proxy itself looks at are
 * known by number (kept with each field), so that looking for one of them compares numbers. The owner is the
 * stream or the parser; one thread. */
#include "runtime/eval/message.h"

/* Length and first letter leave at most one name. */
enum http_name http_name_of_lower(struct str name)
{
	if (!name.len || name.len > 17)
		return HN_OTHER;
#define NAME(len, letter, lit, id)                                                                             \
	case (len) << 8 | (letter):                                                                            \
		return memcmp(name.ptr, lit, len) == 0 ? id : HN_OTHER;
	switch ((unsigned)name.len << 8 | (unsigned char)name.ptr[0]) {
		NAME(2, 't', "te", HN_TE)
		NAME(4, 'h', "host", HN_HOST)
		NAME(4, 'd', "date", HN_DATE)
		NAME(6, 'c', "cookie", HN_COOKIE)
		NAME(6, 'e', "expect", HN_EXPECT)
		NAME(7, 'u', "upgrade", HN_UPGRADE)
		NAME(7, 't', "trailer", HN_TRAILER)
		NAME(8, 'l', "location", HN_LOCATION)
		NAME(10, 'c', "connection", HN_CONNECTION)
		NAME(10, 's', "set-cookie", HN_SET_COOKIE)
		NAME(10, 'k', "keep-alive", HN_KEEP_ALIVE)
		NAME(13, 'a', "authorization", HN_AUTHORIZATION)
		NAME(13, 'c', "cache-control", HN_CACHE_CONTROL)
		NAME(14, 'c', "content-length", HN_CONTENT_LENGTH)
		NAME(15, 'x', "x-forwarded-for", HN_X_FORWARDED_FOR)
		NAME(16, 'p', "proxy-connection", HN_PROXY_CONNECTION)
		NAME(17, 't', "transfer-encoding", HN_TRANSFER_ENCODING)
	default:
		return HN_OTHER;
	}
#undef NAME
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
	struct http_hdr *end = http_hdrs_end(m);

	for (struct http_hdr *h = after ? after + 1 : m->hdrs; h < end; h++)
		if (h->id == id && !h->deleted)
			return h;
	return NULL;
}

uint32_t http_drop_id(struct http_msg *m, enum http_name id, struct http_hdr *after)
{
	uint32_t bytes = 0;

	while ((after = http_find_id(m, id, after))) {
		after->deleted = true;
		bytes += after->name_len + after->value_len;
	}
	return bytes;
}

struct http_hdr *http_find(struct http_msg *m, struct str name, struct http_hdr *after)
{
	enum http_name id = http_name_of(name);
	struct http_hdr *end = http_hdrs_end(m);

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
