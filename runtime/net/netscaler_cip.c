/* Reads what NetScaler puts before a client's bytes: a magic number, a length, in later versions a type, and
 * the IP and TCP headers of the client's last handshake packet. */
#include "runtime/net/netscaler_cip.h"

#include <arpa/inet.h>

enum { LEGACY_HEAD = 8, STANDARD_HEAD = 12, IPV4_MIN = 20, IPV6_LEN = 40, TCP_PORTS = 4, HEAD_MAX = 1024 };

static uint32_t get32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return ntohl(v);
}

/* The TCP header begins with both ports. */
static bool read_ipv4(struct str ip, union addr *src, union addr *dst)
{
	size_t len = ip.len >= IPV4_MIN ? (size_t)(ip.ptr[0] & 15) * 4 : 0;

	if (len < IPV4_MIN || ip.len < len + TCP_PORTS || ip.ptr[9] != IPPROTO_TCP)
		return false;
	src->family = dst->family = AF_INET;
	memcpy(&src->in.sin_addr, ip.ptr + 12, 4);
	memcpy(&dst->in.sin_addr, ip.ptr + 16, 4);
	memcpy(&src->in.sin_port, ip.ptr + len, 2);
	memcpy(&dst->in.sin_port, ip.ptr + len + 2, 2);
	return true;
}

static bool read_ipv6(struct str ip, union addr *src, union addr *dst)
{
	if (ip.len < IPV6_LEN + TCP_PORTS || ip.ptr[6] != IPPROTO_TCP)
		return false;
	src->family = dst->family = AF_INET6;
	memcpy(&src->in6.sin6_addr, ip.ptr + 8, 16);
	memcpy(&dst->in6.sin6_addr, ip.ptr + 24, 16);
	memcpy(&src->in6.sin6_port, ip.ptr + IPV6_LEN, 2);
	memcpy(&dst->in6.sin6_port, ip.ptr + IPV6_LEN + 2, 2);
	return true;
}

enum header_result netscaler_cip_read(struct str data, uint32_t magic, union addr *src, union addr *dst,
				      size_t *len)
{
	union addr s = {0}, d = {0};
	size_t head = LEGACY_HEAD, total;
	int version;

	if (data.len < 4)
		return HEADER_SHORT;
	if (get32(data.ptr) != magic)
		return HEADER_FOREIGN;
	if (data.len < STANDARD_HEAD)
		return HEADER_SHORT;
	/* The legacy form goes on with the first byte of an IP header, the standard one with its type, 1. */
	version = (unsigned char)data.ptr[LEGACY_HEAD] >> 4;
	total = LEGACY_HEAD + (size_t)get32(data.ptr + 4);
	if (version != 4 && version != 6) {
		head = STANDARD_HEAD;
		total = get32(data.ptr + 4);
	}
	if (total <= head || total > HEAD_MAX)
		return HEADER_BAD;
	if (data.len < total)
		return HEADER_SHORT;
	version = (unsigned char)data.ptr[head] >> 4;
	data = str_sub(data, head, total - head);
	if (version == 4 ? !read_ipv4(data, &s, &d) : version == 6 ? !read_ipv6(data, &s, &d) : true)
		return HEADER_UNHANDLED;
	*src = s;
	*dst = d;
	*len = total;
	return HEADER_DONE;
}
