/* Between accept and the protocol of a frontend with `ssl`: the handshake, its deadline, and what is logged and
 * counted when it fails (manual, section 8.2.6 "Error log format"). The session's worker only. */
#include <arpa/inet.h>
#include <errno.h>

#include "runtime/backend/server.h"
#include "runtime/core/log.h"
#include "runtime/proxy/session_tls.h"
#include "runtime/proxy/session_count.h"
#include "runtime/tls/tls.h"

/* The name of the listener, or its number within the frontend. */
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
	uint16_t port = 0;
	struct tm tm;

	if (s->src.family == AF_INET)
		inet_ntop(AF_INET, &s->src.in.sin_addr, ip, sizeof(ip));
	else if (s->src.family == AF_INET6)
		inet_ntop(AF_INET6, &s->src.in6.sin6_addr, ip, sizeof(ip));
	port = s->src.family == AF_INET    ? ntohs(s->src.in.sin_port)
	       : s->src.family == AF_INET6 ? ntohs(s->src.in6.sin6_port)
					   : (uint16_t)listener_number(s);
	localtime_r(&s->accept_date.tv_sec, &tm);
	strftime(date, sizeof(date), "%d/%b/%Y:%H:%M:%S", &tm);
	out_printf(o, "%s:%u [%s.%03d] %.*s/", ip, port, date, (int)(s->accept_date.tv_usec / 1000),
		   STR_ARG(s->frontend->conf->name));
	if (s->listener->conf->name.len)
		out_str(o, s->listener->conf->name);
	else
		out_printf(o, "%u", listener_number(s));
}

static struct log_record record_of(const struct session *s, int level)
{
	const struct proxy_conf *px = s->frontend->conf;

	return (struct log_record){.conn_error = true,
				   .log_level = (int8_t)level,
				   .frontend = px->name,
				   .backend = px->name,
				   .bind_name = s->listener->conf->name,
				   .frontend_port = s->listener->port,
				   .frontend_tls = s->listener->tls != NULL,
				   .tls_version = tls_conn_version(&s->conn),
				   .tls_cipher = tls_conn_cipher(&s->conn),
				   .accept_date = s->accept_date,
				   .request_date = s->accept_date};
}

static void emit(struct session *s, struct log_record *record)
{
	struct worker *w = s->conn.worker;
	struct scratch scratch;
	struct eval e;

	scratch_init(&scratch, &w->scratch);
	session_eval(s, &e, AT(FE_LOG), &scratch);
	e.log = record;
	log_traffic(w, s->frontend, &e);
	scratch_reset(&scratch);
}

void session_log_bad(struct session *s)
{
	const struct proxy_conf *px = s->frontend->conf;
	int level = proxy_option_is_set(px, PO_LOG_SEPARATE_ERRORS) ? LL_ERR : LL_INFO;
	struct log_record r = record_of(s, level);

	if (!px->log_targets.n || (!px->log_format && !px->error_log_format))
		return;
	r.bad_request = true;
	r.cause = 'P';
	r.state = 'R';
	r.cookie_cli = r.cookie_srv = '-';
	r.t_request = r.t_queue = r.t_connect = r.t_response = r.t_data = -1;
	r.t_total = r.t_active = r.t_user =
		(int32_t)((s->conn.worker->wall.tv_sec - s->accept_date.tv_sec) * 1000 +
			  (s->conn.worker->wall.tv_usec - s->accept_date.tv_usec) / 1000);
	r.actconn = atomic_load_explicit(&s->conn.worker->process->connections, memory_order_relaxed);
	r.feconn = atomic_load_explicit(&s->frontend->fe_conns, memory_order_relaxed);
	r.request_counter = s->requests;
	emit(s, &r);
}

/* With error-log-format that one, else HAProxy's line. */
void session_complain(struct session *s, const char *why)
{
	const struct proxy_conf *px = s->frontend->conf;
	int level = proxy_option_is_set(px, PO_LOG_SEPARATE_ERRORS) ? LL_ERR : LL_INFO;
	struct worker *w = s->conn.worker;
	char buf[1024];
	struct out line = out_fixed(buf, sizeof(buf));

	if (!px->log_targets.n || (!px->log_format && !px->error_log_format))
		return; /* HAProxy's default log has no such lines */
	if (px->error_log_format) {
		struct log_record record = record_of(s, level);

		record.conn_why = why;
		emit(s, &record);
		return;
	}
	who(s, &line);
	log_event(w, px, level | LOG_TARGETS_ONLY, "%.*s: %s", STR_ARG(out_get(&line)), why);
}

static void count(struct session *s, bool ok)
{
	if (!ok)
		SESSION_COUNT(s, ssl_failed_handshake);
	else if (tls_conn_resumed(&s->conn))
		SESSION_COUNT(s, ssl_reused_sess);
	else
		SESSION_COUNT(s, ssl_sess);
}

static void failed(struct session *s, const char *why)
{
	session_complain(s, why);
	session_free(s);
}

static void handshake_ready(struct conn *c, int revents)
{
	struct session *s = session_of(c);

	(void)revents;
	switch (tls_handshake(c)) {
	case TLS_AGAIN:
		return;
	case TLS_FAILED:
		count(s, false);
		failed(s, tls_conn_error(c));
		return;
	case TLS_DONE:
		count(s, true);
		deadline_clear(&s->deadline);
		session_secured(s);
		return;
	}
}

static void handshake_late(struct worker *w, struct deadline *d)
{
	(void)w;
	failed(LIST_OF(d, struct session, deadline), "Timeout during SSL handshake");
}

void session_secure(struct session *s)
{
	const uint32_t *t = s->frontend->conf->timeout;
	uint32_t patience = t[TMO_CLIENT_HS] ? t[TMO_CLIENT_HS] : t[TMO_CLIENT];
	struct worker *w = s->conn.worker;

	if (!tls_conn_accept(&s->conn, s->listener->tls)) {
		session_free(s);
		return;
	}
	s->conn.ready = handshake_ready;
	s->deadline.expired = handshake_late;
	if (patience)
		deadline_set(w, &s->deadline, w->now + patience);
	conn_want(&s->conn, EV_READ);
}
