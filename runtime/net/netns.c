/* Network namespaces: a thread steps into one, makes a socket there and steps back (setns(2)); the socket stays
 * where it was made. The list belongs to a generation. */
#include "runtime/net/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct netns {
	struct str name;
	int fd; /* -1: could not be opened */
};
struct netns_list {
	int home; /* the process's own */
	uint32_t n, room;
	struct netns *v;
};

static const struct netns *find(const struct netns_list *l, struct str name)
{
	for (uint32_t i = 0; l && i < l->n; i++)
		if (str_eq(l->v[i].name, name))
			return &l->v[i];
	return NULL;
}

static int open_named(struct str name)
{
	char path[256];
	int n = snprintf(path, sizeof(path), "/var/run/netns/%.*s", STR_ARG(name));

	if (n < 0 || (size_t)n >= sizeof(path))
		return -1;
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool add(struct netns_list *l, struct str name)
{
	struct netns *more;

	if (!name.len || str_is(name, "*") || find(l, name))
		return true;
	if (l->n == l->room) {
		more = realloc(l->v, (2 * (size_t)l->room + 4) * sizeof(*more));
		if (!more)
			return false;
		l->v = more;
		l->room = 2 * l->room + 4;
	}
	l->v[l->n++] = (struct netns){name, open_named(name)};
	return true;
}

static bool add_all(struct netns_list *l, const struct proxy_conf *px)
{
	bool ok = true;

	for (uint32_t i = 0; i < px->binds.n; i++)
		ok &= add(l, px->binds.v[i]->namespace_);
	for (uint32_t i = 0; i < px->servers.n; i++)
		ok &= add(l, server_conf_rare(px->servers.v[i])->namespace_);
	return ok;
}

struct netns_list *netns_list_new(const struct model *m)
{
	struct netns_list *l = calloc(1, sizeof(*l));
	bool ok = l != NULL;

	if (!l)
		return NULL;
	l->home = -1;
	for (uint32_t i = 0; i < m->proxies.n && ok; i++)
		ok = add_all(l, m->proxies.v[i]);
	for (uint32_t i = 0; i < m->global.stats_sockets.n && ok; i++)
		ok = add(l, m->global.stats_sockets.v[i]->namespace_);
	if (l->n)
		l->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (!ok || !l->n)
		netns_list_free(&l);
	return l;
}

void netns_list_free(struct netns_list **lp)
{
	struct netns_list *l = *lp;

	*lp = NULL;
	if (!l)
		return;
	for (uint32_t i = 0; i < l->n; i++)
		if (l->v[i].fd >= 0)
			close(l->v[i].fd);
	if (l->home >= 0)
		close(l->home);
	free(l->v);
	free(l);
}

int netns_socket(const struct netns_list *l, struct str name, int family, int type, int protocol)
{
	const struct netns *there;
	int fd, error;

	if (!name.len)
		return socket(family, type, protocol);
	there = find(l, name);
	if (!there || there->fd < 0 || l->home < 0) {
		errno = ENOENT;
		return -1;
	}
	if (setns(there->fd, CLONE_NEWNET))
		return -1;
	fd = socket(family, type, protocol);
	error = errno;
	if (setns(l->home, CLONE_NEWNET))
		abort(); /* all that this thread did from now on would be in the wrong network */
	errno = error;
	return fd;
}
