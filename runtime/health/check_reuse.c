/* HTTP checks over idle connections (manual 3.4, "check-reuse-pool"): a run takes a connection that traffic or
 * an earlier check has left, or opens one, and leaves it to others when the answer is complete. Connections of
 * HTTP/2 give it a stream, whose heads become text of HTTP/1 in the check's buffer. Who only looks now and then
 * meets connections that the server has given up meanwhile: then the run begins again with a new one. What is
 * taken counts at no server's maxconn, as checks do not. Owned by the check; its worker only. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/backend/h2_server.h"
#include "runtime/eval/sample.h"
#include "runtime/http/mux.h"
#include "runtime/health/check_reuse.h"
#include "runtime/net/address.h"

struct check_reuse {
	struct srv_request request; /* as which the pool sees the check */
	struct check *check;
	struct srv_conn *conn; /* NULL: the run has its own, or none yet */
	uint32_t at;           /* the step that it was taken for */
	bool fresh_only;       /* after one that was stale */
	bool head_seen;        /* of the response of a stream */
};

static bool is_reverse(const struct check *k)
{
	return k->server->conf->addr.kind == ADDR_REVERSE;
}

/* Anything that makes the check's connection one of its own. */
static bool connects_otherwise(struct check *k)
{
	const struct server_conf *conf = k->server->conf;
	union addr own;
	uint16_t port;

	if (conf->check_port || conf->check_addr || conf->check_send_proxy || conf->check_ssl ||
	    conf->check_mux != MUX_AUTO || server_conf_rare(conf)->check_socks4 ||
	    server_conf_tls(conf)->check_alpn.len)
		return true;
	for (uint32_t i = 0; i < k->nsteps; i++)
		if (k->steps[i].kind == HC_CONNECT)
			return true;
	check_place(k->server, false, &own, &port);
	return own.family != AF_UNSPEC || port;
}

bool check_reuses(struct check *k)
{
	if (k->agent || check_conf(k)->kind != CHECK_HTTP)
		return false;
	if (!server_conf_rare(k->server->conf)->check_reuse && !is_reverse(k))
		return false;
	return !connects_otherwise(k) && (is_reverse(k) || !address_is_any(server_addr(k->server)));
}

/* As requests are told apart by the host that TLS asks for, or by `pool-conn-name`. */
static uint32_t name_hash(struct check *k)
{
	const struct server_rare *rare = server_conf_rare(k->server->conf);
	struct str name = rare->check_pool_name;

	if (!name.len && k->server->tls)
		name = check_run_sni(k);
	return name.len || k->server->tls || rare->pool_name ? str_hash(name) : 0;
}

/* Manual, "http-reuse": each run is a session of its own, whose failure is not a client's. */
static bool policy_allows(const struct proxy_conf *px)
{
	return px->reuse == REUSE_AGGRESSIVE || px->reuse == REUSE_ALWAYS;
}

static struct check_reuse *reuse_of(struct check *k)
{
	if (!k->reuse)
		k->reuse = calloc(1, sizeof(*k->reuse));
	if (k->reuse)
		k->reuse->check = k;
	return k->reuse;
}

static void connection_ready(struct conn *c, int revents)
{
	struct srv_request *r = ((struct srv_conn *)c)->user;

	check_run_ready(((struct check_reuse *)((char *)r - offsetof(struct check_reuse, request)))->check,
			revents);
}

static void connection_use(struct check_reuse *u, struct srv_conn *sc)
{
	u->conn = sc;
	u->at = u->check->at;
	u->head_seen = false;
	u->check->conn = &sc->conn;
}

static struct srv_conn *connection_new(struct check_reuse *u)
{
	struct srv_conn *sc = pool_get(&u->check->worker->srv_conns);

	if (sc) {
		*sc = (struct srv_conn){
			.server = u->check->server, .user = &u->request, .requests = 1, .fresh = true};
		sc->sni_hash = u->request.sni_hash;
		sc->conn.io.fd = -1;
		list_init(&sc->idle_node);
	}
	return sc;
}

bool check_reuse_begin(struct check *k, void (**ready)(struct conn *, int))
{
	struct check_reuse *u = check_reuses(k) ? reuse_of(k) : NULL;
	struct srv_conn *sc = NULL;

	if (!u)
		return false;
	u->request = (struct srv_request){.worker = k->worker,
					  .backend = k->server->proxy,
					  .server = k->server,
					  .sni_hash = name_hash(k),
					  .reuse_ok = policy_allows(k->server->proxy->conf)};
	if (!u->fresh_only || is_reverse(k))
		sc = h2_server_take(&u->request);
	if (!sc && !u->fresh_only && !is_reverse(k))
		sc = idle_take(&u->request);
	if (sc) {
		connection_use(u, sc);
		sc->fresh = false;
		sc->conn.ready = connection_ready;
		return true;
	}
	sc = is_reverse(k) ? NULL : connection_new(u);
	if (sc) {
		connection_use(u, sc);
		*ready = connection_ready;
	}
	return false;
}

/* With `http-reuse never` nobody would take it. Without memory it is closed. */
bool check_reuse_h2(struct check *k)
{
	struct check_reuse *u = k->reuse;
	struct srv_conn *sc = u ? u->conn : NULL;

	if (!sc || k->server->proxy->conf->reuse == REUSE_NEVER || !h2_server_is_spoken(&u->request, sc))
		return false;
	sc = h2_server_begin(&u->request, sc);
	if (!sc) {
		u->conn = NULL;
		k->conn = &k->own;
		return false;
	}
	connection_use(u, sc);
	sc->conn.ready = connection_ready;
	return true;
}

bool check_reuse_end(struct check *k)
{
	struct check_reuse *u = k->reuse;
	struct srv_conn *sc = u ? u->conn : NULL;

	if (!sc)
		return false;
	u->conn = NULL;
	k->conn = &k->own;
	if (!sc->conn.mux && !k->h2 && k->phase == PHASE_RECEIVING && check_http_is_over(k))
		idle_keep(sc, &u->request);
	else
		srv_conn_free(sc);
	return true;
}

bool check_reuse_again(struct check *k)
{
	struct check_reuse *u = k->reuse;

	if (!u || !u->conn || u->conn->fresh || u->fresh_only || k->in.len)
		return false;
	srv_conn_free(u->conn);
	u->conn = NULL;
	u->fresh_only = true;
	k->conn = &k->own;
	k->connected = k->no_more = false;
	k->at = u->at;
	check_steps_run(k);
	return true;
}

void check_reuse_restart(struct check *k)
{
	if (k->reuse)
		k->reuse->fresh_only = false;
}

void check_reuse_free(struct check *k)
{
	free(k->reuse);
}

/* --- streams of HTTP/2 */

/* Our own request, taken apart again. The body is what is left of `rest`. */
static bool request_read(struct check *k, struct http_msg *m, struct str *rest)
{
	struct str line = check_line_take(rest), method = str_sub(line, 0, str_chr(line, ' '));
	struct str uri = str_tail(line, method.len + 1);

	*m = (struct http_msg){.scratch = &k->scratch, .version = 11, .method_name = method};
	m->method = (uint8_t)sample_method_of(method);
	m->uri = str_sub(uri, 0, str_chr(uri, ' '));
	while ((line = check_line_take(rest)).len) {
		size_t colon = str_chr(line, ':');

		if (!http_add(m, str_sub(line, 0, colon), str_trim(str_tail(line, colon + 1))))
			return false;
	}
	return true;
}

static bool body_send(struct check *k, size_t head)
{
	struct iovec iov;
	ssize_t n;

	if (k->sent < head)
		k->sent = head;
	iov = (struct iovec){k->request.buf + k->sent, k->request.len - k->sent};
	n = iov.iov_len ? conn_sendv(k->conn, &iov, 1, false) : 0;
	if (n < 0 && k->conn->flags & CONN_ERROR)
		return false;
	k->sent += n > 0 ? (size_t)n : 0;
	if (k->sent == k->request.len)
		k->conn->mux->end(k->conn, NULL);
	return true;
}

bool check_reuse_send(struct check *k)
{
	struct str all = out_get(&k->request), rest = all;
	struct http_msg m;

	if (!request_read(k, &m, &rest))
		return false;
	k->reuse->head_seen = false;
	if (!k->sent && !k->conn->mux->send_head(k->conn, &m, !rest.len))
		return false;
	if (rest.len)
		return body_send(k, all.len - rest.len);
	k->sent = all.len;
	return true;
}

static bool head_keep(struct check *k, const struct http_msg *m)
{
	struct out o;

	if (!buf_take(k->worker, &k->in))
		return false;
	o = out_fixed(k->in.data + k->in.off + k->in.len, buf_room(&k->in));
	out_printf(&o, "HTTP/2.0 %u \r\n", m->status);
	for (const struct http_hdr *h = m->hdrs; h < http_hdrs_end(m); h++)
		if (!h->deleted)
			out_printf(&o, "%.*s: %.*s\r\n", (int)h->name_len, h->name, (int)h->value_len,
				   h->value);
	out_puts(&o, "\r\n");
	if (o.truncated)
		return false;
	k->in.len += (uint32_t)o.len;
	return true;
}

/* The head of the final response. Bytes that were kept, 0: broken, -1 with errno EAGAIN: not yet. */
static ssize_t head_receive(struct check *k)
{
	struct http_msg m = {0};
	enum h1_result r;

	do
		r = k->conn->mux->head(k->conn, &m);
	while (r == H1_DONE && m.status < 200 && m.status != 101);
	errno = EAGAIN;
	if (r == H1_MORE)
		return k->conn->flags & CONN_EOF ? 0 : -1;
	if (r != H1_DONE || !head_keep(k, &m))
		return 0;
	k->reuse->head_seen = true;
	return k->in.len;
}

ssize_t check_reuse_receive(struct check *k)
{
	ssize_t head = 0, n;

	if (!k->reuse->head_seen) {
		head = head_receive(k);
		if (head <= 0)
			return head;
	}
	n = conn_recv(k->conn, &k->in);
	k->no_more |= k->conn->mux->ended(k->conn);
	return head > 0 && n <= 0 ? head : n;
}
