/* Commands that move a server, its check or its agent, and that speak for the agent (management manual, "set
 * server"). Words and answers are HAProxy 2.6's. */
#include <arpa/inet.h>
#include <stdio.h>

#include "runtime/backend/server_change.h"
#include "runtime/cli/cli_call.h"
#include "runtime/cli/cmd_server.h"
#include "runtime/health/check.h"
#include "runtime/net/address.h"

void cli_server_addr(struct cli_call *c, struct server *s)
{
	bool port = str_is(c->words[5], "port");

	if (!c->words[4].len) {
		cli_say(c, CLI_ERR, "set server <b>/<s> addr requires an address and optionally a port.");
		return;
	}
	server_move(c->worker, s, c->words[4], port ? &c->words[6] : NULL, "stats socket command", c->out);
}

static bool ip_read(struct str text, union addr *a)
{
	char ip[INET6_ADDRSTRLEN];

	if (!text.len || text.len >= sizeof(ip))
		return false;
	snprintf(ip, sizeof(ip), "%.*s", STR_ARG(text));
	*a = (union addr){.family = str_chr(text, ':') < text.len ? AF_INET6 : AF_INET};
	return inet_pton(a->family, ip,
			 a->family == AF_INET6 ? (void *)&a->in6.sin6_addr : (void *)&a->in.sin_addr) == 1;
}

static bool port_read(struct str text, uint16_t *port)
{
	uint64_t n;

	if (!str_to_u64(text, &n) || n < 1 || n > 65535)
		return false;
	*port = (uint16_t)n;
	return true;
}

/* check-addr, agent-addr: an address, perhaps `port` and a number behind it. */
void cli_server_check_addr(struct cli_call *c, struct server *s, bool agent)
{
	union addr addr;
	uint16_t port = 0;

	if (agent ? !s->agent : !s->check)
		cli_say_open(c, CLI_ERR,
			     agent ? "agent checks are not enabled on this server"
				   : "health checks are not enabled on this server");
	else if (!c->words[4].len)
		cli_say(c, CLI_ERR, "set server <b>/<s> %s requires an address and optionally a port.",
			agent ? "agent-addr" : "check-addr");
	else if (!ip_read(c->words[4], &addr))
		out_printf(c->out, "invalid addr '%.*s'", STR_ARG(c->words[4]));
	else if (str_is(c->words[5], "port") && !port_read(c->words[6], &port))
		cli_say_open(c, CLI_ERR, "provided port is invalid");
	else
		check_move(s, agent, &addr, port);
}

void cli_server_check_port(struct cli_call *c, struct server *s, bool agent)
{
	uint16_t port;
	int64_t n;

	if (agent ? !s->agent : !s->check)
		cli_say_open(c, CLI_ERR,
			     agent ? "agent checks are not enabled on this server"
				   : "health checks are not enabled on this server");
	else if (!c->words[4].len)
		cli_say(c, CLI_ERR, "set server <b>/<s> %s requires a port.",
			agent ? "agent-port" : "check-port");
	else if (!str_to_i64(c->words[4], &n))
		cli_say_open(c, CLI_ERR, "provided port is not an integer");
	else if (!port_read(c->words[4], &port))
		cli_say_open(c, CLI_ERR, "provided port is invalid");
	else
		check_move(s, agent, NULL, port);
}

void cli_server_agent(struct cli_call *c, struct server *s)
{
	bool up = str_is(c->words[4], "up");

	if (!s->agent)
		cli_say(c, CLI_ERR, "agent checks are not enabled on this server.");
	else if (!up && !str_is(c->words[4], "down"))
		cli_say(c, CLI_ERR, "'set server <srv> agent' expects 'up' or 'down'.");
	else
		check_agent_force(c->worker, s, up);
}

void cli_server_agent_send(struct cli_call *c, struct server *s)
{
	if (!s->agent)
		cli_say(c, CLI_ERR, "agent checks are not enabled on this server.");
	else if (!check_agent_send(s, c->words[4]))
		cli_say(c, CLI_ERR, "cannot allocate memory for new string.");
}

void cmd_disable_agent(struct cli_call *c)
{
	struct server *s = cli_server(c, 2);

	if (s)
		check_agent_enable(s, false);
}

void cmd_enable_agent(struct cli_call *c)
{
	struct server *s = cli_server(c, 2);

	if (s && !check_agent_enable(s, true))
		cli_say(c, CLI_ERR, "Agent was not configured on this server, cannot enable.");
}
