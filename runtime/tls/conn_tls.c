/* The TLS transport of a connection: what struct transport asks for, on top of the library. The library reads
 * and writes through a BIO of ours (no SIGPIPE, errno kept, end of input known). Bytes that the library holds
 * already will never make the socket readable: CONN_PENDING has the loop call `ready` for them. Worker of the
 * connection only. */
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/core/process.h"
#include "runtime/tls/conn_tls.h"

enum { RECORD_MAX = 16384, DIRECT_MIN = 4096, BULK_BUFFERS = 2 };

/* --- the socket under the library */

static int bio_read(BIO *bio, char *data, int size)
{
	struct conn *c = BIO_get_data(bio);
	ssize_t n = recv(c->io.fd, data, (size_t)size, 0);

	BIO_clear_retry_flags(bio);
	if (n > 0)
		return (int)n;
	if (n == 0) {
		tls_conn_of(c)->flags |= TLS_RAW_EOF;
		return 0;
	}
	if (errno == EAGAIN || errno == EINTR)
		BIO_set_retry_read(bio);
	else
		c->error = (int16_t)errno;
	return -1;
}

static int bio_write(BIO *bio, const char *data, int size)
{
	struct conn *c = BIO_get_data(bio);
	ssize_t n = send(c->io.fd, data, (size_t)size, MSG_NOSIGNAL);

	BIO_clear_retry_flags(bio);
	if (n >= 0)
		return (int)n;
	if (errno == EAGAIN || errno == EINTR)
		BIO_set_retry_write(bio);
	else
		c->error = (int16_t)errno;
	return -1;
}

static long bio_ctrl(BIO *bio, int what, long number, void *ptr)
{
	(void)number, (void)ptr;
	if (what == BIO_CTRL_FLUSH)
		return 1;
	if (what == BIO_CTRL_EOF)
		return tls_conn_of(BIO_get_data(bio))->flags & TLS_RAW_EOF ? 1 : 0;
	return 0;
}

BIO_METHOD *tls_bio_new(int *type)
{
	BIO_METHOD *m;

	if (!*type)
		*type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK;
	m = BIO_meth_new(*type, "lbd connection");

	if (!m)
		return NULL;
	BIO_meth_set_read(m, bio_read);
	BIO_meth_set_write(m, bio_write);
	BIO_meth_set_ctrl(m, bio_ctrl);
	return m;
}

/* --- results */

/* What to do after a call of the library that did not succeed. The thread's queue of errors is left empty. */
static ssize_t result_of(struct conn *c, int result, bool reading)
{
	struct tls_conn *tc = tls_conn_of(c);
	int what = SSL_get_error(tc->ssl, result);
	unsigned long code = ERR_peek_last_error();

	ERR_clear_error();
	if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE) {
		if (reading && what == SSL_ERROR_WANT_WRITE)
			tls_watch_write(c);
		errno = EAGAIN;
		return -1;
	}
	if (reading && (what == SSL_ERROR_ZERO_RETURN || (tc->flags & TLS_RAW_EOF && !code))) {
		c->flags |= CONN_EOF;
		return 0;
	}
	if (!tc->error_code)
		tc->error_code = code;
	if (!c->error)
		c->error = what == SSL_ERROR_SYSCALL && !code ? ECONNRESET : EPROTO;
	c->flags |= CONN_ERROR;
	errno = c->error;
	return -1;
}

/* --- the transport */

/* Bytes that came with the hello (RFC 8446 section 2.3) are read first. */
static ssize_t early_take(struct tls_conn *tc, void *data, size_t size)
{
	size_t n = tc->early.len - tc->early_taken < size ? tc->early.len - tc->early_taken : size;

	memcpy(data, tc->early.data + tc->early_taken, n);
	tc->early_taken += n;
	if (tc->early_taken < tc->early.len)
		return (ssize_t)n;
	free(tc->early.data);
	tc->early = (struct tls_bytes){0};
	tc->early_taken = 0;
	return (ssize_t)n;
}

static void note_pending(struct conn *c)
{
	if (!SSL_has_pending(tls_conn_of(c)->ssl) && !tls_conn_of(c)->early.len)
		return;
	c->flags |= CONN_PENDING;
	if (c->wants & EV_READ)
		ev_feed_event(c->worker->loop, &c->io, EV_READ);
}

static ssize_t tls_recv(struct conn *c, void *data, size_t size)
{
	struct tls_conn *tc = tls_conn_of(c);
	int n;

	c->flags &= (uint8_t)~CONN_PENDING;
	if (!size)
		return 0;
	if (tc->early_out) {
		errno = EAGAIN;
		return -1;
	}
	if (tc->early.len) {
		ssize_t taken = early_take(tc, data, size);

		note_pending(c);
		return taken;
	}
	n = SSL_read(tc->ssl, data, (int)(size < INT32_MAX ? size : INT32_MAX));
	if (n <= 0)
		return result_of(c, n, true);
	note_pending(c);
	return n;
}

/* The next bytes to write as one piece: as they lie when they are many, else gathered. */
static struct str piece(const struct iovec *iov, int n, size_t skip, size_t want, char *room)
{
	size_t len = 0;

	for (int i = 0; i < n && len < want; i++) {
		const char *from = iov[i].iov_base;
		size_t have = iov[i].iov_len, take;

		if (skip >= have) {
			skip -= have;
			continue;
		}
		from += skip;
		have -= skip;
		skip = 0;
		if (!len && (have >= want || i == n - 1 || (want <= RECORD_MAX && have >= DIRECT_MIN)))
			return str_make(from, have < want ? have : want);
		take = have < want - len ? have : want - len;
		memcpy(room + len, from, take);
		len += take;
	}
	return str_make(room, len);
}

/* The most bytes of a record of this send, of `total` bytes (manual, keywords "tune.ssl.maxrecord",
 * "tune.idletimer"): small ones as long as it is not certain that much is coming, that is until buffers that
 * were full followed each other, and again after a pause. What was cut short by a slow client goes on as it
 * began. */
static size_t record_limit(const struct conn *c, struct tls_conn *tc, size_t total)
{
	const struct global_conf *g = &tc->world->model->global;
	size_t limit = g->tls.hard_max_record && g->tls.hard_max_record < RECORD_MAX ? g->tls.hard_max_record
										     : RECORD_MAX;
	uint64_t now = c->worker->now;

	if (!g->tls.max_record)
		return limit;
	if (g->tune_idletimer && now - tc->sent_at >= g->tune_idletimer)
		tc->bulk = 0;
	if (tc->bulk < BULK_BUFFERS && g->tls.max_record < limit)
		limit = g->tls.max_record;
	tc->sent_at = now;
	if (total < g->tune_bufsize / 2 && !tc->cut)
		tc->bulk = 0;
	else if (tc->bulk < BULK_BUFFERS && !tc->cut)
		tc->bulk++;
	return limit;
}

/* A write that was begun is repeated with no fewer bytes. */
static size_t record_size(const struct tls_conn *tc, size_t limit)
{
	return limit > tc->unsent ? limit : tc->unsent;
}

static ssize_t tls_sendv(struct conn *c, const struct iovec *iov, int n, bool more)
{
	struct tls_conn *tc = tls_conn_of(c);
	char room[RECORD_MAX];
	size_t sent = 0, total = 0, limit;

	(void)more;
	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	limit = record_limit(c, tc, total);
	if (tc->early_out)
		return tls_early_send(c, piece(iov, n, 0, record_size(tc, limit), room));
	tc->cut = true;
	while (sent < total) {
		struct str s = piece(iov, n, sent, record_size(tc, limit), room);
		int wrote = SSL_write(tc->ssl, s.ptr, (int)s.len);

		if (wrote > 0) {
			tc->unsent = 0;
			sent += (size_t)wrote;
			continue;
		}
		if (result_of(c, wrote, false) < 0 && errno == EAGAIN)
			tc->unsent = (uint32_t)s.len;
		return sent ? (ssize_t)sent : -1;
	}
	tc->cut = false;
	return (ssize_t)sent;
}

/* close_notify and then the end of the stream, for peers of either kind. */
static void notify(struct conn *c)
{
	struct tls_conn *tc = tls_conn_of(c);

	if (tc->flags & (TLS_HANDSHAKING | TLS_NOTIFIED) || c->flags & (CONN_ERROR | CONN_RESET))
		return;
	tc->flags |= TLS_NOTIFIED;
	SSL_shutdown(tc->ssl);
	ERR_clear_error();
}

static void tls_shut(struct conn *c)
{
	notify(c);
	shutdown(c->io.fd, SHUT_WR);
}

/* A session stays good for resumption however its connection ends (RFC 8446 section 6.1). */
static void tls_close(struct conn *c)
{
	struct tls_conn *tc = tls_conn_of(c);

	notify(c);
	if (!(tc->flags & TLS_HANDSHAKING) && !tc->error_code)
		SSL_set_shutdown(tc->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	tls_conn_free(&tc);
	c->transport_state = NULL;
	close(c->io.fd);
}

const char *tls_conn_fault(const struct conn *c)
{
	const struct tls_conn *tc = c->transport == &transport_tls ? tls_conn_of(c) : NULL;

	return tc && tc->error_code ? "SSL fatal error" : NULL;
}

struct tls_conn *tls_conn_keep(struct conn *c)
{
	struct tls_conn *tc = c->transport == &transport_tls ? tls_conn_of(c) : NULL;

	if (!tc)
		return NULL;
	notify(c);
	if (!(tc->flags & TLS_HANDSHAKING) && !tc->error_code)
		SSL_set_shutdown(tc->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	if (tc->load)
		tls_load_end(tc->load);
	tc->load = NULL;
	BIO_set_data(SSL_get_rbio(tc->ssl), NULL);
	SSL_set_app_data(tc->ssl, NULL);
	c->transport = &transport_raw;
	c->transport_state = NULL;
	return tc;
}

X509 *tls_conn_peer(const struct conn *c)
{
	return tls_conn_ssl(c) ? SSL_get1_peer_certificate(tls_conn_ssl(c)) : NULL;
}

void tls_peer_drop(X509 **cert)
{
	X509_free(*cert);
	*cert = NULL;
}

void tls_conn_drop(struct tls_conn **kept)
{
	tls_conn_free(kept);
}

static struct str tls_alpn(const struct conn *c)
{
	const unsigned char *name;
	unsigned len;

	SSL_get0_alpn_selected(tls_conn_of(c)->ssl, &name, &len);
	return str_make((const char *)name, len);
}

static void tls_moved(struct conn *c)
{
	SSL *ssl = tls_conn_of(c)->ssl;

	BIO_set_data(SSL_get_rbio(ssl), c);
	SSL_set_app_data(ssl, c);
}

const struct transport transport_tls = {.moved = tls_moved,
					.recv = tls_recv,
					.sendv = tls_sendv,
					.shut = tls_shut,
					.close = tls_close,
					.alpn = tls_alpn};

/* --- reading that has to write first (a key update, RFC 8446 section 4.6.3) */

static void io_ready(struct ev_loop *loop, ev_io *io, int revents)
{
	struct conn *c = (struct conn *)io;
	struct tls_conn *tc = tls_conn_of(c);
	int wants = c->wants;

	(void)loop;
	if (revents & EV_WRITE && !(wants & EV_WRITE))
		revents = (revents & ~EV_WRITE) | EV_READ;
	tc->flags &= (uint8_t)~TLS_READ_WAITS_WRITE;
	c->wants = 0;
	ev_io_stop(loop, io);
	ev_set_cb(io, tc->io_ready);
	conn_want(c, wants);
	c->ready(c, revents);
}

/* The socket is watched for room only, as if for bytes. */
void tls_watch_write(struct conn *c)
{
	struct tls_conn *tc = tls_conn_of(c);
	ev_io *io = &c->io;

	if (!(c->wants & EV_READ) || tc->flags & (TLS_READ_WAITS_WRITE | TLS_HANDSHAKING))
		return;
	tc->flags |= TLS_READ_WAITS_WRITE;
	tc->io_ready = ev_cb(io);
	ev_io_stop(c->worker->loop, io);
	ev_set_cb(io, io_ready);
	ev_io_modify(io, EV_WRITE);
	ev_io_start(c->worker->loop, io);
}

void tls_conn_note_pending(struct conn *c)
{
	note_pending(c);
}

ssize_t tls_conn_failed(struct conn *c, int result)
{
	return result_of(c, result, false);
}
