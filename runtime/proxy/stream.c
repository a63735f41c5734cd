/* Streams: what mode tcp and mode http have in common around one exchange. The embedding struct owns it and
 * lives in the worker's pool; the session owns that. */
#include "runtime/dns/lookup.h"
#include "runtime/proxy/stream.h"

#include "runtime/backend/balance_key.h"
#include "runtime/core/log.h"
#include "runtime/eval/regex_limit.h"
#include "runtime/eval/sample.h"
#include "runtime/http/mux.h"
#include "runtime/net/address.h"
#include "runtime/stats/counters.h"
#include "runtime/stick/track.h"
#include "runtime/tls/tls.h"

enum { AVERAGE_OVER = 1024 };

static void log_init_record(struct log_record *log, struct session *session)
{
	log->accept_date = session->accept_date;
	if (session->listener->tls) {
		log->tls_version = tls_conn_version(&session_root(session)->conn);
		log->tls_cipher = tls_conn_cipher(&session_root(session)->conn);
	}
	log->t_handshake = session->requests ? 0 : (int32_t)session->handshake_ms;
	log->t_idle = log->t_request = log->t_queue = log->t_connect = log->t_response = log->t_data = -1;
	log->cause = log->state = log->cookie_cli = log->cookie_srv = '-';
	log->log_level = LL_INFO;
}

static const union addr *request_dst(struct srv_request *r)
{
	return stream_dst((struct stream *)((char *)r - offsetof(struct stream, server)));
}

/* Without `sni` the host name of the request, from HAProxy 3.3 on (manual, "sni-auto"). */
static struct str host_name(const struct stream *s, const struct server_conf *conf)
{
	const struct model *m = s->session->generation->model;
	struct http_hdr *field;
	struct str host;

	if (m->compat < 303 || server_conf_tls(conf)->no_sni_auto || !s->req)
		return STR_NONE;
	field = http_find_id(s->req, HN_HOST, NULL);
	if (!field)
		return STR_NONE;
	host = str_make(field->value, field->value_len);
	return host.len && host.ptr[0] == '[' ? STR_NONE : str_sub(host, 0, str_chr(host, ':'));
}

/* For srv_request.sni. */
static struct str request_sni(struct srv_request *r)
{
	struct stream *s = (struct stream *)((char *)r - offsetof(struct stream, server));
	const struct server_conf *conf = r->server->conf;
	const struct sample_expr *sni = server_conf_tls(conf)->sni;
	struct str text;
	struct eval e;

	if (!sni)
		return host_name(s, conf);
	stream_eval(s, &e, AT(BE_SRV_CONN));
	return sample_text(&e, sni, &text) ? text : STR_NONE;
}

/* For srv_request.pool_name. */
static struct str request_pool_name(struct srv_request *r)
{
	struct stream *s = (struct stream *)((char *)r - offsetof(struct stream, server));
	struct str text;
	struct eval e;

	stream_eval(s, &e, AT(BE_SRV_CONN));
	return sample_text(&e, server_conf_rare(r->server->conf)->pool_name, &text) ? text : STR_NONE;
}

/* For srv_request.spoofed. */
static bool request_spoofed(struct srv_request *r, const struct sample_expr *expr, union addr *out)
{
	struct stream *s = (struct stream *)((char *)r - offsetof(struct stream, server));
	struct sample value;
	struct eval e;

	stream_eval(s, &e, AT(BE_SRV_CONN));
	if (!sample_eval(&e, expr, &value) || !sample_cast(&e, &value, SMP_ADDR))
		return false;
	memset(out, 0, sizeof(*out));
	out->family = value.type == SMP_IPV4 ? AF_INET : AF_INET6;
	if (out->family == AF_INET)
		memcpy(&out->in.sin_addr, value.ip, sizeof(out->in.sin_addr));
	else
		memcpy(&out->in6.sin6_addr, value.ip, sizeof(out->in6.sin6_addr));
	return true;
}

void stream_init(struct stream *s, struct session *session, struct proxy *backend)
{
	struct worker *w = session->conn.worker;

	memset(s, 0, sizeof(*s));
	s->session = session;
	s->backend = backend;
	s->begun = w->now;
	s->server.worker = w;
	s->server.room = &s->scratch;
	s->server.logged = session->frontend->conf->log_targets.n;
	s->server.client = &session->src;
	s->server.client_dst = request_dst;
	s->server.bind = session->listener->conf;
	s->server.sni = request_sni;
	s->server.pool_name = request_pool_name;
	s->server.spoofed = request_spoofed;
	s->server.client_tls = session->listener->tls ? &session_root(session)->conn : NULL;
	s->server.proxy_fields = stream_proxy_fields;
	list_init(&s->server.queue_node);
	scratch_init(&s->scratch, &w->scratch);
	log_init_record(&s->log, session);
	session->stream = s;
}

/* What rules know of the server: nothing where no server was chosen (manual, "dispatch"). */
static const struct server_conf *stream_server_conf(const struct stream *s)
{
	const struct server *server = s->server.server;

	return server && server != server->proxy->straight ? server->conf : NULL;
}

void stream_eval(struct stream *s, struct eval *e, uint32_t place)
{
	session_eval(s->session, e, place, &s->scratch);
	e->backend = s->backend ? s->backend->conf : NULL;
	e->server = stream_server_conf(s);
	if (s->server_dst.family != AF_UNSPEC) {
		e->server_src = &s->server_src;
		e->server_dst = &s->server_dst;
	}
	if (s->server.conn) {
		e->server_tls = conn_carrier(&s->server.conn->conn)->transport_state;
		e->server_conn = &s->server.conn->conn;
		e->server_fd = conn_carrier(&s->server.conn->conn)->io.fd;
	} else if (s->server.past) {
		e->server_past = s->server.past;
		e->server_tls = s->server.past->tls;
	}
	e->settings = &s->settings;
	e->first_request = s->session->requests <= 1;
	if (s->settings)
		session_settings_eval(s->settings, e);
	e->log = &s->log;
	e->last_rule = &s->last_rule;
	e->server_dst_known = s->log.t_connect >= 0;
	e->req = s->req;
	e->res = s->res;
	e->cap_req = s->cap_req;
	e->cap_res = s->cap_res;
	e->stream_track = &s->track;
	e->request_counted = s->counted_request;
	e->vars[VAR_TXN] = &s->txn_vars;
	e->vars[VAR_REQ] = &s->req_vars;
	e->vars[VAR_RES] = &s->res_vars;
	if (e->observer && e->observer->prepare)
		e->observer->prepare(e->observer->ctx, e);
}

struct proxy *stream_set_backend(struct stream *s, const struct proxy_conf *conf)
{
	struct worker *w = s->session->conn.worker;
	struct proxy *fe = s->session->frontend,
		     *px = conf ? generation_proxy(s->session->generation, conf) : NULL;
	struct be_counters *be;
	uint32_t open;

	if (!px && !conf && fe->conf->role & ROLE_BACKEND)
		px = fe;
	s->backend = s->server.backend = px;
	if (!px)
		return NULL;
	be = counters_be(w, px->index);
	open = atomic_fetch_add_explicit(&px->be_conns, 1, memory_order_relaxed) + 1;
	if (open > be->max_sess)
		be->max_sess = open;
	be->cum_sess++;
	rate_add(&be->sess_rate, w->now, 1);
	s->counted_backend = true;
	return px;
}

void stream_use_server(struct stream *s, struct eval *e)
{
	const struct proxy_conf *conf = s->backend->conf;

	for (uint32_t i = 0; i < conf->use_server.n; i++) {
		const struct switch_rule *rule = &conf->use_server.v[i];
		struct server *server;
		bool matched = cond_eval(e, rule->cond);

		eval_switched(e, rule, matched);
		if (!matched)
			continue;
		server = generation_server(s->session->generation, rule->server);
		if (!server || !(server_is_reachable(server) || proxy_option_is_set(conf, PO_PERSIST)))
			continue;
		s->server.server = server;
		s->server.forced = proxy_option_is_set(conf, PO_PERSIST);
		return;
	}
}

void stream_balance(struct stream *s)
{
	const struct proxy_conf *conf = s->backend->conf;
	struct eval e;

	if (conf->balance.kind == BAL_RDP_COOKIE)
		return; /* stream_rdp.c */
	if (conf->balance.kind != BAL_HASH) {
		balance_key(&s->server, s->req);
		return;
	}
	stream_eval(s, &e, AT(BE_SET_SRV));
	balance_key_expr(&s->server, &e);
}

void stream_connected(struct stream *s)
{
	int fd = conn_carrier(&s->server.conn->conn)->io.fd;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	s->log.reused = !s->server.conn->fresh;
	s->log.srv_queue = s->server.srv_queue_pos;
	s->log.backend_queue = s->server.backend_queue_pos;
	if (!s->session->frontend->logs_server_addrs)
		return;
	if (!getsockname(fd, (struct sockaddr *)&ss, &len))
		address_pack(&s->server_src, &ss);
	len = sizeof(ss);
	if (!getpeername(fd, (struct sockaddr *)&ss, &len))
		address_pack(&s->server_dst, &ss);
}

void stream_end(struct stream *s, char cause, char state)
{
	if (s->log.cause != '-')
		return;
	s->log.cause = cause;
	s->log.state = state;
}

void stream_count(struct stream *s, int event)
{
	uint64_t now = s->session->conn.worker->now;

	if (session_root(s->session)->track)
		stick_count(session_root(s->session)->track, (enum stick_event)event, now, 1);
	if (s->track)
		stick_count(s->track, (enum stick_event)event, now, 1);
}

/* What went on to the server and to the client, which columns of HAProxy 3.4 tell apart from what came. In mode
 * tcp it is the same. */
static void count_sent(struct stream *s)
{
	struct worker *w = s->session->conn.worker;
	const struct log_record *log = &s->log;
	uint64_t in = s->req ? log->sent_in : log->t_connect >= 0 ? log->bytes_in : 0;
	uint64_t out = s->req ? log->sent_out : log->bytes_out;
	struct fe_counters *fe = counters_fe(w, s->session->frontend->index);

	in -= s->counted_sent_in;
	out -= s->counted_sent_out;
	s->counted_sent_in += in;
	s->counted_sent_out += out;
	fe->sent_in += in;
	fe->sent_out += out;
	if (s->session->socket_counters) {
		s->session->socket_counters->sent_in += in;
		s->session->socket_counters->sent_out += out;
	}
	if (s->counted_backend) {
		counters_be(w, s->backend->index)->sent_in += in;
		counters_be(w, s->backend->index)->sent_out += out;
	}
	if (s->server.server) {
		counters_srv(w, s->server.server->index)->sent_in += in;
		counters_srv(w, s->server.server->index)->sent_out += out;
	}
}

void stream_count_bytes(struct stream *s)
{
	struct worker *w = s->session->conn.worker;
	uint64_t in = s->log.bytes_in - s->counted_in, out = s->log.bytes_out - s->counted_out;
	struct fe_counters *fe = counters_fe(w, s->session->frontend->index);
	const struct proxy_conf *fe_conf = s->session->frontend->conf;

	s->counted_in = s->log.bytes_in;
	s->counted_out = s->log.bytes_out;
	fe->bytes_in += in;
	fe->bytes_out += out;
	if (s->session->socket_counters) {
		s->session->socket_counters->bytes_in += in;
		s->session->socket_counters->bytes_out += out;
	}
	if (s->counted_backend ||
	    fe_conf->role & ROLE_BACKEND) { /* both sides of a `listen` that answers by itself */
		struct be_counters *be =
			counters_be(w, s->counted_backend ? s->backend->index : s->session->frontend->index);

		be->bytes_in += in;
		be->bytes_out += out;
	}
	if (s->server.server) {
		struct srv_counters *srv = counters_srv(w, s->server.server->index);

		srv->bytes_in += in;
		srv->bytes_out += out;
	}
	if (w->process->compat > 206)
		count_sent(s);
	if (session_root(s->session)->track && in + out)
		stick_count_bytes(session_root(s->session)->track, w->now, in, out);
	if (s->track && in + out)
		stick_count_bytes(s->track, w->now, in, out);
}

/* Running average of the last AVERAGE_OVER values, in 1/1024: exact while there are fewer. */
static void average_add(uint64_t *average, uint64_t count, int32_t value)
{
	uint64_t n = count < AVERAGE_OVER ? count + 1 : AVERAGE_OVER;
	int64_t step = ((int64_t)(value < 0 ? 0 : value) * AVERAGE_OVER - (int64_t)*average) / (int64_t)n;

	*average = (uint64_t)((int64_t)*average + step);
}

static void time_count(uint64_t *average, uint64_t *max, uint64_t count, int32_t value)
{
	average_add(average, count, value);
	counters_peak(max, value < 0 ? 0 : (uint64_t)value);
}

static void count_times(struct stream *s)
{
	struct worker *w = s->session->conn.worker;
	const struct log_record *log = &s->log;
	struct srv_counters *srv;
	struct be_counters *be;

	if (!s->counted_backend || !s->server.server || log->t_connect < 0)
		return;
	be = counters_be(w, s->backend->index);
	srv = counters_srv(w, s->server.server->index);
	time_count(&be->q_time, &be->max_qtime, be->cum_lbconn, log->t_queue);
	time_count(&be->c_time, &be->max_ctime, be->cum_lbconn, log->t_connect);
	time_count(&be->d_time, &be->max_rtime, be->cum_lbconn, log->t_response);
	time_count(&be->t_time, &be->max_ttime, be->cum_lbconn, log->t_total);
	time_count(&srv->q_time, &srv->max_qtime, srv->cum_lbconn, log->t_queue);
	time_count(&srv->c_time, &srv->max_ctime, srv->cum_lbconn, log->t_connect);
	time_count(&srv->d_time, &srv->max_rtime, srv->cum_lbconn, log->t_response);
	time_count(&srv->t_time, &srv->max_ttime, srv->cum_lbconn, log->t_total);
}

static int64_t since_0(int32_t ms)
{
	return ms < 0 ? 0 : ms;
}

/* Tunnels may stay for longer than the 24 days that a field can tell. */
static int32_t as_ms(int64_t ms)
{
	return ms < 0 ? 0 : ms < INT32_MAX ? (int32_t)ms : INT32_MAX;
}

/* Manual, section 8.4: what was active, with what came before it, and what is left of it for the data. */
static void log_times(struct stream *s)
{
	struct log_record *log = &s->log;
	int64_t active = (int64_t)(s->session->conn.worker->now - s->begun);
	int64_t before = since_0(log->t_request) + since_0(log->t_queue) + since_0(log->t_connect) +
			 since_0(log->t_response);

	log->t_active = as_ms(active);
	log->t_total = as_ms(active + since_0(log->t_idle) + log->t_handshake);
	log->t_user = as_ms(active + log->t_handshake);
	if (log->t_response >= 0)
		log->t_data = as_ms(active - before);
}

/* The counts as HAProxy logs them: without this stream at the backend and the server, with its connection at
 * the frontend. */
static void log_close(struct stream *s)
{
	struct session *session = s->session;
	struct log_record *log = &s->log;
	struct server *server = s->server.server;

	log_times(s);
	log->retries = s->server.retries;
	log->redispatched = s->server.redispatched;
	log->srv_queue = s->server.srv_queue_pos;
	log->backend_queue = s->server.backend_queue_pos;
	log->actconn = atomic_load_explicit(&session->conn.worker->process->connections, memory_order_relaxed);
	log->feconn = atomic_load_explicit(&session->frontend->fe_conns, memory_order_relaxed);
	log->beconn = s->backend ? atomic_load_explicit(&s->backend->be_conns, memory_order_relaxed) : 0;
	log->srvconn = server && s->server.counted ? atomic_load_explicit(&server->conns, memory_order_relaxed)
						   : s->server.srvconn;
	log->frontend = session->frontend->conf->name;
	log->backend = s->backend ? s->backend->conf->name : session->frontend->conf->name;
	if (server || !log->by_service)
		log->server = server ? server->conf->name : STR_NONE;
	log->bind_name = session->listener->conf->name;
	log->frontend_port = session->listener->port;
	log->frontend_tls = session->listener->tls != NULL;
}

/* Does the frontend want to hear of this one? */
static bool log_wanted(const struct stream *s)
{
	const struct proxy_conf *fe = s->session->frontend->conf;

	if (!fe->log_targets.n || s->log.log_level < 0)
		return false;
	if (fe->log_steps && !(fe->log_steps >> LSTEP_CLOSE & 1))
		return false;
	if (!s->log.bytes_in && !s->seen_bytes && proxy_option_is_set(fe, PO_DONTLOGNULL))
		return false;
	return !proxy_option_is_set(fe, PO_DONTLOG_NORMAL) || log_is_failure(&s->log);
}

static void log_emit(struct stream *s)
{
	struct eval e;

	stream_eval(s, &e, AT(FE_LOG));
	log_traffic(s->session->conn.worker, s->session->frontend, &e);
	s->logged = true;
}

void stream_log(struct stream *s)
{
	if (s->logged || !s->session->frontend->conf->log_targets.n)
		return;
	log_close(s);
	log_emit(s);
}

static void log_at(struct stream *s, unsigned step, const struct log_profile_conf *profile)
{
	struct eval e;

	if (!s->session->frontend->conf->log_targets.n || s->log.log_level < 0)
		return;
	log_close(s);
	stream_eval(s, &e, AT(FE_LOG));
	log_traffic_at(s->session->conn.worker, s->session->frontend, &e, step, profile);
}

void stream_log_now(struct stream *s, const struct rule *rule)
{
	log_at(s, (unsigned)rule->num, rule->profile);
}

void stream_log_step(struct stream *s, unsigned step)
{
	if (s->session->frontend->conf->log_steps >> step & 1)
		log_at(s, step, NULL);
}

void stream_server_setup(struct stream *s)
{
	s->server.client = stream_src(s);
	s->server.settings = s->settings;
}

static void vars_free(const struct worker *w, struct eval_vars **vars)
{
	if (*vars)
		eval_vars_free(vars, w->host.vars_total);
}

void stream_discard(struct stream *s)
{
	struct session *session = s->session;

	stream_called_last(s);
	srv_request_forget(&s->server);
	dns_lookup_end(&s->lookup);
	if (s->track && !session->track) {
		session->track = s->track;
		s->track = NULL;
	}
	if (s->track)
		stick_track_end(session->generation->engines[session->conn.worker->id], &s->track,
				session->conn.worker->now);
	vars_free(session->conn.worker, &s->txn_vars);
	vars_free(session->conn.worker, &s->req_vars);
	vars_free(session->conn.worker, &s->res_vars);
	scratch_reset(&s->scratch);
	session->stream = NULL;
}

static void tell_stage(struct stream *s)
{
	struct eval e;

	stream_eval(s, &e, AT(FE_LOG));
	s->session->conn.worker->stream_over(s->session->conn.worker, &e);
}

/* Regular expressions that came to no end: seldom, and then worth a line. */
static void tell_of_regex(const struct stream *s)
{
	struct worker *w = s->session->conn.worker;
	struct str text;
	uint64_t times = eval_regex_gave_up(s->session->generation->engines[w->id], &text);

	if (times)
		log_event(
			w, s->session->frontend->conf, LL_WARNING,
			"Regular expression '%.*s' was given up after too many steps, which counts as no match "
			"(%llu so far).",
			STR_ARG(text), (unsigned long long)times);
}

void stream_finish(struct stream *s)
{
	if (s->counted_backend)
		atomic_fetch_sub_explicit(&s->backend->be_conns, 1, memory_order_relaxed);
	dns_lookup_end(&s->lookup);
	log_close(s);
	stream_count_bytes(s);
	count_times(s);
	tell_of_regex(s);
	if (s->session->conn.worker->stream_over)
		tell_stage(s);
	if (!s->logged && log_wanted(s))
		log_emit(s);
	srv_request_forget(&s->server);
	if (s->track)
		stick_track_end(s->session->generation->engines[s->session->conn.worker->id], &s->track,
				s->session->conn.worker->now);
	stream_called_last(s);
	s->counted_backend = false;
	vars_free(s->session->conn.worker, &s->txn_vars);
	vars_free(s->session->conn.worker, &s->req_vars);
	vars_free(s->session->conn.worker, &s->res_vars);
	scratch_reset(&s->scratch);
	s->session->stream = NULL;
}
