/* Next Protocol Negotiation, which ALPN replaced (manual, "npn"; up to TLS 1.2): servers announce a list,
 * clients choose. A list belongs to its context. Any thread. */
#include <openssl/err.h>
#include <stdlib.h>

#include "runtime/tls/tls_inside.h"

struct tls_npn {
	uint32_t len;
	unsigned char wire[];
};

static void npn_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
	(void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
	free(ptr);
}

int tls_context_npn_index(void)
{
	return SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, npn_free);
}

static int announce(SSL *ssl, const unsigned char **out, unsigned *len, void *arg)
{
	const struct tls_npn *n = arg;

	(void)ssl;
	*out = n->wire;
	*len = n->len;
	return SSL_TLSEXT_ERR_OK;
}

/* The first of ours that the server has; ours when it has none (draft-agl-tls-nextprotoneg section 3). */
static int choose(SSL *ssl, unsigned char **out, unsigned char *outlen, const unsigned char *in, unsigned inlen,
		  void *arg)
{
	struct tls_npn *n = arg;

	(void)ssl;
	SSL_select_next_proto(out, outlen, in, inlen, n->wire, n->len);
	return SSL_TLSEXT_ERR_OK;
}

bool tls_npn_set(struct tls_world *w, SSL_CTX *ctx, struct str words, bool front)
{
	unsigned char *wire;
	struct tls_npn *n;
	uint32_t len;

	if (!words.len)
		return true;
	if (tls_alpn_wire(words, &wire, &len))
		return false;
	n = malloc(sizeof(*n) + len);
	if (n) {
		n->len = len;
		memcpy(n->wire, wire, len);
		SSL_CTX_set_ex_data(ctx, w->ctx_npn, n);
		if (front)
			SSL_CTX_set_next_protos_advertised_cb(ctx, announce, n);
		else
			SSL_CTX_set_next_proto_select_cb(ctx, choose, n);
	}
	free(wire);
	return n != NULL;
}
