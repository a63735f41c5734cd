/* The connection of a run: connecting, sending, receiving, its end. Owned by the check's worker; only the
 * callbacks of the loop get here, and only check_run_end() lets go of a connection on the way. */
#include "runtime/health/check_run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/backend/proxy_header.h"
#include "runtime/health/check_reuse.h"
#include "runtime/net/address.h"
#include "runtime/tls/tls.h"

/* Does a connection end in order? HAProxy resets those of layer 4 and of tcp-check without `linger`. */
static bool ends_in_order(const struct check *k)
{
	if (k->phase == PHASE_CONNECTING || k->phase == PHASE_RELAYING || k->phase == PHASE_SECURING)
		return false;
	switch (k->agent ? CHECK_REDIS : check_conf(k)->kind) {
	case CHECK_L4:
		return false;
	case CHECK_TCP:
		return k->connect && k->connect->linger;
	default:
		return true;
	}
}

void check_run_close(struct check *k)
{
	if (!check_reuse_end(k))
		conn_close(k->conn, !ends_in_order(k));
	check_h2_end(k);
	check_external_close(k);
	buf_drop(k->worker, &k->in);
	out_free(&k->request);
	eval_vars_free(&k->vars, k->worker->host.vars_total);
	scratch_reset(&k->scratch);
	k->phase = PHASE_WAITING;
	check_turn_over(k);
}

void check_run_end(struct check *k, enum check_status status, const char *info)
{
	k->outcome.status = status;
	if (info)
		snprintf(k->outcome.info, sizeof(k->outcome.info), "%s", info);
	check_run_close(k);
	check_conclude(k);
}

/* An error of the connection: before it stood a layer 4 problem, afterwards one of the socket. Who resets had
 * accepted first, even if both are seen at once: a refusal has an error of its own. */
static void run_broken(struct check *k, int error)
{
	bool layer4 = k->phase == PHASE_CONNECTING && error != ECONNRESET;
	char text[CHECK_INFO];
	struct out o = out_fixed(text, sizeof(text) - 1);

	if (check_reuse_again(k))
		return;
	if (k->phase == PHASE_CONNECTING && error == ECONNRESET) {
		if (!k->nsteps) {
			check_run_end(k, CHECK_L4_OK, "");
			return;
		}
		k->phase = PHASE_RECEIVING;
	}
	out_puts(&o, tls_conn_fault(k->conn) ? tls_conn_fault(k->conn) : strerror(error));
	check_steps_where(k, &o);
	text[o.len] = 0;
	k->outcome.code = 0;
	check_run_end(k, layer4 ? CHECK_L4_CONNECT : CHECK_SOCKET, text);
}

static void run_receive(struct check *k)
{
	ssize_t n = k->h2          ? check_h2_receive(k)
		    : k->conn->mux ? check_reuse_receive(k)
				   : conn_recv(k->conn, &k->in);

	if (n < 0 && k->conn->flags & CONN_ERROR) {
		run_broken(k, k->conn->error);
		return;
	}
	if (n < 0 && errno == EAGAIN && (!k->in.data || buf_room(&k->in)))
		return;
	if (n <= 0 && check_reuse_again(k))
		return;
	k->no_more |= n <= 0; /* closed, no memory, or the buffer is full: judged by what is there */
	check_steps_run(k);
}

void check_run_receive(struct check *k)
{
	k->phase = PHASE_RECEIVING;
	conn_want(k->conn, EV_READ);
}

/* True: all is gone, false: something is left, or the run is over. */
static bool run_send(struct check *k)
{
	struct iovec rest = {k->request.buf + k->sent, k->request.len - k->sent};
	ssize_t n = 0;

	k->phase = PHASE_SENDING;
	if (k->conn->mux)
		n = check_reuse_send(k) ? 0 : -1;
	else if (rest.iov_len)
		n = conn_sendv(k->conn, &rest, 1, false);
	if (n < 0 && (k->conn->mux || k->conn->flags & CONN_ERROR)) {
		run_broken(k, k->conn->error ? k->conn->error : EPROTO);
		return false;
	}
	if (n > 0)
		k->sent += (size_t)n;
	if (k->sent < k->request.len)
		conn_want(k->conn, EV_WRITE);
	return k->sent == k->request.len;
}

void check_run_send(struct check *k)
{
	if (!run_send(k))
		return;
	k->at++;
	check_steps_run(k);
}

/* --- connecting */

/* Does the connection go where traffic goes? */
static bool goes_to_server(const struct check *k)
{
	const struct server_conf *conf = k->server->conf;

	return !k->agent && !conf->check_port && !conf->check_addr;
}

/* Manual, "check-send-proxy": as for traffic, unless the check knocks elsewhere; `connect` has words of its
 * own. */
static bool sends_header(const struct check *k)
{
	const struct server_conf *conf = k->server->conf;

	if (k->connect && !k->connect->as_server)
		return k->connect->send_proxy;
	if (k->connect && k->connect->send_proxy)
		return true;
	if (conf->check_send_proxy && !k->agent)
		return true;
	return server_conf_greets(conf) && goes_to_server(k);
}

/* Version 1 tells the ends of this very connection, version 2 that it is the proxy's own (seen with
 * HAProxy 2.6). */
static bool send_header(struct check *k)
{
	char header[PROXY_HEADER_MAX];
	struct iovec iov = {.iov_base = header};
	struct sockaddr_storage here = {0}, there = {0};
	union addr from, to;
	socklen_t here_len = sizeof(here), there_len = sizeof(there);

	if (!sends_header(k))
		return true;
	if (k->server->conf->send_proxy_v2 && !k->worker->process->generation->model->global.pp2_never_local) {
		iov.iov_len = proxy_header_local(header);
	} else {
		getsockname(k->conn->io.fd, (struct sockaddr *)&here, &here_len);
		getpeername(k->conn->io.fd, (struct sockaddr *)&there, &there_len);
		address_pack(&from, &here);
		address_pack(&to, &there);
		iov.iov_len = k->server->conf->send_proxy_v2 ? proxy_header_v2(header, &from, &to)
							     : proxy_header_v1(header, &from, &to);
	}
	return conn_sendv(k->conn, &iov, 1, k->at < k->nsteps) == (ssize_t)iov.iov_len;
}

/* Manual, "check-ssl": as for traffic, unless the check knocks elsewhere; `connect` has words of its own. */
static bool uses_tls(const struct check *k)
{
	const struct server_conf *conf = k->server->conf;

	if (k->agent || !k->server->tls)
		return false;
	if (k->connect && !k->connect->as_server)
		return k->connect->ssl;
	return conf->check_ssl || (k->connect && k->connect->ssl) ||
	       (conf->ssl && !conf->no_check_ssl && goes_to_server(k));
}

/* Manual 3.4, "check-sni-auto": so it is from 3.3 on. */
static bool takes_host(const struct check *k)
{
	return check_conf(k)->kind == CHECK_HTTP && k->server->proxy->generation->model->compat >= 303 &&
	       !server_conf_tls(k->server->conf)->no_check_sni_auto;
}

struct str check_run_sni(struct check *k)
{
	struct str sni = server_conf_tls(k->server->conf)->check_sni;

	return !sni.len && takes_host(k) ? check_http_host(k) : sni;
}

/* ALPN and host name of the step, else of the server's checks. */
static bool secure_start(struct check *k)
{
	const struct tls_server_conf *conf = server_conf_tls(k->server->conf);
	struct str alpn = k->connect && k->connect->alpn.len ? k->connect->alpn : conf->check_alpn;
	struct str sni = k->connect && k->connect->sni.len ? k->connect->sni : check_run_sni(k);

	if (!tls_conn_connect(k->conn, k->server->tls, sni, alpn))
		return false;
	k->phase = PHASE_SECURING;
	conn_want(k->conn, EV_READ | EV_WRITE);
	return true;
}

static void run_open(struct check *k);
static socklen_t target(struct check *k, const struct hc_step *step, struct sockaddr_storage *to);

static void run_secure(struct check *k)
{
	switch (tls_handshake(k->conn)) {
	case TLS_AGAIN:
		return;
	case TLS_FAILED:
		server_secured(k->worker, k->server, k->conn, false);
		check_run_end(k, CHECK_L6_RESPONSE, tls_conn_error(k->conn));
		return;
	case TLS_DONE:
		server_secured(k->worker, k->server, k->conn, true);
		run_open(k);
		return;
	}
}

static void run_connected(struct check *k)
{
	if (!send_header(k))
		check_run_end(k, CHECK_SOCKET, strerror(k->conn->error));
	else if (!uses_tls(k))
		run_open(k);
	else if (!secure_start(k))
		check_run_end(k, CHECK_SOCKET, strerror(ENOMEM));
}

/* Manual, "check-proto": as the step says, or the server's checks, or its traffic; else as both sides agree. */
static bool speaks_h2(const struct check *k)
{
	const struct server_conf *conf = k->server->conf;
	struct str step = k->connect ? k->connect->proto : STR_NONE;

	if (k->agent || check_conf(k)->kind != CHECK_HTTP)
		return false;
	if (step.len)
		return str_is(step, "h2");
	if (conf->check_mux != MUX_AUTO)
		return conf->check_mux == MUX_H2;
	if (conf->mux != MUX_AUTO)
		return conf->mux == MUX_H2;
	return str_is(conn_alpn(k->conn), "h2");
}

static void run_open(struct check *k)
{
	uint32_t patience = k->server->proxy->conf->timeout[TMO_CHECK];

	if (patience)
		deadline_set(k->worker, &k->deadline, k->worker->now + patience);
	k->connected = true;
	k->phase = PHASE_RECEIVING;
	if (speaks_h2(k) && !check_reuse_h2(k) && (k->conn->io.fd < 0 || !check_h2_begin(k))) {
		check_run_end(k, CHECK_SOCKET, strerror(ENOMEM));
		return;
	}
	if (k->connect)
		k->at++;
	check_steps_run(k);
}

/* Manual, "check-via-socks4". */
static bool is_relayed(const struct check *k)
{
	const struct server_rare *conf = server_conf_rare(k->server->conf);

	return conf->socks4 && !k->agent && (conf->check_socks4 || (k->connect && k->connect->via_socks4));
}

static void relay_failed(struct check *k, const char *what)
{
	check_run_end(k, CHECK_SOCKET, what);
}

static void run_reached(struct check *k)
{
	struct sockaddr_storage ss;
	union addr to;

	if (!is_relayed(k)) {
		run_connected(k);
		return;
	}
	k->socks = (struct socks){0};
	k->phase = PHASE_RELAYING;
	if (!target(k, k->connect, &ss)) {
		relay_failed(k, "SOCKS4 proxy: the server has no address");
		return;
	}
	address_pack(&to, &ss);
	if (!socks_ask(k->conn, &to))
		relay_failed(k, "SOCKS4 Proxy write error during handshake");
}

static void run_relay(struct check *k)
{
	switch (socks_answer(k->conn, &k->socks)) {
	case SOCKS_WAIT:
		return;
	case SOCKS_GRANTED:
		run_connected(k);
		return;
	case SOCKS_DENIED:
		relay_failed(k, "SOCKS4 Proxy deny the request");
		return;
	case SOCKS_BROKEN:
		relay_failed(k, "SOCKS4 Proxy handshake aborted by server");
	}
}

void check_run_ready(struct check *k, int revents)
{
	int error;

	switch (k->phase) {
	case PHASE_CONNECTING:
		error = conn_connect_result(k->conn, revents);
		if (error && error != EINPROGRESS)
			run_broken(k, error);
		else if (!error)
			run_reached(k);
		break;
	case PHASE_RELAYING:
		run_relay(k);
		break;
	case PHASE_SECURING:
		run_secure(k);
		break;
	case PHASE_SENDING:
		check_run_send(k);
		break;
	case PHASE_RECEIVING:
		run_receive(k);
		break;
	case PHASE_WAITING:
	case PHASE_PROGRAM:
		break;
	}
}

static void run_ready(struct conn *c, int revents)
{
	check_run_ready((struct check *)((char *)c - offsetof(struct check, own)), revents);
}

/* The port that a step names: a number, or what an expression gives. */
static uint16_t step_port(struct check *k, const struct hc_step *step)
{
	struct str text;
	struct eval e;
	int64_t port;

	if (!step || !step->port_expr)
		return step ? step->port : 0;
	check_eval_begin(k, &e);
	if (!sample_text(&e, step->port_expr, &text) || !str_to_i64(text, &port) || port < 1 || port > 65535)
		return 0;
	return (uint16_t)port;
}

static const struct addr_conf *target_addr(const struct check *k, const struct hc_step *step)
{
	const struct server_conf *conf = k->server->conf;

	if (step && step->addr)
		return step->addr;
	/* manual, "addr": for agents, too */
	return k->agent && server_conf_rare(conf)->agent_addr ? server_conf_rare(conf)->agent_addr
							      : conf->check_addr;
}

/* port 0: the address's own. */
static socklen_t target_pack(const union addr *addr, uint16_t port, struct sockaddr_storage *to)
{
	memset(to, 0, sizeof(*to));
	memcpy(to, addr, sizeof(*addr));
	if (port)
		address_set_port((union addr *)to, port);
	return address_len(addr);
}

/* Where to knock: `addr` and `port` of the step, of the check, else the server's own. */
static socklen_t target(struct check *k, const struct hc_step *step, struct sockaddr_storage *to)
{
	const struct server *s = k->server;
	const struct addr_conf *addr = target_addr(k, step);
	uint16_t port = step_port(k, step);
	union addr own;
	uint16_t own_port;
	socklen_t len;

	pthread_mutex_lock(&k->lock);
	own = k->own_addr;
	own_port = k->own_port;
	pthread_mutex_unlock(&k->lock);
	if (!port && step && step->addr && step->addr->port)
		port = step->addr->port;
	if (!port)
		port = own_port ? own_port : k->agent ? s->conf->agent_port : s->conf->check_port;
	if (own.family != AF_UNSPEC && !(step && step->addr))
		return target_pack(&own, port ? port : address_port(server_addr(s)), to);
	if (addr && addr->kind != ADDR_NONE) {
		port = port ? port : addr->port ? addr->port : address_port(server_addr(s));
		return address_from_conf(addr, port, to, &len) ? len : 0;
	}
	if (s->unix_addr && server_addr(s) == &s->addr) {
		memcpy(to, s->unix_addr, s->addr_len);
		return s->addr_len;
	}
	return target_pack(server_addr(s), port, to);
}

uint32_t check_patience(const struct check *k)
{
	const struct server_conf *conf = k->server->conf;

	if (k->agent && conf->agent_inter)
		return conf->agent_inter;
	return conf->inter ? conf->inter : 2000;
}

uint32_t check_run_patience(const struct check *k)
{
	uint32_t timeout = k->server->proxy->conf->timeout[TMO_CHECK];

	return timeout ? timeout : check_patience(k);
}

/* How long the connection may take: `timeout connect` and the interval, whichever is shorter, when `timeout
 * check` bounds the rest; else the whole run has the interval (manual, "timeout check"). */
static uint32_t connect_patience(const struct check *k)
{
	const struct proxy_conf *px = k->server->proxy->conf;
	uint32_t inter = check_patience(k);

	if (px->timeout[TMO_CHECK] && px->timeout[TMO_CONNECT] && px->timeout[TMO_CONNECT] < inter)
		return px->timeout[TMO_CONNECT];
	return inter;
}

/* Nothing follows the handshake: the connection is only to be seen standing. */
static bool only_knocks(const struct check *k)
{
	return k->at + (k->connect != NULL) >= k->nsteps && !sends_header(k) && !uses_tls(k) && !is_relayed(k);
}

/* Checks have no client whose namespace could be meant by "*". */
static struct str namespace_of(const struct server_rare *conf)
{
	return str_is(conf->namespace_, "*") ? STR_NONE : conf->namespace_;
}

static int run_connect(struct check *k, const struct hc_step *step, void (*ready)(struct conn *, int))
{
	struct sockaddr_storage to, from;
	struct connect_options options;
	const struct source_conf *source = server_conf_source(k->server->conf);
	const struct server_rare *rare = server_conf_rare(k->server->conf);
	union addr packed;
	socklen_t tolen = target(k, step, &to), fromlen;
	bool bound = source && address_from_conf(&source->addr, source->addr.port, &from, &fromlen);

	if (k->server->conf->addr.kind == ADDR_REVERSE && !target_addr(k, step))
		return ENOTCONN; /* it has to come to us */
	if (!tolen)
		return EADDRNOTAVAIL;
	if (is_relayed(k) && !address_from_conf(rare->socks4, rare->socks4->port, &to, &tolen))
		return EADDRNOTAVAIL;
	if (bound)
		address_pack(&packed, &from);
	options = (struct connect_options){.src = bound ? &packed : NULL,
					   .knock = only_knocks(k),
					   .user_timeout = rare->tcp_ut,
					   .md5sig = rare->tcp_md5sig,
					   .congestion = rare->cc,
					   .netns = k->server->proxy->generation->netns,
					   .namespace_ = namespace_of(rare),
					   .interface = source ? source->interface : STR_NONE};
	return conn_connect_with(k->conn, k->worker, (const union addr *)&to, tolen, &options, ready);
}

static void run_refused(struct check *k, int error)
{
	char info[CHECK_INFO];

	if (error == ECONNREFUSED || error == ENETUNREACH || error == EHOSTUNREACH || error == EACCES) {
		run_broken(k, error);
		return;
	}
	snprintf(info, sizeof(info), "General socket error (%s)", strerror(error));
	check_run_end(k, CHECK_SOCKET, info);
}

/* The connection stands already. */
static void run_taken(struct check *k)
{
	deadline_set(k->worker, &k->deadline, k->worker->now + check_run_patience(k));
	k->connected = true;
	k->phase = PHASE_RECEIVING;
	check_steps_run(k);
}

void check_run_connect(struct check *k, const struct hc_step *step)
{
	void (*ready)(struct conn *, int) = run_ready;
	bool again = k->connected;
	int error;

	conn_close(k->conn, !ends_in_order(k));
	check_h2_end(k);
	k->connect = step;
	k->no_more = false;
	buf_drop(k->worker, &k->in);
	if (check_reuse_begin(k, &ready)) {
		run_taken(k);
		return;
	}
	k->phase = PHASE_CONNECTING;
	error = run_connect(k, step, ready);
	if (error) {
		run_refused(k, error);
		return;
	}
	if (!again || k->server->proxy->conf->timeout[TMO_CHECK])
		deadline_set(k->worker, &k->deadline, k->worker->now + connect_patience(k));
}

void check_run(struct check *k)
{
	k->started_us = k->worker->now_us;
	k->at = 0;
	k->connect = NULL;
	k->connected = k->no_more = false;
	k->sent = 0;
	k->in = (struct buf){0};
	k->request = out_growing(1 << 16);
	k->outcome = (struct check_outcome){.status = CHECK_UNKNOWN};
	k->vars = NULL;
	check_reuse_restart(k);
	scratch_init(&k->scratch, &k->worker->scratch);
	if (!k->agent && check_conf(k)->kind == CHECK_EXTERNAL)
		check_external_run(k);
	else
		check_steps_run(k);
}
