/* Converters that encrypt and decrypt with AES (manual, section 7.3.1: aes_gcm_*, aes_cbc_*), by OpenSSL. Keys,
 * nonces and tags are base64 in the configuration or in variables. Results are in scratch memory. One thread.
 */
#include <limits.h>
#include <openssl/evp.h>

#include "runtime/eval/base64.h"
#include "runtime/eval/fetch.h"

enum { AEAD_TAG_MAX = 16, AES_BLOCK = 16 };

/* The bytes of an argument that is base64 or names a variable that holds some; empty when it is absent. */
static bool bytes_arg(struct eval *e, const struct arg *arg, struct str *bytes)
{
	struct str text;
	char *buf;

	*bytes = STR("");
	if (!arg_is_set(arg))
		return true;
	if (!arg_text(e, arg, &text))
		return false;
	buf = scratch_alloc(e->scratch, text.len + 1);
	if (!buf || !base64_decode(text, buf, text.len, &bytes->len))
		return false;
	bytes->ptr = buf;
	return true;
}

static const EVP_CIPHER *cipher_of(int64_t bits, bool gcm)
{
	if (gcm)
		return bits == 128 ? EVP_aes_128_gcm() : bits == 192 ? EVP_aes_192_gcm() : EVP_aes_256_gcm();
	return bits == 128 ? EVP_aes_128_cbc() : bits == 192 ? EVP_aes_192_cbc() : EVP_aes_256_cbc();
}

struct cipher_call {
	const EVP_CIPHER *cipher;
	struct str nonce, key, tag, aad;
	bool gcm, encrypt;
	char *tag_out; /* encryption: AEAD_TAG_MAX bytes */
};

static bool cipher_begin(EVP_CIPHER_CTX *ctx, const struct cipher_call *c)
{
	const unsigned char *key = (const unsigned char *)c->key.ptr,
			    *nonce = (const unsigned char *)c->nonce.ptr;
	int len;

	if (EVP_CipherInit_ex(ctx, c->cipher, NULL, NULL, NULL, c->encrypt) != 1)
		return false;
	if (c->gcm && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)c->nonce.len, NULL) != 1)
		return false;
	if (EVP_CipherInit_ex(ctx, NULL, NULL, key, nonce, c->encrypt) != 1)
		return false;
	if (c->gcm && !c->encrypt &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)c->tag.len, (void *)c->tag.ptr) != 1)
		return false;
	return !c->gcm || !c->aad.len ||
	       EVP_CipherUpdate(ctx, NULL, &len, (const unsigned char *)c->aad.ptr, (int)c->aad.len) == 1;
}

/* out: room for the input and one block. False when anything is wrong, a tag that does not fit included. */
static bool cipher_run(EVP_CIPHER_CTX *ctx, const struct cipher_call *c, struct str in, unsigned char *out,
		       size_t *len)
{
	int n = 0, last = 0;

	if (!cipher_begin(ctx, c) ||
	    (in.len && EVP_CipherUpdate(ctx, out, &n, (const unsigned char *)in.ptr, (int)in.len) != 1) ||
	    EVP_CipherFinal_ex(ctx, out + n, &last) != 1)
		return false;
	*len = (size_t)(n + last);
	return !c->gcm || !c->encrypt ||
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_MAX, c->tag_out) == 1;
}

static bool cipher_fits(const struct cipher_call *c, struct str in)
{
	size_t nonce = (size_t)EVP_CIPHER_iv_length(c->cipher);

	if (in.len > INT_MAX - AES_BLOCK || c->key.len != (size_t)EVP_CIPHER_key_length(c->cipher))
		return false;
	if (!c->gcm)
		return c->nonce.len == nonce;
	return c->nonce.len && c->nonce.len <= 128 &&
	       (c->encrypt || (c->tag.len && c->tag.len <= AEAD_TAG_MAX));
}

static bool cipher_apply(struct eval *e, const struct cipher_call *c, struct sample *s)
{
	unsigned char *out = scratch_alloc(e->scratch, s->str.len + AES_BLOCK);
	EVP_CIPHER_CTX *ctx;
	size_t len;
	bool done;

	if (!out || !cipher_fits(c, s->str))
		return false;
	ctx = EVP_CIPHER_CTX_new();
	done = ctx && cipher_run(ctx, c, s->str, out, &len);
	EVP_CIPHER_CTX_free(ctx);
	if (!done)
		return false;
	s->type = SMP_BIN;
	s->str = str_make((char *)out, len);
	return true;
}

/* bits, nonce, key, and what follows them. */
static bool cipher_args(struct eval *e, const struct arg *args, struct cipher_call *c, const struct arg *aad)
{
	c->cipher = cipher_of(args[0].sint, c->gcm);
	return bytes_arg(e, &args[1], &c->nonce) && bytes_arg(e, &args[2], &c->key) &&
	       bytes_arg(e, aad, &c->aad);
}

bool conv_aes_gcm_dec(struct eval *e, const struct arg *args, struct sample *s)
{
	struct cipher_call c = {.gcm = true};

	return cipher_args(e, args, &c, &args[4]) && bytes_arg(e, &args[3], &c.tag) && cipher_apply(e, &c, s);
}

/* The tag goes to the variable that the fourth argument names, in base64. */
bool conv_aes_gcm_enc(struct eval *e, const struct arg *args, struct sample *s)
{
	char tag[AEAD_TAG_MAX], text[AEAD_TAG_MAX * 2];
	struct cipher_call c = {.gcm = true, .encrypt = true, .tag_out = tag};
	struct sample value;

	if (!cipher_args(e, args, &c, &args[4]) || !cipher_apply(e, &c, s))
		return false;
	sample_set_str(&value, str_make(text, base64_encode(str_make(tag, sizeof(tag)), text)));
	return var_set(e, args[3].var, &value);
}

/* CBC authenticates nothing: additional data are checked for their form and have no effect. */
bool conv_aes_cbc_dec(struct eval *e, const struct arg *args, struct sample *s)
{
	struct cipher_call c = {0};

	return cipher_args(e, args, &c, &args[3]) && cipher_apply(e, &c, s);
}

bool conv_aes_cbc_enc(struct eval *e, const struct arg *args, struct sample *s)
{
	struct cipher_call c = {.encrypt = true};

	return cipher_args(e, args, &c, &args[3]) && cipher_apply(e, &c, s);
}
