/* Reading addresses: family prefix, then path, descriptor or host, then port. Each step reports its own mistake
 * with the span of just the wrong part. No state. */
#include "grammar/address.h"

#include <arpa/inet.h>

struct prefix {
	const char *text;
	enum addr_kind kind; /* ADDR_NONE: by the look of what follows */
	bool datagram, stream, quic;
};

static const struct prefix prefixes[] = {
	{"ipv4@", ADDR_INET, 0, 0, 0},         {"ipv6@", ADDR_INET6, 0, 0, 0},
	{"ip@", ADDR_NONE, 0, 0, 0},           {"udp4@", ADDR_INET, 1, 0, 0},
	{"udp6@", ADDR_INET6, 1, 0, 0},        {"udp@", ADDR_NONE, 1, 0, 0},
	{"tcp4@", ADDR_INET, 0, 1, 0},         {"tcp6@", ADDR_INET6, 0, 1, 0},
	{"tcp@", ADDR_NONE, 0, 1, 0},          {"mptcp4@", ADDR_INET, 0, 1, 0},
	{"mptcp6@", ADDR_INET6, 0, 1, 0},      {"mptcp@", ADDR_NONE, 0, 1, 0},
	{"quic4@", ADDR_INET, 0, 0, 1},        {"quic6@", ADDR_INET6, 0, 0, 1},
	{"unix@", ADDR_UNIX, 0, 0, 0},         {"uxst@", ADDR_UNIX, 0, 1, 0},
	{"uxdg@", ADDR_UNIX, 1, 0, 0},         {"abnsz@", ADDR_ABSTRACT, 0, 0, 0},
	{"abns@", ADDR_ABSTRACT, 0, 0, 0},     {"fd@", ADDR_FD, 0, 0, 0},
	{"sockpair@", ADDR_SOCKPAIR, 0, 0, 0}, {"rhttp@", ADDR_REVERSE, 0, 1, 0},
};

struct reader {
	struct compile *c;
	const struct word *w;
	size_t off;
	struct str all; /* what is read */
	uint32_t want;
	const char *who;
};

/* Part [at, at + len) of what is read. */
static struct diag *complain(struct reader *r, enum diag_code code, size_t at, size_t len, const char *message)
{
	return diag_add(r->c->diags, code, word_span(r->w, r->off + at, len), "%s", message);
}

static bool refuse(struct reader *r, size_t at, size_t len, const char *message, const char *haproxy)
{
	struct diag *g = complain(r, D_BAD_ADDRESS, at, len, message);

	if (haproxy)
		diag_haproxy(r->c->diags, g, "%s%s%s in '%.*s'", r->who, *r->who ? " : " : "", haproxy,
			     STR_ARG(r->all));
	return false;
}

/* Socket types before the family (manual, "Socket type prefixes"): at most one. Its length. */
static size_t type_read(struct str s, struct prefix *p)
{
	p->stream = str_starts(s, STR("stream+"));
	p->datagram = str_starts(s, STR("dgram+"));
	return p->stream ? strlen("stream+") : p->datagram ? strlen("dgram+") : 0;
}

/* The family; where it implies a type, that counts. Its length. */
static size_t family_read(struct str s, struct prefix *p)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		const struct prefix *row = &prefixes[i];

		if (!str_starts(s, str_from(row->text)))
			continue;
		if (!row->datagram && !row->stream && !row->quic)
			p->kind = row->kind;
		else
			*p = *row;
		return strlen(row->text);
	}
	return 0;
}

bool address_ip(struct str text, struct ip_net *out)
{
	char buf[INET6_ADDRSTRLEN];
	struct in_addr in;

	if (text.len == 0 || text.len >= sizeof(buf))
		return false;
	memcpy(buf, text.ptr, text.len);
	buf[text.len] = 0;
	if (inet_pton(AF_INET, buf, out->addr) == 1) {
		out->family = 4;
		out->bits = 32;
		return true;
	}
	if (inet_pton(AF_INET6, buf, out->addr) == 1) {
		out->family = 6;
		out->bits = 128;
		return true;
	}
	/* 127.1 and 0x7f.1 are addresses to the C library, and so to HAProxy. */
	if (strspn(buf, "0123456789abcdefxX.") == text.len && strchr(buf, '.') && inet_aton(buf, &in)) {
		memcpy(out->addr, &in, 4);
		out->family = 4;
		out->bits = 32;
		return true;
	}
	return false;
}

bool address_network(struct str text, struct ip_net *out)
{
	size_t slash = str_chr(text, '/');
	uint64_t bits;

	if (!address_ip(str_sub(text, 0, slash), out))
		return false;
	if (slash == text.len)
		return true;
	if (!str_to_u64(str_tail(text, slash + 1), &bits) || bits > out->bits)
		return false;
	out->bits = (uint8_t)bits;
	return true;
}

/* Without any letter it is a number, which the system's resolver takes for an address: 1 is 0.0.0.1. */
static bool host_is_name(struct str s)
{
	bool letter = str_chr(s, '.') == s.len && str_chr(s, '-') == s.len && str_chr(s, '_') == s.len;

	for (size_t i = 0; i < s.len; i++)
		letter |= (s.ptr[i] | 32) >= 'a' && (s.ptr[i] | 32) <= 'z';
	return letter && s.len <= 255 && str_word_run(s, "-_.") == s.len;
}

static bool read_host(struct reader *r, size_t at, size_t len, enum addr_kind kind, struct addr_conf *out)
{
	struct str host = str_sub(r->all, at, len);
	struct ip_net ip;

	if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
		host = str_sub(host, 1, host.len - 2);
		kind = kind == ADDR_NONE ? ADDR_INET6 : kind;
	}
	if (host.len == 0 || str_is(host, "*")) {
		out->kind = kind == ADDR_INET6 ? ADDR_INET6 : ADDR_INET;
		return true;
	}
	if (address_ip(host, &ip)) {
		if ((ip.family == 4 && kind == ADDR_INET6) || (ip.family == 6 && kind == ADDR_INET))
			return refuse(r, at, len, "the address is not of the family before the `@`",
				      arena_printf(r->c->arena, "invalid address: '%.*s'", STR_ARG(host)).ptr);
		out->kind = ip.family == 4 ? ADDR_INET : ADDR_INET6;
		memcpy(out->ip, ip.addr, ip.family == 4 ? 4 : 16);
		return true;
	}
	if (!host_is_name(host) || !(r->want & ADDRESS_HOST))
		return refuse(r, at, len, "this is neither an IP address nor a host name",
			      arena_printf(r->c->arena, "invalid address: '%.*s'", STR_ARG(host)).ptr);
	out->kind = ADDR_NAME;
	out->path = arena_str(r->c->model->arena, host);
	return true;
}

static bool bad_port(struct reader *r, size_t at, size_t len, const char *message, const char *haproxy)
{
	struct diag *g = complain(r, D_BAD_PORT, at, len, message);

	diag_haproxy(r->c->diags, g, "%s%s%s", r->who, *r->who ? " : " : "", haproxy);
	return false;
}

/* The number at *i; false when there is no digit. HAProxy ignores letters behind it. */
static bool port_number(struct str s, size_t *i, uint32_t *port)
{
	size_t start = *i;

	for (*port = 0; *i < s.len && s.ptr[*i] >= '0' && s.ptr[*i] <= '9'; ++*i)
		if (*port < 100000)
			*port = *port * 10 + (uint32_t)(s.ptr[*i] - '0');
	return *i > start;
}

static void report_port_tail(struct reader *r, size_t at, size_t end)
{
	struct diag *g =
		complain(r, D_NUMBER_TAIL, at, r->all.len - at, "a port is followed by something else");

	diag_label(r->c->diags, g, "ignored");
	diag_fix(r->c->diags, g, FIX_LIKELY, word_span(r->w, r->off + end, r->all.len - end),
		 arena_printf(r->c->arena, " %.*s", STR_ARG(str_tail(r->all, end))), "put a blank before it");
}

static bool port_refuse(struct reader *r, size_t at, uint32_t port, const char *what)
{
	(void)port;
	return bad_port(r, at, r->all.len - at, what,
			arena_printf(r->c->arena, "invalid port '%.*s'", STR_ARG(str_tail(r->all, at))).ptr);
}

static bool read_range(struct reader *r, size_t at, size_t i, uint32_t first, struct addr_conf *out)
{
	uint32_t last = first;

	if (i < r->all.len && r->all.ptr[i] == '-') {
		if (!(r->want & ADDRESS_RANGE))
			return refuse(r, at, r->all.len - at, "a range of ports is not permitted here",
				      "port range not permitted here");
		i++;
		if (!port_number(r->all, &i, &last))
			return port_refuse(r, i, 0, "the range of ports has no end");
	}
	if (first > 65535 || last > 65535)
		return port_refuse(r, at, first > 65535 ? first : last, "ports go up to 65535");
	if (r->want & ADDRESS_PORT_NEEDED && first == 0)
		return port_refuse(r, at, first, "port 0 cannot be listened on");
	if (last < first)
		return bad_port(
			r, at, r->all.len - at, "the range of ports ends before it begins",
			arena_printf(r->c->arena, "invalid port range '%.*s'", STR_ARG(str_tail(r->all, at)))
				.ptr);
	if (i < r->all.len)
		report_port_tail(r, at, i);
	out->port = (uint16_t)first;
	out->port_end = (uint16_t)last;
	out->port_given = true;
	return true;
}

/* From `at` to the end. */
static bool read_port(struct reader *r, size_t at, struct addr_conf *out)
{
	struct str s = r->all;
	size_t i = at;
	uint32_t port;
	bool relative = at < s.len && (s.ptr[at] == '+' || s.ptr[at] == '-');

	if (!(r->want & ADDRESS_PORT))
		return refuse(r, at, s.len - at, "a port is not permitted here", "port not permitted here");
	if (relative) {
		if (!(r->want & ADDRESS_OFFSET))
			return refuse(r, at, s.len - at, "a port relative to another is not permitted here",
				      "port offset not permitted here");
		i++;
	}
	if (!port_number(s, &i, &port))
		return refuse(r, at, s.len - at, "this is not a port number",
			      arena_printf(r->c->arena, "invalid character '%c' in port number '%.*s'",
					   i < s.len ? s.ptr[i] : ' ', STR_ARG(str_tail(s, at)))
				      .ptr);
	if (!relative)
		return read_range(r, at, i, port, out);
	out->port_relative = out->port_given = true;
	out->port_offset = s.ptr[at] == '-' ? -(int32_t)port : (int32_t)port;
	return true;
}

/* Where the port begins: behind the last colon, unless that is inside brackets. s.len + 1: none. */
static size_t port_start(struct str s, size_t from)
{
	if (s.len > from && s.ptr[s.len - 1] == ']')
		return s.len + 1;
	for (size_t i = s.len; i > from; i--)
		if (s.ptr[i - 1] == ':')
			return i;
	return s.len + 1;
}

static bool read_inet(struct reader *r, size_t at, enum addr_kind kind, struct addr_conf *out)
{
	size_t port = port_start(r->all, at);
	size_t host_end = port > r->all.len ? r->all.len : port - 1;
	struct diag *g;

	if (port >= r->all.len && r->want & ADDRESS_PORT_NEEDED) {
		g = complain(r, D_MISSING_PORT, 0, r->all.len, "the address lacks a port");
		diag_help(r->c->diags, g, "write it behind a colon, as in `*:80`");
		diag_haproxy(r->c->diags, g, "%s%smissing port specification in '%.*s'", r->who,
			     *r->who ? " : " : "", STR_ARG(r->all));
		return false;
	}
	if (!read_host(r, at, host_end - at, kind, out))
		return false;
	if (port < r->all.len)
		return read_port(r, port, out);
	out->port_relative = (r->want & ADDRESS_OFFSET) != 0;
	return true;
}

static bool read_fd(struct reader *r, size_t at, enum addr_kind kind, struct addr_conf *out)
{
	struct str s = str_tail(r->all, at);
	uint64_t fd;

	if (kind == ADDR_FD && !(r->want & ADDRESS_FD))
		return refuse(r, 0, r->all.len, "a file descriptor cannot be used here",
			      "a file descriptor is not acceptable here");
	if (!str_to_u64(s, &fd) || fd > INT32_MAX)
		return refuse(
			r, at, s.len, "a file descriptor is a number",
			arena_printf(r->c->arena, "file descriptor '%.*s' is not a valid integer", STR_ARG(s))
				.ptr);
	out->kind = kind;
	out->fd = (int)fd;
	return true;
}

static bool read_path(struct reader *r, size_t at, enum addr_kind kind, struct addr_conf *out)
{
	struct str path = str_tail(r->all, at);

	/* sockaddr_un has room for 108 bytes, the NUL included. */
	if (path.len > 107)
		return refuse(r, at, path.len, "the path of a socket has at most 107 bytes",
			      "socket path too long");
	out->kind = kind;
	out->path = arena_str(r->c->model->arena, path);
	return true;
}

static bool protocol_fits(struct reader *r, const struct prefix *p, size_t len)
{
	if (p->quic && r->want & ADDRESS_STREAM) {
		struct diag *g = complain(r, D_BAD_ADDRESS, 0, len, "QUIC is not supported yet");

		diag_haproxy(
			r->c->diags, g,
			"%s%sunsupported stream protocol for datagram family %d address '%.*s'; QUIC is not "
			"compiled in if this is what you were looking for.",
			r->who, *r->who ? " : " : "", p->kind == ADDR_INET ? AF_INET : AF_INET6,
			STR_ARG(r->all));
		return false;
	}
	if (p->datagram && !(r->want & ADDRESS_DATAGRAM))
		return refuse(r, 0, len, "a datagram address cannot be used here",
			      "dgram-type address not acceptable");
	if ((p->stream || p->quic) && !(r->want & ADDRESS_STREAM))
		return refuse(r, 0, len, "a stream address cannot be used here",
			      "stream-type address not acceptable");
	return true;
}

/* Nothing stands behind it: connections come to it by themselves. */
static bool read_reverse(struct reader *r, size_t at, struct addr_conf *out)
{
	if (!(r->want & ADDRESS_REVERSE) || r->c->model->compat <= 208)
		return refuse(r, 0, r->all.len, "this is neither an IP address nor a host name",
			      arena_printf(r->c->arena, "invalid address: '%.*s'", STR_ARG(r->all)).ptr);
	if (at < r->all.len)
		return refuse(r, at, r->all.len - at, "nothing stands behind `rhttp@` of a server", NULL);
	out->kind = ADDR_REVERSE;
	return true;
}

bool address_parse(struct compile *c, const struct word *w, size_t off, size_t len, uint32_t want,
		   const char *who, struct addr_conf *out)
{
	struct reader r = {c, w, off, str_sub(w->text, off, len), want, who};
	struct prefix p = {.kind = ADDR_NONE};
	size_t at = type_read(r.all, &p);

	at += family_read(str_tail(r.all, at), &p);
	memset(out, 0, sizeof(*out));
	if (r.all.len == 0) {
		struct diag *g = complain(&r, D_BAD_ADDRESS, 0, 0, "the address is empty");

		diag_haproxy(c->diags, g, "%s%s'' resolves to an empty address (environment variable missing?)",
			     who, *who ? " : " : "");
		return false;
	}
	if (!protocol_fits(&r, &p, at))
		return false;
	out->text = arena_str(c->model->arena, r.all);
	out->datagram = p.datagram;
	out->stream = p.stream;
	if (p.kind == ADDR_REVERSE)
		return read_reverse(&r, at, out);
	if (p.kind == ADDR_FD || p.kind == ADDR_SOCKPAIR)
		return read_fd(&r, at, p.kind, out);
	if (p.kind == ADDR_UNIX || p.kind == ADDR_ABSTRACT)
		return read_path(&r, at, p.kind, out);
	if (p.kind == ADDR_NONE && at < r.all.len && r.all.ptr[at] == '/')
		return read_path(&r, at, ADDR_UNIX, out);
	return read_inet(&r, at, p.kind, out);
}

bool address_parse_word(struct compile *c, const struct word *w, uint32_t want, const char *who,
			struct addr_conf *out)
{
	w = word_as_address(c->tree, w);
	return address_parse(c, w, 0, w->text.len, want, who, out);
}
