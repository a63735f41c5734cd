/* Writes PROXY protocol headers for server connections and health checks. Pure; any thread. */
#include "runtime/backend/proxy_header.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "runtime/eval/hash.h"
#include "runtime/net/proxy_protocol.h"

/* Both in one family. */
struct ends {
	int family; /* AF_UNSPEC: not to be told */
	uint8_t src[16], dst[16];
	in_port_t src_port, dst_port; /* network byte order */
};

static bool is_inet(const union addr *a)
{
	return a && (a->family == AF_INET || a->family == AF_INET6);
}

static in_port_t port_of(const union addr *a)
{
	return a->family == AF_INET ? a->in.sin_port : a->in6.sin6_port;
}

/* IPv4 inside IPv6 is mapped (RFC 4291, section 2.5.5.2). */
static void address_copy(uint8_t out[16], const union addr *a, int family)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (a->family == AF_INET6) {
		memcpy(out, &a->in6.sin6_addr, 16);
		return;
	}
	if (family == AF_INET6)
		memcpy(out, mapped, sizeof(mapped));
	memcpy(out + (family == AF_INET6 ? sizeof(mapped) : 0), &a->in.sin_addr, 4);
}

static struct ends ends_of(const union addr *src, const union addr *dst)
{
	struct ends e = {.family = AF_UNSPEC};

	if (!is_inet(src) || !is_inet(dst))
		return e;
	e.family = src->family == AF_INET && dst->family == AF_INET ? AF_INET : AF_INET6;
	address_copy(e.src, src, e.family);
	address_copy(e.dst, dst, e.family);
	e.src_port = port_of(src);
	e.dst_port = port_of(dst);
	return e;
}

size_t proxy_header_v1(char header[PROXY_HEADER_MAX], const union addr *src, const union addr *dst)
{
	struct ends e = ends_of(src, dst);
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];

	if (e.family == AF_UNSPEC)
		return (size_t)snprintf(header, PROXY_HEADER_MAX, "PROXY UNKNOWN\r\n");
	inet_ntop(e.family, e.src, from, sizeof(from));
	inet_ntop(e.family, e.dst, to, sizeof(to));
	return (size_t)snprintf(header, PROXY_HEADER_MAX, "PROXY TCP%c %s %s %u %u\r\n",
				e.family == AF_INET ? '4' : '6', from, to, ntohs(e.src_port),
				ntohs(e.dst_port));
}

static const char signature[12] = "\r\n\r\n\0\r\nQUIT\n";

size_t proxy_header_local(char header[PROXY_HEADER_MAX])
{
	memcpy(header, signature, sizeof(signature));
	memcpy(header + sizeof(signature), "\x20\0\0\0", 4);
	return sizeof(signature) + 4;
}

size_t proxy_header_v2(char header[PROXY_HEADER_MAX], const union addr *src, const union addr *dst)
{
	struct ends e = ends_of(src, dst);
	size_t size = e.family == AF_INET ? 4 : 16, len = e.family == AF_UNSPEC ? 0 : 2 * size + 4;
	char *at = header + 16;

	memcpy(header, signature, sizeof(signature));
	header[12] = e.family == AF_UNSPEC ? 0x20 : 0x21; /* version 2, LOCAL or PROXY */
	header[13] = e.family == AF_UNSPEC ? 0 : e.family == AF_INET ? 0x11 : 0x21;
	header[14] = 0;
	header[15] = (char)len;
	if (!len)
		return 16;
	memcpy(at, e.src, size);
	memcpy(at + size, e.dst, size);
	memcpy(at + 2 * size, &e.src_port, 2);
	memcpy(at + 2 * size + 2, &e.dst_port, 2);
	return 16 + len;
}

size_t proxy_field_put(char *out, size_t len, size_t cap, unsigned type, struct str value)
{
	if (len + 3 + value.len > cap || value.len > UINT16_MAX)
		return len;
	out[len] = (char)type;
	out[len + 1] = (char)(value.len >> 8);
	out[len + 2] = (char)value.len;
	if (value.len)
		memcpy(out + len + 3, value.ptr, value.len);
	return len + 3 + value.len;
}

size_t proxy_header_fields(char header[PROXY_HEADER_MAX + PROXY_FIELDS_MAX], const union addr *src,
			   const union addr *dst, struct str fields, bool checksum)
{
	static const struct str zero = {"\0\0\0\0", 4};
	size_t len = proxy_header_v2(header, src, dst), at = len + 3;
	uint32_t sum;

	if (checksum)
		len = proxy_field_put(header, len, PROXY_HEADER_MAX, PP2_CRC32C, zero);
	if (fields.len)
		memcpy(header + len, fields.ptr, fields.len);
	len += fields.len;
	header[14] = (char)((len - 16) >> 8);
	header[15] = (char)(len - 16);
	if (checksum) {
		sum = htonl(hash_crc32c(str_make(header, len)));
		memcpy(header + at, &sum, 4);
	}
	return len;
}
