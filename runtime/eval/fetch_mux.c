/* Fetches of the connections below a stream that may carry others too (manual, sections 7.3.2 and 7.3.3:
 * fc_nb_streams, fc_glitches, bc_http_major ...). What they are is told by the host; without one there is only
 * the request. One thread. */
#include "runtime/eval/fetch.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

static bool told(struct eval *e, const struct conn *c, enum eval_mux what, struct sample *out)
{
	int64_t value;

	if (!c || !e->host || !e->host->mux)
		return false;
	value = e->host->mux(c, what);
	return value >= 0 && sample_set_int(out, value);
}

#define MUX_FETCH(name, conn, what)                                                                            \
	bool name(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter) \
	{                                                                                                      \
		return told(e, conn, what, out);                                                               \
	}

MUX_FETCH(fetch_fc_nb_streams, e->client_conn, EVAL_MUX_STREAMS)
MUX_FETCH(fetch_fc_settings_streams_limit, e->client_conn, EVAL_MUX_LIMIT)
MUX_FETCH(fetch_fc_glitches, e->client_conn, EVAL_MUX_GLITCHES)
MUX_FETCH(fetch_bc_nb_streams, e->server_conn, EVAL_MUX_STREAMS)
MUX_FETCH(fetch_bc_settings_streams_limit, e->server_conn, EVAL_MUX_LIMIT)
MUX_FETCH(fetch_bc_glitches, e->server_conn, EVAL_MUX_GLITCHES)
MUX_FETCH(fetch_bc_http_major, e->server_conn, EVAL_MUX_MAJOR)

bool fetch_fc_http_major(struct eval *e, const struct fetch_call *call, struct sample *out,
			 struct sample_iter *iter)
{
	if (told(e, e->client_conn, EVAL_MUX_MAJOR, out))
		return true;
	return sample_set_int(out, e->req && e->req->version >= 20 ? e->req->version / 10 : 1);
}
