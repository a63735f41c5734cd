/* Families of addresses that names may lead to (manual 3.4, keyword "dns-accept-family"). A version before 3.3
 * takes both; newer ones IPv4, and IPv6 once a route leads there, which is looked at every thirty seconds.
 * Worker 0, with dns->lock held. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/dns/dns_state.h"

enum { AUTO_SINCE = 303, LOOK_AGAIN_MS = 30000 };

/* Nothing is sent: the system only looks for a route to somewhere (an address of a root name server). */
static bool is_routed(void)
{
	struct sockaddr_in6 far = {.sin6_family = AF_INET6, .sin6_port = htons(53)};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found;

	if (fd < 0)
		return false;
	found = inet_pton(AF_INET6, "2001:7fe::53", &far.sin6_addr) == 1 &&
		connect(fd, (const struct sockaddr *)&far, sizeof(far)) == 0;
	close(fd);
	return found;
}

static bool has_ipv6(struct dns *d)
{
	if (d->families & DNS_FAMILY_6)
		return true;
	if (!(d->families & DNS_FAMILY_AUTO))
		return false;
	if (d->worker->now >= d->routed_until) {
		d->routed = is_routed();
		d->routed_until = d->worker->now + LOOK_AGAIN_MS;
	}
	return d->routed;
}

bool dns_family_accepts(struct dns *d, uint16_t type)
{
	if (type == DNS_AAAA)
		return has_ipv6(d);
	return type != DNS_A || d->families & (DNS_FAMILY_4 | DNS_FAMILY_AUTO);
}

void dns_family_init(struct dns *d, const struct process *p)
{
	d->families = p->generation->model->global.dns_families;
	if (!d->families)
		d->families = p->compat >= AUTO_SINCE ? DNS_FAMILY_AUTO : DNS_FAMILY_4 | DNS_FAMILY_6;
}
