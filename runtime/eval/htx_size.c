/* See htx_size.h. The sizes were measured by HAProxy's internal.htx.* samples. */
#include "runtime/eval/htx_size.h"

enum { LINE_HEAD = 20 /* of the start line, before its texts */ };

struct str htx_version(const struct http_msg *m)
{
	if (m->version_text.len)
		return m->version_text;
	return m->version >= 20 ? STR("HTTP/2.0") : m->version == 10 ? STR("HTTP/1.0") : STR("HTTP/1.1");
}

uint32_t htx_line_size(const struct http_msg *m)
{
	return LINE_HEAD + (uint32_t)htx_version(m).len +
	       (m->is_response ? 3 + (uint32_t)m->reason.len : (uint32_t)(m->method_name.len + m->uri.len));
}

uint32_t htx_head_used(const struct http_msg *m)
{
	uint32_t used = htx_line_size(m) + 1 + 2 * HTX_BLOCK_HEAD;

	for (const struct http_hdr *h = m->hdrs; h < http_hdrs_end(m); h++)
		used += HTX_BLOCK_HEAD + (h->deleted ? 0 : h->name_len + h->value_len);
	return used;
}
