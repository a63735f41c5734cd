/* Key agreement of JSON Web Tokens (RFC 7518 section 4.6: ECDH-ES): the token brings a public key of its own,
 * and with our private one a secret follows, of which Concat KDF makes a key. The token's key is hostile: it
 * has to be a point of our key's curve. Pure functions; any thread. */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <string.h>

#include "runtime/eval/base64.h"
#include "runtime/eval/jwe_ecdh.h"

enum { SECRET_MAX = 66 /* P-521 */, PARTY_MAX = 512, INFO_MAX = 2 * PARTY_MAX + 64 };

/* What both sides know (section 4.6.2). */
struct info {
	size_t len;
	unsigned char v[INFO_MAX];
};

static void put_number(struct info *i, size_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		i->v[i->len++] = (unsigned char)(n >> shift);
}

static void put_data(struct info *i, const void *data, size_t len)
{
	put_number(i, len);
	if (len)
		memcpy(i->v + i->len, data, len);
	i->len += len;
}

/* apu, apv: absent, or base64url. */
static bool put_party(struct info *i, const json_t *head, const char *member)
{
	const json_t *value = json_object_get(head, member);
	struct str text = str_from(json_string_value(value));
	char data[PARTY_MAX];
	size_t len = 0;

	if (value && (!json_is_string(value) || text.len > PARTY_MAX ||
		      (text.len && !base64url_decode(text, data, sizeof(data), &len))))
		return false;
	put_data(i, data, len);
	return true;
}

static bool info_make(struct info *i, const json_t *head, const char *algorithm, size_t want)
{
	size_t len = strlen(algorithm);

	i->len = 0;
	if (len > 32)
		return false;
	put_data(i, algorithm, len);
	if (!put_party(i, head, "apu") || !put_party(i, head, "apv"))
		return false;
	put_number(i, want * 8);
	return true;
}

static bool secret_make(EVP_PKEY *own, EVP_PKEY *peer, unsigned char *secret, size_t *len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	bool ok = ctx && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer_ex(ctx, peer, 1) == 1 &&
		  EVP_PKEY_derive(ctx, secret, len) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

/* NIST SP 800-56A section 5.8.1, with SHA-256. */
static bool key_make(unsigned char *secret, size_t len, struct info *info, unsigned char *out, size_t want)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SSKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info->v, info->len),
		OSSL_PARAM_construct_end(),
	};
	bool ok = ctx && EVP_KDF_derive(ctx, out, want, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok;
}

bool jwe_agree(const json_t *head, const char *algorithm, EVP_PKEY *own, unsigned char *out, size_t want)
{
	EVP_PKEY *peer = NULL;
	unsigned char secret[SECRET_MAX];
	size_t len = sizeof(secret);
	struct info info;
	bool ok;

	if (!own || !EVP_PKEY_is_a(own, "EC"))
		return false;
	peer = jwk_ec_read(json_object_get(head, "epk"), false);
	ok = peer && EVP_PKEY_parameters_eq(own, peer) == 1 && info_make(&info, head, algorithm, want) &&
	     secret_make(own, peer, secret, &len) && key_make(secret, len, &info, out, want);
	OPENSSL_cleanse(secret, sizeof(secret));
	EVP_PKEY_free(peer);
	ERR_clear_error();
	return ok;
}
