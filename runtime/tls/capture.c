/* Keeping what a client said in its hello, and the secrets of a connection, for samples (manual,
 * "tune.ssl.capture-buffer-size", "tune.ssl.keylog"). Belongs to the connection. */
#include <openssl/err.h>
#include <stdlib.h>

#include "runtime/tls/hello.h"
#include "runtime/tls/tls_inside.h"

enum { CAPTURE_MAX = 16384 };

struct keeper {
	struct tls_hello *hello;
	char *at, *end;
};

/* As many bytes as there is room for. */
static struct str keep(struct keeper *k, const unsigned char *data, size_t len)
{
	struct str s = str_make(k->at, len < (size_t)(k->end - k->at) ? len : (size_t)(k->end - k->at));

	memcpy(k->at, data, s.len);
	k->at += s.len;
	return s;
}

/* An extension that is a list with its length (of `size` bytes) before it. */
static struct str keep_list(struct keeper *k, SSL *ssl, unsigned type, size_t size)
{
	const unsigned char *p;
	size_t len;

	if (!SSL_client_hello_get0_ext(ssl, type, &p, &len) || len < size)
		return STR_NONE;
	return keep(k, p + size, len - size);
}

static struct str keep_extensions(struct keeper *k, SSL *ssl)
{
	char *start = k->at;
	size_t n;
	int *types;

	if (!SSL_client_hello_get1_extensions_present(ssl, &types, &n))
		return STR_NONE;
	for (size_t i = 0; i < n; i++) {
		unsigned char type[2] = {(unsigned char)(types[i] >> 8), (unsigned char)types[i]};

		keep(k, type, sizeof(type));
	}
	OPENSSL_free(types);
	return str_make(start, (size_t)(k->at - start));
}

void tls_hello_capture(struct tls_conn *tc, uint32_t size)
{
	const unsigned char *ciphers;
	struct keeper k;
	size_t len;

	if (!size || tc->hello || SSL_client_hello_isv2(tc->ssl))
		return;
	if (size > CAPTURE_MAX)
		size = CAPTURE_MAX;
	k.hello = calloc(1, sizeof(*k.hello) + size);
	if (!k.hello)
		return;
	k.at = (char *)(k.hello + 1);
	k.end = k.at + size;
	k.hello->version = (uint16_t)SSL_client_hello_get0_legacy_version(tc->ssl);
	len = SSL_client_hello_get0_ciphers(tc->ssl, &ciphers);
	k.hello->ciphers = keep(&k, ciphers, len);
	k.hello->extensions = keep_extensions(&k, tc->ssl);
	k.hello->groups = keep_list(&k, tc->ssl, TLSEXT_TYPE_supported_groups, 2);
	k.hello->formats = keep_list(&k, tc->ssl, TLSEXT_TYPE_ec_point_formats, 1);
	k.hello->sigalgs = keep_list(&k, tc->ssl, TLSEXT_TYPE_signature_algorithms, 2);
	k.hello->versions = keep_list(&k, tc->ssl, TLSEXT_TYPE_supported_versions, 1);
	tc->hello = k.hello;
}

/* Lines of the library: "LABEL client-random secret", both in hexadecimal. */
static void secret_keep(const SSL *ssl, const char *line)
{
	static const char *const labels[SECRETS] = {
		"CLIENT_EARLY_TRAFFIC_SECRET",     "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
		"SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
		"SERVER_TRAFFIC_SECRET_0",         "EXPORTER_SECRET",
		"EARLY_EXPORTER_SECRET",
	};
	struct tls_conn *tc = tls_conn_of(SSL_get_app_data(ssl));
	const char *secret = strrchr(line, ' ');
	struct str label = str_sub(str_from(line), 0, str_chr(str_from(line), ' '));

	if (!tc->secrets)
		tc->secrets = calloc(1, sizeof(*tc->secrets));
	for (int i = 0; secret && tc->secrets && i < SECRETS; i++)
		if (str_is(label, labels[i]) && !tc->secrets->text[i])
			tc->secrets->text[i] = strdup(secret + 1);
}

void tls_keylog_setup(struct tls_world *w, SSL_CTX *ctx)
{
	if (w->model->global.tls.keylog)
		SSL_CTX_set_keylog_callback(ctx, secret_keep);
}

void tls_secrets_free(struct tls_secrets **sp)
{
	struct tls_secrets *s = *sp;

	*sp = NULL;
	for (int i = 0; s && i < SECRETS; i++) {
		if (s->text[i])
			OPENSSL_cleanse(s->text[i], strlen(s->text[i]));
		free(s->text[i]);
	}
	free(s);
}
