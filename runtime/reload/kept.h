/* Listening sockets received from an old process, by address. listeners_open() takes out those that its binds
 * want; what nobody took is closed with the set. Main thread, before workers run. */
#ifndef LB_RELOAD_KEPT_H
#define LB_RELOAD_KEPT_H

#include <sys/socket.h>

#include "grammar/base/str.h"

struct fd_set_kept;

/* An empty set; NULL when memory is out. */
struct fd_set_kept *kept_new(void);
/* Closes every socket that was not taken. NULL is fine. */
void kept_free(struct fd_set_kept **k);
/* Gives a bound socket to the set, with the interface that it is bound to (may be empty). Sockets that are not
 * listening, and of other families than inet, inet6 and unix, are refused: false, and the caller keeps them. */
bool kept_add(struct fd_set_kept *k, int fd, struct str interface);
/* The socket that listens on exactly this address (port included; a path of a unix socket also while its name
 * was a temporary one) with this type (SOCK_STREAM, SOCK_DGRAM), interface and, for IPv6, this IPV6_V6ONLY
 * setting; -1: none. It is the caller's now. */
int kept_take(struct fd_set_kept *k, const struct sockaddr_storage *addr, int type, struct str interface,
	      bool v6only);
/* Sockets in the set that nobody took yet. */
uint32_t kept_count(const struct fd_set_kept *k);

#endif
