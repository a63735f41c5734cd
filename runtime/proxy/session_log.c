/* See session_log.h: records like those of streams, of which most is not known. */
#include "runtime/proxy/session_log.h"

#include <arpa/inet.h>

#include "runtime/backend/server.h"
#include "runtime/core/log.h"
#include "runtime/tls/tls.h"

/* --- who it is, as HAProxy's own line has it */

static uint32_t listener_number(const struct session *s)
{
	const struct proxy_conf *px = s->frontend->conf;

	for (uint32_t i = 0; i < px->binds.n; i++)
		if (px->binds.v[i] == s->listener->conf)
			return s->listener->conf->id ? s->listener->conf->id : i + 1;
	return 1;
}

/* "192.0.2.1:40000 [27/Nov/2026:17:59:12.960] fe/1" */
static void who(const struct session *s, struct out *o)
{
	char ip[INET6_ADDRSTRLEN] = "unix", date[32];
	uint16_t port = (uint16_t)listener_number(s);
	struct tm tm;

	if (s->src.family == AF_INET) {
		inet_ntop(AF_INET, &s->src.in.sin_addr, ip, sizeof(ip));
		port = ntohs(s->src.in.sin_port);
	} else if (s->src.family == AF_INET6) {
		inet_ntop(AF_INET6, &s->src.in6.sin6_addr, ip, sizeof(ip));
		port = ntohs(s->src.in6.sin6_port);
	}
	localtime_r(&s->accept_date.tv_sec, &tm);
	strftime(date, sizeof(date), "%d/%b/%Y:%H:%M:%S", &tm);
	out_printf(o, "%s:%u [%s.%03d] %.*s/", ip, port, date, (int)(s->accept_date.tv_usec / 1000),
		   STR_ARG(s->frontend->conf->name));
	if (s->listener->conf->name.len)
		out_str(o, s->listener->conf->name);
	else
		out_printf(o, "%u", listener_number(s));
}

/* --- records */

static struct log_record record_of(const struct session *s, int level)
{
	return (struct log_record){.log_level = level,
				   .frontend = s->frontend->conf->name,
				   .backend = s->frontend->conf->name,
				   .bind_name = s->listener->conf->name,
				   .frontend_port = s->listener->port,
				   .frontend_tls = s->listener->tls != NULL,
				   .tls_version = tls_conn_version(&s->conn),
				   .tls_cipher = tls_conn_cipher(&s->conn),
				   .accept_date = s->accept_date,
				   .request_date = s->accept_date,
				   .cause = '-',
				   .state = '-',
				   .cookie_cli = '-',
				   .cookie_srv = '-'};
}

static void times_clear(struct log_record *r)
{
	r->t_request = r->t_queue = r->t_connect = r->t_response = r->t_data = -1;
}

/* rule: who wants it; NULL: it is the end. */
static void emit(struct session *s, struct log_record *record, const struct rule *rule)
{
	struct worker *w = s->conn.worker;
	struct scratch scratch;
	struct eval e;

	scratch_init(&scratch, &w->scratch);
	session_eval(s, &e, AT(FE_LOG), &scratch);
	e.log = record;
	if (rule)
		log_traffic_at(w, s->frontend, &e, (unsigned)rule->num, rule->profile);
	else
		log_traffic(w, s->frontend, &e);
	scratch_reset(&scratch);
}

void session_log_now(struct session *s, const struct rule *rule)
{
	struct log_record r = record_of(s, LL_INFO);

	if (!s->frontend->conf->log_targets.n)
		return;
	times_clear(&r);
	r.t_handshake = r.t_idle = -1;
	emit(s, &r, rule);
}

/* --- errors */

/* HAProxy's default log has no lines for them. */
static bool wants_errors(const struct proxy_conf *px)
{
	return px->log_targets.n && (px->log_format || px->error_log_format);
}

static int error_level(const struct proxy_conf *px)
{
	return proxy_option_is_set(px, PO_LOG_SEPARATE_ERRORS) ? LL_ERR : LL_INFO;
}

/* As HAProxy has it: a request that nobody could read. */
static void emit_error(struct session *s, const char *why)
{
	struct log_record r = record_of(s, error_level(s->frontend->conf));
	struct worker *w = s->conn.worker;

	times_clear(&r);
	r.conn_error = r.bad_request = true;
	r.conn_why = why;
	r.cause = 'P';
	r.state = 'R';
	r.t_total = r.t_active = r.t_user = (int32_t)((w->wall.tv_sec - s->accept_date.tv_sec) * 1000 +
						      (w->wall.tv_usec - s->accept_date.tv_usec) / 1000);
	r.actconn = atomic_load_explicit(&w->process->connections, memory_order_relaxed);
	r.feconn = atomic_load_explicit(&s->frontend->fe_conns, memory_order_relaxed);
	r.request_counter = atomic_fetch_add_explicit(&w->process->unique_id, 1, memory_order_relaxed);
	emit(s, &r, NULL);
}

void session_log_bad(struct session *s)
{
	if (wants_errors(s->frontend->conf))
		emit_error(s, NULL);
}

void session_log_failure(struct session *s, const char *why)
{
	const struct proxy_conf *px = s->frontend->conf;
	char buf[1024];
	struct out line = out_fixed(buf, sizeof(buf));

	if (!wants_errors(px))
		return;
	if (px->error_log_format) {
		emit_error(s, why);
		return;
	}
	who(s, &line);
	log_event(s->conn.worker, px, error_level(px) | LOG_TARGETS_ONLY, "%.*s: %s", STR_ARG(out_get(&line)),
		  why);
}
