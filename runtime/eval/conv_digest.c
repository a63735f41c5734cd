/* Converters of cryptographic digests (manual, section 7.3.1), by OpenSSL. Results are bytes in scratch memory.
 * One thread. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#include "runtime/eval/base64.h"
#include "runtime/eval/fetch.h"

static bool set_bytes(struct eval *e, struct sample *s, const unsigned char *bytes, unsigned len)
{
	struct str copy = scratch_dup(e->scratch, str_make((const char *)bytes, len));

	s->type = SMP_BIN;
	s->str = copy;
	return copy.ptr != NULL;
}

static bool digest(struct eval *e, struct sample *s, const EVP_MD *md)
{
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned len;

	return md && EVP_Digest(s->str.ptr ? s->str.ptr : "", s->str.len, out, &len, md, NULL) == 1 &&
	       set_bytes(e, s, out, len);
}

static const EVP_MD *digest_named(struct str name)
{
	char text[64];

	if (name.len >= sizeof(text))
		return NULL;
	snprintf(text, sizeof(text), "%.*s", STR_ARG(name));
	return EVP_get_digestbyname(text);
}

bool conv_sha1(struct eval *e, const struct arg *args, struct sample *s)
{
	(void)args;
	return digest(e, s, EVP_sha1());
}

/* sha2([bits]): 224, 256, 384, 512. */
bool conv_sha2(struct eval *e, const struct arg *args, struct sample *s)
{
	int64_t bits = arg_is_set(&args[0]) ? args[0].sint : 256;

	return digest(e, s,
		      bits == 224   ? EVP_sha224()
		      : bits == 384 ? EVP_sha384()
		      : bits == 512 ? EVP_sha512()
				    : EVP_sha256());
}

bool conv_digest(struct eval *e, const struct arg *args, struct sample *s)
{
	return digest(e, s, digest_named(args[0].str));
}

/* hmac(algorithm,key): the key in base64, or a variable that holds that. */
bool conv_hmac(struct eval *e, const struct arg *args, struct sample *s)
{
	const EVP_MD *md = digest_named(args[0].str);
	unsigned char out[EVP_MAX_MD_SIZE];
	struct str text;
	char *key;
	size_t key_len;
	unsigned len;

	if (!md || !arg_text(e, &args[1], &text))
		return false;
	key = scratch_alloc(e->scratch, text.len + 1);
	if (!key || !base64_decode(text, key, text.len, &key_len))
		return false;
	return HMAC(md, key, (int)key_len, (const unsigned char *)(s->str.ptr ? s->str.ptr : ""), s->str.len,
		    out, &len) &&
	       set_bytes(e, s, out, len);
}
