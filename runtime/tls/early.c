/* Early data (RFC 8446 section 2.3), on both sides.
 *
 * From clients (manual, bind option "allow-0rtt"): accepted up to what fits into a buffer. They wait inside the
 * connection until the handshake is complete, so that a replayed hello never becomes a request: HAProxy 2.6.12
 * does the same, whatever its manual says of requests that come before. So there is nothing for
 * wait-for-handshake to do, ssl_fc_has_early is false, and nobody needs an Early-Data field (RFC 8470 section
 * 3: one of the ways to go about it).
 *
 * To servers (manual, server option "allow-0rtt" with "retry-on 0rtt-rejected"): what is sent first goes with
 * the hello of a resumed session, and once more behind the handshake where the server did not take it.
 * Meanwhile the connection looks like a secured one that cannot be read yet. Worker of the connection only. */
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "runtime/tls/conn_tls.h"

void tls_early_setup(SSL_CTX *ctx, const struct tls_front *f, const struct crt_line *line)
{
	const struct global_conf *g = &f->world->model->global;
	uint32_t reserve = g->tune_maxrewrite < g->tune_bufsize / 2 ? g->tune_maxrewrite : g->tune_bufsize / 2;
	bool allowed = f->conf->tls.conf.allow_0rtt || (line && line->conf.allow_0rtt);

	SSL_CTX_set_max_early_data(ctx, allowed ? g->tune_bufsize - reserve : 0);
	if (allowed)
		SSL_CTX_set_options(ctx, SSL_OP_NO_ANTI_REPLAY);
}

/* --- to servers */

struct tls_early_out {
	struct tls_bytes sent;                                          /* kept until the server has taken it */
	size_t room;                                                    /* what it may take */
	bool watching;                                                  /* that is sent: the watcher is ours */
	void (*io_ready)(struct ev_loop *loop, ev_io *io, int revents); /* its own */
};

void tls_early_free(struct tls_conn *tc)
{
	if (!tc->early_out)
		return;
	free(tc->early_out->sent.data);
	free(tc->early_out);
	tc->early_out = NULL;
}

/* The server has told how much it takes, and the protocol will be the one of that session: not HTTP/2, whose
 * frames are sent by somebody who has to know that it is spoken. */
bool tls_conn_early(struct conn *c)
{
	struct tls_conn *tc = tls_conn_of(c);
	const SSL_SESSION *session = SSL_get0_session(tc->ssl);
	size_t most = session ? SSL_SESSION_get_max_early_data(session) : 0, len = 0;
	const unsigned char *alpn;

	if (!most || !SSL_SESSION_is_resumable(session))
		return false;
	SSL_SESSION_get0_alpn_selected(session, &alpn, &len);
	if (len && !str_starts(str_make((const char *)alpn, len), STR("http/1.")))
		return false;
	tc->early_out = calloc(1, sizeof(*tc->early_out));
	if (tc->early_out)
		tc->early_out->room = most;
	return tc->early_out;
}

bool tls_conn_is_early(const struct conn *c)
{
	return tls_conn_of(c)->early_out;
}

static void unwatch(struct conn *c)
{
	int wants = c->wants;

	c->wants = 0;
	ev_io_stop(c->worker->loop, &c->io);
	ev_set_cb(&c->io, tls_conn_of(c)->early_out->io_ready);
	conn_want(c, wants);
}

/* False: it would have to wait, which so few bytes never do, or the connection is broken. */
static bool send_again(struct tls_conn *tc)
{
	const struct tls_bytes *b = &tc->early_out->sent;
	size_t done = 0;

	while (done < b->len) {
		int n = SSL_write(tc->ssl, b->data + done, (int)(b->len - done));

		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static void broken(struct conn *c)
{
	c->flags |= CONN_ERROR;
	if (!c->error)
		c->error = ECONNRESET;
	c->ready(c, EV_READ | EV_WRITE);
}

static void settled(struct conn *c)
{
	struct tls_conn *tc = tls_conn_of(c);
	bool ok = true;

	tls_handshake_count(tc);
	unwatch(c);
	if (SSL_get_early_data_status(tc->ssl) != SSL_EARLY_DATA_ACCEPTED)
		ok = send_again(tc);
	ERR_clear_error();
	tls_early_free(tc);
	if (!ok)
		broken(c);
	else
		tls_conn_note_pending(c);
}

/* The rest of the handshake, in place of the connection's user, who may want what it likes: only bytes of the
 * server bring it on. */
static void step(struct ev_loop *loop, ev_io *io, int revents)
{
	struct conn *c = (struct conn *)io;
	struct tls_conn *tc = tls_conn_of(c);
	int result;

	if (!(revents & EV_READ)) {
		ev_io_stop(loop, io);
		ev_io_modify(io, EV_READ);
		ev_io_start(loop, io);
		return;
	}
	result = SSL_do_handshake(tc->ssl);
	if (result == 1) {
		settled(c);
		return;
	}
	tls_conn_failed(c, result);
	if (errno == EAGAIN)
		return;
	unwatch(c);
	tls_early_free(tc);
	broken(c);
}

static bool keep(struct tls_early_out *o, const char *data, size_t len)
{
	o->sent.data = malloc(len);
	if (!o->sent.data)
		return false;
	memcpy(o->sent.data, data, len);
	o->sent.len = len;
	return true;
}

ssize_t tls_early_send(struct conn *c, struct str data)
{
	struct tls_conn *tc = tls_conn_of(c);
	struct tls_early_out *o = tc->early_out;
	size_t n = data.len < o->room ? data.len : o->room;
	int result;

	if (!n || o->watching) { /* one piece, with the hello */
		errno = EAGAIN;
		return -1;
	}
	result = SSL_write_early_data(tc->ssl, data.ptr, n, &n);
	if (result !=
	    1) { /* the library may find the session no good at last: then they wait for the handshake */
		tls_conn_failed(c, result);
		if (errno != EAGAIN)
			return -1;
	} else if (!keep(o, data.ptr, n)) {
		c->error = ENOMEM;
		c->flags |= CONN_ERROR;
		return -1;
	}
	o->watching = true;
	o->io_ready = ev_cb(&c->io);
	ev_set_cb(&c->io, step);
	errno = EAGAIN;
	return result == 1 ? (ssize_t)n : -1;
}
