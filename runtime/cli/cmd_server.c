/* Commands that look up or change servers: state, weight, health. Words and answers are HAProxy 2.6's. */
#include "runtime/backend/connect.h"
#include "runtime/backend/server_change.h"
#include "runtime/cli/cli_call.h"
#include "runtime/cli/cmd_server.h"
#include "runtime/dns/dns.h"
#include "runtime/health/check.h"

/* By name, or by its number behind a `#`; of that role. */
static struct proxy *proxy_find(const struct cli_call *c, struct str word, unsigned role)
{
	const struct model *m = c->generation->model;
	const struct proxy_conf *conf = map_get(role & ROLE_FRONTEND ? &m->frontends : &m->backends, word);
	int64_t id;

	if (conf)
		return generation_proxy(c->generation, conf);
	if (!word.len || word.ptr[0] != '#' || !str_to_i64(str_tail(word, 1), &id))
		return NULL;
	for (uint32_t i = 0; i < c->generation->nproxies; i++) {
		struct proxy *px = &c->generation->proxies[i];

		if (px->conf->id == id && px->conf->role & role)
			return px;
	}
	return NULL;
}

struct proxy *cli_backend(struct cli_call *c, uint32_t i)
{
	return proxy_find(c, c->words[i], ROLE_BACKEND);
}

struct proxy *cli_frontend(struct cli_call *c, uint32_t i)
{
	struct proxy *px = proxy_find(c, c->words[i], ROLE_FRONTEND);

	if (!c->words[i].len)
		cli_say(c, CLI_ERR, "A frontend name is expected.");
	else if (!px)
		cli_say(c, CLI_ERR, "No such frontend.");
	return px;
}

static struct server *server_find(struct proxy *px, struct str word)
{
	int64_t id;

	if (word.ptr[0] != '#')
		return proxy_server(px, word);
	if (!str_to_i64(str_tail(word, 1), &id))
		return NULL;
	for (uint32_t k = 0; k < px->nservers; k++)
		if (px->servers[k]->conf->id == id)
			return px->servers[k];
	return NULL;
}

struct server *cli_server(struct cli_call *c, uint32_t i)
{
	struct str word = c->words[i];
	size_t slash = str_chr(word, '/');
	struct server *s;
	struct proxy *px;

	if (!slash || slash + 1 >= word.len) {
		cli_say(c, CLI_ERR, "Require 'backend/server'.");
		return NULL;
	}
	px = proxy_find(c, str_sub(word, 0, slash), ROLE_BACKEND);
	s = px ? server_find(px, str_tail(word, slash + 1)) : NULL;
	if (!s)
		cli_say(c, CLI_ERR, px ? "No such server." : "No such backend.");
	return s;
}

/* --- weight */

void cmd_get_weight(struct cli_call *c)
{
	struct server *s = cli_server(c, 2);

	if (s)
		out_printf(c->out, "%u (initial %u)\n", atomic_load(&s->weight), s->conf->weight);
}

static bool starts_with_number(struct str word)
{
	size_t sign = word.len > 1 && (word.ptr[0] == '-' || word.ptr[0] == '+');

	return word.ptr[sign] >= '0' && word.ptr[sign] <= '9';
}

/* "10", or "50%" of the initial weight. */
static void weight_set(struct cli_call *c, struct server *s, struct str word)
{
	bool relative = word.len && word.ptr[word.len - 1] == '%';
	const char *refusal;
	int64_t n;

	if (!word.len) {
		cli_say(c, CLI_ERR, "Require <weight> or <weight%%>.");
		return;
	}
	if (!str_to_i64(str_sub(word, 0, word.len - relative), &n)) {
		cli_say_open(c, CLI_ERR,
			     starts_with_number(word) ? "Trailing garbage in weight string"
						      : "Empty weight string empty or preceded by garbage");
		return;
	}
	if (relative && n < 0) {
		cli_say(c, CLI_ERR, "Relative weight must be positive.");
		return;
	}
	if (relative)
		n = n > 25600 ? 256 : n * s->conf->weight / 100 > 256 ? 256 : n * s->conf->weight / 100;
	if (n < 0 || n > 256)
		cli_say(c, CLI_ERR, "Absolute weight can only be between 0 and 256 inclusive.");
	else if ((refusal = server_weight_refusal(s, (unsigned)n)))
		cli_say_open(c, CLI_ERR, refusal);
	else
		server_set_weight(c->worker, s, (unsigned)n);
}

void cmd_set_weight(struct cli_call *c)
{
	struct server *s = cli_server(c, 2);

	if (s)
		weight_set(c, s, c->words[3]);
}

/* --- set server */

static void server_maint(struct cli_call *c, struct server *s)
{
	server_set_admin(c->worker, s, SRV_ADM_MAINT, 0);
}

static void server_drain(struct cli_call *c, struct server *s)
{
	server_set_admin(c->worker, s, SRV_ADM_DRAIN, SRV_ADM_MAINT);
}

static void server_ready(struct cli_call *c, struct server *s)
{
	server_set_admin(c->worker, s, 0, SRV_ADM_MAINT | SRV_ADM_DRAIN);
}

static void set_state(struct cli_call *c, struct server *s)
{
	if (str_is(c->words[4], "ready"))
		server_ready(c, s);
	else if (str_is(c->words[4], "drain"))
		server_drain(c, s);
	else if (str_is(c->words[4], "maint"))
		server_maint(c, s);
	else
		cli_say(c, CLI_ERR, "'set server <srv> state' expects 'ready', 'drain' and 'maint'.");
}

static void set_health(struct cli_call *c, struct server *s)
{
	enum srv_oper oper = SRV_RUNNING;

	if (s->conf->track_server) {
		cli_say(c, CLI_ERR, "cannot change health on a tracking server.");
		return;
	}
	if (str_is(c->words[4], "down"))
		oper = SRV_STOPPED;
	else if (str_is(c->words[4], "stopping"))
		oper = SRV_STOPPING;
	else if (!str_is(c->words[4], "up")) {
		cli_say(c, CLI_ERR, "'set server <srv> health' expects 'up', 'stopping', or 'down'.");
		return;
	}
	if (!check_force(c->worker, s, oper) && atomic_load(&s->oper) != (int)oper)
		server_set_oper(c->worker, s, oper, ", changed from CLI");
}

static bool set_check(struct cli_call *c, struct server *s)
{
	struct str word = c->words[3];

	if (str_is(word, "agent"))
		cli_server_agent(c, s);
	else if (str_is(word, "agent-send"))
		cli_server_agent_send(c, s);
	else if (str_is(word, "agent-addr") || str_is(word, "check-addr"))
		cli_server_check_addr(c, s, str_is(word, "agent-addr"));
	else if (str_is(word, "agent-port") || str_is(word, "check-port"))
		cli_server_check_port(c, s, str_is(word, "agent-port"));
	else
		return false;
	return true;
}

static void set_fqdn(struct cli_call *c, struct server *s)
{
	if (!c->words[4].len)
		cli_say(c, CLI_ERR, "set server <b>/<s> fqdn requires a FQDN.");
	else if (!dns_rename(c->worker, s, c->words[4], "stats socket command", c->out))
		cli_say(c, CLI_ERR, "set server <b>/<s> fqdn failed because no resolution is configured.");
}

void cmd_set_server(struct cli_call *c)
{
	struct server *s = cli_server(c, 2);

	if (!s)
		return;
	if (str_is(c->words[3], "state"))
		set_state(c, s);
	else if (str_is(c->words[3], "weight"))
		weight_set(c, s, c->words[4]);
	else if (str_is(c->words[3], "health"))
		set_health(c, s);
	else if (str_is(c->words[3], "addr"))
		cli_server_addr(c, s);
	else if (str_is(c->words[3], "fqdn"))
		set_fqdn(c, s);
	else if (str_is(c->words[3], "ssl"))
		cli_say(c, CLI_ERR,
			"'set server <srv> ssl' cannot be set.  default-server should define ssl settings");
	else if (!set_check(c, s))
		cli_say(c, CLI_ERR,
			"usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | "
			"agent-send | "
			"check-addr | check-port | fqdn | health | ssl | state | weight");
}

/* --- enable, disable */

void cmd_disable_server(struct cli_call *c)
{
	struct server *s = cli_server(c, 2);

	if (s)
		server_maint(c, s);
}

void cmd_enable_server(struct cli_call *c)
{
	struct server *s = cli_server(c, 2);

	if (s)
		server_set_admin(c->worker, s, 0, SRV_ADM_MAINT);
}

void cmd_disable_health(struct cli_call *c)
{
	struct server *s = cli_server(c, 2);

	if (s)
		check_enable(s, false);
}

void cmd_enable_health(struct cli_call *c)
{
	struct server *s = cli_server(c, 2);

	if (s && !check_enable(s, true))
		cli_say(c, CLI_ERR, "Health check was not configured on this server, cannot enable.");
}
