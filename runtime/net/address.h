/* Addresses: from the model to what the kernel takes, and to text as HAProxy prints it. No state, any thread.
 */
#ifndef LB_NET_ADDRESS_H
#define LB_NET_ADDRESS_H

#include "grammar/base/out.h"
#include "grammar/model.h"
#include "runtime/eval/eval.h"

enum { ADDRESS_TEXT = 128 }; /* room for any address as text */

/* The socket address of a configured one, with this port. False for what has none: fd@, sockpair@, unresolved
 * names, unix paths that are too long. */
bool address_from_conf(const struct addr_conf *conf, uint16_t port, struct sockaddr_storage *ss,
		       socklen_t *len);
/* The small form: no path of a unix socket. */
void address_pack(union addr *addr, const struct sockaddr_storage *ss);
uint16_t address_port(const union addr *addr);
void address_set_port(union addr *addr, uint16_t port);
socklen_t address_len(const union addr *addr);
/* 0.0.0.0 or [::]. */
static inline bool address_is_any(const union addr *a)
{
	if (a->family == AF_INET)
		return a->in.sin_addr.s_addr == INADDR_ANY;
	return a->family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}
/* "192.0.2.1:80", "[2001:db8::1]:80" as "2001:db8::1:80" in HAProxy's way, "unix:/path", "abns@name". Returns
 * text. */
const char *address_text(const struct sockaddr_storage *ss, socklen_t len, char text[ADDRESS_TEXT]);
/* The same of the small form; "unix:1" for what is no internet address, or NULL. */
void address_put(struct out *out, const union addr *addr);
/* Same family, address and port; of unix sockets the same path. */
bool address_eq(const struct sockaddr_storage *a, const struct sockaddr_storage *b);

#endif
