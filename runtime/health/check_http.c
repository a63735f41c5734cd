/* HTTP in checks (`option httpchk`, `http-check send`): the request as HAProxy sends it, and a response taken
 * apart as far as it has arrived. The reader here is strict and small: a health check needs the status line,
 * the framing, the fields and the body. Pure functions over the check's buffers; the check's worker only. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "runtime/core/process.h"
#include "runtime/health/check_reuse.h"
#include "runtime/health/check_run.h"
#include "runtime/net/address.h"

/* --- the request */

static void put_lower(struct out *o, struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		out_char(o, (char)tolower((unsigned char)name.ptr[i]));
}

/* Manual, "http-check send-state". */
static void put_state(struct check *k, struct out *o)
{
	struct server *s = k->server;
	const union addr *addr = server_addr(s);
	struct proxy *px = s->proxy;
	const struct global_conf *global = &px->generation->model->global;
	unsigned total = 0, conns = 0;
	char state[64], host[ADDRESS_TEXT] = "unix", port[8] = "unix";

	server_state_text(s, state, sizeof(state));
	if (addr->family == AF_INET || addr->family == AF_INET6) {
		inet_ntop(addr->family,
			  addr->family == AF_INET ? (const void *)&addr->in.sin_addr
						  : (const void *)&addr->in6.sin6_addr,
			  host, sizeof(host));
		snprintf(port, sizeof(port), "%u", address_port(addr));
	}
	for (uint32_t i = 0; i < px->nservers; i++) {
		conns += atomic_load(&px->servers[i]->conns);
		if (server_is_usable(px->servers[i]))
			total += atomic_load(&px->servers[i]->weight);
	}
	out_printf(o,
		   "x-haproxy-server-state: %s; address=%s; port=%s; name=%.*s/%.*s; node=%.*s; weight=%u/%u; "
		   "scur=%u/%u; "
		   "qcur=%u\r\n",
		   state, host, port, STR_ARG(px->conf->name), STR_ARG(s->conf->name), STR_ARG(global->node),
		   atomic_load(&s->weight), total, atomic_load(&s->conns), conns, atomic_load(&s->queued));
}

static void put_headers(struct check *k, struct eval *e, const struct hc_step *send, struct out *o)
{
	for (uint32_t i = 0; i < send->nheaders; i++) {
		put_lower(o, send->headers[i].name);
		out_puts(o, ": ");
		logfmt_eval(e, send->headers[i].value, o);
		out_puts(o, "\r\n");
	}
	if (k->server->proxy->conf->check.send_state)
		put_state(k, o);
}

/* Framing fields, the end of the head, the body. */
static void put_body(struct check *k, struct eval *e, const struct hc_step *send, struct str version)
{
	bool reuses = check_reuses(k), is_11 = str_is(version, "HTTP/1.1");
	struct out *o = &k->request;
	struct str body = send->body_fmt ? logfmt_text(e, send->body_fmt) : send->body;

	if (body.len)
		out_printf(o, "content-length: %zu\r\n", body.len);
	if (is_11 != reuses)
		out_puts(o, is_11 ? "connection: close\r\n" : "connection: keep-alive\r\n");
	out_puts(o, "\r\n");
	out_str(o, body);
}

bool check_http_request(struct check *k, const struct hc_step *send)
{
	struct out *o = &k->request;
	struct str version = send->version.len ? send->version : STR("HTTP/1.0");
	struct eval e;

	check_eval_begin(k, &e);
	out_str(o, send->method.len ? send->method : STR("OPTIONS"));
	out_char(o, ' ');
	if (send->uri_fmt)
		logfmt_eval(&e, send->uri_fmt, o);
	else
		out_str(o, send->uri.len ? send->uri : STR("/"));
	out_printf(o, " %.*s\r\n", STR_ARG(version));
	put_headers(k, &e, send, o);
	put_body(k, &e, send, version);
	return !o->truncated;
}

struct str check_http_host(struct check *k)
{
	uint32_t i = k->at;
	struct str host;
	struct eval e;

	while (i < k->nsteps && (k->steps[i].kind != HC_SEND || k->steps[i].send != HCS_HTTP))
		i++;
	for (uint32_t h = 0; i < k->nsteps && h < k->steps[i].nheaders; h++) {
		if (!str_ieq(k->steps[i].headers[h].name, STR("host")))
			continue;
		check_eval_begin(k, &e);
		host = logfmt_text(&e, k->steps[i].headers[h].value);
		return host.len && host.ptr[0] == '[' ? STR_NONE : str_sub(host, 0, str_chr(host, ':'));
	}
	return STR_NONE;
}

/* --- reading the response */

/* "HTTP/1.1 200 OK" (RFC 9112, section 4). */
static bool parse_status_line(struct str line, struct check_answer *a)
{
	if (line.len < 12 || memcmp(line.ptr, "HTTP/", 5) != 0 || !isdigit((unsigned char)line.ptr[5]) ||
	    line.ptr[6] != '.' || !isdigit((unsigned char)line.ptr[7]) || line.ptr[8] != ' ')
		return false;
	for (int i = 9; i < 12; i++)
		if (!isdigit((unsigned char)line.ptr[i]))
			return false;
	if (line.len > 12 && line.ptr[12] != ' ')
		return false;
	a->status = (uint16_t)((line.ptr[9] - '0') * 100 + (line.ptr[10] - '0') * 10 + line.ptr[11] - '0');
	a->reason = str_tail(line, 13);
	a->version_10 = line.ptr[7] == '0';
	return true;
}

static void parse_framing(struct str line, struct check_answer *a)
{
	size_t colon = str_chr(line, ':');
	struct str name = str_sub(line, 0, colon), value = str_trim(str_tail(line, colon + 1));

	if (str_ieq(name, STR("content-length"))) {
		if (!str_to_i64(value, &a->length) || a->length < 0)
			a->length = -1;
	} else if (str_ieq(name, STR("transfer-encoding"))) {
		a->chunked = value.len >= 7 && str_ieq(str_tail(value, value.len - 7), STR("chunked"));
	}
}

/* One line without its end; false when it is not complete. */
static bool take_line(struct str *rest, struct str *line)
{
	size_t end = str_chr(*rest, '\n');

	if (end == rest->len)
		return false;
	*line = str_sub(*rest, 0, end);
	if (line->len && line->ptr[line->len - 1] == '\r')
		line->len--;
	*rest = str_tail(*rest, end + 1);
	return true;
}

/* The head of the final response: interim ones (1xx) are skipped. */
static enum check_read read_head(struct str in, struct check_answer *a)
{
	struct str line, rest = in;

	do {
		*a = (struct check_answer){.length = -1};
		if (!take_line(&rest, &line))
			return rest.len >= 5 && memcmp(rest.ptr, "HTTP/", 5) != 0 ? CHECK_READ_INVALID
										  : CHECK_READ_MORE;
		if (!parse_status_line(line, a))
			return CHECK_READ_INVALID;
		a->headers = rest;
		for (;;) {
			if (!take_line(&rest, &line))
				return CHECK_READ_MORE;
			if (!line.len)
				break;
			parse_framing(line, a);
		}
		a->headers.len = (size_t)(line.ptr - a->headers.ptr);
	} while (a->status >= 100 && a->status < 200 && a->status != 101);
	a->body = rest;
	return CHECK_READ_HEAD;
}

/* Decodes chunks (RFC 9112, section 7.1) into `plain`; true when the last one is there. */
static bool read_chunks(struct str rest, struct out *plain)
{
	struct str line;

	while (take_line(&rest, &line)) {
		uint64_t size = 0;
		size_t i = 0;

		for (; i < line.len && isxdigit((unsigned char)line.ptr[i]) && i < 8; i++)
			size = size * 16 + (uint64_t)(isdigit((unsigned char)line.ptr[i])
							      ? line.ptr[i] - '0'
							      : (line.ptr[i] | 32) - 'a' + 10);
		if (!i || !size)
			return true;
		out_str(plain, str_sub(rest, 0, size));
		if (rest.len < size + 2)
			return false;
		rest = str_tail(rest, size);
		take_line(&rest, &line);
	}
	return false;
}

static void read_body(struct check *k, struct check_answer *a, struct out *plain)
{
	if (a->chunked) {
		a->complete = read_chunks(a->body, plain);
		a->body = out_get(plain);
	} else if (a->length >= 0) {
		a->complete = a->body.len >= (uint64_t)a->length;
		a->body = str_sub(a->body, 0, (size_t)a->length);
	}
	a->complete |= k->no_more;
}

enum check_read check_http_read(struct check *k, struct check_answer *a, struct out *plain)
{
	enum check_read r = read_head(check_input(k), a);

	if (r == CHECK_READ_HEAD)
		read_body(k, a, plain);
	return r;
}

bool check_http_message(struct check *k, const struct check_answer *a, struct http_msg *m)
{
	struct str line, rest = a->headers;

	*m = (struct http_msg){.scratch = &k->scratch,
			       .is_response = true,
			       .version = 11,
			       .status = a->status,
			       .reason = a->reason,
			       .body_seen = a->body,
			       .body_complete = a->complete};
	while (take_line(&rest, &line)) {
		size_t colon = str_chr(line, ':');

		if (colon < line.len &&
		    !http_add(m, str_sub(line, 0, colon), str_trim(str_tail(line, colon + 1))))
			return false;
	}
	return true;
}

static bool keeps_open(struct check *k, const struct check_answer *a)
{
	const struct http_hdr *h;
	struct http_msg m;

	if (!check_http_message(k, a, &m))
		return false;
	h = http_find(&m, STR("connection"), NULL);
	if (a->version_10)
		return h && str_ieq(str_make(h->value, h->value_len), STR("keep-alive"));
	return !h || !str_ieq(str_make(h->value, h->value_len), STR("close"));
}

static bool asked_for_head(const struct check *k)
{
	for (uint32_t i = k->at < k->nsteps ? k->at : k->nsteps; i; i--)
		if (k->steps[i - 1].kind == HC_SEND)
			return str_is(k->steps[i - 1].method, "HEAD");
	return false;
}

/* Trailers are not expected here: with them the connection goes. */
static bool chunks_are_over(struct str body)
{
	struct out plain = out_growing(1 << 16);
	bool last = read_chunks(body, &plain);

	out_free(&plain);
	return last && body.len >= 5 && memcmp(body.ptr + body.len - 5, "0\r\n\r\n", 5) == 0;
}

bool check_http_is_over(struct check *k)
{
	struct check_answer a;

	if (k->no_more || read_head(check_input(k), &a) != CHECK_READ_HEAD || a.status < 200 ||
	    !keeps_open(k, &a))
		return false;
	if (a.status == 204 || a.status == 304 || asked_for_head(k))
		return !a.body.len;
	return a.chunked ? chunks_are_over(a.body) : a.length >= 0 && a.body.len == (uint64_t)a.length;
}
