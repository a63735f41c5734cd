/* Certificates as plain data (RFC 5280; RFC 7468 for their text form), by OpenSSL. Everything is copied into
 * the caller's arena; no state, any thread. */
#include "grammar/cert_info.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

static int no_passphrase(char *buf, int size, int writing, void *user)
{
	(void)buf, (void)size, (void)writing;
	*(bool *)user = true;
	return -1;
}

static int64_t seconds_of(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void name_add(struct arena *a, struct cert_info *info, const unsigned char *text, int len)
{
	char *copy;

	if (len <= 0 || len > 255)
		return;
	copy = arena_alloc(a, (size_t)len + 1);
	for (int i = 0; i < len; i++)
		copy[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] | 32) : (char)text[i];
	copy[len] = 0;
	vec_each (known, &info->names)
		if (str_eq(*known, str_make(copy, (size_t)len)))
			return;
	*vec_push(a, &info->names) = str_make(copy, (size_t)len);
}

static void names_read(struct arena *a, struct cert_info *info, X509 *x)
{
	GENERAL_NAMES *alts = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	X509_NAME *subject = X509_get_subject_name(x);

	for (int i = 0; alts && i < sk_GENERAL_NAME_num(alts); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(alts, i);

		if (g->type == GEN_DNS)
			name_add(a, info, ASN1_STRING_get0_data(g->d.dNSName),
				 ASN1_STRING_length(g->d.dNSName));
	}
	GENERAL_NAMES_free(alts);
	for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;) {
		unsigned char *text = NULL;
		int len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));

		name_add(a, info, text, len);
		OPENSSL_free(text);
	}
}

static void strength_read(struct arena *a, struct cert_info *info, X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x);
	int digest = NID_undef;

	info->kind = CERT_KEY_OTHER;
	if (key) {
		info->kind = EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS") ? CERT_KEY_RSA
			     : EVP_PKEY_is_a(key, "EC")                                 ? CERT_KEY_EC
											: CERT_KEY_OTHER;
		info->bits = (uint32_t)EVP_PKEY_get_bits(key);
	}
	if (OBJ_find_sigid_algs(X509_get_signature_nid(x), &digest, NULL) && digest != NID_undef)
		info->digest = arena_str(a, str_from(OBJ_nid2sn(digest)));
	info->self_signed = X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
}

static enum cert_key_state key_read(X509 *x, struct str text)
{
	bool locked = false;
	BIO *bio = text.len ? BIO_new_mem_buf(text.ptr, (int)text.len) : NULL;
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &locked) : NULL;
	enum cert_key_state state = locked ? CERT_KEY_LOCKED : CERT_KEY_ABSENT;

	if (key)
		state = X509_check_private_key(x, key) == 1 ? CERT_KEY_FITS : CERT_KEY_OTHERS;
	EVP_PKEY_free(key);
	BIO_free(bio);
	return state;
}

struct cert_info *cert_info_read(struct arena *a, struct str pem, struct str key)
{
	struct cert_info *info = ARENA_NEW(a, struct cert_info);
	bool locked = false;
	BIO *bio = pem.len && pem.len < INT32_MAX ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
	X509 *x = bio ? PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, &locked) : NULL, *more;

	if (x) {
		info->found = true;
		info->not_before = seconds_of(X509_get0_notBefore(x));
		info->not_after = seconds_of(X509_get0_notAfter(x));
		strength_read(a, info, x);
		names_read(a, info, x);
		info->key = key_read(x, pem);
		if (info->key == CERT_KEY_ABSENT)
			info->key = key_read(x, key);
		ERR_clear_error();
		while ((more = PEM_read_bio_X509(bio, NULL, no_passphrase, &locked)) != NULL) {
			info->chain++;
			X509_free(more);
		}
		/* The end of the text is an error of PEM. */
		info->chain_broken = ERR_GET_LIB(ERR_peek_error()) != ERR_LIB_PEM;
		X509_free(x);
	}
	BIO_free(bio);
	ERR_clear_error();
	return info;
}
