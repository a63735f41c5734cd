/* Fetches of internal states (manual, section 7.3.2): constants, variables, time, the process, figures of
 * proxies and servers. One thread. */
#include <stdlib.h>
#include <unistd.h>

#include "runtime/eval/engine.h"

/* All fetches have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

bool fetch_always_true(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	return sample_set_bool(out, true);
}

bool fetch_always_false(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	return sample_set_bool(out, false);
}

bool fetch_bool(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return sample_set_bool(out, call->args[0].sint);
}

bool fetch_int(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return sample_set_int(out, call->args[0].sint);
}

bool fetch_str(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return sample_set_str(out, call->args[0].str);
}

bool fetch_bin(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	out->type = SMP_BIN;
	out->str = call->args[0].str;
	return true;
}

bool fetch_ipv4(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	out->type = SMP_IPV4;
	memcpy(out->ip, call->args[0].net.addr, 4);
	return true;
}

bool fetch_ipv6(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	out->type = SMP_IPV6;
	memcpy(out->ip, call->args[0].net.addr, 16);
	return true;
}

/* "meth(POST)". */
bool fetch_meth(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	out->type = SMP_METH;
	out->meth = (uint8_t)sample_method_of(call->args[0].str);
	out->str = call->args[0].str;
	return true;
}

bool fetch_var(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	if (var_get(e, call->args[0].var, out))
		return true;
	return arg_is_set(&call->args[1]) && sample_set_str(out, call->args[1].str);
}

bool fetch_env(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	const struct map *known = &e->model->environment;
	const struct str *value = map_get(known, call->args[0].str);
	const char *own = known->size ? NULL : getenv(call->args[0].str.ptr);

	if (value)
		return sample_set_str(out, *value);
	return own && sample_set_str(out, str_from(own));
}

/* date([offset[,unit]]) */
bool fetch_date(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	struct str unit = call->args[1].str;
	int64_t offset = call->args[0].sint, value = e->now.tv_sec;

	if (unit.len == 2)
		value = unit.ptr[0] == 'm' ? value * 1000 + e->now.tv_usec / 1000
					   : value * 1000000 + e->now.tv_usec;
	return !__builtin_add_overflow(value, offset, &value) && sample_set_int(out, value);
}

bool fetch_date_us(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return sample_set_int(out, e->now.tv_usec);
}

/* One step of the stream's generator (SplitMix64 over its seed). */
static uint64_t eval_random(struct eval *e)
{
	uint64_t z = e->uuid_seed[0] += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30 ^ e->uuid_seed[1]) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

bool fetch_rand(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	uint64_t r = eval_random(e) & 0xffffffffu;

	if (arg_is_set(&call->args[0]))
		r = (uint64_t)((__uint128_t)r * (uint64_t)call->args[0].sint >> 32);
	return sample_set_int(out, (int64_t)r);
}

bool fetch_uuid(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	uint64_t a = eval_random(e), b = eval_random(e);

	if (arg_is_set(&call->args[0]) && call->args[0].sint == 7) {
		uint64_t ms = (uint64_t)e->now.tv_sec * 1000 + (uint64_t)e->now.tv_usec / 1000;

		a = ms << 16 | 0x7000 | (a & 0xfff);
	} else {
		a = (a & ~(uint64_t)0xf000) | 0x4000;
	}
	b = (b & 0x3fffffffffffffffu) | 0x8000000000000000u;
	return sample_set_str(out,
			      scratch_printf(e->scratch, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(a >> 32),
					     (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xffff),
					     (unsigned)(b >> 48), (unsigned long long)(b & 0xffffffffffffu)));
}

bool fetch_hostname(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return sample_set_str(out, str_from(e->engine->hostname));
}

bool fetch_nbproc(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return sample_set_int(out, 1);
}

bool fetch_proc(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return sample_set_int(out, 1);
}

bool fetch_pid(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return sample_set_int(out, getpid());
}

bool fetch_last_rule_line(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	return e->last_rule && *e->last_rule && sample_set_int(out, (*e->last_rule)->pos.line);
}

bool fetch_last_rule_file(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	const struct conf_pos *pos = e->last_rule && *e->last_rule ? &(*e->last_rule)->pos : NULL;

	return pos && pos->source && pos->source <= e->model->nsources &&
	       sample_set_str(out, e->model->source_names[pos->source - 1]);
}

/* The proxy that an argument names; without a name in a `defaults` section the one that is running. */
static const struct proxy_conf *call_proxy(const struct eval *e, const struct fetch_call *call)
{
	const struct proxy_conf *px = call->args[0].proxy;

	if (px && px->role != ROLE_DEFAULTS)
		return px;
	return e->backend ? e->backend : e->frontend;
}

static bool proxy_figure(struct eval *e, const struct fetch_call *call, struct sample *out, enum eval_stat what)
{
	const struct proxy_conf *px = call_proxy(e, call);

	return px && e->host && sample_set_int(out, e->host->stat(e->host->ctx, what, px, NULL));
}

static bool server_figure(struct eval *e, const struct fetch_call *call, struct sample *out,
			  enum eval_stat what)
{
	const struct server_conf *srv = call->args[0].server;

	return srv && e->host && sample_set_int(out, e->host->stat(e->host->ctx, what, srv->proxy, srv));
}

/* Fetches that ask the host for one figure. */
#define PROXY_FIGURE(name, what)                                                                               \
	bool fetch_##name(struct eval *e, const struct fetch_call *call, struct sample *out,                   \
			  struct sample_iter *iter)                                                            \
	{                                                                                                      \
		return proxy_figure(e, call, out, what);                                                       \
	}
#define SERVER_FIGURE(name, what)                                                                              \
	bool fetch_##name(struct eval *e, const struct fetch_call *call, struct sample *out,                   \
			  struct sample_iter *iter)                                                            \
	{                                                                                                      \
		return server_figure(e, call, out, what);                                                      \
	}

PROXY_FIGURE(fe_conn, ES_FE_CONN)
PROXY_FIGURE(fe_req_rate, ES_FE_REQ_RATE)
PROXY_FIGURE(fe_sess_rate, ES_FE_SESS_RATE)
PROXY_FIGURE(be_conn, ES_BE_CONN)
PROXY_FIGURE(be_sess_rate, ES_BE_SESS_RATE)
PROXY_FIGURE(queue, ES_BE_QUEUE)
PROXY_FIGURE(nbsrv, ES_BE_NBSRV)
PROXY_FIGURE(avg_queue, ES_BE_AVG_QUEUE)
PROXY_FIGURE(connslots, ES_BE_CONNSLOTS)
PROXY_FIGURE(be_conn_free, ES_BE_CONN_FREE)
SERVER_FIGURE(srv_conn, ES_SRV_CONN)
SERVER_FIGURE(srv_queue, ES_SRV_QUEUE)
SERVER_FIGURE(srv_sess_rate, ES_SRV_SESS_RATE)
SERVER_FIGURE(srv_weight, ES_SRV_WEIGHT)
SERVER_FIGURE(srv_uweight, ES_SRV_WEIGHT)
SERVER_FIGURE(srv_conn_free, ES_SRV_CONN_FREE)

bool fetch_srv_is_up(struct eval *e, const struct fetch_call *call, struct sample *out,
		     struct sample_iter *iter)
{
	if (!server_figure(e, call, out, ES_SRV_IS_UP))
		return false;
	return sample_set_bool(out, out->sint != 0);
}

bool fetch_srv_iweight(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	return call->args[0].server && sample_set_int(out, call->args[0].server->weight);
}

bool fetch_act_conn(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return e->host && sample_set_int(out, e->host->stat(e->host->ctx, ES_ACTCONN, NULL, NULL));
}
