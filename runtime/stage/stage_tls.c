/* A client of a stage that speaks TLS: OpenSSL over memory, the bytes carried by stage.c's socket. It checks no
 * certificate and offers no protocol, so that HTTP/1.1 is spoken. See stage.h. */
#include "runtime/stage/stage_state.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { RECORD_ROOM = 16384, NAME_MAX_LEN = 256 };

struct stage_tls {
	SSL_CTX *context;
	SSL *ssl;
	struct str rest; /* of the request; the caller's */
	struct out in;   /* from the socket, for a moment */
};

void stage_tls_end(struct stage *st)
{
	struct stage_tls *t = st->tls;

	st->tls = NULL;
	if (!t)
		return;
	SSL_free(t->ssl);
	SSL_CTX_free(t->context);
	out_free(&t->in);
	free(t);
}

static bool tls_make(struct stage_tls *t, struct str sni)
{
	char name[NAME_MAX_LEN];
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

	t->context = SSL_CTX_new(TLS_client_method());
	t->ssl = t->context ? SSL_new(t->context) : NULL;
	if (!t->ssl || !in || !out) {
		BIO_free(in);
		BIO_free(out);
		return false;
	}
	SSL_set_bio(t->ssl, in, out);
	SSL_set_connect_state(t->ssl);
	if (!sni.len || sni.len >= sizeof(name))
		return true;
	memcpy(name, sni.ptr, sni.len);
	name[sni.len] = 0;
	return SSL_set_tlsext_host_name(t->ssl, name) == 1;
}

bool stage_tls_begin(struct stage *st, struct str sni)
{
	struct stage_tls *t = calloc(1, sizeof(*t));

	stage_tls_end(st);
	st->tls = t;
	if (!t)
		return false;
	t->in = out_growing(1 << 26);
	return tls_make(t, sni);
}

void stage_tls_send(struct stage *st, struct str bytes)
{
	st->tls->rest = bytes;
}

static void flush(struct stage *st)
{
	char *data;
	long n = BIO_get_mem_data(SSL_get_wbio(st->tls->ssl), &data);

	if (n <= 0)
		return;
	n = send(st->client, data, (size_t)n, MSG_NOSIGNAL);
	if (n > 0)
		(void)BIO_reset(SSL_get_wbio(st->tls->ssl));
}

/* What has come through, and what is to go. */
static void talk(struct stage *st)
{
	struct stage_tls *t = st->tls;
	char space[RECORD_ROOM];
	int n;

	if (!SSL_is_init_finished(t->ssl) && SSL_do_handshake(t->ssl) != 1)
		return;
	if (t->rest.len && SSL_write(t->ssl, t->rest.ptr, (int)t->rest.len) > 0)
		t->rest.len = 0;
	while ((n = SSL_read(t->ssl, space, sizeof(space))) > 0)
		out_bytes(&st->response, space, (size_t)n);
}

long stage_tls_turn(struct stage *st)
{
	struct stage_tls *t = st->tls;
	long n;

	t->in.len = 0;
	n = stage_read(st->client, &t->in);
	if (n > 0)
		BIO_write(SSL_get_rbio(t->ssl), t->in.buf, (int)t->in.len);
	if (n < 0)
		return n;
	talk(st);
	flush(st);
	return n;
}
