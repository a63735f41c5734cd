/* Fetches of what the system knows of both connections (manual, sections 7.3.3 and 7.3.4): addresses of the one
 * to the server, figures of TCP. The system is asked when the sample is. One thread. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "runtime/eval/fetch.h"

/* All fetches have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

typedef int name_fn(int fd, struct sockaddr *addr, socklen_t *len);

/* An address of the connection to the server. */
static bool server_addr(const struct eval *e, const union addr *known, name_fn *ask, union addr *addr)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (known) {
		*addr = *known;
		return true;
	}
	if (e->server_fd <= 0 || ask(e->server_fd, (struct sockaddr *)&ss, &len))
		return false;
	if (ss.ss_family != AF_INET && ss.ss_family != AF_INET6)
		return false;
	memcpy(addr, &ss, sizeof(*addr));
	return true;
}

static int ask_local(int fd, struct sockaddr *addr, socklen_t *len)
{
	return getsockname(fd, addr, len);
}

static int ask_remote(int fd, struct sockaddr *addr, socklen_t *len)
{
	return getpeername(fd, addr, len);
}

static bool set_port(const union addr *addr, struct sample *out)
{
	return sample_set_int(out, ntohs(addr->family == AF_INET ? addr->in.sin_port : addr->in6.sin6_port));
}

bool fetch_bc_src(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	union addr addr;

	return server_addr(e, e->server_src, ask_local, &addr) && sample_set_addr(out, &addr);
}

bool fetch_bc_src_port(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	union addr addr;

	return server_addr(e, e->server_src, ask_local, &addr) && set_port(&addr, out);
}

bool fetch_bc_dst(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	union addr addr;

	return server_addr(e, e->server_dst, ask_remote, &addr) && sample_set_addr(out, &addr);
}

bool fetch_bc_dst_port(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	union addr addr;

	return server_addr(e, e->server_dst, ask_remote, &addr) && set_port(&addr, out);
}

static bool tcp_figures(int fd, struct tcp_info *info)
{
	socklen_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return fd > 0 && !getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len);
}

/* Microseconds; without a unit, and for "ms", in milliseconds. */
static bool set_time(const struct fetch_call *call, uint32_t us, struct sample *out)
{
	return sample_set_int(out, str_is(call->args[0].str, "us") ? us : us / 1000);
}

/* A figure of the client's or the server's connection. */
#define TCP_TIME(name, fd, field)                                                                              \
	bool fetch_##name(struct eval *e, const struct fetch_call *call, struct sample *out,                   \
			  struct sample_iter *iter)                                                            \
	{                                                                                                      \
		struct tcp_info info;                                                                          \
                                                                                                               \
		return tcp_figures(e->fd, &info) && set_time(call, info.field, out);                           \
	}
#define TCP_FIGURE(name, field)                                                                                \
	bool fetch_##name(struct eval *e, const struct fetch_call *call, struct sample *out,                   \
			  struct sample_iter *iter)                                                            \
	{                                                                                                      \
		struct tcp_info info;                                                                          \
                                                                                                               \
		return tcp_figures(e->client_fd, &info) && sample_set_int(out, info.field);                    \
	}

TCP_TIME(fc_rtt, client_fd, tcpi_rtt)
TCP_TIME(fc_rttvar, client_fd, tcpi_rttvar)
TCP_TIME(bc_rtt, server_fd, tcpi_rtt)
TCP_TIME(bc_rttvar, server_fd, tcpi_rttvar)
TCP_FIGURE(fc_unacked, tcpi_unacked)
TCP_FIGURE(fc_sacked, tcpi_sacked)
TCP_FIGURE(fc_retrans, tcpi_retrans)
TCP_FIGURE(fc_fackets, tcpi_fackets)
TCP_FIGURE(fc_lost, tcpi_lost)
TCP_FIGURE(fc_reordering, tcpi_reordering)

/* The packet that began the client's connection, where `tcp-ss` has it kept. The system gives it once. */
bool fetch_fc_saved_syn(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	socklen_t len = 512;
	char *bytes = scratch_alloc(e->scratch, len);

	if (!bytes || e->client_fd <= 0 || !e->bind || !e->bind->tcp_ss ||
	    getsockopt(e->client_fd, IPPROTO_TCP, TCP_SAVED_SYN, bytes, &len) != 0 || !len)
		return false;
	out->type = SMP_BIN;
	out->str = str_make(bytes, len);
	return true;
}
