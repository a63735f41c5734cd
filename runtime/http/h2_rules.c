/* Malformed heads: names and values that could mean something else in HTTP/1, fields of one connection,
 * pseudo-header fields that are missing, twice, unknown or late (RFC 9113 sections 8.1 to 8.3). No state; any
 * thread. */
#include "runtime/http/h2_rules.h"

#include "runtime/http/h1_scan.h"

enum { NAME_MAX_LEN = 255 }; /* as in HAProxy */

/* Lower-case tokens only: an HTTP/1 server could take anything else for a line end or another field. */
static bool name_is_good(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!h1_token[(unsigned char)name.ptr[i]] || (name.ptr[i] >= 'A' && name.ptr[i] <= 'Z'))
			return false;
	return name.len > 0;
}

static bool value_is_good(struct str value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] == '\0' || value.ptr[i] == '\r' || value.ptr[i] == '\n')
			return false;
	return true;
}

static bool is_of_connection(struct str name, struct str value)
{
	switch (http_name_of_lower(name)) {
	case HN_CONNECTION:
	case HN_KEEP_ALIVE:
	case HN_PROXY_CONNECTION:
	case HN_TRANSFER_ENCODING:
	case HN_UPGRADE:
		return true;
	case HN_TE:
		return !str_eq(value, STR("trailers"));
	default:
		return false;
	}
}

/* Too late behind a body (RFC 9110 section 6.5.1). */
static bool is_of_head(struct str name)
{
	enum http_name id = http_name_of_lower(name);

	return id == HN_HOST || id == HN_CONTENT_LENGTH || id == HN_TE;
}

bool h2_field_is_good(const struct h2_head *head, struct str name, struct str value, bool trailers)
{
	if (!name.len || !value_is_good(value))
		return false;
	if (name.ptr[0] == ':')
		return !trailers && !head->regular;
	return name.len <= NAME_MAX_LEN && name_is_good(name) && !is_of_connection(name, value) &&
	       (!trailers || !is_of_head(name));
}

/* No blanks and nothing that ends a line: the target becomes part of one. */
static bool is_visible(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] <= ' ' || text.ptr[i] == 0x7f)
			return false;
	return true;
}

static bool scheme_is_good(struct str scheme)
{
	for (size_t i = 0; i < scheme.len; i++) {
		char c = scheme.ptr[i] | 0x20;

		if (!(c >= 'a' && c <= 'z') && (i == 0 || !memchr("0123456789+-.", scheme.ptr[i], 13)))
			return false;
	}
	return scheme.len > 0;
}

bool h2_request_is_good(const struct h2_head *head)
{
	bool connect = str_eq(head->method, STR("CONNECT"));

	if (head->msg.status || !head->method.len)
		return false;
	if (connect && !head->protocol.len)
		return head->authority.len && !head->scheme.ptr && !head->path.ptr;
	if ((head->protocol.len && !connect) || !head->scheme.ptr || !head->path.len)
		return false;
	for (size_t k = 0; k < head->path.len; k++)
		if ((unsigned char)head->path.ptr[k] <= ' ' || head->path.ptr[k] == '#')
			return false;
	return head->path.ptr[0] == '/' || str_eq(head->path, STR("*"));
}

bool h2_start_is_good(const struct h2_head *head)
{
	for (size_t i = 0; i < head->method.len; i++)
		if (!h1_token[(unsigned char)head->method.ptr[i]])
			return false;
	return is_visible(head->authority) && is_visible(head->path) &&
	       (!head->scheme.ptr || scheme_is_good(head->scheme));
}

bool h2_response_is_good(const struct h2_head *head)
{
	return head->msg.status >= 100 && head->msg.status != 101 && !head->method.ptr && !head->scheme.ptr &&
	       !head->path.ptr && !head->authority.ptr && !head->protocol.ptr;
}

/* "5", or a list in which the same stands several times (RFC 9110 section 8.6): one of them is left. */
static bool length_of(struct http_hdr *h, uint64_t *length)
{
	struct str rest = str_make(h->value, h->value_len), first = STR_NONE;

	while (rest.len) {
		size_t len = str_chr(rest, ',');
		struct str part = str_trim(str_sub(rest, 0, len));
		uint64_t value = 0;

		if (!str_to_u64(part, &value) || value > INT64_MAX || (first.len && value != *length) ||
		    len + 1 == rest.len)
			return false;
		*length = value;
		if (!first.len)
			first = part;
		rest = str_tail(rest, len < rest.len ? len + 1 : len);
	}
	h->value = first.ptr;
	h->value_len = (uint32_t)first.len;
	return first.len > 0;
}

bool h2_length_is_good(struct http_msg *m, uint64_t *length)
{
	struct http_hdr *h = NULL, *first = NULL;
	uint64_t value = 0;

	*length = UINT64_MAX;
	while ((h = http_find_id(m, HN_CONTENT_LENGTH, h))) {
		if (!length_of(h, &value))
			return false;
		if (first && value != *length)
			return false;
		*length = value;
		if (first)
			h->deleted = true;
		else
			first = h;
	}
	return true;
}
