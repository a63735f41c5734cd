/* The receiving side of the PROXY protocol. Every byte is hostile: lengths are checked before anything is read,
 * and what is not exactly as specified is no header. */
#include "runtime/net/proxy_protocol.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { V1_MAX = 107, V2_HEAD = 16, V2_INET = 12, V2_INET6 = 36 };

/* The next word, which ends at one blank or at the end; false when it is empty. */
static bool word_next(struct str *line, struct str *word)
{
	size_t end = str_chr(*line, ' ');

	*word = str_sub(*line, 0, end);
	*line = str_tail(*line, end + 1);
	return word->len > 0;
}

static bool port_parse(struct str word, in_port_t *port)
{
	uint64_t value;

	if (!str_to_u64(word, &value) || value > 65535)
		return false;
	*port = htons((uint16_t)value);
	return true;
}

static bool ip_parse(struct str word, int family, void *ip)
{
	char text[INET6_ADDRSTRLEN];

	if (word.len >= sizeof(text))
		return false;
	memcpy(text, word.ptr, word.len);
	text[word.len] = 0;
	return inet_pton(family, text, ip) == 1;
}

static bool addr_parse(union addr *addr, int family, struct str ip, struct str port)
{
	memset(addr, 0, sizeof(*addr));
	addr->family = (sa_family_t)family;
	if (family == AF_INET)
		return ip_parse(ip, family, &addr->in.sin_addr) && port_parse(port, &addr->in.sin_port);
	return ip_parse(ip, family, &addr->in6.sin6_addr) && port_parse(port, &addr->in6.sin6_port);
}

/* "TCP4 192.0.2.1 192.0.2.2 1000 80", or "UNKNOWN" and whatever. */
static bool v1_line(struct str line, union addr *src, union addr *dst)
{
	struct str family, from, to, from_port, to_port;
	union addr s, d;
	int af;

	if (!word_next(&line, &family))
		return false;
	if (str_is(family, "UNKNOWN"))
		return true;
	if (!str_is(family, "TCP4") && !str_is(family, "TCP6"))
		return false;
	af = str_is(family, "TCP4") ? AF_INET : AF_INET6;
	if (!word_next(&line, &from) || !word_next(&line, &to) || !word_next(&line, &from_port))
		return false;
	to_port = line;
	if (!addr_parse(&s, af, from, from_port) || !addr_parse(&d, af, to, to_port))
		return false;
	*src = s;
	*dst = d;
	return true;
}

static size_t v1_parse(struct str data, union addr *src, union addr *dst)
{
	struct str seen = str_sub(data, 0, V1_MAX);
	size_t end = str_chr(seen, '\n');

	if (end == seen.len || end < 7 || seen.ptr[end - 1] != '\r')
		return 0;
	return v1_line(str_sub(seen, 6, end - 7), src, dst) ? end + 1 : 0;
}

static void v2_inet(const char *body, union addr *src, union addr *dst)
{
	memset(src, 0, sizeof(*src));
	memset(dst, 0, sizeof(*dst));
	src->family = dst->family = AF_INET;
	memcpy(&src->in.sin_addr, body, 4);
	memcpy(&dst->in.sin_addr, body + 4, 4);
	memcpy(&src->in.sin_port, body + 8, 2);
	memcpy(&dst->in.sin_port, body + 10, 2);
}

static void v2_inet6(const char *body, union addr *src, union addr *dst)
{
	memset(src, 0, sizeof(*src));
	memset(dst, 0, sizeof(*dst));
	src->family = dst->family = AF_INET6;
	memcpy(&src->in6.sin6_addr, body, 16);
	memcpy(&dst->in6.sin6_addr, body + 16, 16);
	memcpy(&src->in6.sin6_port, body + 32, 2);
	memcpy(&dst->in6.sin6_port, body + 34, 2);
}

/* Signature, version and command, family, length, addresses; what follows them (TLVs) is skipped. */
static size_t v2_parse(struct str data, union addr *src, union addr *dst)
{
	const unsigned char *head = (const unsigned char *)data.ptr;
	size_t body;

	if (data.len < V2_HEAD || (head[12] != 0x20 && head[12] != 0x21))
		return 0;
	body = (size_t)head[14] << 8 | head[15];
	if (data.len < V2_HEAD + body)
		return 0;
	if (head[12] == 0x20) /* LOCAL */
		return V2_HEAD + body;
	if (head[13] == 0x11 && body >= V2_INET)
		v2_inet(data.ptr + V2_HEAD, src, dst);
	else if (head[13] == 0x21 && body >= V2_INET6)
		v2_inet6(data.ptr + V2_HEAD, src, dst);
	else
		return 0;
	return V2_HEAD + body;
}

size_t proxy_protocol_parse(struct str data, union addr *src, union addr *dst)
{
	static const struct str v2 = {"\r\n\r\n\0\r\nQUIT\n", 12};

	if (str_starts(data, STR("PROXY ")))
		return v1_parse(data, src, dst);
	return str_starts(data, v2) ? v2_parse(data, src, dst) : 0;
}
