/* TLS on the way to a server: between the connected socket and the request that waits for it. The time of the
 * handshake is part of the time of connecting, and its failure is a failed try (manual, section 5.2). Worker
 * thread of the request only. */
#include "runtime/backend/request.h"
#include "runtime/eval/conn_past.h"
#include "runtime/eval/scratch.h"
#include "runtime/http/mux.h"
#include "runtime/net/address.h"
#include "runtime/tls/tls.h"

/* A connection that pretends to come from one client is of no use to another, nor one that goes where its
 * client wanted. */
static uint32_t address_hash(const union addr *from)
{
	if (from->family == AF_INET)
		return str_hash(str_make((const char *)&from->in.sin_addr, sizeof(from->in.sin_addr)));
	return str_hash(str_make((const char *)&from->in6.sin6_addr, sizeof(from->in6.sin6_addr)));
}

void request_name(struct srv_request *r)
{
	const struct server *s = r->server;
	union addr from, to;
	socklen_t len;

	r->sni_text = STR_NONE;
	r->sni_hash = 0;
	if (s->tls && r->sni) {
		r->sni_text = r->sni(r);
		r->sni_hash = str_hash(r->sni_text);
	}
	if (server_conf_rare(s->conf)->pool_name)
		r->sni_hash = r->pool_name ? str_hash(r->pool_name(r)) : 0;
	if (s->conf->addr.kind == ADDR_REVERSE)
		return; /* who has come is asked for by that name only */
	if (request_spoof(r, &from))
		r->sni_hash ^= address_hash(&from);
	if (address_is_any(server_addr(s)) && request_target(r, &to, &len))
		r->sni_hash ^= address_hash(&to);
}

/* With ALPN, websockets are spoken in HTTP/1 where that is among the protocols of the server. */
enum mux_proto request_proto(const struct srv_request *r)
{
	const struct server_conf *conf = r->server->conf;
	struct str alpn;

	if (!r->websocket)
		return MUX_AUTO;
	if (server_conf_rare(conf)->ws != WS_AUTO)
		return server_conf_rare(conf)->ws == WS_H1 ? MUX_H1 : MUX_H2;
	alpn = server_conf_tls(conf)->conf.alpn;
	return conf->ssl && conf->mux == MUX_AUTO && alpn.len && memmem(alpn.ptr, alpn.len, "http/1.1", 8)
		       ? MUX_H1
		       : MUX_AUTO;
}

static struct str alpn_of(const struct srv_request *r)
{
	enum mux_proto proto = request_proto(r);

	if (proto == MUX_AUTO || !server_conf_tls(r->server->conf)->conf.alpn.len)
		return STR_NONE;
	return proto == MUX_H1 ? STR("\x08http/1.1") : STR("\x02h2");
}

/* Requests that may be sent twice go with the hello, but for one that failed already (manual, server option
 * "allow-0rtt"). */
static bool goes_early(const struct srv_request *r)
{
	const struct server_conf *s = r->server->conf;

	return server_conf_tls(s)->conf.allow_0rtt && r->backend->conf->mode == MODE_HTTP && s->mux != MUX_H2 &&
	       r->backend->conf->retry_on & RETRY_ON_0RTT_REJECTED && !r->retries;
}

void server_secured(struct worker *w, struct server *s, const struct conn *c, bool ok)
{
	struct srv_counters *own = counters_srv(w, s->index);
	struct be_counters *all = counters_be(w, s->proxy->index);

	if (!ok) {
		own->ssl_failed_handshake++;
		all->ssl_failed_handshake++;
	} else if (tls_conn_resumed(c)) {
		own->ssl_reused_sess++;
		all->ssl_reused_sess++;
	} else {
		own->ssl_sess++;
		all->ssl_sess++;
	}
}

void srv_request_forget(struct srv_request *r)
{
	if (r->past) {
		tls_conn_drop(&r->past->tls);
		tls_peer_drop(&r->past->cert);
	}
	r->past = NULL;
}

static struct conn_past *past_new(struct srv_request *r)
{
	srv_request_forget(r);
	r->past = r->room ? scratch_alloc(r->room, sizeof(*r->past)) : NULL;
	if (r->past)
		*r->past = (struct conn_past){.tls = NULL};
	return r->past;
}

/* The library's object stays; the connection is closed. */
static void past_failed(struct srv_request *r, struct conn *c)
{
	struct conn_past *past = past_new(r);

	if (!past)
		return;
	past->why = tls_conn_error(c);
	past->tls = tls_conn_keep(c);
}

void request_past(struct srv_request *r, struct srv_conn *sc, bool closes)
{
	struct conn *c = conn_carrier(&sc->conn);
	struct conn_past *past = tls_conn_version(c) ? past_new(r) : NULL;

	if (!past)
		return;
	past->version = tls_conn_version(c);
	past->cipher = tls_conn_cipher(c);
	past->resumed = tls_conn_resumed(c);
	past->why = tls_conn_fault(c);
	if (closes && c == &sc->conn)
		past->tls = tls_conn_keep(c);
	else
		past->cert = tls_conn_peer(c);
}

static void securing(struct conn *c, int revents)
{
	struct srv_conn *sc = (struct srv_conn *)c;

	(void)revents;
	if (tls_conn_is_early(c)) {
		conn_want(c, 0);
		server_secured(c->worker, sc->server, c, true);
		request_secured(sc->user, sc);
		return;
	}
	switch (tls_handshake(c)) {
	case TLS_AGAIN:
		return;
	case TLS_FAILED:
		server_secured(c->worker, sc->server, c, false);
		past_failed(sc->user, c);
		request_insecure(sc->user, sc);
		return;
	case TLS_DONE:
		server_secured(c->worker, sc->server, c, true);
		request_secured(sc->user, sc);
		return;
	}
}

bool request_secure(struct srv_request *r, struct srv_conn *sc)
{
	struct conn *c = &sc->conn;

	if (!tls_conn_connect(c, r->server->tls, r->sni_text, alpn_of(r)))
		return false;
	if (goes_early(r))
		tls_conn_early(c);
	c->ready = securing;
	conn_want(c, EV_READ | EV_WRITE); /* the loop takes the first step: nothing nests */
	return true;
}
