/* Fetches of times and results of the stream (manual, sections 7.3.2 and 7.3.6): what the log line tells, as
 * samples. One thread. */
#include "runtime/eval/fetch.h"
#include "runtime/eval/settings.h"

/* All fetches have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

/* A date in seconds, or in the unit that the first argument names. */
static bool date_in_unit(const struct fetch_call *call, const struct timeval *date, struct sample *out)
{
	struct str unit = call->args[0].str;
	int64_t seconds = date->tv_sec;

	if (unit.len != 2)
		return sample_set_int(out, seconds);
	return sample_set_int(out, unit.ptr[0] == 'm' ? seconds * 1000 + date->tv_usec / 1000
						      : seconds * 1000000 + date->tv_usec);
}

bool fetch_accept_date(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	return e->log && date_in_unit(call, &e->log->accept_date, out);
}

bool fetch_request_date(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	return e->log && date_in_unit(call, &e->log->request_date, out);
}

/* A time that the log record holds: -1 when that step was not reached. */
#define LOG_TIME(name, field)                                                                                  \
	bool fetch_##name(struct eval *e, const struct fetch_call *call, struct sample *out,                   \
			  struct sample_iter *iter)                                                            \
	{                                                                                                      \
		return e->log && sample_set_int(out, e->log->field);                                           \
	}

LOG_TIME(fc_timer_handshake, t_handshake)
LOG_TIME(req_timer_idle, t_idle)
LOG_TIME(req_timer_hdr, t_request)
LOG_TIME(req_timer_queue, t_queue)
LOG_TIME(bc_timer_connect, t_connect)
LOG_TIME(res_timer_hdr, t_response)
LOG_TIME(res_timer_data, t_data)
LOG_TIME(txn_conn_retries, retries)

/* Handshake, idle time and the request's head together (%Tq). */
bool fetch_req_timer_tq(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	const struct log_record *log = e->log;

	if (!log)
		return false;
	return sample_set_int(out, log->t_request < 0
					   ? -1
					   : (int64_t)log->t_handshake + (log->t_idle < 0 ? 0 : log->t_idle) +
						     log->t_request);
}

static int64_t ms_since(const struct eval *e, const struct timeval *from)
{
	return ((int64_t)e->now.tv_sec - from->tv_sec) * 1000 + (e->now.tv_usec - from->tv_usec) / 1000;
}

/* Since the connection was accepted (%Tt), since the request began (%Ta): so far, while the stream runs. */
bool fetch_fc_timer_total(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	if (!e->log)
		return false;
	return sample_set_int(out, e->place & AT(FE_LOG) ? e->log->t_total : ms_since(e, &e->log->accept_date));
}

bool fetch_txn_timer_total(struct eval *e, const struct fetch_call *call, struct sample *out,
			   struct sample_iter *iter)
{
	if (!e->log)
		return false;
	return sample_set_int(out,
			      e->place & AT(FE_LOG) ? e->log->t_active : ms_since(e, &e->log->request_date));
}

bool fetch_txn_timer_user(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	if (!e->log)
		return false;
	return sample_set_int(out, e->place & AT(FE_LOG) ? e->log->t_user : ms_since(e, &e->log->request_date));
}

bool fetch_bytes_in(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return e->log && sample_set_int(out, (int64_t)e->log->bytes_in);
}

bool fetch_bytes_out(struct eval *e, const struct fetch_call *call, struct sample *out,
		     struct sample_iter *iter)
{
	return e->log && sample_set_int(out, (int64_t)e->log->bytes_out);
}

bool fetch_txn_redispatched(struct eval *e, const struct fetch_call *call, struct sample *out,
			    struct sample_iter *iter)
{
	return e->log && sample_set_bool(out, e->log->redispatched);
}

/* The two letters of the termination state (manual, section 8.5). */
bool fetch_txn_sess_term_state(struct eval *e, const struct fetch_call *call, struct sample *out,
			       struct sample_iter *iter)
{
	const struct log_record *log = e->log;

	if (!log)
		return false;
	return sample_set_str(out, scratch_printf(e->scratch, "%c%c", log->cause ? log->cause : '-',
						  log->state ? log->state : '-'));
}

/* What the client gets, once that is known. */
bool fetch_txn_status(struct eval *e, const struct fetch_call *call, struct sample *out,
		      struct sample_iter *iter)
{
	if (e->res && e->res->status)
		return sample_set_int(out, e->res->status);
	return e->log && sample_set_int(out, log_record_status(e->log));
}

/* A time-out of the backend. */
#define BACKEND_TIMEOUT(name, which)                                                                           \
	bool fetch_##name(struct eval *e, const struct fetch_call *call, struct sample *out,                   \
			  struct sample_iter *iter)                                                            \
	{                                                                                                      \
		return e->backend && sample_set_int(out, e->backend->timeout[which]);                          \
	}

BACKEND_TIMEOUT(be_connect_timeout, TMO_CONNECT)
BACKEND_TIMEOUT(be_queue_timeout, TMO_QUEUE)
BACKEND_TIMEOUT(be_tarpit_timeout, TMO_TARPIT)

bool fetch_fe_tarpit_timeout(struct eval *e, const struct fetch_call *call, struct sample *out,
			     struct sample_iter *iter)
{
	return e->frontend && sample_set_int(out, e->frontend->timeout[TMO_TARPIT]);
}

/* A time-out as it is for this stream: a rule's, else the proxy's. */
static bool current_timeout(struct eval *e, const struct proxy_conf *px, enum timeout_kind which,
			    struct sample *out)
{
	const struct rule_settings *set = e->settings ? *e->settings : NULL;

	if (set && set->timeouts & 1u << which)
		return sample_set_int(out, set->timeout[which]);
	/* seen with HAProxy 2.6: those of the server are not applied before there is a connection */
	if ((which == TMO_SERVER || which == TMO_TUNNEL) && !e->server_dst_known)
		return px && sample_set_int(out, 0);
	return px && sample_set_int(out, px->timeout[which]);
}

#define CURRENT_TIMEOUT(name, side, which)                                                                     \
	bool fetch_##name(struct eval *e, const struct fetch_call *call, struct sample *out,                   \
			  struct sample_iter *iter)                                                            \
	{                                                                                                      \
		return current_timeout(e, e->side, which, out);                                                \
	}

CURRENT_TIMEOUT(cur_client_timeout, frontend, TMO_CLIENT)
CURRENT_TIMEOUT(cur_server_timeout, backend, TMO_SERVER)
CURRENT_TIMEOUT(cur_tunnel_timeout, backend, TMO_TUNNEL)
CURRENT_TIMEOUT(cur_connect_timeout, backend, TMO_CONNECT)
CURRENT_TIMEOUT(cur_queue_timeout, backend, TMO_QUEUE)
CURRENT_TIMEOUT(cur_tarpit_timeout, frontend, TMO_TARPIT)

bool fetch_prio_class(struct eval *e, const struct fetch_call *call, struct sample *out,
		      struct sample_iter *iter)
{
	return sample_set_int(out, e->settings && *e->settings ? (*e->settings)->prio_class : 0);
}

bool fetch_prio_offset(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	return sample_set_int(out, e->settings && *e->settings ? (*e->settings)->prio_offset : 0);
}

static bool host_figure(struct eval *e, enum eval_stat what, struct sample *out)
{
	return e->host && sample_set_int(out, e->host->stat(e->host->ctx, what, NULL, NULL));
}

bool fetch_thread(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return host_figure(e, ES_THREAD, out);
}

/* Seconds since the process began. */
bool fetch_uptime(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return host_figure(e, ES_UPTIME, out);
}

bool fetch_stopping(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return host_figure(e, ES_STOPPING, out) && sample_set_bool(out, out->sint != 0);
}
