/* One run of a check: connect, send the request, read until the answer can be judged. Owned by the check's
 * worker; only the callbacks of the loop close the connection, through check_conclude(). */
#include "runtime/health/check_run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/backend/proxy_header.h"
#include "runtime/net/address.h"

static bool is_http(const struct check *k)
{
	return k->server->proxy->conf->check.kind == CHECK_HTTP;
}

void check_run_close(struct check *k)
{
	conn_close(&k->conn, !is_http(k) || k->phase == PHASE_CONNECTING);
	buf_drop(k->worker, &k->in);
	out_free(&k->request);
	k->phase = PHASE_WAITING;
}

static void run_end(struct check *k, enum check_status status, uint16_t code, const char *info)
{
	check_run_close(k);
	check_conclude(k, status, code, info);
}

/* A broken connection: before it stood a layer 4 problem, afterwards one of the socket. Who resets had accepted
 * first, even if both are seen at once: a refusal has an error of its own. */
static void run_broken(struct check *k, int error)
{
	if (k->phase == PHASE_CONNECTING && error == ECONNRESET) {
		if (!is_http(k)) {
			run_end(k, CHECK_L4_OK, 0, "");
			return;
		}
		k->phase = PHASE_RECEIVING;
	}
	run_end(k, k->phase == PHASE_CONNECTING ? CHECK_L4_CONNECT : CHECK_SOCKET, 0, strerror(error));
}

static void run_receive(struct check *k)
{
	enum check_status status;
	char info[128] = "";
	uint16_t code = 0;
	ssize_t n = conn_recv(&k->conn, &k->in);

	if (n < 0 && k->conn.flags & CONN_ERROR) {
		run_broken(k, k->conn.error);
		return;
	}
	if (n < 0 && errno != ENOMEM && buf_room(&k->in))
		return;
	k->no_more = n <= 0; /* closed, no memory, or the buffer is full: judged by what is there */
	if (check_http_response(k, &status, &code, info) == CHECK_DONE)
		run_end(k, status, code, info);
}

static void run_send(struct check *k)
{
	struct iovec rest = {k->request.buf + k->sent, k->request.len - k->sent};
	ssize_t n = conn_sendv(&k->conn, &rest, 1, false);

	if (n < 0 && k->conn.flags & CONN_ERROR) {
		run_broken(k, k->conn.error);
		return;
	}
	if (n > 0)
		k->sent += (size_t)n;
	if (k->sent < k->request.len) {
		conn_want(&k->conn, EV_WRITE);
		return;
	}
	k->phase = PHASE_RECEIVING;
	conn_want(&k->conn, EV_READ);
}

/* Manual, "check-send-proxy": as for traffic, unless the check knocks elsewhere. */
static bool sends_header(const struct check *k)
{
	const struct server_conf *conf = k->server->conf;

	if (conf->check_send_proxy)
		return true;
	return (conf->send_proxy || conf->send_proxy_v2) && !conf->check_port && !conf->check_addr;
}

/* Version 1 tells the ends of this very connection, version 2 that it is the proxy's own (seen with
 * HAProxy 2.6). */
static bool send_header(struct check *k)
{
	char header[PROXY_HEADER_MAX];
	struct iovec iov = {.iov_base = header};
	struct sockaddr_storage here = {0}, there = {0};
	socklen_t here_len = sizeof(here), there_len = sizeof(there);

	if (!sends_header(k))
		return true;
	if (k->server->conf->send_proxy_v2) {
		iov.iov_len = proxy_header_local(header);
	} else {
		getsockname(k->conn.io.fd, (struct sockaddr *)&here, &here_len);
		getpeername(k->conn.io.fd, (struct sockaddr *)&there, &there_len);
		iov.iov_len = proxy_header_v1(header, (union addr *)&here, (union addr *)&there);
	}
	return conn_sendv(&k->conn, &iov, 1, is_http(k)) == (ssize_t)iov.iov_len;
}

static void run_connected(struct check *k)
{
	uint32_t patience = k->server->proxy->conf->timeout[TMO_CHECK];

	if (!send_header(k)) {
		run_end(k, CHECK_SOCKET, 0, strerror(k->conn.error));
		return;
	}
	if (!is_http(k)) {
		run_end(k, CHECK_L4_OK, 0, "");
		return;
	}
	if (patience)
		deadline_set(k->worker, &k->deadline, k->worker->now + patience);
	k->phase = PHASE_SENDING;
	run_send(k);
}

static void run_ready(struct conn *c, int revents)
{
	struct check *k = (struct check *)((char *)c - offsetof(struct check, conn));
	int error;

	switch (k->phase) {
	case PHASE_CONNECTING:
		error = conn_connect_result(c, revents);
		if (error && error != EINPROGRESS)
			run_broken(k, error);
		else if (!error)
			run_connected(k);
		break;
	case PHASE_SENDING:
		run_send(k);
		break;
	case PHASE_RECEIVING:
		run_receive(k);
		break;
	case PHASE_WAITING:
		break;
	}
}

/* Where to knock: `addr` and `port` of the check, else the server's own. */
static socklen_t target(const struct check *k, struct sockaddr_storage *to)
{
	const struct server_conf *conf = k->server->conf;
	const struct server *s = k->server;
	socklen_t len;

	if (conf->check_addr && conf->check_addr->kind != ADDR_NONE) {
		uint16_t port = conf->check_port         ? conf->check_port
				: conf->check_addr->port ? conf->check_addr->port
							 : address_port(&s->addr);

		return address_from_conf(conf->check_addr, port, to, &len) ? len : 0;
	}
	memset(to, 0, sizeof(*to));
	if (s->unix_addr)
		memcpy(to, s->unix_addr, s->addr_len);
	else
		memcpy(to, &s->addr, sizeof(s->addr));
	if (conf->check_port && !s->unix_addr)
		address_set_port((union addr *)to, conf->check_port);
	return s->addr_len;
}

/* How long the connection may take: `timeout connect` and the interval, whichever is shorter, when `timeout
 * check` bounds the rest; else the whole run has the interval (manual, "timeout check"). */
static uint32_t connect_patience(const struct check *k)
{
	const struct proxy_conf *px = k->server->proxy->conf;
	uint32_t inter = k->server->conf->inter ? k->server->conf->inter : 2000;

	if (px->timeout[TMO_CHECK] && px->timeout[TMO_CONNECT] && px->timeout[TMO_CONNECT] < inter)
		return px->timeout[TMO_CONNECT];
	return inter;
}

static void run_refused(struct check *k, int error)
{
	char info[128];

	if (error == ECONNREFUSED || error == ENETUNREACH || error == EHOSTUNREACH || error == EACCES) {
		check_conclude(k, CHECK_L4_CONNECT, 0, strerror(error));
		return;
	}
	snprintf(info, sizeof(info), "General socket error (%s)", strerror(error));
	check_conclude(k, CHECK_SOCKET, 0, info);
}

static int run_connect(struct check *k)
{
	struct sockaddr_storage to, from;
	struct connect_options options;
	const struct addr_conf *source = k->server->conf->source;
	union addr packed;
	socklen_t tolen = target(k, &to), fromlen;
	bool bound = source && address_from_conf(source, source->port, &from, &fromlen);

	if (!tolen)
		return EADDRNOTAVAIL;
	if (bound)
		address_pack(&packed, &from);
	options = (struct connect_options){.src = bound ? &packed : NULL,
					   .knock = !is_http(k) && !sends_header(k)};
	return conn_connect_with(&k->conn, k->worker, (const union addr *)&to, tolen, &options, run_ready);
}

void check_run(struct check *k)
{
	int error;

	k->started_us = k->worker->now_us;
	k->no_more = false;
	k->sent = 0;
	k->in = (struct buf){0};
	k->request = out_growing(1 << 16);
	if (is_http(k) && !check_http_request(k)) {
		out_free(&k->request);
		check_conclude(k, CHECK_SOCKET, 0, strerror(ENOMEM));
		return;
	}
	k->phase = PHASE_CONNECTING;
	error = run_connect(k);
	if (error) {
		k->phase = PHASE_WAITING;
		out_free(&k->request);
		run_refused(k, error);
		return;
	}
	deadline_set(k->worker, &k->deadline, k->worker->now + connect_patience(k));
}
