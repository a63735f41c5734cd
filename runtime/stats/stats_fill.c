/* Fills the rows of the statistics from proxies, sockets, servers, checks and counters. A row's texts are
 * borrowed from the model or from scratch space in the walk's frame, so that nothing is allocated. Any worker. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "runtime/backend/connect.h"
#include "runtime/backend/server_warm.h"
#include "runtime/health/check.h"
#include "runtime/net/address.h"
#include "runtime/net/listener.h"
#include "runtime/stats/socket_counters.h"
#include "runtime/stats/counters.h"
#include "runtime/stats/stats_rows.h"

struct walk {
	struct worker *worker;
	const struct stats_filter *filter;
	void (*row)(void *ctx, const struct stats_row *r);
	void *ctx;
	struct stats_value v[ST_COLUMNS];
	char status[64], name[32], check[32], agent[32], address[ADDRESS_TEXT], tracked[256];
	struct check_report report, agent_report;
};

/* --- setting values */

static void set_u32(struct walk *k, enum stats_column c, uint64_t n)
{
	k->v[c] = (struct stats_value){.kind = STATS_U32, .number = n};
}

static void set_u64(struct walk *k, enum stats_column c, uint64_t n)
{
	k->v[c] = (struct stats_value){.kind = STATS_U64, .number = n};
}

static void set_s32(struct walk *k, enum stats_column c, int64_t n)
{
	k->v[c] = (struct stats_value){.kind = STATS_S32, .signed_number = n};
}

static void set_str(struct walk *k, enum stats_column c, struct str s)
{
	k->v[c] = (struct stats_value){.kind = STATS_STR, .text = s};
}

static void set_zero(struct walk *k, enum stats_column first, enum stats_column last)
{
	for (enum stats_column c = first; c <= last; c++)
		if (c != ST_gap)
			set_u64(k, c, 0);
}

static bool is_http(const struct proxy *px)
{
	return px->conf->mode == MODE_HTTP;
}

static struct str mode_name(const struct proxy *px)
{
	switch (px->conf->mode) {
	case MODE_HTTP:
		return STR("http");
	case MODE_TCP:
		return STR("tcp");
	case MODE_HEALTH:
		return STR("health");
	case MODE_SYSLOG:
		return STR("syslog");
	}
	return STR("unknown");
}

/* Seconds since a moment of worker->now; 0 is the start of the process. */
static uint64_t seconds_since(const struct walk *k, uint64_t moment)
{
	const struct worker *w = k->worker;

	if (!moment)
		return (uint64_t)(w->wall.tv_sec > w->process->started.tv_sec
					  ? w->wall.tv_sec - w->process->started.tv_sec
					  : 0);
	return w->now > moment ? (w->now - moment) / 1000 : 0;
}

static int64_t last_session(const struct walk *k, uint64_t moment)
{
	return moment ? (int64_t)seconds_since(k, moment) : -1;
}

static void begin(struct walk *k, const struct proxy *px, struct str service, unsigned type, uint32_t sid)
{
	memset(k->v, 0, sizeof(k->v));
	set_str(k, ST_pxname, px->conf->name);
	set_str(k, ST_svname, service);
	set_u32(k, ST_pid, 1);
	set_u32(k, ST_iid, px->conf->id);
	set_u32(k, ST_sid, sid);
	set_u32(k, ST_type, type);
	set_str(k, ST_mode, mode_name(px));
}

static void end(struct walk *k, enum stats_type type, const struct proxy *px, struct server *s)
{
	struct stats_row r = {type, px, s, k->v};

	k->row(k->ctx, &r);
}

/* --- what the three kinds of counters share */

#define SET_RESPONSES(k, c)                                                                                    \
	do {                                                                                                   \
		set_u64(k, ST_hrsp_1xx, (c)->rsp_1xx);                                                         \
		set_u64(k, ST_hrsp_2xx, (c)->rsp_2xx);                                                         \
		set_u64(k, ST_hrsp_3xx, (c)->rsp_3xx);                                                         \
		set_u64(k, ST_hrsp_4xx, (c)->rsp_4xx);                                                         \
		set_u64(k, ST_hrsp_5xx, (c)->rsp_5xx);                                                         \
		set_u64(k, ST_hrsp_other, (c)->rsp_other);                                                     \
		set_u64(k, ST_req_tot, (c)->cum_req);                                                          \
	} while (0)

#define SET_TLS(k, c)                                                                                          \
	do {                                                                                                   \
		set_u64(k, ST_ssl_sess, (c)->ssl_sess);                                                        \
		set_u64(k, ST_ssl_reused_sess, (c)->ssl_reused_sess);                                          \
		set_u64(k, ST_ssl_failed_handshake, (c)->ssl_failed_handshake);                                \
	} while (0)

/* Columns of HAProxy 3.4: bytes as they came and as they went on, requests first. */
#define SET_FLOWS(k, c)                                                                                        \
	do {                                                                                                   \
		set_u64(k, ST_reqbin, (c)->bytes_in);                                                          \
		set_u64(k, ST_reqbout, (c)->sent_in);                                                          \
		set_u64(k, ST_resbin, (c)->bytes_out);                                                         \
		set_u64(k, ST_resbout, (c)->sent_out);                                                         \
	} while (0)

/* Backends and servers: everything about connections to servers. */
#define SET_SERVER_SIDE(k, c)                                                                                  \
	do {                                                                                                   \
		set_u32(k, ST_qmax, (c)->max_queue);                                                           \
		set_u32(k, ST_smax, (c)->max_sess);                                                            \
		set_u64(k, ST_stot, (c)->cum_sess);                                                            \
		set_u64(k, ST_bin, (c)->bytes_in);                                                             \
		set_u64(k, ST_bout, (c)->bytes_out);                                                           \
		set_u64(k, ST_dresp, (c)->denied_resp);                                                        \
		SET_TLS(k, c);                                                                                 \
		set_u64(k, ST_econ, (c)->failed_conns);                                                        \
		set_u64(k, ST_eresp, (c)->failed_resp);                                                        \
		set_u64(k, ST_wretr, (c)->retries);                                                            \
		set_u64(k, ST_wredis, (c)->redispatches);                                                      \
		set_u64(k, ST_lbtot, (c)->cum_lbconn);                                                         \
		set_u32(k, ST_rate, rate_read(&(c)->sess_rate, (k)->worker->now));                             \
		set_u32(k, ST_rate_max, (c)->sess_rate.max);                                                   \
		set_u64(k, ST_cli_abrt, (c)->cli_aborts);                                                      \
		set_u64(k, ST_srv_abrt, (c)->srv_aborts);                                                      \
		set_s32(k, ST_lastsess, last_session(k, (c)->last_sess));                                      \
		set_u32(k, ST_qtime, (c)->q_time / 1024);                                                      \
		set_u32(k, ST_ctime, (c)->c_time / 1024);                                                      \
		set_u32(k, ST_rtime, (c)->d_time / 1024);                                                      \
		set_u32(k, ST_ttime, (c)->t_time / 1024);                                                      \
		set_u32(k, ST_qtime_max, (c)->max_qtime);                                                      \
		set_u32(k, ST_ctime_max, (c)->max_ctime);                                                      \
		set_u32(k, ST_rtime_max, (c)->max_rtime);                                                      \
		set_u32(k, ST_ttime_max, (c)->max_ttime);                                                      \
		set_u64(k, ST_wrew, (c)->failed_rewrites);                                                     \
		set_u64(k, ST_connect, (c)->connect);                                                          \
		set_u64(k, ST_reuse, (c)->reuse);                                                              \
		set_u64(k, ST_eint, (c)->internal_errors);                                                     \
		SET_FLOWS(k, c);                                                                               \
	} while (0)

/* h2: the counters from h2_headers_rcvd on, in the order of the columns. */
static void set_h2(struct walk *k, const uint64_t *h2)
{
	for (int i = ST_h2_headers_rcvd; i <= ST_h2_backend_total_streams; i++)
		set_u64(k, i, *h2++);
}

/* Columns of the HTTP modules: ours has one connection a session and one stream a request. */
static void set_h1(struct walk *k, uint64_t open, uint64_t connections, uint64_t streams, uint64_t in,
		   uint64_t out)
{
	set_zero(k, ST_h2_headers_rcvd, ST_h1_spliced_bytes_out);
	set_u64(k, ST_h1_open_connections, open);
	set_u64(k, ST_h1_open_streams, open);
	set_u64(k, ST_h1_total_connections, connections);
	set_u64(k, ST_h1_total_streams, streams);
	set_u64(k, ST_h1_bytes_in, in);
	set_u64(k, ST_h1_bytes_out, out);
}

/* --- frontends */

/* Of frontends and of their sockets alike. */
static void fill_client_totals(struct walk *k, const struct fe_counters *c)
{
	set_u32(k, ST_smax, c->max_sess);
	set_u64(k, ST_bin, c->bytes_in);
	set_u64(k, ST_bout, c->bytes_out);
	set_u64(k, ST_dreq, c->denied_req);
	set_u64(k, ST_dresp, c->denied_resp);
	set_u64(k, ST_ereq, c->failed_req);
	set_u64(k, ST_dcon, c->denied_conn);
	set_u64(k, ST_dses, c->denied_sess);
	set_u64(k, ST_wrew, c->failed_rewrites);
	set_u64(k, ST_eint, c->internal_errors);
	SET_TLS(k, c);
	SET_FLOWS(k, c);
}

static uint64_t others(uint64_t all, uint64_t some)
{
	return all > some ? all - some : 0;
}

/* Sessions and requests by their protocol. */
static void fill_versions(struct walk *k, const struct proxy *px, const struct fe_counters *c)
{
	set_zero(k, ST_sess_other, ST_h3req);
	if (!is_http(px)) {
		set_u64(k, ST_sess_other, c->cum_sess);
		set_u64(k, ST_req_other, c->cum_req);
		return;
	}
	set_u64(k, ST_h1_sess, others(c->cum_sess, c->h2_total_connections));
	set_u64(k, ST_h2_sess, c->h2_total_connections);
	set_u64(k, ST_h1req, others(c->cum_req, c->h2_backend_total_streams));
	set_u64(k, ST_h2req, c->h2_backend_total_streams);
}

static void fill_frontend_totals(struct walk *k, struct proxy *px, const struct fe_counters *c)
{
	fill_client_totals(k, c);
	fill_versions(k, px, c);
	set_u64(k, ST_stot, c->cum_sess);
	set_u64(k, ST_conn_tot, c->cum_conn);
	set_u64(k, ST_comp_in, c->comp_in);
	set_u64(k, ST_comp_out, c->comp_out);
	set_u64(k, ST_comp_byp, c->comp_byp);
	set_u64(k, ST_comp_rsp, c->comp_rsp);
	if (!is_http(px)) {
		set_u64(k, ST_req_tot, c->cum_req);
		set_h1(k, 0, 0, 0, 0, 0);
		return;
	}
	SET_RESPONSES(k, c);
	set_u64(k, ST_intercepted, c->intercepted);
	set_u64(k, ST_cache_lookups, c->cache_lookups);
	set_u64(k, ST_cache_hits, c->cache_hits);
	set_h1(k, atomic_load(&px->fe_conns), c->cum_conn, c->cum_req, c->bytes_in, c->bytes_out);
	set_h2(k, &c->h2_headers_rcvd);
}

static void fill_frontend_rates(struct walk *k, const struct proxy *px, const struct fe_counters *c)
{
	uint64_t now = k->worker->now;

	set_u32(k, ST_rate, rate_read(&c->sess_rate, now));
	set_u32(k, ST_rate_lim, px->conf->rate_limit_sessions);
	set_u32(k, ST_rate_max, c->sess_rate.max);
	set_u32(k, ST_req_rate, rate_read(&c->req_rate, now));
	set_u32(k, ST_req_rate_max, c->req_rate.max);
	set_u32(k, ST_conn_rate, rate_read(&c->conn_rate, now));
	set_u32(k, ST_conn_rate_max, c->conn_rate.max);
}

static void frontend_row(struct walk *k, struct proxy *px)
{
	uint32_t now = atomic_load(&px->fe_conns), most = atomic_load(&px->maxconn);
	struct fe_counters c;

	if (!most)
		most = k->worker->process->maxconn;
	counters_fe_sum(k->worker->process, px->index, &c);
	begin(k, px, STR("FRONTEND"), 0, 0);
	set_u32(k, ST_scur, now);
	set_u32(k, ST_slim, most);
	set_str(k, ST_status,
		px->stopped           ? STR("STOP")
		: px->paused          ? STR("PAUSED")
		: most && now >= most ? STR("FULL")
				      : STR("OPEN"));
	fill_frontend_totals(k, px, &c);
	fill_frontend_rates(k, px, &c);
	end(k, STATS_FRONTEND, px, NULL);
}

/* --- servers */

static struct str address_shown(struct walk *k, const union addr *addr)
{
	struct sockaddr_storage ss = {0};

	if (addr->family == AF_UNIX)
		return STR("unix");
	memcpy(&ss, addr, sizeof(*addr));
	if (addr->family == AF_INET6) {
		char ip[INET6_ADDRSTRLEN];

		inet_ntop(AF_INET6, &addr->in6.sin6_addr, ip, sizeof(ip));
		snprintf(k->address, sizeof(k->address), "[%s]:%u", ip, address_port(addr));
		return str_from(k->address);
	}
	return addr->family == AF_INET ? str_from(address_text(&ss, address_len(addr), k->address)) : STR("");
}

static void fill_check(struct walk *k, struct server *s)
{
	struct check_report *r = &k->report;

	if (!check_report(s, r) || !check_is_enabled(s) || atomic_load(&s->admin) & SRV_ADM_MAINT)
		return;
	snprintf(k->check, sizeof(k->check), "%s%s", r->running ? "* " : "", check_status_word(r->status));
	set_str(k, ST_check_status, str_from(k->check));
	if (check_status_has_code(r->status))
		set_u32(k, ST_check_code, (uint32_t)r->code);
	if (r->duration >= 0)
		set_u64(k, ST_check_duration, (uint64_t)r->duration);
	set_str(k, ST_check_desc, str_from(check_status_text(r->status)));
	set_str(k, ST_last_chk, str_from(r->info));
	set_u32(k, ST_check_rise, (uint64_t)r->rise);
	set_u32(k, ST_check_fall, (uint64_t)r->fall);
	set_u32(k, ST_check_health, (uint64_t)r->health);
}

static void fill_agent(struct walk *k, struct server *s)
{
	struct check_report *r = &k->agent_report;

	if (!check_agent_report(s, r))
		return;
	snprintf(k->agent, sizeof(k->agent), "%s%s", r->running ? "* " : "", check_status_word(r->status));
	set_str(k, ST_agent_status, str_from(k->agent));
	if (check_status_has_code(r->status))
		set_u32(k, ST_agent_code, (uint32_t)r->code);
	if (r->duration >= 0)
		set_u64(k, ST_agent_duration, (uint64_t)r->duration);
	set_str(k, ST_agent_desc, str_from(check_status_text(r->status)));
	set_str(k, ST_last_agt, str_from(r->info));
	set_u32(k, ST_agent_rise, (uint64_t)r->rise);
	set_u32(k, ST_agent_fall, (uint64_t)r->fall);
	set_u32(k, ST_agent_health, (uint64_t)r->health);
}

static void fill_tracked(struct walk *k, const struct server *s)
{
	const struct server_conf *t = s->conf->track_server;

	if (!t)
		return;
	snprintf(k->tracked, sizeof(k->tracked), "%.*s/%.*s", STR_ARG(t->proxy->name), STR_ARG(t->name));
	set_str(k, ST_tracked, str_from(k->tracked));
}

/* While it gets warm: per cent, as HAProxy rounds them. */
static void fill_throttle(struct walk *k, const struct server *s)
{
	uint32_t weight = atomic_load(&s->weight), warmth = atomic_load(&s->warmth);

	if (warmth == SERVER_WARM || !weight || !server_is_usable((struct server *)s))
		return;
	set_u32(k, ST_throttle,
		balance_is_static(s->proxy)
			? 100
			: (100 * weight * warmth + SERVER_WARM - 1) / (SERVER_WARM * weight));
}

static void fill_server_state(struct walk *k, struct server *s)
{
	uint32_t weight = atomic_load(&s->weight), limit = atomic_load(&s->maxconn);

	server_state_text(s, k->status, sizeof(k->status));
	set_str(k, ST_status, str_from(k->status));
	set_u32(k, ST_qcur, atomic_load(&s->queued));
	set_u32(k, ST_scur, atomic_load(&s->conns));
	if (limit)
		set_u32(k, ST_slim, limit);
	if (s->conf->maxqueue)
		set_u32(k, ST_qlimit, s->conf->maxqueue);
	set_u32(k, ST_weight, balance_is_static(s->proxy) ? weight : server_shown_weight(s));
	set_u32(k, ST_uweight, weight);
	fill_throttle(k, s);
	set_u32(k, ST_act, !s->conf->backup);
	set_u32(k, ST_bck, s->conf->backup);
	set_u32(k, ST_lastchg, seconds_since(k, atomic_load(&s->last_change)));
	if (k->filter->legends)
		set_str(k, ST_addr, address_shown(k, server_addr(s)));
	if (s->conf->cookie.len && k->filter->legends)
		set_str(k, ST_cookie, s->conf->cookie);
	set_u32(k, ST_srv_icur, atomic_load(&s->idle));
	if (s->conf->pool_max_conn >= 0)
		set_u32(k, ST_src_ilim, (uint64_t)s->conf->pool_max_conn);
	set_u32(k, ST_srid, s->revision);
	set_u32(k, ST_priv_idle_cur, atomic_load(&s->idle_private));
	set_u32(k, ST_idle_conn_cur, 0);
	set_u32(k, ST_safe_conn_cur, atomic_load(&s->idle));
	set_u32(k, ST_used_conn_cur, atomic_load(&s->conns));
	set_u32(k, ST_need_conn_est, srv_conns_need(s));
	fill_tracked(k, s);
}

static void server_row(struct walk *k, struct proxy *px, struct server *s)
{
	struct srv_counters c;

	counters_srv_sum(k->worker->process, s->index, &c);
	begin(k, px, s->conf->name, 2, s->conf->id);
	fill_server_state(k, s);
	SET_SERVER_SIDE(k, &c);
	if (is_http(px))
		SET_RESPONSES(k, &c);
	if (s->conf->observe)
		set_u64(k, ST_hanafail, c.failed_hana);
	if (check_is_enabled(s)) {
		uint64_t down = atomic_load(&s->oper) == SRV_STOPPED
					? seconds_since(k, atomic_load(&s->last_change))
					: 0;

		set_u64(k, ST_chkfail, c.failed_checks);
		set_u64(k, ST_chkdown, c.down_trans);
		set_u32(k, ST_downtime, atomic_load(&s->down_time) / 1000 + down);
	}
	if (s->check || s->agent) {
		fill_check(k, s);
		fill_agent(k, s);
	}
	end(k, STATS_SERVER, px, s);
}

/* --- listeners: of frontends with `option socket-stats` */

static struct str protocol_name(int family)
{
	return family == AF_INET ? STR("tcpv4") : family == AF_INET6 ? STR("tcpv6") : STR("unix_stream");
}

static void listener_row(struct walk *k, struct proxy *px, struct listener *l)
{
	struct str name = l->conf->name;
	struct fe_counters c;
	union addr addr;

	if (!name.len) {
		snprintf(k->name, sizeof(k->name), "sock-%u", l->id);
		name = str_from(k->name);
	}
	address_pack(&addr, &l->addr);
	socket_counters_sum(l->counters, &c);
	begin(k, px, name, 3, l->id);
	set_u32(k, ST_scur, socket_counters_open(l->counters));
	set_u32(k, ST_slim, l->conf->maxconn);
	set_str(k, ST_status, listener_status(l));
	if (k->filter->legends)
		set_str(k, ST_addr, address_shown(k, &addr));
	set_str(k, ST_proto, protocol_name(addr.family));
	fill_client_totals(k, &c);
	set_u64(k, ST_stot, c.cum_conn); /* connections, those that rules refused included */
	end(k, STATS_LISTENER, px, NULL);
}

/* --- backends */

/* Sixteenths. */
static uint32_t scaled_weight(const struct server *s)
{
	return atomic_load(&s->weight) * (balance_is_static(s->proxy) ? SERVER_WARM : atomic_load(&s->warmth));
}

/* Usable servers and their weight: the backup ones only count while no other is usable. */
static void fill_backend_servers(struct walk *k, struct proxy *px)
{
	uint32_t act = 0, bck = 0, weight = 0, spare = 0, user = 0, user_spare = 0;

	for (uint32_t i = 0; i < px->nservers; i++) {
		struct server *s = px->servers[i];

		if (!server_is_usable(s) || atomic_load(&s->oper) == SRV_STOPPING)
			continue;
		if (!s->conf->backup) {
			user += atomic_load(&s->weight);
			weight += scaled_weight(s);
			act++;
		} else if (!bck++ || proxy_option_is_set(px->conf, PO_ALLBACKUPS)) {
			user_spare += atomic_load(&s->weight);
			spare += scaled_weight(s);
		}
	}
	set_u32(k, ST_weight, ((act ? weight : spare) + SERVER_WARM - 1) / SERVER_WARM);
	set_u32(k, ST_uweight, act ? user : user_spare);
	set_u32(k, ST_act, act);
	set_u32(k, ST_bck, bck);
	/* Without the rows of all servers the numbers have to tell. */
	snprintf(k->status, sizeof(k->status), k->filter->up_only || k->filter->no_maint ? "%s (%u/%u)" : "%s",
		 !px->nservers || act || bck ? "UP" : "DOWN", act + bck, px->nservers);
	set_str(k, ST_status, str_from(k->status));
}

static void fill_backend_http(struct walk *k, struct proxy *px, const struct be_counters *c)
{
	set_u64(k, ST_comp_in, c->comp_in);
	set_u64(k, ST_comp_out, c->comp_out);
	set_u64(k, ST_comp_byp, c->comp_byp);
	set_u64(k, ST_comp_rsp, c->comp_rsp);
	if (!is_http(px)) {
		set_h1(k, 0, 0, 0, 0, 0);
		return;
	}
	SET_RESPONSES(k, c);
	set_u64(k, ST_cache_lookups, c->cache_lookups);
	set_u64(k, ST_cache_hits, c->cache_hits);
	set_h1(k, atomic_load(&px->served), c->connect, c->cum_req, c->bytes_out, c->bytes_in);
	set_h2(k, &c->h2_headers_rcvd);
}

static void backend_row(struct walk *k, struct proxy *px)
{
	struct be_counters c;

	counters_be_sum(k->worker->process, px->index, &c);
	begin(k, px, STR("BACKEND"), 1, 0);
	fill_backend_servers(k, px);
	SET_SERVER_SIDE(k, &c);
	set_u32(k, ST_qcur, atomic_load(&px->queued_any));
	set_u32(k, ST_scur, atomic_load(&px->be_conns));
	set_u32(k, ST_slim, px->conf->fullconn);
	set_u64(k, ST_dreq, c.denied_req);
	set_u64(k, ST_chkdown, c.down_trans);
	set_u32(k, ST_lastchg, seconds_since(k, atomic_load(&px->last_change)));
	if (px->nservers)
		set_u32(k, ST_downtime, atomic_load(&px->down_time) / 1000);
	if (px->conf->cookie.name.len && k->filter->legends)
		set_str(k, ST_cookie, px->conf->cookie.name);
	if (k->filter->legends)
		set_str(k, ST_algo, str_from(balance_name(px->conf->balance.kind)));
	set_u32(k, ST_agg_server_status, 0);
	set_u32(k, ST_agg_server_check_status, 0);
	set_u32(k, ST_agg_check_status, 0);
	fill_backend_http(k, px, &c);
	end(k, STATS_BACKEND, px, NULL);
}

/* --- the walk */

/* Manual, "stats scope": names, "." for the proxy itself. */
static bool in_scope(const struct stats_filter *f, const struct proxy *px)
{
	const struct stats_conf *conf = f->scope_of ? &f->scope_of->conf->stats : NULL;

	if (f->named.len && !memmem(px->conf->name.ptr, px->conf->name.len, f->named.ptr, f->named.len))
		return false;
	if (!conf || !conf->scopes.n)
		return true;
	for (uint32_t i = 0; i < conf->scopes.n; i++) {
		struct str name = conf->scopes.v[i];

		if (str_is(name, ".") ? px == f->scope_of : str_eq(name, px->conf->name))
			return true;
	}
	return false;
}

static bool server_wanted(const struct stats_filter *f, struct server *s)
{
	unsigned maint = SRV_ADM_MAINT | SRV_ADM_IMAINT | SRV_ADM_RMAINT;

	if (f->server_id != -1 && f->server_id != (int64_t)s->conf->id)
		return false;
	if (f->up_only && atomic_load(&s->oper) == SRV_STOPPED)
		return false;
	return !f->no_maint || !(atomic_load(&s->admin) & maint);
}

static void proxy_rows(struct walk *k, struct proxy *px)
{
	const struct stats_filter *f = k->filter;

	if (px->conf->role & ROLE_FRONTEND && f->types & STATS_FRONTEND)
		frontend_row(k, px);
	if (f->types & STATS_LISTENER)
		for (struct listener *l = px->sockets; l; l = l->next_socket)
			if (f->server_id == -1 || f->server_id == (int64_t)l->id)
				listener_row(k, px, l);
	if (f->types & STATS_SERVER)
		for (uint32_t i = 0; i < px->nservers; i++)
			if (server_wanted(f, px->servers[i]))
				server_row(k, px, px->servers[i]);
	if (px->conf->role & ROLE_BACKEND && f->types & STATS_BACKEND)
		backend_row(k, px);
}

void stats_each(struct worker *w, const struct stats_filter *f,
		void (*row)(void *ctx, const struct stats_row *r), void *ctx)
{
	struct generation *g = w->process->generation;
	struct walk k = {.worker = w, .filter = f, .row = row, .ctx = ctx};

	for (uint32_t i = 0; i < g->nproxies; i++) {
		struct proxy *px = &g->proxies[i];

		if (px->conf->disabled || (f->proxy_id != -1 && f->proxy_id != (int64_t)px->conf->id) ||
		    !in_scope(f, px))
			continue;
		proxy_rows(&k, px);
	}
}
