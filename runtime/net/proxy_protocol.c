/* The receiving side of the PROXY protocol. Every byte is hostile: lengths are checked before anything is read,
 * and what is not exactly as specified is no header. */
#include "runtime/net/proxy_protocol.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "runtime/eval/hash.h"

enum { V1_MAX = 107, V2_HEAD = 16, V2_INET = 12, V2_INET6 = 36, AUTHORITY_MAX = 255, UNIQUE_ID_MAX = 128 };

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

static enum header_result v1_read(struct str data, union addr *src, union addr *dst, size_t *len)
{
	struct str seen = str_sub(data, 0, V1_MAX);
	size_t end = str_chr(seen, '\n');

	if (end == seen.len)
		return data.len < V1_MAX ? HEADER_SHORT : HEADER_BAD;
	if (end < 7 || seen.ptr[end - 1] != '\r' || !v1_line(str_sub(seen, 6, end - 7), src, dst))
		return HEADER_BAD;
	*len = end + 1;
	return HEADER_DONE;
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

/* The checksum over the whole header, itself taken as zero (RFC 4960, appendix B). */
static bool checksum_fits(struct str header, struct str value)
{
	char copy[PROXY_PROTOCOL_MAX];
	size_t at = (size_t)(value.ptr - header.ptr);
	uint32_t sum;

	if (value.len != 4 || header.len > sizeof(copy))
		return false;
	memcpy(copy, header.ptr, header.len);
	memset(copy + at, 0, 4);
	memcpy(&sum, value.ptr, 4);
	return hash_crc32c(str_make(copy, header.len)) == ntohl(sum);
}

static bool field_fits(struct str header, unsigned type, struct str value)
{
	switch (type) {
	case PP2_CRC32C:
		return checksum_fits(header, value);
	case PP2_AUTHORITY:
		return value.len <= AUTHORITY_MAX;
	case PP2_UNIQUE_ID:
		return value.len <= UNIQUE_ID_MAX;
	default:
		return true;
	}
}

/* Type, length, value, up to the end of the header. */
static bool fields_fit(struct str header, struct str fields)
{
	while (fields.len) {
		const unsigned char *f = (const unsigned char *)fields.ptr;
		size_t len;

		if (fields.len < 3)
			return false;
		len = (size_t)f[1] << 8 | f[2];
		if (fields.len < 3 + len || !field_fits(header, f[0], str_sub(fields, 3, len)))
			return false;
		fields = str_tail(fields, 3 + len);
	}
	return true;
}

/* Signature, version and command, family, length, addresses, fields. */
static enum header_result v2_read(struct str data, union addr *src, union addr *dst, size_t *len,
				  struct str *fields)
{
	const unsigned char *head = (const unsigned char *)data.ptr;
	size_t body, addresses;

	if (data.len < V2_HEAD)
		return HEADER_SHORT;
	if (head[12] >> 4 != 2)
		return HEADER_FOREIGN;
	body = (size_t)head[14] << 8 | head[15];
	if (V2_HEAD + body > PROXY_PROTOCOL_MAX)
		return HEADER_BAD;
	if (data.len < V2_HEAD + body)
		return HEADER_SHORT;
	*len = V2_HEAD + body;
	if (head[12] == 0x20) /* LOCAL */
		return HEADER_DONE;
	addresses = head[13] == 0x11 ? V2_INET : V2_INET6;
	if (head[12] != 0x21 || (head[13] != 0x11 && head[13] != 0x21) || body < addresses)
		return HEADER_BAD;
	(addresses == V2_INET ? v2_inet : v2_inet6)(data.ptr + V2_HEAD, src, dst);
	*fields = str_sub(data, V2_HEAD + addresses, body - addresses);
	return fields_fit(str_sub(data, 0, *len), *fields) ? HEADER_DONE : HEADER_BAD;
}

/* Does it begin like `whole`, as far as there is something? */
static bool begins(struct str data, struct str whole)
{
	return data.len >= whole.len ? str_starts(data, whole) : str_starts(whole, data);
}

enum header_result proxy_protocol_read(struct str data, union addr *src, union addr *dst, size_t *len,
				       struct str *fields)
{
	static const struct str v1 = {"PROXY ", 6}, v2 = {"\r\n\r\n\0\r\nQUIT\n", 12};

	*fields = STR_NONE;
	if (!data.len)
		return HEADER_SHORT;
	if (begins(data, v1))
		return data.len < v1.len ? HEADER_SHORT : v1_read(data, src, dst, len);
	if (begins(data, v2))
		return data.len < v2.len ? HEADER_SHORT : v2_read(data, src, dst, len, fields);
	return HEADER_FOREIGN;
}
