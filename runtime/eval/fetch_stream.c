/* Fetches of how a stream and its connections fared (manual, sections 7.3.2 and 7.3.3): errors of connections,
 * queues, reuse, compression, the last rule that decided, all variables of a scope. One thread. */
#include "grammar/base/out.h"
#include "runtime/eval/fetch.h"
#include "runtime/eval/vars.h"

#include <arpa/inet.h>

/* All fetches have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define FETCH_OF(name)                                                                                         \
	bool fetch_##name(struct eval *e, const struct fetch_call *call, struct sample *out,                   \
			  struct sample_iter *iter)

/* --- what went wrong with the client's connection; with a stream there is nothing */

static const struct conn_error {
	uint8_t id;
	const char *name, *message;
} errors[] = {
#define CONN_ERROR(id, name, message) {id, name, message},
#include "runtime/eval/conn_error.def"
#undef CONN_ERROR
};

static const struct conn_error *error_of(const char *why)
{
	for (size_t i = 0; why && i < sizeof(errors) / sizeof(errors[0]); i++)
		if (!strcmp(errors[i].message, why))
			return &errors[i];
	return why ? NULL : &errors[0];
}

static const struct conn_error *client_error(const struct eval *e)
{
	return error_of(e->log ? e->log->conn_why : NULL);
}

FETCH_OF(fc_err)
{
	const struct conn_error *error = client_error(e);

	return e->client_conn && sample_set_int(out, error ? error->id : 34);
}

FETCH_OF(fc_err_name)
{
	const struct conn_error *error = client_error(e);

	return e->client_conn && sample_set_str(out, str_from(error ? error->name : "SSL_HANDSHAKE"));
}

FETCH_OF(fc_err_str)
{
	return e->client_conn &&
	       sample_set_str(out, str_from(e->log && e->log->conn_why ? e->log->conn_why : "Success"));
}

static const char *server_why(const struct eval *e)
{
	return e->server_past ? e->server_past->why : NULL;
}

/* Was there a connection to a server, or one that did not come about? */
static bool server_known(const struct eval *e)
{
	return e->server_fd > 0 || e->server_dst_known || server_why(e);
}

FETCH_OF(bc_err)
{
	const struct conn_error *error = error_of(server_why(e));

	return server_known(e) && sample_set_int(out, error ? error->id : 34);
}

FETCH_OF(bc_err_name)
{
	const struct conn_error *error = error_of(server_why(e));

	return server_known(e) && sample_set_str(out, str_from(error ? error->name : "SSL_HANDSHAKE"));
}

FETCH_OF(bc_err_str)
{
	return server_known(e) && sample_set_str(out, str_from(server_why(e) ? server_why(e) : "Success"));
}

/* --- numbers */

FETCH_OF(dst_conn)
{
	return e->listener_conns &&
	       sample_set_int(out, atomic_load_explicit(e->listener_conns, memory_order_relaxed));
}

FETCH_OF(bc_reused)
{
	return e->log && e->server_dst_known && sample_set_bool(out, e->log->reused);
}

FETCH_OF(bc_be_queue)
{
	return e->log && sample_set_int(out, e->log->backend_queue);
}

FETCH_OF(bc_srv_queue)
{
	return e->log && sample_set_int(out, e->log->srv_queue);
}

FETCH_OF(req_bytes_in)
{
	return e->log && sample_set_int(out, (int64_t)e->log->bytes_in);
}

FETCH_OF(res_bytes_in)
{
	return e->log && sample_set_int(out, (int64_t)e->log->bytes_out);
}

/* The status as the server sent it, whatever rules made of it. */
FETCH_OF(server_status)
{
	return e->log && e->log->server_status && sample_set_int(out, e->log->server_status);
}

FETCH_OF(txn_id32)
{
	return e->log && sample_set_int(out, e->log->request_counter);
}

/* Threads form one group. */
FETCH_OF(tgroup)
{
	return sample_set_int(out, 1);
}

FETCH_OF(internal_strm_is_htx)
{
	return e->frontend && sample_set_bool(out, e->frontend->mode == MODE_HTTP);
}

/* --- compression */

FETCH_OF(res_comp)
{
	return sample_set_bool(out, e->log && e->log->compressed);
}

FETCH_OF(res_comp_algo)
{
	return e->log && e->log->compressed && sample_set_str(out, str_from(e->log->compressed));
}

/* --- who decided */

/* "file:line" */
static bool set_place(struct eval *e, const struct conf_pos *pos, struct sample *out)
{
	return pos->source && pos->source <= e->model->nsources &&
	       sample_set_str(out, scratch_printf(e->scratch, "%.*s:%u",
						  STR_ARG(e->model->source_names[pos->source - 1]), pos->line));
}

FETCH_OF(last_entity)
{
	return e->last_rule && *e->last_rule && set_place(e, &(*e->last_rule)->pos, out);
}

/* The rule that the stream was waiting in when it ended. */
FETCH_OF(waiting_entity)
{
	return e->log && e->log->waiting && set_place(e, &e->log->waiting->pos, out);
}

/* --- dump_all_vars([scope[,prefix[,delimiter]]]) */

struct dump {
	struct out out;
	struct str prefix, delimiter;
	const char *scope;
	bool any;
};

static void put_text(struct out *o, struct str text)
{
	static const char escapes[] = "\"\"\\\\\rr\nn\bb";

	out_char(o, '"');
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		size_t k = 0;

		while (escapes[k] && escapes[k] != c)
			k += 2;
		if (!c)
			out_str(o, STR("\\0"));
		else if (escapes[k])
			out_printf(o, "\\%c", escapes[k + 1]);
		else
			out_char(o, c);
	}
	out_char(o, '"');
}

static void put_value(struct out *o, const struct sample *value)
{
	char text[INET6_ADDRSTRLEN];

	switch (value->type) {
	case SMP_BOOL:
		out_str(o, value->sint ? STR("true") : STR("false"));
		break;
	case SMP_SINT:
		out_printf(o, "%lld", (long long)value->sint);
		break;
	case SMP_IPV4:
	case SMP_IPV6:
		inet_ntop(value->type == SMP_IPV4 ? AF_INET : AF_INET6, value->ip, text, sizeof(text));
		out_str(o, str_from(text));
		break;
	case SMP_BIN:
		out_char(o, 'x');
		for (size_t i = 0; i < value->str.len; i++)
			out_printf(o, "%02x", (unsigned char)value->str.ptr[i]);
		break;
	default:
		put_text(o, value->str);
	}
}

static void put_variable(void *ctx, struct str name, const struct sample *value)
{
	struct dump *d = ctx;

	if (!str_starts(name, d->prefix))
		return;
	if (d->any)
		out_str(&d->out, d->delimiter);
	d->any = true;
	out_printf(&d->out, "%s.%.*s=", d->scope, STR_ARG(name));
	put_value(&d->out, value);
}

enum { DUMP_MAX = 16384 };

FETCH_OF(dump_all_vars)
{
	static const struct {
		enum var_scope scope;
		const char *name;
	} scopes[] = {
		{VAR_SESS, "sess"}, {VAR_TXN, "txn"}, {VAR_REQ, "req"}, {VAR_RES, "res"}, {VAR_PROC, "proc"}};
	struct str wanted = arg_is_set(&call->args[0]) ? call->args[0].str : STR("");
	char *buf = scratch_alloc(e->scratch, DUMP_MAX);
	struct dump d = {.prefix = arg_is_set(&call->args[1]) ? call->args[1].str : STR(""),
			 .delimiter = arg_is_set(&call->args[2]) && call->args[2].str.len ? call->args[2].str
											  : STR(", ")};

	if (!buf)
		return false;
	d.out = out_fixed(buf, DUMP_MAX);
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		if (wanted.len && !str_is(wanted, scopes[i].name))
			continue;
		d.scope = scopes[i].name;
		vars_each(e, scopes[i].scope, put_variable, &d);
	}
	return !d.out.truncated && sample_set_str(out, out_get(&d.out));
}
