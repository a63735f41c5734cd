/* Parts of a request target (RFC 9110 section 4.2, RFC 9112 section 3.2), as slices of it: origin-form
 * `/path?query`, absolute-form `scheme://authority/path?query`, authority-form `host:port` and asterisk-form.
 * HAProxy knows no fragments here: `#` is a byte like others. Pure functions, any thread. */
#include "runtime/eval/message.h"

static bool scheme_char(char c)
{
	return (c | 0x20) >= 'a' ? (c | 0x20) <= 'z'
				 : (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

struct str http_uri_scheme(struct str uri)
{
	size_t n = 0;

	if (!uri.len || (uri.ptr[0] | 0x20) < 'a' || (uri.ptr[0] | 0x20) > 'z')
		return STR_NONE;
	while (n < uri.len && scheme_char(uri.ptr[n]))
		n++;
	if (uri.len - n < 3 || memcmp(uri.ptr + n, "://", 3) != 0)
		return STR_NONE;
	return str_make(uri.ptr, n);
}

/* What follows `scheme://`, or the whole of an authority-form; empty for origin-form and asterisk-form. */
static struct str uri_hier(struct str uri)
{
	size_t n = http_uri_scheme(uri).len;

	if (n)
		return str_tail(uri, n + 3);
	return uri.len && uri.ptr[0] != '/' && uri.ptr[0] != '*' ? uri : STR_NONE;
}

struct str http_uri_authority(struct str uri)
{
	struct str rest = uri_hier(uri);

	return str_sub(rest, 0, str_chr(rest, '/'));
}

struct str http_uri_pathq(struct str uri)
{
	struct str rest = http_uri_scheme(uri).len ? uri_hier(uri) : STR_NONE; /* else an authority: no path */
	struct str path = uri;

	if (!uri.len || uri.ptr[0] != '/')
		path = str_tail(rest, str_chr(rest, '/'));
	return path.len ? path : STR_NONE;
}

struct str http_uri_path(struct str uri)
{
	struct str pathq = http_uri_pathq(uri);

	return str_sub(pathq, 0, str_chr(pathq, '?'));
}

struct str http_uri_query(struct str uri)
{
	struct str pathq = http_uri_pathq(uri);

	return str_tail(pathq, str_chr(pathq, '?') + 1);
}
