/* The socket of a new connection to a server: where it goes, where it comes from, through which relay, with
 * which options, and what stands before its first byte. Which server, and what happens when that fails:
 * connect.c. The request's worker. */
#include <errno.h>

#include "runtime/backend/proxy_header.h"
#include "runtime/backend/request.h"
#include "runtime/net/address.h"

enum { SOURCE_TRIES = 16 };

static const union addr *dst_of(struct srv_request *r)
{
	return r->client_dst ? r->client_dst(r) : NULL;
}

/* The client's destination with a port of ours (manual, "server": the address 0.0.0.0). */
static void follow_address(union addr *to, const union addr *dst, socklen_t *len)
{
	uint16_t port = address_port(to);

	*to = *dst;
	address_set_port(to, port);
	*len = address_len(to);
}

bool request_target(struct srv_request *r, union addr *to, socklen_t *len)
{
	const struct server *s = r->server;
	const struct server_place *place = atomic_load_explicit(&s->place, memory_order_acquire);
	const struct addr_conf *conf = &s->conf->addr;
	const union addr *dst;
	bool any, fixed;

	*to = place ? place->addr : s->addr;
	*len = address_len(to);
	any = address_is_any(to);
	fixed = place ? !place->relative : conf->port_given && !conf->port_relative && address_port(to);
	if (to->family == AF_UNIX || (fixed && !any))
		return true;
	dst = dst_of(r);
	if (!dst || dst->family == AF_UNSPEC || dst->family == AF_UNIX)
		return fixed; /* to this machine, then */
	if (any)
		follow_address(to, dst, len);
	if (!fixed)
		address_set_port(to, (uint16_t)(address_port(dst) +
						(place ? (int16_t)address_port(to) : conf->port_offset)));
	return true;
}

/* An address of the configuration, out of its range of ports another one each time. */
static bool source_fixed(struct srv_request *r, const struct addr_conf *conf, union addr *from)
{
	struct sockaddr_storage ss;
	uint16_t port = conf->port;
	socklen_t len;

	if (conf->port_end > conf->port)
		port = (uint16_t)(port + worker_random(r->worker) % (conf->port_end - conf->port + 1u));
	if (!address_from_conf(conf, port, &ss, &len))
		return false;
	address_pack(from, &ss);
	return true;
}

bool request_spoof(struct srv_request *r, union addr *from)
{
	const struct source_conf *source = server_conf_source(r->server->conf);

	switch (source ? source->spoof : SPOOF_NONE) {
	case SPOOF_CLIENT:
	case SPOOF_CLIENT_IP:
		if (!r->client || (r->client->family != AF_INET && r->client->family != AF_INET6))
			return false;
		*from = *r->client;
		if (source->spoof == SPOOF_CLIENT_IP)
			address_set_port(from, 0);
		return true;
	case SPOOF_ADDR:
		return source_fixed(r, &source->spoof_addr, from);
	case SPOOF_EXPR:
		return r->spoofed && r->spoofed(r, source->spoof_expr, from);
	default:
		return false;
	}
}

static int connect_from(struct srv_request *r, struct srv_conn *sc, const union addr *to, socklen_t len,
			struct connect_options *options, void (*ready)(struct conn *, int))
{
	union addr from;
	const struct source_conf *source = server_conf_source(r->server->conf);
	int error = EADDRINUSE;

	options->src = &from;
	options->interface = source->interface;
	for (int tries = 0; tries < SOURCE_TRIES && (error == EADDRINUSE || error == EADDRNOTAVAIL); tries++) {
		options->transparent = request_spoof(r, &from) && from.family == to->family;
		if (!options->transparent && !source_fixed(r, &source->addr, &from))
			return EADDRNOTAVAIL;
		error = conn_connect_with(&sc->conn, r->worker, to, len, options, ready);
	}
	return error;
}

/* The relay that stands before the server (manual, "socks4"). */
static bool relay_of(const struct server_conf *conf, union addr *to, socklen_t *len)
{
	const struct addr_conf *relay = server_conf_rare(conf)->socks4;
	struct sockaddr_storage ss;

	if (!address_from_conf(relay, relay->port, &ss, len))
		return false;
	address_pack(to, &ss);
	return true;
}

/* Played traffic has its servers inside the process. */
static int connect_played(struct srv_request *r, struct srv_conn *sc, void (*ready)(struct conn *, int))
{
	int fd = r->worker->dial(r->worker, r->server);

	if (fd < 0)
		return -fd;
	conn_init(&sc->conn, r->worker, fd, ready);
	return 0;
}

/* "*": the one that the client came in by. */
static struct str namespace_of(const struct srv_request *r)
{
	struct str name = server_conf_rare(r->server->conf)->namespace_;

	if (!str_is(name, "*"))
		return name;
	return r->bind ? r->bind->namespace_ : STR_NONE;
}

static int connect_now(struct srv_request *r, struct srv_conn *sc, void (*ready)(struct conn *, int))
{
	const struct server *s = r->server;
	const struct server_rare *rare = server_conf_rare(s->conf);
	const struct global_conf *global = &r->backend->generation->model->global;
	struct connect_options options = {
		.rcvbuf = global->tune_rcvbuf_server,
		.sndbuf = global->tune_sndbuf_server,
		.notsent_lowat = global->tune_notsent_lowat_server,
		.keepalive = proxy_option_is_set(r->backend->conf, PO_SRVTCPKA) ||
					     proxy_option_is_set(r->backend->conf, PO_TCPKA)
				     ? &r->backend->conf->srv_keepalive
				     : NULL,
		.knock = proxy_option_is_set(r->backend->conf, PO_TCP_SMART_CONNECT),
		.settings = r->settings,
		.user_timeout = rare->tcp_ut,
		.congestion = rare->cc,
		.md5sig = rare->tcp_md5sig,
		.fast_open = rare->tfo,
		.netns = s->proxy->generation->netns,
		.namespace_ = namespace_of(r),
	};
	union addr to;
	socklen_t len;

	if (s->unix_addr && server_addr(s) == &s->addr)
		return conn_connect_with(&sc->conn, r->worker, (const union addr *)s->unix_addr, s->addr_len,
					 &options, ready);
	if (!request_target(r, &to, &len) || (rare->socks4 && !relay_of(s->conf, &to, &len)))
		return EADDRNOTAVAIL;
	if (server_conf_source(s->conf))
		return connect_from(r, sc, &to, len, &options, ready);
	return conn_connect_with(&sc->conn, r->worker, &to, len, &options, ready);
}

int request_dial(struct srv_request *r, struct srv_conn *sc, void (*ready)(struct conn *, int))
{
	return r->worker->dial ? connect_played(r, sc, ready) : connect_now(r, sc, ready);
}

bool request_send_header(struct srv_request *r, struct srv_conn *sc)
{
	const struct server_conf *conf = r->server->conf;
	char header[PROXY_HEADER_MAX + PROXY_FIELDS_MAX], fields[PROXY_FIELDS_MAX];
	struct iovec iov = {.iov_base = header};
	size_t nfields;

	if (!server_conf_greets(conf))
		return true;
	if (conf->send_proxy_v2) {
		nfields = r->proxy_fields ? r->proxy_fields(r, fields, sizeof(fields)) : 0;
		iov.iov_len = proxy_header_fields(header, r->client, dst_of(r), str_make(fields, nfields),
						  (conf->pp_options & PP_CRC32C) != 0);
	} else
		iov.iov_len = proxy_header_v1(header, r->client, dst_of(r));
	return conn_sendv(&sc->conn, &iov, 1, r->data_follows) == (ssize_t)iov.iov_len;
}
