/* Handshakes: step by step whenever the socket is ready, so that one never stalls the worker for longer than an
 * operation of the library. Also the choice of the certificate by what the client's hello says, and what its
 * own certificate is worth. Worker of the connection only; names are read under the front's lock. */
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "runtime/core/process.h"
#include "runtime/tls/conn_tls.h"
#include "runtime/tls/hello.h"

enum { EARLY_PIECE = 16384 };

void tls_conn_free(struct tls_conn **tp)
{
	struct tls_conn *tc = *tp;

	*tp = NULL;
	if (!tc)
		return;
	if (tc->load)
		tls_load_end(tc->load);
	SSL_free(tc->ssl);
	free(tc->early.data);
	tls_early_free(tc);
	free(tc->hello);
	tls_secrets_free(&tc->secrets);
	X509_free(tc->refused);
	tls_world_free(&tc->world);
	free(tc);
}

/* maxsslconn is for both sides (manual, section 3.2). */
static struct tls_conn *conn_new(struct conn *c, struct tls_world *w, SSL_CTX *ctx, bool from_client)
{
	struct tls_load *load = c->worker->process ? &c->worker->process->tls_load : NULL;
	struct tls_conn *tc;
	BIO *bio;

	if (load && !tls_load_begin(load, from_client, c->worker->now))
		return NULL;
	tc = calloc(1, sizeof(*tc));
	bio = tc ? BIO_new(w->bio) : NULL;
	if (!bio || !(tc->ssl = SSL_new(ctx))) {
		BIO_free(bio);
		free(tc);
		ERR_clear_error();
		if (load)
			tls_load_end(load);
		return NULL;
	}
	tc->load = load;
	tc->world = tls_world_retain(w);
	tc->flags = TLS_HANDSHAKING;
	BIO_set_data(bio, c);
	BIO_set_init(bio, 1);
	SSL_set_bio(tc->ssl, bio, bio);
	SSL_set_app_data(tc->ssl, c);
	return tc;
}

bool tls_conn_accept(struct conn *c, struct tls_front *f)
{
	struct tls_conn *tc;

	pthread_rwlock_rdlock(&f->lock);
	tc = conn_new(c, f->world, f->initial, true);
	pthread_rwlock_unlock(&f->lock);
	if (!tc)
		return false;
	tc->front = f;
	SSL_set_accept_state(tc->ssl);
	if (SSL_get_max_early_data(tc->ssl))
		tc->flags |= TLS_EARLY_READING;
	c->transport = &transport_tls;
	c->transport_state = tc;
	return true;
}

bool tls_conn_attach_client(struct conn *c, struct tls_back *b)
{
	struct tls_conn *tc;

	pthread_mutex_lock(&b->lock);
	tc = conn_new(c, b->world, b->ctx, false);
	pthread_mutex_unlock(&b->lock);
	if (!tc)
		return false;
	tc->back = b;
	SSL_set_connect_state(tc->ssl);
	c->transport = &transport_tls;
	c->transport_state = tc;
	return true;
}

/* --- which certificate */

/* What kinds of keys can this client verify? From its ciphers and signature algorithms. To HAProxy 2.6 the
 * ciphers of TLS 1.3, which go with any key, say nothing about ECDSA. */
static void kinds_of(SSL *ssl, bool kinds[TLS_KEY_KINDS], bool any_is_ecdsa)
{
	const unsigned char *p;
	size_t len;
	bool rsa = true, ecdsa = true;

	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_signature_algorithms, &p, &len) && len >= 2) {
		rsa = ecdsa = false;
		for (size_t i = 2; i + 1 < len; i += 2) {
			bool pss = p[i] == 8 &&
				   ((p[i + 1] >= 4 && p[i + 1] <= 6) || (p[i + 1] >= 9 && p[i + 1] <= 11));
			bool eddsa = p[i] == 8 && (p[i + 1] == 7 || p[i + 1] == 8);

			rsa |= pss || (p[i] < 8 && p[i + 1] == 1);
			ecdsa |= eddsa || (p[i] < 8 && p[i + 1] == 3);
		}
	}
	len = SSL_client_hello_get0_ciphers(ssl, &p);
	kinds[TLS_KEY_RSA] = kinds[TLS_KEY_ECDSA] = kinds[TLS_KEY_DSA] = false;
	for (size_t i = 0; i + 1 < len; i += 2) {
		bool signal = (p[i] == 0 && p[i + 1] == 0xff) || p[i] == 0x56; /* RFC 5746, RFC 7507 */
		const SSL_CIPHER *cipher = signal ? NULL : SSL_CIPHER_find(ssl, p + i);
		int auth = cipher ? SSL_CIPHER_get_auth_nid(cipher) : NID_undef;

		kinds[TLS_KEY_RSA] |= rsa && (auth == NID_auth_rsa || auth == NID_auth_any);
		kinds[TLS_KEY_ECDSA] |=
			ecdsa && (auth == NID_auth_ecdsa || (any_is_ecdsa && auth == NID_auth_any));
		kinds[TLS_KEY_DSA] |= auth == NID_auth_dss;
	}
}

/* RFC 6066 section 3: a list with one host name. */
static struct str host_of(SSL *ssl)
{
	const unsigned char *p;
	size_t len, n;

	if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p, &len) || len < 5)
		return STR_NONE;
	n = (size_t)p[3] << 8 | p[4];
	if (p[2] != TLSEXT_NAMETYPE_host_name || n > len - 5)
		return STR_NONE;
	return str_make((const char *)p + 5, n);
}

/* What the library does not take from the new context by itself. */
static void context_switch(SSL *ssl, const struct tls_front *f, SSL_CTX *ctx, const struct crt_line *line)
{
	SSL_set_SSL_CTX(ssl, ctx);
	SSL_set_verify(ssl, SSL_CTX_get_verify_mode(ctx), tls_verify);
	if (!line)
		return;
	if (line->conf.min_ver || line->conf.max_ver) {
		struct tls_settings s = {&line->conf, &f->conf->tls.conf, &f->world->model->global.tls.bind};
		struct tls_range r = tls_context_versions(&s, true);

		SSL_set_min_proto_version(ssl, tls_version_numbers[r.min]);
		SSL_set_max_proto_version(ssl, tls_version_numbers[r.max]);
	}
	if (line->conf.curves.len)
		SSL_set1_groups_list(ssl, line->conf.curves.ptr);
	else if (line->conf.ecdhe.len)
		SSL_set1_groups_list(ssl, line->conf.ecdhe.ptr);
}

/* Will the library look for a session by its id? Not for one that lies in a ticket (RFC 5077 section 3.4). */
static bool comes_with_id(SSL *ssl)
{
	const unsigned char *p;
	size_t len;

	return SSL_client_hello_get0_session_id(ssl, &p) &&
	       !(SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_session_ticket, &p, &len) && len);
}

/* For the log: the library has not looked at extensions yet. */
static void name_keep(SSL *ssl, struct str host)
{
	char text[256];

	if (host.len && host.len < sizeof(text) && !memchr(host.ptr, 0, host.len)) {
		snprintf(text, sizeof(text), "%.*s", STR_ARG(host));
		SSL_set_tlsext_host_name(ssl, text);
	}
}

/* The library's client hello callback. */
int tls_select(SSL *ssl, int *alert, void *arg)
{
	struct tls_front *f = arg;
	struct tls_conn *tc = tls_conn_of(SSL_get_app_data(ssl));
	bool kinds[TLS_KEY_KINDS], newer = f->world->model->compat > 206, by_name;
	struct str host = host_of(ssl);
	struct tls_use *u;

	tls_hello_capture(tc, f->world->model->global.tls.capture_size);
	tc->by_id = comes_with_id(ssl);
	kinds_of(ssl, kinds, newer);
	pthread_rwlock_rdlock(&f->lock);
	u = tls_names_find(f, f->strict && !host.len ? STR("\n") : host, kinds);
	if (!u && f->generator && host.len) {
		pthread_rwlock_unlock(&f->lock);
		if (tls_generate(f, ssl, host))
			return SSL_CLIENT_HELLO_SUCCESS;
		pthread_rwlock_rdlock(&f->lock);
	}
	by_name = u && host.len;
	if (!u && !f->strict)
		u = tls_names_find(f, STR_NONE, kinds);
	if (u) /* the line of a default has no say about versions in 2.6 */
		context_switch(ssl, f, u->ctx, by_name || newer ? u->line : NULL);
	pthread_rwlock_unlock(&f->lock);
	ERR_clear_error();
	if (u)
		return SSL_CLIENT_HELLO_SUCCESS;
	name_keep(ssl, host);
	*alert = f->strict ? SSL_AD_UNRECOGNIZED_NAME : SSL_AD_HANDSHAKE_FAILURE;
	return SSL_CLIENT_HELLO_ERROR;
}

/* --- what a peer's certificate is worth */

static bool bit_is_set(const uint64_t bits[4], int i)
{
	return i >= 0 && i < 256 && bits[i >> 6] >> (i & 63) & 1;
}

/* The first errors are kept for ssl_c_err and ssl_c_ca_err; some may be passed over (manual, "crt-ignore-err").
 */
int tls_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_conn *tc = tls_conn_of(SSL_get_app_data(ssl));
	int error = X509_STORE_CTX_get_error(store), depth = X509_STORE_CTX_get_error_depth(store);

	if (ok)
		return ok;
	if (depth > 0 && !tc->ca_error) {
		tc->ca_error = (int16_t)error;
		tc->ca_depth = depth > 15 ? 15 : (uint8_t)depth;
	} else if (depth <= 0 && !tc->crt_error) {
		tc->crt_error = (int16_t)error;
	}
	if (!tc->front)
		return 0;
	if (!bit_is_set(depth > 0 ? tc->front->ca_ignore : tc->front->crt_ignore, error)) {
		if (!tc->refused && X509_up_ref(X509_STORE_CTX_get0_cert(store)))
			tc->refused = X509_STORE_CTX_get0_cert(store);
		return 0;
	}
	ERR_clear_error();
	return 1;
}

/* --- steps */

static enum tls_progress failed(struct conn *c, int result)
{
	struct tls_conn *tc = tls_conn_of(c);
	int what = SSL_get_error(tc->ssl, result);

	tls_conn_failed(c, result);
	if (errno == EAGAIN) {
		conn_want(c, what == SSL_ERROR_WANT_WRITE ? EV_WRITE : EV_READ);
		return TLS_AGAIN;
	}
	return TLS_FAILED;
}

/* Early data wait inside the connection until the handshake has shown that they are no replay. */
static bool early_keep(struct tls_conn *tc, const unsigned char *data, size_t len)
{
	unsigned char *more;

	if (!len)
		return true;
	more = realloc(tc->early.data, tc->early.len + len);
	if (!more)
		return false;
	tc->early.data = more;
	memcpy(more + tc->early.len, data, len);
	tc->early.len += len;
	tc->flags |= TLS_EARLY;
	return true;
}

static enum tls_progress early_read(struct conn *c)
{
	struct tls_conn *tc = tls_conn_of(c);
	size_t most = SSL_get_max_early_data(tc->ssl);

	for (;;) {
		unsigned char data[EARLY_PIECE];
		size_t n = 0;
		int result = SSL_read_early_data(tc->ssl, data, sizeof(data), &n);

		if (result == SSL_READ_EARLY_DATA_ERROR)
			return failed(c, 0);
		if (!early_keep(tc, data, n) || tc->early.len > most) {
			c->flags |= CONN_ERROR;
			c->error = ENOMEM;
			return TLS_FAILED;
		}
		if (result == SSL_READ_EARLY_DATA_FINISH) {
			tc->flags &= (uint8_t)~TLS_EARLY_READING;
			return TLS_DONE;
		}
	}
}

void tls_handshake_count(struct tls_conn *tc)
{
	bool resumed = SSL_session_reused(tc->ssl);
	const struct conn *c = SSL_get_app_data(tc->ssl);

	tc->flags &= (uint8_t)~TLS_HANDSHAKING;
	if (!tc->load)
		return;
	tls_load_handshake(tc->load, tc->front, resumed, c->worker->now);
	if (tc->by_id && SSL_version(tc->ssl) < TLS1_3_VERSION) {
		atomic_fetch_add_explicit(&tc->load->lookups, 1, memory_order_relaxed);
		if (!resumed)
			atomic_fetch_add_explicit(&tc->load->misses, 1, memory_order_relaxed);
	}
}

enum tls_progress tls_handshake(struct conn *c)
{
	struct tls_conn *tc = tls_conn_of(c);
	int result;

	if (tc->flags & TLS_EARLY_READING) {
		enum tls_progress p = early_read(c);

		if (p != TLS_DONE)
			return p;
	}
	result = SSL_do_handshake(tc->ssl);
	if (result != 1)
		return failed(c, result);
	tls_handshake_count(tc);
	conn_want(c, 0);
	tls_conn_note_pending(c);
	return TLS_DONE;
}

const char *tls_conn_error(const struct conn *c)
{
	const struct tls_conn *tc = tls_conn_of(c);

	if (!tc)
		return "SSL handshake failure";
	if (tc->back && tc->crt_error == X509_V_ERR_HOSTNAME_MISMATCH)
		return server_conf_tls(tc->back->conf)->verifyhost.len &&
				       !SSL_get_servername(tc->ssl, TLSEXT_NAMETYPE_host_name)
			       ? "Server presented an SSL certificate different from the configured one"
			       : "Server presented an SSL certificate different from the expected one";
	if (tc->crt_error && SSL_get_verify_result(tc->ssl) != X509_V_OK && tc->front)
		return "SSL client certificate not trusted";
	if (tc->ca_error && SSL_get_verify_result(tc->ssl) != X509_V_OK && tc->front)
		return "SSL client CA chain cannot be verified";
	if (tc->front && tc->flags & TLS_RAW_EOF && !tc->error_code)
		return "Connection closed during SSL handshake";
	return "SSL handshake failure";
}

struct ssl_st *tls_conn_ssl(const struct conn *c)
{
	return c->transport_state && c->transport == &transport_tls ? tls_conn_of(c)->ssl : NULL;
}

bool tls_conn_resumed(const struct conn *c)
{
	SSL *ssl = tls_conn_ssl(c);

	return ssl && SSL_session_reused(ssl);
}

const char *tls_conn_version(const struct conn *c)
{
	SSL *ssl = tls_conn_ssl(c);

	return ssl ? SSL_get_version(ssl) : NULL;
}

const char *tls_conn_cipher(const struct conn *c)
{
	SSL *ssl = tls_conn_ssl(c);
	/* "(NONE)" before there is one */
	return ssl ? SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)) : NULL;
}
