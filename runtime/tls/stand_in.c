/* A certificate of nobody for a bind whose own cannot be read, so that a stage (runtime/stage) may play its
 * connections on a machine that has the configuration but not its secrets. Never used by lbd. Main thread. */
#include "runtime/tls/stand_in.h"

#include <openssl/ec.h>
#include <openssl/x509.h>

#include "runtime/tls/tls_state.h"

enum { STAND_IN_SECONDS = 86400 };

static X509 *self_signed(EVP_PKEY *key)
{
	X509 *x = X509_new();
	X509_NAME *name = x ? X509_get_subject_name(x) : NULL;

	if (name && X509_set_version(x, 2) && ASN1_INTEGER_set(X509_get_serialNumber(x), 1) &&
	    X509_gmtime_adj(X509_getm_notBefore(x), -1) &&
	    X509_gmtime_adj(X509_getm_notAfter(x), STAND_IN_SECONDS) &&
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"stand-in", -1, -1,
				       0) &&
	    X509_set_issuer_name(x, name) && X509_set_pubkey(x, key) && X509_sign(x, key, EVP_sha256()))
		return x;
	X509_free(x);
	return NULL;
}

bool tls_front_works(const struct tls_front *f)
{
	return f->initial;
}

bool tls_front_stand_in(struct tls_front *f)
{
	EVP_PKEY *key;
	X509 *x;
	bool ok;

	if (f->nuses || f->preset || !f->initial)
		return false;
	key = EVP_EC_gen("P-256");
	x = key ? self_signed(key) : NULL;
	ok = x && SSL_CTX_use_certificate(f->initial, x) == 1 && SSL_CTX_use_PrivateKey(f->initial, key) == 1;
	if (ok)
		SSL_CTX_set_client_hello_cb(f->initial, NULL, NULL);
	X509_free(x);
	EVP_PKEY_free(key);
	return ok;
}
