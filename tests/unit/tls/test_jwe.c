/* Encrypted tokens: each way to wrap the content's key with each way to encrypt the content, the example of RFC
 * 7516, and tokens with something wrong in every part. */
#include <check.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/eval/base64.h"
#include "runtime/eval/jwe.h"
#include "runtime/eval/jwe_ecdh.h"
#include "tests/unit/run.h"

static const struct jwe_allowed all = {{NULL, 0}, {NULL, 0}};
static const char plain[] = "{\"sub\":\"somebody\"}";

static const struct content {
	const char *name;
	const EVP_CIPHER *(*cipher)(void);
	const EVP_MD *(*md)(void);
	size_t key;
} contents[] = {
	{"A128GCM", EVP_aes_128_gcm, NULL, 16},
	{"A192GCM", EVP_aes_192_gcm, NULL, 24},
	{"A256GCM", EVP_aes_256_gcm, NULL, 32},
	{"A128CBC-HS256", EVP_aes_128_cbc, EVP_sha256, 32},
	{"A192CBC-HS384", EVP_aes_192_cbc, EVP_sha384, 48},
	{"A256CBC-HS512", EVP_aes_256_cbc, EVP_sha512, 64},
};

static void part_add(char *token, const void *data, size_t len)
{
	size_t at = strlen(token);

	at += base64url_encode(str_make(data, len), token + at);
	token[at] = 0;
}

static size_t cipher_run(const EVP_CIPHER *cipher, const unsigned char *key, const unsigned char *iv,
			 const char *aad, const void *in, size_t len, unsigned char *out, unsigned char *tag)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, rest = 0;

	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ck_assert_int_eq(EVP_EncryptInit_ex(ctx, cipher, NULL, key, iv), 1);
	if (aad)
		EVP_EncryptUpdate(ctx, NULL, &n, (const unsigned char *)aad, (int)strlen(aad));
	ck_assert_int_eq(EVP_EncryptUpdate(ctx, out, &n, in, (int)len), 1);
	ck_assert_int_eq(EVP_EncryptFinal_ex(ctx, out + n, &rest), 1);
	if (tag)
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, tag);
	EVP_CIPHER_CTX_free(ctx);
	return (size_t)(n + rest);
}

/* Appends IV, text and tag. */
static void content_add(char *token, const struct content *c, const unsigned char *cek)
{
	unsigned char iv[16] = "0123456789abcde", out[256], tag[64] = {0}, mac[1024];
	char head[4096];
	size_t n, len, m;
	unsigned taglen = 16;

	snprintf(head, sizeof(head), "%.*s", (int)strcspn(token, "."), token);
	if (!c->md) {
		n = cipher_run(c->cipher(), cek, iv, head, plain, strlen(plain), out, tag);
	} else {
		n = cipher_run(c->cipher(), cek + c->key / 2, iv, NULL, plain, strlen(plain), out, NULL);
		m = strlen(head);
		memcpy(mac, head, m);
		memcpy(mac + m, iv, 16);
		memcpy(mac + m + 16, out, n);
		for (int i = 0; i < 8; i++)
			mac[m + 16 + n + (size_t)i] = (unsigned char)((uint64_t)m * 8 >> (56 - 8 * i));
		HMAC(c->md(), cek, (int)c->key / 2, mac, m + n + 24, tag, &taglen);
		taglen = (unsigned)c->key / 2;
	}
	len = c->md ? 16 : 12;
	part_add(token, iv, len);
	strcat(token, ".");
	part_add(token, out, n);
	strcat(token, ".");
	part_add(token, tag, taglen);
}

static void head_add(char *token, const char *alg, const char *enc, const char *more)
{
	char head[1024];

	snprintf(head, sizeof(head), "{\"alg\":\"%s\",\"enc\":\"%s\"%s}", alg, enc, more);
	*token = 0;
	part_add(token, head, strlen(head));
	strcat(token, ".");
}

static bool opens(const char *token, const struct jwe_key *key, const struct jwe_allowed *allowed)
{
	char *copy = strdup(token), *room = malloc(strlen(token) + 1);
	size_t len = 0;
	bool ok = jwe_decrypt(str_from(copy), key, allowed, room, &len);

	if (ok)
		ck_assert_msg(len == strlen(plain) && !memcmp(room, plain, len), "another text came out of %s",
			      token);
	free(room);
	free(copy);
	return ok;
}

/* Whatever is changed, nothing comes out: one character of each part, parts missing, parts too many. */
static void refuses_changes(const char *token, const struct jwe_key *key)
{
	char copy[8192];
	size_t at = 0;

	for (int part = 0; part < 5; part++) {
		size_t n = strcspn(token + at, ".");

		strcpy(copy, token);
		if (n) {
			copy[at + n / 2] = copy[at + n / 2] == 'A' ? 'B' : 'A';
			ck_assert_msg(!opens(copy, key, &all), "part %d of %s may be changed", part, token);
		}
		strcpy(copy, token);
		copy[at + n] = 0;
		if (part < 4)
			ck_assert(!opens(copy, key, &all));
		at += n + 1;
	}
	snprintf(copy, sizeof(copy), "%s.", token);
	ck_assert(!opens(copy, key, &all));
}

static const unsigned char cek[64] = "content key of sixty-four bytes, which is cut to what is needed";
static const char secret[] = "wrapping key of 32 bytes, or less";

START_TEST(test_direct)
{
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		struct jwe_key key = {{(const char *)cek, contents[i].key}, NULL};
		const struct jwe_allowed other = {STR("A128KW"), {NULL, 0}},
					 this = {STR("A128KW,dir"), str_from(contents[i].name)};
		char token[8192];

		head_add(token, "dir", contents[i].name, "");
		strcat(token, ".");
		content_add(token, &contents[i], cek);
		ck_assert_msg(opens(token, &key, &all), "dir with %s", contents[i].name);
		refuses_changes(token, &key);
		ck_assert(!opens(token, &key, &other));
		ck_assert(opens(token, &key, &this));
		key.secret.len--;
		ck_assert(!opens(token, &key, &all));
	}
}
END_TEST

START_TEST(test_wrapped)
{
	static const struct {
		const char *name;
		const EVP_CIPHER *(*wrap)(void), *(*gcm)(void);
		size_t key;
	} ways[] = {
		{"A128KW", EVP_aes_128_wrap, NULL, 16},   {"A192KW", EVP_aes_192_wrap, NULL, 24},
		{"A256KW", EVP_aes_256_wrap, NULL, 32},   {"A128GCMKW", NULL, EVP_aes_128_gcm, 16},
		{"A192GCMKW", NULL, EVP_aes_192_gcm, 24}, {"A256GCMKW", NULL, EVP_aes_256_gcm, 32},
	};

	for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++)
		for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
			struct jwe_key key = {{secret, ways[w].key}, NULL};
			char token[8192], more[256] = "", iv64[32] = "", tag64[32] = "";
			unsigned char out[128], tag[16], iv[12] = "an IV of 12";
			size_t n;

			if (ways[w].gcm) {
				n = cipher_run(ways[w].gcm(), (const unsigned char *)secret, iv, NULL, cek,
					       contents[i].key, out, tag);
				part_add(iv64, iv, 12);
				part_add(tag64, tag, 16);
				snprintf(more, sizeof(more), ",\"iv\":\"%s\",\"tag\":\"%s\"", iv64, tag64);
			} else {
				n = cipher_run(ways[w].wrap(), (const unsigned char *)secret, NULL, NULL, cek,
					       contents[i].key, out, NULL);
			}
			head_add(token, ways[w].name, contents[i].name, more);
			part_add(token, out, n);
			strcat(token, ".");
			content_add(token, &contents[i], cek);
			ck_assert_msg(opens(token, &key, &all), "%s with %s", ways[w].name, contents[i].name);
			refuses_changes(token, &key);
			key.secret.len -= 8;
			ck_assert(!opens(token, &key, &all));
		}
}
END_TEST

START_TEST(test_rsa)
{
	static const struct {
		const char *name;
		int padding;
		const EVP_MD *(*md)(void);
	} ways[] = {{"RSA1_5", RSA_PKCS1_PADDING, NULL},
		    {"RSA-OAEP", RSA_PKCS1_OAEP_PADDING, EVP_sha1},
		    {"RSA-OAEP-256", RSA_PKCS1_OAEP_PADDING, EVP_sha256}};
	struct jwe_key key = {{NULL, 0}, EVP_RSA_gen(2048)}, none = {STR("secret"), NULL};
	const struct jwe_allowed old = {STR("RSA1_5,RSA-OAEP,RSA-OAEP-256"), {NULL, 0}};

	ck_assert_ptr_nonnull(key.pkey);
	for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key.pkey, NULL);
		unsigned char out[512];
		size_t n = sizeof(out);
		char token[8192];

		EVP_PKEY_encrypt_init(ctx);
		EVP_PKEY_CTX_set_rsa_padding(ctx, ways[w].padding);
		if (ways[w].md)
			EVP_PKEY_CTX_set_rsa_oaep_md(ctx, ways[w].md());
		ck_assert_int_eq(EVP_PKEY_encrypt(ctx, out, &n, cek, 32), 1);
		EVP_PKEY_CTX_free(ctx);
		head_add(token, ways[w].name, "A256GCM", "");
		part_add(token, out, n);
		strcat(token, ".");
		content_add(token, &contents[2], cek);
		ck_assert_msg(opens(token, &key, w ? &all : &old), "%s", ways[w].name);
		ck_assert(w || !opens(token, &key, &all)); /* not unless it is asked for */
		refuses_changes(token, &key);
		ck_assert(!opens(token, &none, &old));
	}
	EVP_PKEY_free(key.pkey);
}
END_TEST

/* RFC 7518 appendix C. */
static const char bob[] =
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ\","
	"\"y\":\"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck\","
	"\"d\":\"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw\"}";
static const char alice[] = ",\"apu\":\"QWxpY2U\",\"apv\":\"Qm9i\",\"epk\":{\"kty\":\"EC\",\"crv\":\"P-256\","
			    "\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","
			    "\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps\"}";

static json_t *head_of(const char *alg, const char *enc, const char *more)
{
	char text[1024];
	json_t *head;

	snprintf(text, sizeof(text), "{\"alg\":\"%s\",\"enc\":\"%s\"%s}", alg, enc, more);
	head = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(head);
	return head;
}

START_TEST(test_agreement_example)
{
	static const unsigned char want[16] = {86, 170, 141, 234, 248, 35,  109, 32,
					       92, 34,  40,  205, 113, 167, 16,  26};
	json_t *head = head_of("ECDH-ES", "A128GCM", alice);
	unsigned char out[16];
	struct jwe_key key;
	char room[512];

	ck_assert(jwe_key_read(str_from(bob), room, &key));
	ck_assert(jwe_agree(head, "A128GCM", key.pkey, out, 16));
	ck_assert_mem_eq(out, want, 16);
	json_decref(head);
	EVP_PKEY_free(key.pkey);
}
END_TEST

START_TEST(test_agreement)
{
	static const struct {
		const char *name;
		const EVP_CIPHER *(*wrap)(void);
		size_t key;
	} ways[] = {{"ECDH-ES", NULL, 0},
		    {"ECDH-ES+A128KW", EVP_aes_128_wrap, 16},
		    {"ECDH-ES+A192KW", EVP_aes_192_wrap, 24},
		    {"ECDH-ES+A256KW", EVP_aes_256_wrap, 32}};
	struct jwe_key key, none = {STR("secret"), NULL};
	char room[512];

	ck_assert(jwe_key_read(str_from(bob), room, &key));
	for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++)
		for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
			json_t *head = head_of(ways[w].name, contents[i].name, alice);
			unsigned char agreed[64], out[128];
			char token[8192];
			size_t n = 0;

			head_add(token, ways[w].name, contents[i].name, alice);
			ck_assert(jwe_agree(head, ways[w].wrap ? ways[w].name : contents[i].name, key.pkey,
					    agreed, ways[w].wrap ? ways[w].key : contents[i].key));
			if (ways[w].wrap)
				n = cipher_run(ways[w].wrap(), agreed, NULL, NULL, cek, contents[i].key, out,
					       NULL);
			part_add(token, out, n);
			strcat(token, ".");
			content_add(token, &contents[i], ways[w].wrap ? cek : agreed);
			ck_assert_msg(opens(token, &key, &all), "%s with %s", ways[w].name, contents[i].name);
			refuses_changes(token, &key);
			ck_assert(!opens(token, &none, &all));
			json_decref(head);
		}
	EVP_PKEY_free(key.pkey);
}
END_TEST

/* Keys of tokens that are none: no point of the curve, another curve, none at all, parties that are no text. */
START_TEST(test_agreement_refused)
{
	static const char *const heads[] = {
		"",
		",\"epk\":1",
		",\"epk\":{\"kty\":\"EC\",\"crv\":\"P-256\"}",
		",\"epk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
		"\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","
		"\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFppA\"}",
		",\"epk\":{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":"
		"\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","
		"\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps\"}",
		",\"epk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
	};
	unsigned char out[16];
	struct jwe_key key;
	char room[512], more[512];
	json_t *head;

	ck_assert(jwe_key_read(str_from(bob), room, &key));
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		head = head_of("ECDH-ES", "A128GCM", heads[i]);
		ck_assert_msg(!jwe_agree(head, "A128GCM", key.pkey, out, 16), "%s", heads[i]);
		json_decref(head);
	}
	snprintf(more, sizeof(more), ",\"apu\":7%s", strstr(alice, ",\"epk\""));
	head = head_of("ECDH-ES", "A128GCM", more);
	ck_assert(!jwe_agree(head, "A128GCM", key.pkey, out, 16));
	json_decref(head);
	EVP_PKEY_free(key.pkey);
}
END_TEST

/* RFC 7516 appendix A.3. */
START_TEST(test_example)
{
	static const char token[] =
		"eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0."
		"6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1o"
		"OQ.AxY8DCtDaGlsbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.U0m_YmjN04DJvceFICbCVQ";
	static const char jwk[] = "{\"kty\":\"oct\",\"k\":\"GawgguFyGrWKav7AX4VKUg\"}";
	char room[sizeof(token)], keyroom[sizeof(jwk)];
	struct jwe_key key;
	size_t len;

	ck_assert(jwe_key_read(str_from(jwk), keyroom, &key));
	ck_assert(jwe_decrypt(str_from(token), &key, &all, room, &len));
	ck_assert_int_eq(len, 22);
	ck_assert_mem_eq(room, "Live long and prosper.", 22);
}
END_TEST

START_TEST(test_no_keys)
{
	static const char *const texts[] = {"",
					    "{",
					    "[]",
					    "1",
					    "\"oct\"",
					    "{\"kty\":\"oct\"}",
					    "{\"kty\":\"EC\",\"k\":\"AAAA\"}",
					    "{\"kty\":\"RSA\",\"n\":\"AQAB\"}",
					    "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\",\"d\":\"*\"}",
					    "{\"kty\":\"oct\",\"k\":\"a\"}",
					    "{\"kty\":1,\"k\":2}"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char room[256];
		struct jwe_key key;

		ck_assert_msg(!jwe_key_read(str_from(texts[i]), room, &key), "%s is a key", texts[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("jwe");
	TCase *tc = tcase_create("jwe");

	tcase_add_test(tc, test_direct);
	tcase_add_test(tc, test_wrapped);
	tcase_add_test(tc, test_rsa);
	tcase_add_test(tc, test_agreement_example);
	tcase_add_test(tc, test_agreement);
	tcase_add_test(tc, test_agreement_refused);
	tcase_add_test(tc, test_example);
	tcase_add_test(tc, test_no_keys);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
