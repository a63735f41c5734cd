/* From the description of a request to the bytes that a client sends, and to the bind that they come to. See
 * lbcheck_play.h. */
#include "tools/lbcheck_play.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/net/address.h"

enum { TEXT_MAX = 32 << 20 };

void play_init(struct play *p, struct arena *arena, const struct model *m)
{
	*p = (struct play){
		.arena = arena, .model = m, .method = STR("GET"), .target = STR("/"), .version = STR("1.1")};
}

static void assume(struct play *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void assume(struct play *p, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	*vec_push(p->arena, &p->assumed) = arena_vprintf(p->arena, format, ap);
	va_end(ap);
}

/* --- what is said */

static void authority_take(struct play *p, struct str authority)
{
	size_t colon = authority.len;

	for (size_t i = authority.len; i-- > 0 && authority.ptr[i] >= '0' && authority.ptr[i] <= '9';)
		colon = i;
	p->host = authority;
	p->port = STR_NONE;
	if (colon && colon < authority.len && authority.ptr[colon - 1] == ':')
		p->port = str_tail(authority, colon);
}

bool play_url(struct play *p, struct str method, struct str url)
{
	struct str scheme = http_uri_scheme(url), authority = http_uri_authority(url);

	if (!method.len)
		return play_fail(p, "a request begins with a method, such as GET");
	p->method = method;
	p->target = url;
	if (scheme.len) {
		p->tls = str_ieq(scheme, STR("https"));
		if (!p->tls && !str_ieq(scheme, STR("http")))
			return play_fail(p, "`%.*s` is neither http nor https", STR_ARG(scheme));
		authority_take(p, authority);
		p->target = http_uri_pathq(url);
		if (!p->target.len)
			p->target = STR("/");
	}
	if (!p->target.len ||
	    (p->target.ptr[0] != '/' && !str_is(p->target, "*") && !str_is(method, "CONNECT")))
		return play_fail(p, "`%.*s` is no URL and no path", STR_ARG(url));
	return true;
}

bool play_request_line(struct play *p, struct str line)
{
	size_t blank = str_chr(line, ' ');
	struct str url = str_tail(line, blank + 1), version;

	if (blank == line.len)
		return play_url(p, STR("GET"), line);
	version = str_tail(url, str_chr(url, ' ') + 1);
	url = str_sub(url, 0, str_chr(url, ' '));
	if (str_starts(version, STR("HTTP/")))
		p->version = str_tail(version, 5);
	else if (version.len)
		return play_fail(p, "`%.*s` does not end a request line: METHOD URL", STR_ARG(version));
	return play_url(p, str_sub(line, 0, blank), url);
}

/* "... 203.0.113.9:4000 [27/Nov/2026:12:00:00.000] web~ api/a1 0/0/... "GET /x HTTP/1.1"" (manual, 8.2.3). */
bool play_log_line(struct play *p, struct str line)
{
	const char *date = line.len ? memmem(line.ptr, line.len, " [", 2) : NULL;
	size_t open = date ? (size_t)(date - line.ptr) + 1 : line.len, quote = str_chr(line, '"');
	size_t from = date ? open - 1 : 0;
	struct str rest = str_tail(line, open + str_chr(str_tail(line, open), ']') + 2), request;

	if (!date || quote >= line.len)
		return play_fail(
			p, "no client, date and request such as `option httplog` writes them are in this line");
	while (from && line.ptr[from - 1] != ' ')
		from--;
	if (!play_address(p, str_sub(line, from, open - 1 - from), &p->src))
		return false;
	p->bind = str_sub(rest, 0, str_chr(rest, ' '));
	p->tls = p->bind.len && str_ends(p->bind, STR("~"));
	p->bind.len -= p->tls;
	request = str_tail(line, quote + 1);
	request.len = str_chr(request, '"');
	assume(p, "the log line tells no header fields: none but Host are sent");
	return play_request_line(p, request);
}

bool play_header(struct play *p, struct str field)
{
	size_t colon = str_chr(field, ':');

	if (!colon || colon >= field.len || str_chr(field, '\n') < field.len)
		return play_fail(p, "`%.*s` is no header field: `Name: value`", STR_ARG(field));
	*vec_push(p->arena, &p->headers) = field;
	return true;
}

/* --- the bind */

static bool addr_is_any(const struct addr_conf *a)
{
	static const uint8_t none[16];

	return memcmp(a->ip, none, sizeof(none)) == 0;
}

static bool number_is(struct str text, uint32_t n)
{
	char digits[16];

	snprintf(digits, sizeof(digits), "%u", n);
	return str_is(text, digits);
}

/* "web", "web:8443", ":8443", "web/name", or the address as written. */
static bool bind_is(const struct bind_conf *b, struct str said)
{
	struct str proxy = b->proxy->name, rest;

	if (str_eq(said, proxy) || (b->addr.text.len && str_eq(said, b->addr.text)))
		return true;
	rest = str_starts(said, proxy) ? str_tail(said, proxy.len) : said;
	if (rest.len && rest.ptr[0] == '/' && rest.len < said.len)
		return str_eq(str_tail(rest, 1), b->name);
	return rest.len && rest.ptr[0] == ':' && number_is(str_tail(rest, 1), b->addr.port);
}

static int bind_score(const struct play *p, const struct bind_conf *b)
{
	int score = 1;

	if (p->bind.len && !bind_is(b, p->bind))
		return 0;
	score += 8 * (b->proxy->mode == MODE_HTTP) + 4 * (b->ssl == p->tls);
	if (p->port.len ? number_is(p->port, b->addr.port) : b->addr.port == (p->tls ? 443 : 80))
		score += 2;
	return score;
}

static const struct bind_conf *bind_choose(struct play *p)
{
	const struct bind_conf *best = NULL;
	int score = 0;

	vec_each (px, &p->model->proxies) {
		vec_each (b, &(*px)->binds) {
			int one = (*px)->disabled ? 0 : bind_score(p, *b);

			if (one <= score)
				continue;
			score = one;
			best = *b;
		}
	}
	if (!best)
		play_fail(p,
			  p->bind.len ? "no bind is `%.*s`; say FRONTEND, FRONTEND:PORT, FRONTEND/NAME or :PORT"
				      : "no frontend has a bind%.*s",
			  STR_ARG(p->bind));
	else if (!p->bind.len && score < 15)
		assume(p, "it comes to `%.*s` of %.*s: no bind fits better to scheme and port",
		       STR_ARG(best->addr.text), STR_ARG(best->proxy->name));
	return best;
}

static void addresses(struct play *p, const struct bind_conf *b, struct stage_visit *v)
{
	struct sockaddr_storage ss;
	socklen_t len;

	v->src = p->src;
	v->dst = p->dst;
	if (v->dst.family == AF_UNSPEC && address_from_conf(&b->addr, b->addr.port, &ss, &len)) {
		address_pack(&v->dst, &ss);
		if (addr_is_any(&b->addr) && v->dst.family == AF_INET)
			v->dst.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		else if (addr_is_any(&b->addr) && v->dst.family == AF_INET6)
			v->dst.in6.sin6_addr = in6addr_loopback;
	}
	if (v->src.family == AF_UNSPEC) {
		play_address(p, v->dst.family == AF_INET6 ? STR("2001:db8::1") : STR("192.0.2.1"), &v->src);
		assume(p, "it comes from %s", v->dst.family == AF_INET6 ? "2001:db8::1" : "192.0.2.1");
	}
}

/* --- bytes */

static bool said_header(const struct play *p, const char *name)
{
	vec_each (h, &p->headers) {
		size_t colon = str_chr(*h, ':');

		if (str_ieq(str_sub(*h, 0, colon), str_from(name)))
			return true;
	}
	return false;
}

static struct str finish(struct play *p, struct out *o)
{
	struct str text = arena_str(p->arena, out_get(o).ptr ? out_get(o) : STR(""));

	out_free(o);
	return text;
}

static struct str request_bytes(struct play *p)
{
	struct out o = out_growing(TEXT_MAX);

	out_printf(&o, "%.*s %.*s HTTP/%.*s\r\n", STR_ARG(p->method), STR_ARG(p->target), STR_ARG(p->version));
	if (!said_header(p, "host") && p->host.len)
		out_printf(&o, "Host: %.*s\r\n", STR_ARG(p->host));
	else if (!said_header(p, "host") && !str_is(p->version, "1.0")) {
		out_puts(&o, "Host: localhost\r\n");
		assume(p, "the Host is localhost: none was named");
	}
	vec_each (h, &p->headers)
		out_printf(&o, "%.*s\r\n", STR_ARG(*h));
	if (p->body.len && !said_header(p, "content-length") && !said_header(p, "transfer-encoding"))
		out_printf(&o, "Content-Length: %zu\r\n", p->body.len);
	out_puts(&o, "\r\n");
	out_str(&o, p->body);
	return finish(p, &o);
}

static struct str reply_bytes(struct play *p)
{
	struct out o = out_growing(TEXT_MAX);
	struct str status = p->reply_status.len ? p->reply_status : STR("200");
	bool framed = false;

	if (str_starts(status, STR("HTTP/")))
		return status;
	out_printf(&o, "HTTP/1.1 %.*s", STR_ARG(status));
	if (str_chr(status, ' ') == status.len)
		out_printf(&o, " %s", http_reason((unsigned)atoi(arena_str(p->arena, status).ptr)));
	out_puts(&o, "\r\n");
	vec_each (h, &p->reply_headers) {
		out_printf(&o, "%.*s\r\n", STR_ARG(*h));
		framed |= str_ieq(str_sub(*h, 0, str_chr(*h, ':')), STR("content-length")) ||
			  str_ieq(str_sub(*h, 0, str_chr(*h, ':')), STR("transfer-encoding"));
	}
	if (!framed)
		out_printf(&o, "Content-Length: %zu\r\n", p->reply_body.len);
	out_puts(&o, "\r\n");
	out_str(&o, p->reply_body);
	return finish(p, &o);
}

bool play_build(struct play *p, struct stage_visit *v, struct str *reply)
{
	const struct bind_conf *b = bind_choose(p);

	if (!b)
		return false;
	*v = (struct stage_visit){.bind = b, .same_connection = p->same_connection, .tls = b->ssl};
	addresses(p, b, v);
	v->bytes = p->raw.ptr ? p->raw : request_bytes(p);
	v->sni = str_sub(p->host, 0, p->host.len - (p->port.len ? p->port.len + 1 : 0));
	*reply = b->proxy->mode == MODE_HTTP || p->reply_status.len ? reply_bytes(p) : p->reply_body;
	if (!p->reply_status.len && b->proxy->mode == MODE_HTTP)
		assume(p, "servers answer 200");
	return true;
}
