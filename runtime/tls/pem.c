/* What files of a certificate hold: certificate, chain, key, Diffie-Hellman parameters, OCSP response, signed
 * timestamps, issuer (manual, bind option "crt", "ssl-load-extra-files"). Pairs belong to who made them; one
 * thread at a time. Keys with a passphrase are for passphrase.c. */
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "runtime/core/file.h"
#include "runtime/tls/tls_inside.h"

enum { FILE_LIMIT = 16 << 20, EXTRA_LIMIT = 1 << 20 };

bool tls_file_read(const char *path, size_t limit, struct tls_bytes *content)
{
	*content = (struct tls_bytes){0};
	content->data = (unsigned char *)file_read(path, limit, &content->len);
	return content->data != NULL;
}

void tls_bytes_set(struct tls_bytes *b, const void *data, size_t len)
{
	free(b->data);
	*b = (struct tls_bytes){0};
	if (!len || !(b->data = malloc(len)))
		return;
	memcpy(b->data, data, len);
	b->len = len;
}

struct tls_pair *tls_pair_new(void)
{
	return calloc(1, sizeof(struct tls_pair));
}

void tls_pair_free(struct tls_pair **pp)
{
	struct tls_pair *p = *pp;

	*pp = NULL;
	if (!p)
		return;
	X509_free(p->cert);
	X509_free(p->issuer);
	EVP_PKEY_free(p->key);
	EVP_PKEY_free(p->dh);
	sk_X509_pop_free(p->chain, X509_free);
	free(p->ocsp.data);
	free(p->sctl.data);
	free(p);
}

struct tls_pair *tls_pair_copy(const struct tls_pair *p)
{
	struct tls_pair *copy = tls_pair_new();

	if (!copy)
		return NULL;
	*copy = *p;
	copy->ocsp = copy->sctl = (struct tls_bytes){0};
	if (p->cert)
		X509_up_ref(p->cert);
	if (p->issuer)
		X509_up_ref(p->issuer);
	if (p->key)
		EVP_PKEY_up_ref(p->key);
	if (p->dh)
		EVP_PKEY_up_ref(p->dh);
	copy->chain = p->chain ? X509_chain_up_ref(p->chain) : NULL;
	tls_bytes_set(&copy->ocsp, p->ocsp.data, p->ocsp.len);
	tls_bytes_set(&copy->sctl, p->sctl.data, p->sctl.len);
	return copy;
}

int tls_no_passphrase(char *buf, int size, int writing, void *user)
{
	(void)buf, (void)size, (void)writing, (void)user;
	return -1;
}

/* From where they begin: the library would decrypt keys before them, and ask a terminal how. */
EVP_PKEY *tls_dh_read(struct str text)
{
	static const char pkcs3[] = "-----BEGIN DH PARAMETERS-----",
			  x942[] = "-----BEGIN X9.42 DH PARAMETERS-----";
	const char *at = memmem(text.ptr, text.len, pkcs3, sizeof(pkcs3) - 1);
	BIO *bio = NULL;
	EVP_PKEY *dh;

	if (!at)
		at = memmem(text.ptr, text.len, x942, sizeof(x942) - 1);
	if (at)
		bio = BIO_new_mem_buf(at, (int)(text.len - (size_t)(at - text.ptr)));
	dh = bio ? PEM_read_bio_Parameters(bio, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	if (dh && EVP_PKEY_is_a(dh, "DH"))
		return dh;
	EVP_PKEY_free(dh);
	return NULL;
}

/* The first certificate is the server's, the others are its chain. False: none, or one that is broken. */
static bool certs_read(struct tls_pair *p, struct str text)
{
	BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
	X509 *x;
	bool ok;

	if (!bio)
		return false;
	p->cert = PEM_read_bio_X509_AUX(bio, NULL, tls_no_passphrase, NULL);
	ERR_clear_error();
	while (p->cert && (x = PEM_read_bio_X509(bio, NULL, tls_no_passphrase, NULL))) {
		if (!p->chain)
			p->chain = sk_X509_new_null();
		if (!p->chain || !sk_X509_push(p->chain, x))
			X509_free(x);
	}
	ok = p->cert && ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_PEM; /* the end of the text */
	BIO_free(bio);
	ERR_clear_error();
	return ok;
}

static bool is_issuer(X509 *issuer, X509 *cert)
{
	return X509_check_issued(issuer, cert) == X509_V_OK;
}

bool tls_pair_complete(const struct tls_pair *p, const char *name, struct out *error)
{
	bool fits = X509_check_private_key(p->cert, p->key) == 1;

	ERR_clear_error();
	if (!fits)
		out_printf(error, "inconsistencies between private key and certificate loaded '%s'.", name);
	return fits;
}

struct tls_pair *tls_pair_parse(struct tls_world *w, struct str text, const char *name,
				const struct tls_pair *old, struct out *error)
{
	struct tls_pair *p = tls_pair_new();

	if (!p || text.len > INT32_MAX || !certs_read(p, text)) {
		out_printf(error, "unable to load certificate%s from file '%s'.", p && p->cert ? " chain" : "",
			   name);
		tls_pair_free(&p);
		return NULL;
	}
	p->key = w ? tls_key_open(w, text, name) : tls_key_read(text);
	p->dh = tls_dh_read(text);
	if (!p->key && old && old->key) {
		p->key = old->key;
		EVP_PKEY_up_ref(p->key);
	}
	return p;
}

/* Name of a companion: path + ext, or with the extension of path replaced (ssl-load-extra-del-ext). */
static void companion(struct tls_world *w, const char *path, const char *ext, struct out *name)
{
	size_t len = strlen(path);

	if (w->model->global.tls.del_ext && len > 4 && !strcmp(path + len - 4, ".crt"))
		len -= 4;
	name->len = 0;
	out_printf(name, "%.*s%s%c", (int)len, path, ext, 0);
}

/* load: a line that may name the companion itself; NULL: none. */
static bool companion_read(struct tls_world *w, const struct tls_load_conf *load, const char *path,
			   const char *ext, uint8_t bit, struct tls_bytes *content)
{
	struct str named = !load                     ? STR_NONE
			   : bit == TLS_EXTRA_KEY    ? load->key
			   : bit == TLS_EXTRA_OCSP   ? load->ocsp
			   : bit == TLS_EXTRA_ISSUER ? load->issuer
						     : load->sctl;
	char buf[4096];
	struct out name = out_fixed(buf, sizeof(buf));

	*content = (struct tls_bytes){0};
	if (named.len) {
		out_printf(&name, "%.*s%c", STR_ARG(named), 0);
		return !name.truncated && tls_file_read(buf, EXTRA_LIMIT, content);
	}
	if (!(w->model->global.tls.extra_files & bit))
		return false;
	companion(w, path, ext, &name);
	return !name.truncated && tls_file_read(buf, EXTRA_LIMIT, content);
}

/* The issuer for OCSP: from its file, from the chain, or the certificate itself. */
static void issuer_find(struct tls_pair *p, const struct tls_bytes *file)
{
	X509 *x;

	if (file->len) {
		BIO *bio = BIO_new_mem_buf(file->data, (int)file->len);

		x = bio ? PEM_read_bio_X509_AUX(bio, NULL, tls_no_passphrase, NULL) : NULL;
		BIO_free(bio);
		ERR_clear_error();
		if (x && is_issuer(x, p->cert)) {
			p->issuer = x;
			return;
		}
		X509_free(x);
	}
	for (int i = 0; p->chain && i < sk_X509_num(p->chain) && !p->issuer; i++) {
		x = sk_X509_value(p->chain, i);
		if (is_issuer(x, p->cert) && X509_up_ref(x))
			p->issuer = x;
	}
}

/* A response that says nothing good is left out, with a warning; one without its issuer is an error. */
static bool ocsp_load(struct tls_world *w, const struct tls_load_conf *load, struct tls_pair *p,
		      const char *path, struct out *error)
{
	struct out why = out_growing(1024);

	if (!companion_read(w, load, path, ".ocsp", TLS_EXTRA_OCSP, &p->ocsp)) {
		out_free(&why);
		return true;
	}
	p->ocsp_known = true;
	if (!p->issuer) {
		out_printf(error,
			   " '%s.ocsp' is present and activates OCSP but it is impossible to compute the OCSP "
			   "certificate ID (maybe the issuer could not be found)'.",
			   path);
	} else if (p->ocsp.len && !tls_ocsp_check(p, &p->ocsp, &why)) {
		tls_say(w, "WARNING", "config : Loading: %.*s Content will be ignored.",
			STR_ARG(out_get(&why)));
		free(p->ocsp.data);
		p->ocsp = (struct tls_bytes){0};
	}
	out_free(&why);
	return p->issuer != NULL;
}

static EVP_PKEY *key_open(struct tls_world *w, const struct tls_load_conf *load, const char *path,
			  struct str text)
{
	char buf[4096];
	struct out name = out_fixed(buf, sizeof(buf));

	if (load && load->key.len)
		out_printf(&name, "%.*s%c", STR_ARG(load->key), 0);
	else
		companion(w, path, ".key", &name);
	return tls_key_open(w, text, buf);
}

static bool companions_load(struct tls_world *w, const struct tls_load_conf *load, struct tls_pair *p,
			    const char *path, struct out *error)
{
	struct tls_bytes b;

	if (!p->key && companion_read(w, load, path, ".key", TLS_EXTRA_KEY, &b)) {
		p->key = key_open(w, load, path, str_make((char *)b.data, b.len));
		OPENSSL_cleanse(b.data, b.len);
		free(b.data);
	}
	if (!p->key) {
		if (load && load->key.len)
			out_printf(error, "No Private Key found in '%.*s'.", STR_ARG(load->key));
		else
			out_printf(error, "No Private Key found in '%s%s'.", path,
				   w->model->global.tls.extra_files & TLS_EXTRA_KEY ? ".key" : "");
		return false;
	}
	companion_read(w, load, path, ".sctl", TLS_EXTRA_SCTL, &p->sctl);
	if (p->sctl.data && !tls_sctl_check(p->sctl.data, p->sctl.len)) {
		out_printf(error, " '%s.sctl' is present but cannot be read or parsed'.", path);
		return false;
	}
	companion_read(w, load, path, ".issuer", TLS_EXTRA_ISSUER, &b);
	issuer_find(p, &b);
	free(b.data);
	return ocsp_load(w, load, p, path, error);
}

struct tls_pair *tls_pair_load(struct tls_world *w, const struct tls_load_conf *load, const char *path,
			       struct out *error)
{
	struct tls_bytes content;
	struct tls_pair *p;

	if (!tls_file_read(path, FILE_LIMIT, &content)) {
		out_printf(error, "unable to load certificate from file '%s'.", path);
		return NULL;
	}
	p = tls_pair_parse(w, str_make((char *)content.data, content.len), path, NULL, error);
	OPENSSL_cleanse(content.data, content.len);
	free(content.data);
	if (p)
		tls_issuers_complete(w, p);
	if (p && load && load->key.len) { /* that one and no other */
		EVP_PKEY_free(p->key);
		p->key = NULL;
	}
	if (p && (!companions_load(w, load, p, path, error) || !tls_pair_complete(p, path, error)))
		tls_pair_free(&p);
	return p;
}
