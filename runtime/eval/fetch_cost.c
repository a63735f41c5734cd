/* Fetches of what a stream has cost: calls, processor time, delays, bytes that went out, and how busy the
 * workers are (manual, sections 7.3.2 and 7.3.3). Figures are of the log record and the host. One thread. */
#include "runtime/eval/fetch.h"

/* All fetches have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define FETCH_OF(name)                                                                                         \
	bool fetch_##name(struct eval *e, const struct fetch_call *call, struct sample *out,                   \
			  struct sample_iter *iter)

static bool host_figure(const struct eval *e, enum eval_stat what, struct sample *out)
{
	return e->host && sample_set_int(out, e->host->stat(e->host->ctx, what, NULL, NULL));
}

FETCH_OF(cpu_calls)
{
	return e->log && sample_set_int(out, e->log->calls);
}

FETCH_OF(cpu_ns_tot)
{
	return e->log && sample_set_int(out, (int64_t)e->log->cpu_ns);
}

FETCH_OF(cpu_ns_avg)
{
	return e->log && sample_set_int(out, e->log->calls ? (int64_t)(e->log->cpu_ns / e->log->calls) : 0);
}

FETCH_OF(lat_ns_tot)
{
	return e->log && sample_set_int(out, (int64_t)e->log->latency_ns);
}

FETCH_OF(lat_ns_avg)
{
	return e->log && sample_set_int(out, e->log->calls ? (int64_t)(e->log->latency_ns / e->log->calls) : 0);
}

FETCH_OF(cpu_usage_thr)
{
	return host_figure(e, ES_CPU_THREAD, out);
}

FETCH_OF(cpu_usage_proc)
{
	return host_figure(e, ES_CPU_PROCESS, out);
}

/* All threads form one group. */
FETCH_OF(cpu_usage_grp)
{
	return host_figure(e, ES_CPU_PROCESS, out);
}

/* In mode tcp nothing is added to what came in. */
static bool is_tcp(const struct eval *e)
{
	return e->frontend && e->frontend->mode == MODE_TCP && !e->req;
}

FETCH_OF(req_bytes_out)
{
	if (!e->log)
		return false;
	if (is_tcp(e))
		return sample_set_int(out, e->server_dst_known ? (int64_t)e->log->bytes_in : 0);
	return sample_set_int(out, (int64_t)e->log->sent_in);
}

FETCH_OF(res_bytes_out)
{
	return e->log && sample_set_int(out, (int64_t)(is_tcp(e) ? e->log->bytes_out : e->log->sent_out));
}

/* Seven levels, from the client's connection to the server's: only the stream takes notes of its end. */
FETCH_OF(term_events)
{
	char cause, state;

	if (!e->log)
		return false;
	cause = e->log->cause;
	state = e->log->state;
	if (cause == '-' || !cause)
		return sample_set_str(out, STR("{-,-,-,,-,-,-}"));
	return sample_set_str(out, scratch_printf(e->scratch, "{-,-,-,%c%c,-,-,-}", cause, state));
}
