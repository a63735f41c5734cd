/* Decryption of JSON Web Tokens: split into five parts, the content key out of the second, the content out of
 * the fourth. Tokens are hostile: sizes are checked before anything is decrypted, nothing is said of why it
 * failed, and RSA with PKCS #1 v1.5 goes on with a random key when unwrapping fails (RFC 3218 section 2.3.2).
 */
#include "runtime/eval/jwe.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "runtime/eval/base64.h"
#include "runtime/eval/jwe_ecdh.h"

enum { HEAD, WRAPPED, IV, TEXT, TAG, PARTS };
enum { PART_MAX = 4096, GCM_IV = 12, GCM_TAG = 16 };

typedef unsigned char byte;

struct bytes {
	size_t len;
	byte v[PART_MAX];
};

struct jwe {
	struct str parts[PARTS];
	json_t *head;
	const char *alg, *enc;
};

static bool split(struct str token, struct jwe *j)
{
	for (int i = 0; i < PARTS; i++) {
		size_t end = str_chr(token, '.');

		if ((end == token.len) != (i == PARTS - 1))
			return false;
		j->parts[i] = str_sub(token, 0, end);
		token = str_tail(token, end + 1);
	}
	return true;
}

static bool decode(struct str text, struct bytes *b)
{
	b->len = 0;
	return !text.len || base64url_decode(text, (char *)b->v, sizeof(b->v), &b->len);
}

static bool decode_member(const json_t *object, const char *name, struct bytes *b)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text && decode(str_from(text), b);
}

static bool allowed(struct str list, const char *name)
{
	while (list.len) {
		size_t n = str_chr(list, ',');

		if (str_is(str_trim(str_sub(list, 0, n)), name))
			return true;
		list = str_tail(list, n + 1);
	}
	return false;
}

static bool head_read(struct jwe *j, const struct jwe_allowed *a)
{
	struct bytes text;

	if (!decode(j->parts[HEAD], &text))
		return false;
	j->head = json_loadb((const char *)text.v, text.len, JSON_REJECT_DUPLICATES, NULL);
	j->alg = json_string_value(json_object_get(j->head, "alg"));
	j->enc = json_string_value(json_object_get(j->head, "enc"));
	return j->alg && j->enc && !json_object_get(j->head, "crit") && !json_object_get(j->head, "zip") &&
	       (a->algs.len ? allowed(a->algs, j->alg) : strcmp(j->alg, "RSA1_5") != 0) &&
	       (!a->encs.len || allowed(a->encs, j->enc));
}

/* --- ciphers */

static bool gcm_open(const EVP_CIPHER *cipher, const byte *key, const struct bytes *iv, struct bytes *tag,
		     struct str aad, const byte *in, size_t len, byte *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok = ctx && iv->len == GCM_IV && tag->len == GCM_TAG &&
		  EVP_DecryptInit_ex(ctx, cipher, NULL, key, iv->v) == 1 &&
		  (!aad.len || EVP_DecryptUpdate(ctx, NULL, &n, (const byte *)aad.ptr, (int)aad.len) == 1) &&
		  EVP_DecryptUpdate(ctx, out, &n, in, (int)len) == 1 &&
		  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, GCM_TAG, tag->v) == 1 &&
		  EVP_DecryptFinal_ex(ctx, out + n, &n) == 1;

	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static bool cbc_open(const EVP_CIPHER *cipher, const byte *key, const struct bytes *iv, const byte *in,
		     size_t len, byte *out, size_t *outlen)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, rest = 0;
	bool ok = ctx && iv->len == 16 && len && len % 16 == 0 &&
		  EVP_DecryptInit_ex(ctx, cipher, NULL, key, iv->v) == 1 &&
		  EVP_DecryptUpdate(ctx, out, &n, in, (int)len) == 1 &&
		  EVP_DecryptFinal_ex(ctx, out + n, &rest) == 1;

	*outlen = (size_t)(n + rest);
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* RFC 7518 section 5.2.2: the head, IV, text and the head's length in bits. */
static bool mac_is_good(const EVP_MD *md, const byte *key, size_t half, struct str aad, const struct bytes *iv,
			const byte *in, size_t len, const struct bytes *tag)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, NULL, key, half);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	byte mac[EVP_MAX_MD_SIZE], bits[8];
	size_t n = sizeof(mac);
	bool ok;

	for (int i = 0; i < 8; i++)
		bits[i] = (byte)((uint64_t)aad.len * 8 >> (56 - 8 * i));
	ok = pkey && ctx && EVP_DigestSignInit(ctx, NULL, md, NULL, pkey) == 1 &&
	     EVP_DigestSignUpdate(ctx, aad.ptr, aad.len) == 1 &&
	     EVP_DigestSignUpdate(ctx, iv->v, iv->len) == 1 && EVP_DigestSignUpdate(ctx, in, len) == 1 &&
	     EVP_DigestSignUpdate(ctx, bits, sizeof(bits)) == 1 && EVP_DigestSignFinal(ctx, mac, &n) == 1 &&
	     tag->len == half && n >= half && CRYPTO_memcmp(mac, tag->v, half) == 0;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return ok;
}

/* --- content encryption */

static const struct content {
	const char *name;
	const EVP_CIPHER *(*cipher)(void);
	const EVP_MD *(*md)(void); /* of those with a MAC of their own */
	size_t key;
} contents[] = {
	{"A128GCM", EVP_aes_128_gcm, NULL, 16},
	{"A192GCM", EVP_aes_192_gcm, NULL, 24},
	{"A256GCM", EVP_aes_256_gcm, NULL, 32},
	{"A128CBC-HS256", EVP_aes_128_cbc, EVP_sha256, 32},
	{"A192CBC-HS384", EVP_aes_192_cbc, EVP_sha384, 48},
	{"A256CBC-HS512", EVP_aes_256_cbc, EVP_sha512, 64},
};

static const struct content *content_find(const char *name)
{
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++)
		if (!strcmp(contents[i].name, name))
			return &contents[i];
	return NULL;
}

/* The text is decoded and decrypted in place. */
static bool content_open(const struct jwe *j, const struct content *c, const byte *cek, char *room, size_t *len)
{
	struct bytes iv, tag;
	byte *text = (byte *)room;
	size_t half = c->key / 2, n = 0;

	if (!decode(j->parts[IV], &iv) || !decode(j->parts[TAG], &tag) ||
	    (j->parts[TEXT].len && !base64url_decode(j->parts[TEXT], room, j->parts[TEXT].len, &n)))
		return false;
	if (!c->md) {
		*len = n;
		return gcm_open(c->cipher(), cek, &iv, &tag, j->parts[HEAD], text, n, text);
	}
	return mac_is_good(c->md(), cek, half, j->parts[HEAD], &iv, text, n, &tag) &&
	       cbc_open(c->cipher(), cek + half, &iv, text, n, text, len);
}

/* --- the content's key */

/* RFC 3394. */
static bool key_unwrap(const EVP_CIPHER *cipher, struct str secret, const struct bytes *in, byte *cek,
		       size_t want)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	byte out[PART_MAX];
	int n = 0;
	bool ok = ctx && in->len == want + 8 && secret.len == (size_t)EVP_CIPHER_get_key_length(cipher);

	if (ok)
		EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ok = ok && EVP_DecryptInit_ex(ctx, cipher, NULL, (const byte *)secret.ptr, NULL) == 1 &&
	     EVP_DecryptUpdate(ctx, out, &n, in->v, (int)in->len) == 1 && (size_t)n == want;
	if (ok)
		memcpy(cek, out, want);
	OPENSSL_cleanse(out, sizeof(out));
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* RFC 7518 section 4.7. */
static bool key_gcm(const struct jwe *j, const EVP_CIPHER *cipher, struct str secret, const struct bytes *in,
		    byte *cek, size_t want)
{
	struct bytes iv, tag;

	return in->len == want && secret.len == (size_t)EVP_CIPHER_get_key_length(cipher) &&
	       decode_member(j->head, "iv", &iv) && decode_member(j->head, "tag", &tag) &&
	       gcm_open(cipher, (const byte *)secret.ptr, &iv, &tag, STR_NONE, in->v, in->len, cek);
}

static bool rsa_open(EVP_PKEY *key, int padding, const EVP_MD *md, const struct bytes *in, byte *cek,
		     size_t want)
{
	EVP_PKEY_CTX *ctx = key && EVP_PKEY_is_a(key, "RSA") ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	byte out[PART_MAX];
	size_t n = sizeof(out);
	bool ok = ctx && EVP_PKEY_decrypt_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, padding) == 1 &&
		  (!md || (EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 &&
			   EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1)) &&
		  EVP_PKEY_decrypt(ctx, out, &n, in->v, in->len) == 1 && n == want;

	if (ok)
		memcpy(cek, out, want);
	else if (ctx && padding == RSA_PKCS1_PADDING)
		ok = RAND_bytes(cek, (int)want) == 1;
	OPENSSL_cleanse(out, sizeof(out));
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static const struct wrapping {
	const char *name;
	const EVP_CIPHER *(*wrap)(void), *(*gcm)(void);
	int padding;
	const EVP_MD *(*md)(void);
} wrappings[] = {
	{"dir", NULL, NULL, 0, NULL},
	{"A128KW", EVP_aes_128_wrap, NULL, 0, NULL},
	{"A192KW", EVP_aes_192_wrap, NULL, 0, NULL},
	{"A256KW", EVP_aes_256_wrap, NULL, 0, NULL},
	{"A128GCMKW", NULL, EVP_aes_128_gcm, 0, NULL},
	{"A192GCMKW", NULL, EVP_aes_192_gcm, 0, NULL},
	{"A256GCMKW", NULL, EVP_aes_256_gcm, 0, NULL},
	{"RSA1_5", NULL, NULL, RSA_PKCS1_PADDING, NULL},
	{"RSA-OAEP", NULL, NULL, RSA_PKCS1_OAEP_PADDING, EVP_sha1},
	{"RSA-OAEP-256", NULL, NULL, RSA_PKCS1_OAEP_PADDING, EVP_sha256},
	{"ECDH-ES", NULL, NULL, 0, NULL},
	{"ECDH-ES+A128KW", EVP_aes_128_wrap, NULL, 0, NULL},
	{"ECDH-ES+A192KW", EVP_aes_192_wrap, NULL, 0, NULL},
	{"ECDH-ES+A256KW", EVP_aes_256_wrap, NULL, 0, NULL},
};

/* The key that was agreed on is the content's, or unwraps it. */
static bool agreed(const struct jwe *j, const EVP_CIPHER *wrap, EVP_PKEY *key, const struct bytes *in,
		   byte *cek, size_t want)
{
	size_t len = wrap ? (size_t)EVP_CIPHER_get_key_length(wrap) : want;
	byte secret[JWE_CEK_MAX];
	bool ok = jwe_agree(j->head, wrap ? j->alg : j->enc, key, wrap ? secret : cek, len);

	if (ok && wrap)
		ok = key_unwrap(wrap, str_make((char *)secret, len), in, cek, want);
	OPENSSL_cleanse(secret, sizeof(secret));
	return ok && (wrap || !in->len);
}

static bool cek_find(const struct jwe *j, const struct jwe_key *key, byte *cek, size_t want)
{
	struct bytes in;

	if (!decode(j->parts[WRAPPED], &in))
		return false;
	for (size_t i = 0; i < sizeof(wrappings) / sizeof(wrappings[0]); i++) {
		const struct wrapping *w = &wrappings[i];

		if (strcmp(w->name, j->alg) != 0)
			continue;
		if (w->padding)
			return rsa_open(key->pkey, w->padding, w->md ? w->md() : NULL, &in, cek, want);
		if (str_starts(str_from(w->name), STR("ECDH")))
			return agreed(j, w->wrap ? w->wrap() : NULL, key->pkey, &in, cek, want);
		if (!key->secret.ptr)
			return false;
		if (w->wrap)
			return key_unwrap(w->wrap(), key->secret, &in, cek, want);
		if (w->gcm)
			return key_gcm(j, w->gcm(), key->secret, &in, cek, want);
		if (in.len || key->secret.len != want)
			return false;
		memcpy(cek, key->secret.ptr, want);
		return true;
	}
	return false;
}

bool jwe_decrypt(struct str token, const struct jwe_key *key, const struct jwe_allowed *a, char *room,
		 size_t *len)
{
	struct jwe j = {.head = NULL};
	const struct content *c = NULL;
	byte cek[JWE_CEK_MAX];
	bool ok = split(token, &j) && head_read(&j, a) && (c = content_find(j.enc)) &&
		  cek_find(&j, key, cek, c->key) && content_open(&j, c, cek, room, len);

	OPENSSL_cleanse(cek, sizeof(cek));
	json_decref(j.head);
	ERR_clear_error();
	return ok;
}
