/* JSON Web Keys (RFC 7517; parameters of RFC 7518 section 6) to what decrypts with them: secrets and private
 * keys of RSA and of elliptic curves. Pure functions; any thread. */
#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "runtime/eval/base64.h"
#include "runtime/eval/jwe.h"
#include "runtime/eval/jwe_ecdh.h"

enum { NUMBER_MAX = 2048 };

static bool number_push(OSSL_PARAM_BLD *b, const json_t *jwk, const char *member, const char *name, BIGNUM **to)
{
	const char *text = json_string_value(json_object_get(jwk, member));
	char bytes[NUMBER_MAX];
	size_t len;

	if (!text || !base64url_decode(str_from(text), bytes, sizeof(bytes), &len))
		return false;
	*to = BN_bin2bn((const unsigned char *)bytes, (int)len, NULL);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return *to && OSSL_PARAM_BLD_push_BN(b, name, *to) == 1;
}

static EVP_PKEY *key_make(OSSL_PARAM_BLD *b, const char *kind, int selection)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
	EVP_PKEY *key = NULL;

	if (params && ctx && EVP_PKEY_fromdata_init(ctx) == 1)
		EVP_PKEY_fromdata(ctx, &key, selection, params);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return key;
}

/* n, e and d; the others make it faster. */
static EVP_PKEY *rsa_read(const json_t *jwk)
{
	static const struct {
		const char *member, *name;
	} numbers[] = {
		{"n", OSSL_PKEY_PARAM_RSA_N},          {"e", OSSL_PKEY_PARAM_RSA_E},
		{"d", OSSL_PKEY_PARAM_RSA_D},          {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
		{"q", OSSL_PKEY_PARAM_RSA_FACTOR2},    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
		{"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2}, {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
	};
	enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };
	BIGNUM *bn[NUMBERS] = {NULL};
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;
	bool whole = b != NULL, fast = json_object_get(jwk, "p") != NULL;

	for (int i = 0; whole && i < (fast ? NUMBERS : 3); i++)
		whole = number_push(b, jwk, numbers[i].member, numbers[i].name, &bn[i]);
	if (whole)
		key = key_make(b, "RSA", EVP_PKEY_KEYPAIR);
	OSSL_PARAM_BLD_free(b);
	for (int i = 0; i < NUMBERS; i++)
		BN_clear_free(bn[i]);
	ERR_clear_error();
	return key;
}

static const struct curve {
	const char *name;
	size_t bytes; /* of a coordinate */
} curves[] = {{"P-256", 32}, {"P-384", 48}, {"P-521", 66}};

static const struct curve *curve_of(const json_t *jwk)
{
	const char *name = json_string_value(json_object_get(jwk, "crv"));

	for (size_t i = 0; name && i < sizeof(curves) / sizeof(curves[0]); i++)
		if (!strcmp(curves[i].name, name))
			return &curves[i];
	return NULL;
}

static bool coordinate(const json_t *jwk, const char *member, size_t bytes, unsigned char *to)
{
	const char *text = json_string_value(json_object_get(jwk, member));
	size_t len = 0;

	return text && base64url_decode(str_from(text), (char *)to, bytes, &len) && len == bytes;
}

EVP_PKEY *jwk_ec_read(const json_t *jwk, bool with_private)
{
	const char *type = json_string_value(json_object_get(jwk, "kty"));
	const struct curve *c = type && !strcmp(type, "EC") ? curve_of(jwk) : NULL;
	unsigned char point[1 + 2 * 66] = {4}; /* not compressed */
	OSSL_PARAM_BLD *b = c ? OSSL_PARAM_BLD_new() : NULL;
	EVP_PKEY *key = NULL;
	BIGNUM *d = NULL;

	if (b && coordinate(jwk, "x", c->bytes, point + 1) &&
	    coordinate(jwk, "y", c->bytes, point + 1 + c->bytes) &&
	    OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, c->name, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * c->bytes) == 1 &&
	    (!with_private || number_push(b, jwk, "d", OSSL_PKEY_PARAM_PRIV_KEY, &d)))
		key = key_make(b, "EC", with_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY);
	OSSL_PARAM_BLD_free(b);
	BN_clear_free(d);
	ERR_clear_error();
	return key;
}

bool jwe_key_read(struct str text, char *room, struct jwe_key *key)
{
	json_t *jwk = json_loadb(text.ptr ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, NULL);
	const char *type = json_string_value(json_object_get(jwk, "kty"));
	const char *secret = json_string_value(json_object_get(jwk, "k"));

	*key = (struct jwe_key){.pkey = NULL};
	if (type && !strcmp(type, "oct") && secret &&
	    base64url_decode(str_from(secret), room, text.len, &key->secret.len))
		key->secret.ptr = room;
	else if (type && !strcmp(type, "RSA"))
		key->pkey = rsa_read(jwk);
	else if (type && !strcmp(type, "EC"))
		key->pkey = jwk_ec_read(jwk, true);
	json_decref(jwk);
	return key->pkey || key->secret.ptr;
}
