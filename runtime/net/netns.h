/* Network namespaces (manual, "namespace"): sockets of binds and servers that live in another one than the
 * process. Opened once, before a chroot could hide them, and read-only from then on: any thread. */
#ifndef LB_NET_NETNS_H
#define LB_NET_NETNS_H

#include "grammar/model.h"

struct netns_list;

/* Those that binds and servers of the model name; NULL when there are none, or memory is out. The model must
 * live as long. Main thread. */
struct netns_list *netns_list_new(const struct model *m);
void netns_list_free(struct netns_list **l);
/* Like socket(2), in the namespace `name`; empty: in that of the process. -1 with errno: ENOENT when there is
 * no such namespace, EPERM when the process may not enter it. */
int netns_socket(const struct netns_list *l, struct str name, int family, int type, int protocol);

#endif
