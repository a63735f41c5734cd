/* Signatures of JSON Web Tokens (RFC 7515, algorithms of RFC 7518 section 3). The order of the verdicts is
 * HAProxy's: the algorithm, then the token's shape, then the key. Pure functions of their arguments; any
 * thread. */
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "runtime/eval/base64.h"
#include "runtime/eval/jwt.h"

enum { SIGNATURE_MAX = 2048 }; /* RSA of 16,384 bits */

enum jwt_family { FAMILY_NONE, FAMILY_HMAC, FAMILY_RSA, FAMILY_ECDSA, FAMILY_PSS };

struct jwt_alg {
	const char *name;
	enum jwt_family family;
	const EVP_MD *(*md)(void);
	const char *pkey;
	uint16_t half; /* bytes of R and of S (RFC 7518 section 3.4) */
};

static const struct jwt_alg algs[] = {
	{"HS256", FAMILY_HMAC, EVP_sha256, NULL, 0},   {"HS384", FAMILY_HMAC, EVP_sha384, NULL, 0},
	{"HS512", FAMILY_HMAC, EVP_sha512, NULL, 0},   {"RS256", FAMILY_RSA, EVP_sha256, "RSA", 0},
	{"RS384", FAMILY_RSA, EVP_sha384, "RSA", 0},   {"RS512", FAMILY_RSA, EVP_sha512, "RSA", 0},
	{"ES256", FAMILY_ECDSA, EVP_sha256, "EC", 32}, {"ES384", FAMILY_ECDSA, EVP_sha384, "EC", 48},
	{"ES512", FAMILY_ECDSA, EVP_sha512, "EC", 66}, {"PS256", FAMILY_PSS, EVP_sha256, "RSA", 0},
	{"PS384", FAMILY_PSS, EVP_sha384, "RSA", 0},   {"PS512", FAMILY_PSS, EVP_sha512, "RSA", 0},
	{"none", FAMILY_NONE, NULL, NULL, 0},
};

static const struct jwt_alg *alg_find(struct str name)
{
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		if (str_is(name, algs[i].name))
			return &algs[i];
	return NULL;
}

/* HEADER.PAYLOAD.SIGNATURE: `head` is what was signed. A missing signature is an empty one. */
static bool token_split(struct str token, struct str *head, struct str *signature)
{
	size_t first = str_chr(token, '.'), second;

	if (first == token.len)
		return false;
	second = str_chr(str_tail(token, first + 1), '.') + first + 1;
	*head = str_sub(token, 0, second);
	*signature = str_tail(token, second + 1);
	return str_chr(*signature, '.') == signature->len;
}

static bool hmac_is_good(const struct jwt_alg *a, struct str head, struct str secret, const void *sig,
			 size_t len)
{
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned n;

	return HMAC(a->md(), secret.ptr ? secret.ptr : "", (int)secret.len, (const unsigned char *)head.ptr,
		    head.len, out, &n) &&
	       n == len && CRYPTO_memcmp(out, sig, len) == 0;
}

/* R and S side by side to what the library reads. The result's length, 0: they are none. */
static size_t signature_to_der(const struct jwt_alg *a, const unsigned char *sig, size_t len,
			       unsigned char **der)
{
	ECDSA_SIG *pair;
	BIGNUM *r, *s;
	int n = 0;

	*der = NULL;
	if (len != 2u * a->half || !(pair = ECDSA_SIG_new()))
		return 0;
	r = BN_bin2bn(sig, a->half, NULL);
	s = BN_bin2bn(sig + a->half, a->half, NULL);
	if (r && s && ECDSA_SIG_set0(pair, r, s)) {
		n = i2d_ECDSA_SIG(pair, der);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(pair);
	return n > 0 ? (size_t)n : 0;
}

/* ES256 is of P-256 and no other curve, and so on. */
static bool key_fits(const struct jwt_alg *a, EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, a->pkey) && (!a->half || (EVP_PKEY_get_bits(key) + 7) / 8 == a->half);
}

static bool pss_set(EVP_PKEY_CTX *ctx)
{
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static bool key_is_good(const struct jwt_alg *a, struct str head, EVP_PKEY *key, const unsigned char *sig,
			size_t len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	unsigned char *der = NULL;
	bool good;

	if (a->family == FAMILY_ECDSA)
		len = signature_to_der(a, sig, len, &der);
	good = ctx && len && EVP_DigestVerifyInit(ctx, &pctx, a->md(), NULL, key) == 1 &&
	       (a->family != FAMILY_PSS || pss_set(pctx)) &&
	       EVP_DigestVerify(ctx, der ? der : sig, len, (const unsigned char *)head.ptr, head.len) == 1;
	OPENSSL_free(der);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return good;
}

enum jwt_verdict jwt_verify(struct str token, struct str alg, struct str key, const struct jwt_keys *keys,
			    bool pss)
{
	const struct jwt_alg *a = alg_find(alg);
	char sig[SIGNATURE_MAX];
	struct str head, text;
	EVP_PKEY *pkey;
	size_t len;

	if (!a)
		return JWT_ALG_UNKNOWN;
	if (a->family == FAMILY_PSS && !pss)
		return JWT_ALG_UNMANAGED;
	if (!token_split(token, &head, &text))
		return JWT_TOKEN_INVALID;
	if (a->family == FAMILY_NONE)
		return text.len ? JWT_FAILED : JWT_GOOD;
	if (!text.len || !base64url_decode(text, sig, sizeof(sig), &len))
		return JWT_TOKEN_INVALID;
	if (text.ptr[text.len - 1] == '=') /* RFC 7515 section 2: without padding */
		return JWT_FAILED;
	if (a->family == FAMILY_HMAC)
		return hmac_is_good(a, head, key, sig, len) ? JWT_GOOD : JWT_FAILED;
	pkey = jwt_keys_find(keys, key);
	if (!pkey)
		return JWT_KEY_UNKNOWN;
	return key_fits(a, pkey) && key_is_good(a, head, pkey, (const unsigned char *)sig, len) ? JWT_GOOD
												: JWT_FAILED;
}
