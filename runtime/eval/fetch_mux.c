/* Fetches of the connections below a stream that may carry others too (manual, sections 7.3.2 and 7.3.3:
 * fc_nb_streams, fc_glitches, bc_http_major ...). What they are is told by the host; without one there is only
 * the request. One thread. */
#include "runtime/eval/engine.h"

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

/* --- streams: fs.*, bs.* */

MUX_FETCH(fetch_bs_id, e->server_conn, EVAL_MUX_ID)
MUX_FETCH(fetch_fs_rst_code, e->client_conn, EVAL_MUX_RESET)
MUX_FETCH(fetch_bs_rst_code, e->server_conn, EVAL_MUX_RESET)

bool fetch_fs_id(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return told(e, e->client_conn, EVAL_MUX_ID, out) && sample_cast(e, out, SMP_STR);
}

static bool aborted(struct eval *e, const struct conn *c, struct sample *out)
{
	return told(e, c, EVAL_MUX_ABORTED, out) && sample_set_int(out, out->sint != 0);
}

bool fetch_fs_aborted(struct eval *e, const struct fetch_call *call, struct sample *out,
		      struct sample_iter *iter)
{
	return aborted(e, e->client_conn, out);
}

bool fetch_bs_aborted(struct eval *e, const struct fetch_call *call, struct sample *out,
		      struct sample_iter *iter)
{
	return aborted(e, e->server_conn, out);
}

/* For developers: whatever is known. */
static bool debug_text(struct eval *e, const struct conn *c, struct sample *out)
{
	static const struct {
		const char *name;
		enum eval_mux what;
	} parts[] = {{"version", EVAL_MUX_MAJOR}, {"stream", EVAL_MUX_ID},   {"streams", EVAL_MUX_STREAMS},
		     {"limit", EVAL_MUX_LIMIT},   {"reset", EVAL_MUX_RESET}, {"glitches", EVAL_MUX_GLITCHES}};
	struct str text = STR("");
	struct sample s;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!told(e, c, parts[i].what, &s))
			continue;
		text = scratch_printf(e->scratch, "%.*s%s%s=%lld", STR_ARG(text), text.len ? " " : "",
				      parts[i].name, (long long)s.sint);
		if (!text.ptr)
			return false;
	}
	return text.len && sample_set_str(out, text);
}

bool fetch_fs_debug_str(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	return debug_text(e, e->client_conn, out);
}

bool fetch_bs_debug_str(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	return debug_text(e, e->server_conn, out);
}

/* Ours has no QUIC. */
bool fetch_quic_enabled(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	return sample_set_bool(out, false);
}

/* --- connections */

bool fetch_fc_http_major(struct eval *e, const struct fetch_call *call, struct sample *out,
			 struct sample_iter *iter)
{
	if (told(e, e->client_conn, EVAL_MUX_MAJOR, out))
		return true;
	return sample_set_int(out, e->req && e->req->version >= 20 ? e->req->version / 10 : 1);
}
