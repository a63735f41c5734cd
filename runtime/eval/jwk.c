/* JSON Web Keys (RFC 7517; parameters of RFC 7518 section 6) to what decrypts with them: secrets and private
 * keys of RSA. Pure functions; any thread. */
#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "runtime/eval/base64.h"
#include "runtime/eval/jwe.h"

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

static EVP_PKEY *rsa_make(OSSL_PARAM_BLD *b)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;

	if (params && ctx && EVP_PKEY_fromdata_init(ctx) == 1)
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params);
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
		key = rsa_make(b);
	OSSL_PARAM_BLD_free(b);
	for (int i = 0; i < NUMBERS; i++)
		BN_clear_free(bn[i]);
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
	json_decref(jwk);
	return key->pkey || key->secret.ptr;
}
