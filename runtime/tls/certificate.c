/* A certificate put into a context: key, chain, Diffie-Hellman parameters, stapled OCSP response, signed
 * timestamps. What handshakes ask for later (staple, timestamps) is looked up in the certificate under the
 * world's lock, so that the control socket can replace it. */
#include <openssl/err.h>
#include <stdlib.h>

#include "runtime/tls/tls_inside.h"

/* RFC 6066 section 8; the library frees the copy. */
static int staple(SSL *ssl, void *arg)
{
	struct tls_cert *c = arg;
	unsigned char *copy = NULL;
	size_t len = 0;

	pthread_rwlock_rdlock(&c->world->lock);
	if (c->pair && c->pair->ocsp.len && (copy = OPENSSL_memdup(c->pair->ocsp.data, c->pair->ocsp.len)))
		len = c->pair->ocsp.len;
	pthread_rwlock_unlock(&c->world->lock);
	if (!copy)
		return SSL_TLSEXT_ERR_NOACK;
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)len);
	return SSL_TLSEXT_ERR_OK;
}

enum { SCTL_EXTENSION = 18 };

/* RFC 6962 section 3.3.1. */
bool tls_sctl_check(const void *data, size_t len)
{
	const unsigned char *bytes = data;

	return len > 2 && (size_t)(bytes[0] << 8 | bytes[1]) == len - 2;
}

static int sctl_add(SSL *ssl, unsigned ext, const unsigned char **out, size_t *outlen, int *alert, void *arg)
{
	struct tls_cert *c = NULL;
	unsigned char *copy = NULL;

	(void)ext, (void)alert, (void)arg;
	SSL_CTX_get_tlsext_status_arg(SSL_get_SSL_CTX(ssl), &c);
	if (!c)
		return 0;
	pthread_rwlock_rdlock(&c->world->lock);
	if (c->pair && c->pair->sctl.len && (copy = OPENSSL_memdup(c->pair->sctl.data, c->pair->sctl.len)))
		*outlen = c->pair->sctl.len;
	pthread_rwlock_unlock(&c->world->lock);
	*out = copy;
	return copy != NULL;
}

static void sctl_free(SSL *ssl, unsigned ext, const unsigned char *out, void *arg)
{
	(void)ssl, (void)ext, (void)arg;
	OPENSSL_free((void *)(uintptr_t)out);
}

static int sctl_parse(SSL *ssl, unsigned ext, const unsigned char *in, size_t inlen, int *alert, void *arg)
{
	(void)ssl, (void)ext, (void)in, (void)inlen, (void)alert, (void)arg;
	return 1;
}

/* The library makes its list of a hello's extensions by the context that the handshake began with, and goes
 * through it by the one that was chosen then: both must have the same extensions of their own, or it reads and
 * writes behind the list's end. */
void tls_context_extensions(SSL_CTX *ctx)
{
	SSL_CTX_add_server_custom_ext(ctx, SCTL_EXTENSION, sctl_add, sctl_free, NULL, sctl_parse, NULL);
	ERR_clear_error();
}

/* Only who gives parameters gets DHE (manual, "ssl-dh-param-file", "tune.ssl.default-dh-param"). */
static void dh_set(struct tls_world *w, SSL_CTX *ctx, const struct tls_pair *p)
{
	EVP_PKEY *dh = p->dh ? p->dh : w->dh;

	if (dh && EVP_PKEY_up_ref(dh)) {
		if (SSL_CTX_set0_tmp_dh_pkey(ctx, dh) != 1)
			EVP_PKEY_free(dh);
	} else if (w->model->global.tls.dh_param) {
		SSL_CTX_set_dh_auto(ctx, 1);
	}
}

static void chain_set(struct tls_world *w, SSL_CTX *ctx, const struct tls_pair *p)
{
	for (int i = 0; p->chain && i < sk_X509_num(p->chain); i++) {
		X509 *x = sk_X509_value(p->chain, i);
		bool self = X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;

		if (!self || !w->model->global.tls.skip_self_issued_ca)
			SSL_CTX_add1_chain_cert(ctx, x);
	}
}

bool tls_context_certificate(struct tls_world *w, SSL_CTX *ctx, struct tls_cert *c, const struct tls_pair *p,
			     struct out *error)
{
	bool ok = SSL_CTX_use_certificate(ctx, p->cert) == 1 && SSL_CTX_use_PrivateKey(ctx, p->key) == 1;

	if (!ok) {
		unsigned long code = ERR_peek_last_error();

		out_printf(error, "unable to load SSL certificate into SSL Context '%s': %s.", c->name,
			   ERR_reason_error_string(code) ? ERR_reason_error_string(code) : "unknown error");
	}
	ERR_clear_error();
	if (!ok)
		return false;
	chain_set(w, ctx, p);
	dh_set(w, ctx, p);
	SSL_CTX_set_tlsext_status_cb(ctx, staple);
	SSL_CTX_set_tlsext_status_arg(ctx, c);
	return true;
}
