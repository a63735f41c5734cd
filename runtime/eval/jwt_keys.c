/* Keys of jwt_* converters: every file that a model's expressions or its crt-stores (`jwt on`) name is read
 * once, before privileges are given up, and shared by the engines of that model (counted; the last one frees).
 * Files that hold no key are no error: whoever asks for one is told that it is unknown. Made by the main
 * thread, read by all. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "grammar/model.h"
#include "grammar/rows.h"
#include "runtime/eval/jwt.h"

struct jwt_key {
	struct str file; /* the model's */
	EVP_PKEY *key;
};

struct jwt_keys {
	atomic_uint users;
	uint32_t n;
	struct jwt_key v[];
};

static int no_passphrase(char *buf, int size, int writing, void *user)
{
	(void)buf, (void)size, (void)writing, (void)user;
	return -1;
}

/* jwt_verify has public keys, the others certificates with or without their private keys. */
static EVP_PKEY *key_read(const char *path, uint16_t conv)
{
	BIO *bio = BIO_new_file(path, "r");
	EVP_PKEY *key = NULL;
	X509 *x;

	if (bio && conv == CONV_JWT_VERIFY)
		key = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
	if (bio && conv == CONV_JWT_DECRYPT_CERT)
		key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	if (bio && conv == CONV_JWT_VERIFY_CERT && (x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL))) {
		key = X509_get_pubkey(x);
		X509_free(x);
	}
	BIO_free(bio);
	ERR_clear_error();
	return key;
}

/* The argument of a converter that names a file; NULL: it has none. */
static const struct arg *file_arg(const struct conv_call *c)
{
	const struct arg *arg;

	if (c->conv != CONV_JWT_VERIFY && c->conv != CONV_JWT_VERIFY_CERT && c->conv != CONV_JWT_DECRYPT_CERT)
		return NULL;
	arg = &c->args[c->conv == CONV_JWT_DECRYPT_CERT ? 0 : 1];
	if (arg->type != ARG_STR || !arg->str.len)
		return NULL;
	if (c->conv != CONV_JWT_DECRYPT_CERT && c->args[0].type == ARG_STR &&
	    str_starts(c->args[0].str, STR("HS")))
		return NULL;
	return arg;
}

/* Names of crt-stores stand for files. */
static struct str file_of(const struct model *m, uint16_t conv, struct str name)
{
	vec_each (l, &m->tls_loads)
		if (str_eq(l->name, name))
			return conv == CONV_JWT_DECRYPT_CERT && l->key.len ? l->key : l->crt;
	return name;
}

/* A private key takes the place of the public one that a certificate of the same name gave: it can do both. */
static void key_add(const struct model *m, struct jwt_keys *keys, struct str name, uint16_t conv)
{
	char path[4096];
	EVP_PKEY *key;
	uint32_t i = 0;

	while (i < keys->n && !str_eq(keys->v[i].file, name))
		i++;
	if ((i < keys->n && conv != CONV_JWT_DECRYPT_CERT) || name.len >= sizeof(path))
		return;
	snprintf(path, sizeof(path), "%.*s", STR_ARG(file_of(m, conv, name)));
	key = key_read(path, conv);
	if (!key)
		return;
	if (i < keys->n)
		EVP_PKEY_free(keys->v[i].key);
	else
		keys->n++;
	keys->v[i] = (struct jwt_key){name, key};
}

/* Certificates that are for tokens: variables may name them (manual, "jwt" of section 3.11). */
static void loads_add(const struct model *m, struct jwt_keys *keys)
{
	vec_each (l, &m->tls_loads) {
		if (l->jwt != TLS_SWITCH_ON)
			continue;
		key_add(m, keys, l->name, CONV_JWT_VERIFY_CERT);
		key_add(m, keys, l->name, CONV_JWT_DECRYPT_CERT);
	}
}

bool jwt_keys_new(const struct model *m, struct jwt_keys **keys)
{
	const struct arg *arg;
	uint32_t n = 0;

	*keys = NULL;
	vec_each (x, &m->exprs)
		for (uint32_t i = 0; i < (*x)->nconvs; i++)
			n += file_arg(&(*x)->convs[i]) != NULL;
	vec_each (l, &m->tls_loads)
		n += l->jwt == TLS_SWITCH_ON;
	if (!n)
		return true;
	*keys = calloc(1, sizeof(**keys) + n * sizeof((*keys)->v[0]));
	if (!*keys)
		return false;
	atomic_init(&(*keys)->users, 1);
	vec_each (x, &m->exprs)
		for (uint32_t i = 0; i < (*x)->nconvs; i++)
			if ((arg = file_arg(&(*x)->convs[i])))
				key_add(m, *keys, arg->str, (*x)->convs[i].conv);
	loads_add(m, *keys);
	return true;
}

struct jwt_keys *jwt_keys_retain(struct jwt_keys *keys)
{
	if (keys)
		atomic_fetch_add_explicit(&keys->users, 1, memory_order_relaxed);
	return keys;
}

void jwt_keys_release(struct jwt_keys **keysp)
{
	struct jwt_keys *keys = *keysp;

	*keysp = NULL;
	if (!keys || atomic_fetch_sub_explicit(&keys->users, 1, memory_order_acq_rel) > 1)
		return;
	for (uint32_t i = 0; i < keys->n; i++)
		EVP_PKEY_free(keys->v[i].key);
	free(keys);
}

EVP_PKEY *jwt_keys_find(const struct jwt_keys *keys, struct str file)
{
	for (uint32_t i = 0; keys && i < keys->n; i++)
		if (str_eq(keys->v[i].file, file))
			return keys->v[i].key;
	return NULL;
}
