/* The request target (RFC 9112 section 3.2): which characters and forms pass, and that an authority in it
 * agrees with Host. As HAProxy 2.6 does, a default port is taken out of both. Works on the parser's message in
 * its buffer; one thread. */
#include "runtime/http/h1_parse.h"

static bool four_pass(const unsigned char *u)
{
	bool in_range = true, visible = false;

	for (int k = 0; k < 4; k++) {
		in_range = in_range && u[k] >= 0x24 && u[k] <= 0xa3;
		visible = visible || u[k] < 0x7f;
	}
	return in_range && visible;
}

/* HAProxy 2.6 looks at four characters at a time from the start of the target, and lets some above 0x7e pass
 * then that it refuses one by one. This decides as it does. What only the relaxed form lets pass above them is
 * followed by fours again. */
bool h1_target_chars(const char *uri, size_t len, bool relaxed)
{
	const unsigned char *u = (const unsigned char *)uri, *end = u + len;
	bool fours = true;

	for (; u < end; u++) {
		while (fours && end - u >= 4 && four_pass(u))
			u += 4;
		if (u == end)
			break;
		fours = *u >= 0x80;
		if (*u < 0x21 || *u == 0x7f || (!relaxed && (fours || *u == '#')))
			return false;
	}
	return true;
}

/* host:port without user information; *port is what stands behind the last colon outside brackets, with the
 * colon. */
static struct str authority_host(struct str authority, struct str *port)
{
	size_t at = str_chr(authority, '@'), colon;
	struct str host = at < authority.len ? str_tail(authority, at + 1) : authority;

	for (colon = host.len; colon > 0 && host.ptr[colon - 1] >= '0' && host.ptr[colon - 1] <= '9'; colon--)
		;
	*port = STR_NONE;
	if (colon > 0 && host.ptr[colon - 1] == ':') {
		*port = str_tail(host, colon - 1);
		host.len = colon - 1;
	}
	return host;
}

/* Where a tunnel leads to has no scheme. */
static bool port_is_default(struct str scheme, bool tunnel, struct str port)
{
	if (tunnel)
		return str_is(port, ":80") || str_is(port, ":443");
	if (port.len == 1)
		return scheme.len > 0;
	return str_ieq(scheme, STR("http")) ? str_is(port, ":80")
					    : str_ieq(scheme, STR("https")) && str_is(port, ":443");
}

struct str http_authority_bare(struct str scheme, struct str authority)
{
	struct str port;

	authority_host(authority, &port);
	if (port.len && port_is_default(scheme, false, port))
		authority.len -= port.len;
	return authority;
}

/* Takes n bytes at `at` out of the target; its start moves up. */
static void target_cut(struct http_msg *m, const char *at, size_t n)
{
	char *start = (char *)m->uri.ptr; /* the receive buffer, ours to write */
	size_t before = (size_t)(at - start);

	memmove(start + n, start, before);
	m->uri = str_make(start + n, m->uri.len - n);
	m->start_edited = true;
}

/* A tunnel's default port need not be Host's, but no other may be. */
static bool port_is_left_out(struct str host_port, struct str port, bool is_default)
{
	return is_default && host_port.len && (host_port.len == 1 || str_eq(host_port, port));
}

/* Of an authority whose port goes Host says the same from now on, in its letter case. */
static void host_follows(struct http_msg *m, struct http_hdr *h, struct str name, size_t moves)
{
	m->counted = m->counted - h->value_len + (uint32_t)name.len;
	h->value = name.ptr + moves;
	h->value_len = (uint32_t)name.len;
	m->as_is = false;
}

/* Host without the port that may be left out. */
static struct str host_bare(struct http_msg *m, struct str host, struct str port, bool cut, bool tunnel)
{
	struct str host_port, bare = authority_host(host, &host_port);

	if (bare.ptr != host.ptr)
		return host; /* an `@` in Host is part of it */
	if (tunnel)
		return port_is_left_out(host_port, port, cut) ? bare : host;
	return host_port.len && port_is_default(http_uri_scheme(m->uri), false, host_port) ? bare : host;
}

/* The authority says the same as Host, but for a default port; else, when that is let pass, it is what counts.
 */
static enum h1_result host_agrees(struct http_msg *m, struct str authority, bool tunnel, bool relaxed)
{
	struct http_hdr *h = http_find_id(m, HN_HOST, NULL);
	struct str port, name = authority_host(authority, &port), host, bare;
	bool cut = port.len && port_is_default(http_uri_scheme(m->uri), tunnel, port);

	if (tunnel && port.len < 2)
		return H1_BAD;
	if (!cut)
		name.len += port.len;
	if (h) {
		host = str_make(h->value, h->value_len);
		bare = host_bare(m, host, port, cut, tunnel);
		if (!str_ieq(bare, name) && (tunnel || !relaxed))
			return H1_BAD;
		if (cut && !tunnel)
			host_follows(m, h, name, port.len);
		else if (cut && bare.len != host.len && str_chr(host, ':') + 1 < host.len)
			host_follows(m, h, bare, 0);
	}
	if (cut && !tunnel)
		target_cut(m, port.ptr, port.len);
	return H1_DONE;
}

enum h1_result h1_target_check(struct http_msg *m, bool relaxed)
{
	struct str authority;

	if (m->method == HTTP_M_CONNECT) {
		authority = http_uri_authority(m->uri);
		return authority.len ? host_agrees(m, authority, true, relaxed) : H1_BAD;
	}
	if (m->uri.ptr[0] == '/' || m->uri.ptr[0] == '*')
		return H1_DONE;
	authority = http_uri_authority(m->uri);
	return authority.len ? host_agrees(m, authority, false, relaxed) : H1_DONE;
}
