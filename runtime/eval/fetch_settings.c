/* Fetches of what rules have changed about a stream: timeouts in effect, places in queues (manual, section 7.3.2:
 * cur_server_timeout, prio_class and their kin). One thread. */
#include "runtime/eval/settings.h"

#include "runtime/eval/fetch.h"

/* All fetches have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

static const struct rule_settings *settings(const struct eval *e)
{
	return e->settings ? *e->settings : NULL;
}

/* The rules' value, or else the proxy's. */
static bool timeout(const struct eval *e, const struct proxy_conf *px, enum timeout_kind kind, struct sample *out)
{
	const struct rule_settings *s = settings(e);

	if (s && s->timeouts >> kind & 1)
		return sample_set_int(out, s->timeout[kind]);
	return px && sample_set_int(out, px->timeout[kind]);
}

bool fetch_cur_server_timeout(struct eval *e, const struct fetch_call *call, struct sample *out,
			      struct sample_iter *iter)
{
	return timeout(e, e->backend, TMO_SERVER, out);
}

bool fetch_cur_tunnel_timeout(struct eval *e, const struct fetch_call *call, struct sample *out,
			      struct sample_iter *iter)
{
	return timeout(e, e->backend, TMO_TUNNEL, out);
}

bool fetch_cur_client_timeout(struct eval *e, const struct fetch_call *call, struct sample *out,
			      struct sample_iter *iter)
{
	return timeout(e, e->frontend, TMO_CLIENT, out);
}

bool fetch_cur_connect_timeout(struct eval *e, const struct fetch_call *call, struct sample *out,
			       struct sample_iter *iter)
{
	return timeout(e, e->backend, TMO_CONNECT, out);
}

bool fetch_cur_queue_timeout(struct eval *e, const struct fetch_call *call, struct sample *out,
			     struct sample_iter *iter)
{
	return timeout(e, e->backend, TMO_QUEUE, out);
}

bool fetch_cur_tarpit_timeout(struct eval *e, const struct fetch_call *call, struct sample *out,
			      struct sample_iter *iter)
{
	return timeout(e, e->backend ? e->backend : e->frontend, TMO_TARPIT, out);
}

bool fetch_prio_class(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	const struct rule_settings *s = settings(e);

	return sample_set_int(out, s ? s->prio_class : 0);
}

bool fetch_prio_offset(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	const struct rule_settings *s = settings(e);

	return sample_set_int(out, s ? s->prio_offset : 0);
}
