/* Fetches of the connection and of where it goes (manual, sections 7.3.2 and 7.3.3): addresses, proxies,
 * server, raw bytes. One thread. */
#include <arpa/inet.h>
#include <unistd.h>

#include "runtime/eval/fetch.h"

/* All fetches have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

static bool port_of(const union addr *addr, struct sample *out)
{
	if (!addr || (addr->family != AF_INET && addr->family != AF_INET6))
		return false;
	return sample_set_int(out, ntohs(addr->family == AF_INET ? addr->in.sin_port : addr->in6.sin6_port));
}

/* Whether the address is one of this machine: whether a socket can be bound to it. Unix sockets have none, and
 * are. */
static bool is_local(const union addr *addr, struct sample *out)
{
	union addr copy;
	int fd, failed;

	if (!addr || (addr->family != AF_INET && addr->family != AF_INET6))
		return sample_set_bool(out, true);
	copy = *addr;
	if (copy.family == AF_INET)
		copy.in.sin_port = 0;
	else
		copy.in6.sin6_port = 0;
	fd = socket(copy.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	failed = bind(fd, (const struct sockaddr *)&copy,
		      copy.family == AF_INET ? sizeof(copy.in) : sizeof(copy.in6));
	close(fd);
	return sample_set_bool(out, !failed);
}

bool fetch_src(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return sample_set_addr(out, e->src);
}

bool fetch_dst(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return sample_set_addr(out, e->dst);
}

bool fetch_src_port(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return port_of(e->src, out);
}

bool fetch_dst_port(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return port_of(e->dst, out);
}

bool fetch_src_is_local(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	return is_local(e->src, out);
}

bool fetch_dst_is_local(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	return is_local(e->dst, out);
}

/* An end of the client's connection. Behind a PROXY header that is not what the header tells: the system knows.
 */
static const union addr *conn_addr(const struct eval *e, bool peer, union addr *space)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (!e->proxy_fields || e->client_fd <= 0)
		return peer ? e->conn_src : e->conn_dst;
	memset(space, 0, sizeof(*space));
	if ((peer ? getpeername : getsockname)(e->client_fd, (struct sockaddr *)&ss, &len) != 0)
		return NULL;
	if (ss.ss_family == AF_INET || ss.ss_family == AF_INET6)
		memcpy(space, &ss, sizeof(*space));
	else
		return NULL;
	return space;
}

static bool conn_is_local(const struct eval *e, bool peer, struct sample *out)
{
	union addr space;
	const union addr *addr = conn_addr(e, peer, &space);

	return is_local(addr, out);
}

bool fetch_fc_src(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	union addr space;

	return sample_set_addr(out, conn_addr(e, true, &space));
}

bool fetch_fc_dst(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	union addr space;

	return sample_set_addr(out, conn_addr(e, false, &space));
}

bool fetch_fc_src_port(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	union addr space;

	return port_of(conn_addr(e, true, &space), out);
}

bool fetch_fc_dst_port(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	union addr space;

	return port_of(conn_addr(e, false, &space), out);
}

bool fetch_fc_src_is_local(struct eval *e, const struct fetch_call *call, struct sample *out,
			   struct sample_iter *iter)
{
	return conn_is_local(e, true, out);
}

bool fetch_fc_dst_is_local(struct eval *e, const struct fetch_call *call, struct sample *out,
			   struct sample_iter *iter)
{
	return conn_is_local(e, false, out);
}

bool fetch_fe_name(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return e->frontend && sample_set_str(out, e->frontend->name);
}

bool fetch_fe_id(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return e->frontend && sample_set_int(out, e->frontend->id);
}

bool fetch_fe_defbe(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return e->frontend && e->frontend->default_backend &&
	       sample_set_str(out, e->frontend->default_backend->name);
}

bool fetch_fe_client_timeout(struct eval *e, const struct fetch_call *call, struct sample *out,
			     struct sample_iter *iter)
{
	return e->frontend && sample_set_int(out, e->frontend->timeout[TMO_CLIENT]);
}

bool fetch_be_name(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return e->backend && sample_set_str(out, e->backend->name);
}

bool fetch_be_id(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return e->backend && sample_set_int(out, e->backend->id);
}

bool fetch_be_server_timeout(struct eval *e, const struct fetch_call *call, struct sample *out,
			     struct sample_iter *iter)
{
	return e->backend && sample_set_int(out, e->backend->timeout[TMO_SERVER]);
}

bool fetch_be_tunnel_timeout(struct eval *e, const struct fetch_call *call, struct sample *out,
			     struct sample_iter *iter)
{
	return e->backend && sample_set_int(out, e->backend->timeout[TMO_TUNNEL]);
}

bool fetch_srv_name(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return e->server && sample_set_str(out, e->server->name);
}

bool fetch_srv_id(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return e->server && sample_set_int(out, e->server->id);
}

bool fetch_so_id(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return e->bind && sample_set_int(out, e->bind->id);
}

bool fetch_so_name(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return e->bind && e->bind->name.len && sample_set_str(out, e->bind->name);
}

/* True when no more data will be waited for; until then it makes a content rule wait. */
bool fetch_wait_end(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	e->want_more = e->may_wait;
	return !e->may_wait && sample_set_bool(out, true);
}

bool fetch_req_len(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	if (e->req && !e->sniffed && !e->raw_req.len)
		return fetch_htx_data(e, call, out, iter);
	e->want_more = e->may_wait && !e->raw_req_final;
	return sample_set_int(out, (int64_t)e->raw_req.len);
}

bool fetch_res_len(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	bool http = e->req && !e->sniffed;

	if (e->res && !e->raw_res.len)
		return fetch_htx_data(e, call, out, iter);
	e->want_more = e->may_wait && (http || !e->raw_res_final);
	return sample_set_int(out, (int64_t)e->raw_res.len);
}

/* Bytes [offset, offset + len) of a buffer; len 0: all that there is. More data may still come. */
static bool payload(struct eval *e, struct str raw, bool final, uint64_t offset, uint64_t len,
		    struct sample *out)
{
	if (len && (offset > raw.len || len > raw.len - offset)) {
		e->want_more = !final;
		return false;
	}
	if (offset > raw.len || (!len && offset == raw.len)) {
		e->want_more = !final;
		return false;
	}
	out->type = SMP_BIN;
	out->str = str_sub(raw, offset, len ? len : raw.len - offset);
	return true;
}

static bool payload_args(struct eval *e, const struct arg *args, struct str raw, bool final, struct sample *out)
{
	return args[0].sint >= 0 && args[1].sint >= 0 &&
	       payload(e, raw, final, (uint64_t)args[0].sint, (uint64_t)args[1].sint, out);
}

/* A length of `size` bytes at `offset`, and the data behind it or at another offset. */
static bool payload_lv(struct eval *e, const struct arg *args, struct str raw, bool final, struct sample *out)
{
	uint64_t offset = (uint64_t)args[0].sint, size = (uint64_t)args[1].sint, len = 0;
	int64_t data;

	if (offset > raw.len || size > raw.len - offset) {
		e->want_more = !final;
		return false;
	}
	for (uint64_t i = 0; i < size; i++)
		len = len << 8 | (unsigned char)raw.ptr[offset + i];
	data = (int64_t)(offset + size);
	if (args[2].str.len && (args[2].str.ptr[0] == '+' || args[2].str.ptr[0] == '-')) {
		if (__builtin_add_overflow(data, args[2].sint, &data))
			return false;
	} else if (args[2].str.len) {
		data = args[2].sint;
	}
	return data >= 0 && len && payload(e, raw, final, (uint64_t)data, len, out);
}

bool fetch_req_payload(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	return payload_args(e, call->args, e->raw_req, e->raw_req_final, out);
}

bool fetch_res_payload(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	return payload_args(e, call->args, e->raw_res, e->raw_res_final, out);
}

bool fetch_req_payload_lv(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	return payload_lv(e, call->args, e->raw_req, e->raw_req_final, out);
}

bool fetch_res_payload_lv(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	return payload_lv(e, call->args, e->raw_res, e->raw_res_final, out);
}

bool fetch_payload(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return e->place & PLACES_RESPONSE ? fetch_res_payload(e, call, out, iter)
					  : fetch_req_payload(e, call, out, iter);
}

bool fetch_payload_lv(struct eval *e, const struct fetch_call *call, struct sample *out,
		      struct sample_iter *iter)
{
	return e->place & PLACES_RESPONSE ? fetch_res_payload_lv(e, call, out, iter)
					  : fetch_req_payload_lv(e, call, out, iter);
}
