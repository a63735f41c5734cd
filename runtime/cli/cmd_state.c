/* `show servers state`: version 1 of the format that a server-state-file holds (management manual,
 * section 9.3). */
#include <arpa/inet.h>

#include "runtime/dns/dns.h"
#include "runtime/cli/cli_call.h"
#include "runtime/health/check.h"
#include "runtime/net/address.h"

/* srv_check_state: enabled, configured, paused. */
enum { CHECK_CONFIGURED = 2, CHECK_ENABLED = 4, CHECK_PAUSED = 8, CHECK_AGENT = 16, CHECK_RUNNING = 1 };

static uint64_t since_change(const struct worker *w, const struct server *s)
{
	uint64_t at = atomic_load(&s->last_change);

	if (!at) /* nothing has changed since the process began */
		return (uint64_t)(w->wall.tv_sec > w->process->started.tv_sec
					  ? w->wall.tv_sec - w->process->started.tv_sec
					  : 0);
	return w->now > at ? (w->now - at) / 1000 : 0;
}

static unsigned check_state(struct server *s, const struct check_report *r, bool checked)
{
	unsigned state =
		atomic_load(&s->admin) & (SRV_ADM_MAINT | SRV_ADM_IMAINT | SRV_ADM_RMAINT) ? CHECK_PAUSED : 0;

	if (!checked)
		return s->conf->disabled ? CHECK_PAUSED : 0;
	state |= CHECK_CONFIGURED | (r->running ? CHECK_RUNNING : 0);
	return state | (check_is_enabled(s) ? CHECK_ENABLED : 0);
}

static void put_ip(struct out *out, const union addr *a)
{
	char text[INET6_ADDRSTRLEN] = "-";

	if (a->family == AF_INET)
		inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof(text));
	else if (a->family == AF_INET6)
		inet_ntop(AF_INET6, &a->in6.sin6_addr, text, sizeof(text));
	out_puts(out, text);
}

static unsigned agent_state(struct server *s)
{
	struct check_report r;

	if (!check_agent_report(s, &r))
		return 0;
	return CHECK_CONFIGURED | CHECK_AGENT | (r.running ? CHECK_RUNNING : 0) |
	       (check_agent_is_enabled(s) ? CHECK_ENABLED : 0);
}

/* Port and addresses of check and agent. */
static void put_places(struct out *out, struct server *s)
{
	union addr check, agent;
	uint16_t check_port, agent_port;

	check_place(s, false, &check, &check_port);
	check_place(s, true, &agent, &agent_port);
	out_printf(out, "%u ", check_port);
	put_ip(out, &check);
	out_char(out, ' ');
	put_ip(out, &agent);
	out_printf(out, " %u\n", agent_port);
}

/* srv_op_state: one that gets warm is starting. */
static int shown_oper(const struct server *s)
{
	int oper = atomic_load(&s->oper);

	return oper == SRV_RUNNING && atomic_load(&s->warmth) != SERVER_WARM ? SRV_STARTING : oper;
}

static void put_server(struct cli_call *c, struct server *s)
{
	const struct server_conf *conf = s->conf;
	struct check_report r = {.status = CHECK_INITIAL};
	char name[256], service[256];
	bool checked = check_report(s, &r);
	bool maint = atomic_load(&s->admin) & (SRV_ADM_MAINT | SRV_ADM_IMAINT | SRV_ADM_RMAINT);

	if (!checked) /* an agent says nothing of checks */
		r.health = atomic_load(&s->oper) == SRV_STOPPED && !s->conf->track_server && !agent_state(s)
				   ? 0
				   : 2;
	out_printf(c->out, "%u %.*s %u %.*s ", s->proxy->conf->id, STR_ARG(s->proxy->conf->name), conf->id,
		   STR_ARG(conf->name));
	put_ip(c->out, server_addr(s));
	out_printf(c->out, " %d %u %u %u %llu %d %u %d %u %u 0 0 ", shown_oper(s), atomic_load(&s->admin),
		   atomic_load(&s->weight), conf->weight, (unsigned long long)since_change(c->worker, s),
		   r.status, r.result, maint && !conf->track_server ? 0 : r.health, check_state(s, &r, checked),
		   agent_state(s));
	dns_names(c->worker->process, s, name, service);
	out_printf(c->out, "%s %u %s %d ", name[0] ? name : "-",
		   server_addr(s)->family == AF_UNSPEC && !service[0] ? conf->addr.port
								      : address_port(server_addr(s)),
		   service[0] ? service : "-", conf->ssl);
	put_places(c->out, s);
}

void cmd_show_servers_state(struct cli_call *c)
{
	struct proxy *only = c->words[3].len ? cli_backend(c, 3) : NULL;

	if (c->words[3].len && !only) {
		cli_say(c, CLI_ERR, "Can't find backend.");
		return;
	}
	out_puts(
		c->out,
		"1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
		"srv_iweight "
		"srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state "
		"srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl "
		"srv_check_port "
		"srv_check_addr srv_agent_addr srv_agent_port\n");
	for (uint32_t i = 0; i < c->generation->nproxies; i++) {
		struct proxy *px = &c->generation->proxies[i];

		for (uint32_t k = 0; (!only || px == only) && k < px->nservers; k++)
			put_server(c, px->servers[k]);
	}
}
