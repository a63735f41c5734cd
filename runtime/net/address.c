/* Addresses: the few conversions between the model's form, the kernel's and text. Pure functions. */
#include "runtime/net/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/un.h>

static bool inet_from_conf(const struct addr_conf *conf, uint16_t port, struct sockaddr_storage *ss,
			   socklen_t *len)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ss;

	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	memcpy(&in->sin_addr, conf->ip, 4);
	*len = sizeof(*in);
	return true;
}

static bool inet6_from_conf(const struct addr_conf *conf, uint16_t port, struct sockaddr_storage *ss,
			    socklen_t *len)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, conf->ip, 16);
	*len = sizeof(*in6);
	return true;
}

/* unix(7): a path ends with a NUL; an abstract name begins with one and, as HAProxy binds it, fills the whole
 * field. */
static bool unix_from_conf(const struct addr_conf *conf, struct sockaddr_storage *ss, socklen_t *len)
{
	struct sockaddr_un *un = (struct sockaddr_un *)ss;
	bool abstract = conf->kind == ADDR_ABSTRACT;

	if (conf->path.len + 1 > sizeof(un->sun_path))
		return false;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path + abstract, conf->path.ptr, conf->path.len);
	*len = sizeof(*un);
	return true;
}

bool address_from_conf(const struct addr_conf *conf, uint16_t port, struct sockaddr_storage *ss, socklen_t *len)
{
	memset(ss, 0, sizeof(*ss));
	*len = 0;
	switch (conf->kind) {
	case ADDR_INET:
		return inet_from_conf(conf, port, ss, len);
	case ADDR_INET6:
		return inet6_from_conf(conf, port, ss, len);
	case ADDR_UNIX:
	case ADDR_ABSTRACT:
		return unix_from_conf(conf, ss, len);
	default:
		return false;
	}
}

void address_pack(union addr *addr, const struct sockaddr_storage *ss)
{
	memset(addr, 0, sizeof(*addr));
	if (ss->ss_family == AF_INET)
		memcpy(&addr->in, ss, sizeof(addr->in));
	else if (ss->ss_family == AF_INET6)
		memcpy(&addr->in6, ss, sizeof(addr->in6));
	else
		addr->family = ss->ss_family;
}

uint16_t address_port(const union addr *addr)
{
	if (addr->family == AF_INET)
		return ntohs(addr->in.sin_port);
	return addr->family == AF_INET6 ? ntohs(addr->in6.sin6_port) : 0;
}

void address_set_port(union addr *addr, uint16_t port)
{
	if (addr->family == AF_INET)
		addr->in.sin_port = htons(port);
	else if (addr->family == AF_INET6)
		addr->in6.sin6_port = htons(port);
}

socklen_t address_len(const union addr *addr)
{
	if (addr->family == AF_INET)
		return sizeof(addr->in);
	return addr->family == AF_INET6 ? sizeof(addr->in6) : sizeof(addr->family);
}

const char *address_text(const struct sockaddr_storage *ss, socklen_t len, char text[ADDRESS_TEXT])
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)ss;
	char ip[INET6_ADDRSTRLEN] = "";
	union addr addr;
	size_t path =
		len > offsetof(struct sockaddr_un, sun_path) ? len - offsetof(struct sockaddr_un, sun_path) : 0;

	address_pack(&addr, ss);
	if (addr.family == AF_INET)
		inet_ntop(AF_INET, &addr.in.sin_addr, ip, sizeof(ip));
	else if (addr.family == AF_INET6)
		inet_ntop(AF_INET6, &addr.in6.sin6_addr, ip, sizeof(ip));
	if (addr.family != AF_UNIX)
		snprintf(text, ADDRESS_TEXT, "%s:%u", ip, address_port(&addr));
	else if (path && !un->sun_path[0])
		snprintf(text, ADDRESS_TEXT, "abns@%.*s", (int)strnlen(un->sun_path + 1, path - 1),
			 un->sun_path + 1);
	else
		snprintf(text, ADDRESS_TEXT, "%.*s", (int)strnlen(un->sun_path, path), un->sun_path);
	return text;
}

void address_put(struct out *out, const union addr *a)
{
	char text[INET6_ADDRSTRLEN];

	if (a && a->family == AF_INET && inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof(text)))
		out_printf(out, "%s:%u", text, ntohs(a->in.sin_port));
	else if (a && a->family == AF_INET6 && inet_ntop(AF_INET6, &a->in6.sin6_addr, text, sizeof(text)))
		out_printf(out, "%s:%u", text, ntohs(a->in6.sin6_port));
	else
		out_puts(out, "unix:1");
}

bool address_eq(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_un *ua = (const struct sockaddr_un *)a, *ub = (const struct sockaddr_un *)b;
	union addr pa, pb;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_UNIX)
		return !memcmp(ua->sun_path, ub->sun_path, sizeof(ua->sun_path));
	address_pack(&pa, a);
	address_pack(&pb, b);
	if (address_port(&pa) != address_port(&pb))
		return false;
	if (pa.family == AF_INET)
		return pa.in.sin_addr.s_addr == pb.in.sin_addr.s_addr;
	return pa.family == AF_INET6 && !memcmp(&pa.in6.sin6_addr, &pb.in6.sin6_addr, 16);
}
