/* Where checks and agents knock apart from the server's own address: as configured, or as somebody wants it at run time
 * (management guide, `set server ... check-addr`, `agent-addr`). Guarded by the check's lock; any thread. */
#include "runtime/health/check_run.h"
#include "runtime/net/address.h"

bool check_move(struct server *s, bool agent, const union addr *addr, uint16_t port)
{
	struct check *k = agent ? s->agent : s->check;

	if (!k)
		return false;
	pthread_mutex_lock(&k->lock);
	if (addr)
		k->own_addr = *addr;
	if (port)
		k->own_port = port;
	pthread_mutex_unlock(&k->lock);
	return true;
}

/* As the configuration says, when nothing else was asked for. */
static void place_conf(const struct server_conf *conf, bool agent, union addr *addr, uint16_t *port)
{
	const struct addr_conf *own = agent ? server_conf_rare(conf)->agent_addr : NULL;
	const struct addr_conf *given = own ? own : conf->check_addr;
	struct sockaddr_storage ss;
	socklen_t len;

	*addr = (union addr){.family = AF_UNSPEC};
	*port = agent && conf->agent_port ? conf->agent_port : conf->check_port;
	if (given && address_from_conf(given, *port, &ss, &len))
		address_pack(addr, &ss);
}

void check_place(struct server *s, bool agent, union addr *addr, uint16_t *port)
{
	struct check *k = agent ? s->agent : s->check;

	place_conf(s->conf, agent, addr, port);
	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	if (k->own_addr.family != AF_UNSPEC)
		*addr = k->own_addr;
	if (k->own_port)
		*port = k->own_port;
	pthread_mutex_unlock(&k->lock);
}
