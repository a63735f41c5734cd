/* The set of sockets that an old process has handed over. It owns them until somebody takes them. Main thread.
 */
#include "runtime/reload/kept.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

struct kept_socket {
	int fd, type;
	bool v6only;
	struct sockaddr_storage addr;
	socklen_t len;
	char interface[32];
};

struct fd_set_kept {
	struct kept_socket *v;
	uint32_t n, cap;
};

struct fd_set_kept *kept_new(void)
{
	return calloc(1, sizeof(struct fd_set_kept));
}

void kept_free(struct fd_set_kept **kp)
{
	struct fd_set_kept *k = *kp;

	*kp = NULL;
	if (!k)
		return;
	for (uint32_t i = 0; i < k->n; i++)
		close(k->v[i].fd);
	free(k->v);
	free(k);
}

uint32_t kept_count(const struct fd_set_kept *k)
{
	return k->n;
}

static bool option_is_set(int fd, int level, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return !getsockopt(fd, level, option, &value, &len) && value;
}

static bool socket_look(struct kept_socket *s)
{
	socklen_t len = sizeof(s->type);

	s->len = sizeof(s->addr);
	if (getsockname(s->fd, (struct sockaddr *)&s->addr, &s->len) ||
	    getsockopt(s->fd, SOL_SOCKET, SO_TYPE, &s->type, &len))
		return false;
	if (s->type == SOCK_STREAM && !option_is_set(s->fd, SOL_SOCKET, SO_ACCEPTCONN))
		return false;
	s->v6only = s->addr.ss_family == AF_INET6 && option_is_set(s->fd, IPPROTO_IPV6, IPV6_V6ONLY);
	return s->addr.ss_family == AF_INET || s->addr.ss_family == AF_INET6 || s->addr.ss_family == AF_UNIX;
}

bool kept_add(struct fd_set_kept *k, int fd, struct str interface)
{
	struct kept_socket s = {.fd = fd};
	struct kept_socket *v;
	uint32_t cap;

	if (interface.len >= sizeof(s.interface) || !socket_look(&s))
		return false;
	snprintf(s.interface, sizeof(s.interface), "%.*s", STR_ARG(interface));
	if (k->n == k->cap) {
		cap = k->cap ? k->cap * 2 : 16;
		v = realloc(k->v, cap * sizeof(*v));
		if (!v)
			return false;
		k->v = v;
		k->cap = cap;
	}
	k->v[k->n++] = s;
	return true;
}

/* The name of a unix socket, without what a process puts behind it while it replaces an older socket:
 * "/path.<pid>.tmp". */
static struct str unix_name(const struct sockaddr_storage *addr, socklen_t len)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)addr;
	size_t room = sizeof(un->sun_path), n;
	struct str name;

	if (len < offsetof(struct sockaddr_un, sun_path))
		return STR_NONE;
	if (len - offsetof(struct sockaddr_un, sun_path) < room)
		room = len - offsetof(struct sockaddr_un, sun_path);
	if (room && !un->sun_path[0]) /* abstract: NULs fill it up to any length */
		name = str_make(un->sun_path, 1 + strnlen(un->sun_path + 1, room - 1));
	else
		name = str_make(un->sun_path, strnlen(un->sun_path, room));
	if (!str_ends(name, STR(".tmp")))
		return name;
	n = name.len - 4;
	while (n && name.ptr[n - 1] >= '0' && name.ptr[n - 1] <= '9')
		n--;
	return n > 1 && n < name.len - 4 && name.ptr[n - 1] == '.' ? str_sub(name, 0, n - 1) : name;
}

static bool addr_eq(const struct kept_socket *s, const struct sockaddr_storage *addr)
{
	const struct sockaddr_in *a = (const struct sockaddr_in *)&s->addr,
				 *b = (const struct sockaddr_in *)addr;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)a, *b6 = (const struct sockaddr_in6 *)b;

	if (s->addr.ss_family != addr->ss_family)
		return false;
	if (addr->ss_family == AF_INET)
		return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
	if (addr->ss_family == AF_INET6)
		return a6->sin6_port == b6->sin6_port && !memcmp(&a6->sin6_addr, &b6->sin6_addr, 16);
	return str_eq(unix_name(&s->addr, s->len), unix_name(addr, sizeof(struct sockaddr_un)));
}

int kept_take(struct fd_set_kept *k, const struct sockaddr_storage *addr, int type, struct str interface,
	      bool v6only)
{
	for (uint32_t i = 0; i < k->n; i++) {
		const struct kept_socket *s = &k->v[i];
		int fd = s->fd;

		if (s->type != type || !str_is(interface, s->interface) || !addr_eq(s, addr))
			continue;
		if (addr->ss_family == AF_INET6 && s->v6only != v6only)
			continue;
		k->v[i] = k->v[--k->n];
		return fd;
	}
	return -1;
}
