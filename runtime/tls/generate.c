/* Certificates made for the host name that a client asks for (manual, bind options "generate-certificates",
 * "ca-sign-file", "ca-sign-pass"): signed by our authority, with the key of the bind line's own certificate,
 * kept in a small cache. Handshakes of all workers share it, under its lock. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "runtime/tls/tls_inside.h"

enum {
	CACHE_SLOTS = 1000,
	CACHE_MAX = 1 << 20,
	VALID_SECONDS = 86400 * 365,
	HOST_MAX = 253,
	CA_SIGN_LIMIT = 1 << 20
};

struct generated {
	char *host;
	SSL_CTX *ctx;
};

struct tls_generator {
	pthread_mutex_t lock;
	X509 *ca;
	EVP_PKEY *key;
	uint64_t serial;
	uint32_t nslots;
	struct generated slots[]; /* by hash of the host name; a newer one takes the place */
};

static int passphrase(char *buf, int size, int writing, void *user)
{
	const struct str *pass = user;

	(void)writing;
	if (!pass->len || pass->len > (size_t)size)
		return -1;
	memcpy(buf, pass->ptr, pass->len);
	return (int)pass->len;
}

static bool ca_load(struct tls_generator *g, const struct tls_bind_conf *conf)
{
	struct str pass = conf->ca_sign_pass;
	struct tls_bytes content;
	char path[4096];
	BIO *bio;

	snprintf(path, sizeof(path), "%.*s", STR_ARG(conf->ca_sign_file));
	if (!tls_file_read(path, CA_SIGN_LIMIT, &content))
		return false;
	bio = BIO_new_mem_buf(content.data, (int)content.len);
	g->ca = bio ? PEM_read_bio_X509(bio, NULL, tls_no_passphrase, NULL) : NULL;
	BIO_free(bio);
	bio = BIO_new_mem_buf(content.data, (int)content.len);
	g->key = bio ? PEM_read_bio_PrivateKey(bio, NULL, passphrase, &pass) : NULL;
	BIO_free(bio);
	OPENSSL_cleanse(content.data, content.len);
	free(content.data);
	ERR_clear_error();
	return g->ca && g->key;
}

bool tls_generate_setup(struct tls_front *f)
{
	const struct tls_bind_conf *conf = &f->conf->tls;
	struct tls_generator *g;
	uint32_t nslots;

	if (!conf->generate)
		return true;
	if (!conf->ca_sign_file.len) {
		tls_alert(f->world,
			  "config : Proxy '%.*s': cannot enable certificate generation, no CA certificate File "
			  "configured for bind '%.*s' at [%.*s:%u].",
			  STR_ARG(f->conf->proxy->name), STR_ARG(f->conf->addr.text),
			  STR_ARG(tls_source(f->world, f->conf->pos)), f->conf->pos.line);
		return false;
	}
	nslots = f->world->model->global.tls.ctx_cache_size;
	nslots = !nslots || nslots > CACHE_MAX ? CACHE_SLOTS : nslots;
	g = f->generator = calloc(1, sizeof(*g) + nslots * sizeof(g->slots[0]));
	if (!g)
		return false;
	g->nslots = nslots;
	pthread_mutex_init(&g->lock, NULL);
	if (ca_load(g, conf))
		return true;
	tls_alert(f->world,
		  "config : Proxy '%.*s': Failed to read CA %s File '%.*s' for bind '%.*s' at [%.*s:%u].",
		  STR_ARG(f->conf->proxy->name), g->ca ? "private key" : "certificate",
		  STR_ARG(conf->ca_sign_file), STR_ARG(f->conf->addr.text),
		  STR_ARG(tls_source(f->world, f->conf->pos)), f->conf->pos.line);
	return false;
}

void tls_generate_free(struct tls_front *f)
{
	struct tls_generator *g = f->generator;

	f->generator = NULL;
	if (!g)
		return;
	for (int i = 0; (uint32_t)i < g->nslots; i++) {
		free(g->slots[i].host);
		SSL_CTX_free(g->slots[i].ctx);
	}
	X509_free(g->ca);
	EVP_PKEY_free(g->key);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

static bool extension_add(X509 *x, X509V3_CTX *ctx, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
	bool ok = e && X509_add_ext(x, e, -1);

	X509_EXTENSION_free(e);
	return ok;
}

static bool names_set(struct tls_generator *g, X509 *x, const char *host)
{
	X509_NAME *name = X509_NAME_dup(X509_get_subject_name(g->ca));
	char alt[HOST_MAX + 8];
	X509V3_CTX ctx;
	int i;
	bool ok = name != NULL;

	while (ok && (i = X509_NAME_get_index_by_NID(name, NID_commonName, -1)) >= 0)
		X509_NAME_ENTRY_free(X509_NAME_delete_entry(name, i));
	ok = ok && (strlen(host) > 64 || X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
								    (const unsigned char *)host, -1, -1, 0));
	ok = ok && X509_set_subject_name(x, name) && X509_set_issuer_name(x, X509_get_subject_name(g->ca));
	X509_NAME_free(name);
	snprintf(alt, sizeof(alt), "DNS:%s", host);
	X509V3_set_ctx(&ctx, g->ca, x, NULL, NULL, 0);
	return ok && extension_add(x, &ctx, NID_basic_constraints, "CA:FALSE") &&
	       extension_add(x, &ctx, NID_subject_alt_name, alt);
}

static X509 *cert_make(struct tls_generator *g, EVP_PKEY *key, const char *host)
{
	X509 *x = X509_new();
	const EVP_MD *digest = EVP_PKEY_is_a(g->key, "ED25519") ? NULL : EVP_sha256();

	if (x && X509_set_version(x, 2) &&
	    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), ((uint64_t)time(NULL) << 20) + g->serial++) &&
	    X509_gmtime_adj(X509_getm_notBefore(x), -86400) &&
	    X509_gmtime_adj(X509_getm_notAfter(x), VALID_SECONDS) && X509_set_pubkey(x, key) &&
	    names_set(g, x, host) && X509_sign(x, g->key, digest))
		return x;
	X509_free(x);
	return NULL;
}

/* The key of the bind line's own certificate, which the control socket may be replacing. */
static EVP_PKEY *key_get(struct tls_front *f)
{
	EVP_PKEY *key = f->generator->key;

	pthread_rwlock_rdlock(&f->world->lock);
	if (f->preset && f->preset->cert->pair)
		key = f->preset->cert->pair->key;
	EVP_PKEY_up_ref(key);
	pthread_rwlock_unlock(&f->world->lock);
	return key;
}

static SSL_CTX *context_make(struct tls_front *f, const char *host)
{
	struct tls_generator *g = f->generator;
	EVP_PKEY *key = key_get(f);
	struct out error = out_growing(1024);
	SSL_CTX *ctx = tls_front_context(f, NULL, &error);
	X509 *x = ctx ? cert_make(g, key, host) : NULL;

	out_free(&error);
	if (x && SSL_CTX_use_certificate(ctx, x) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1) {
		SSL_CTX_add1_chain_cert(ctx, g->ca);
	} else {
		SSL_CTX_free(ctx);
		ctx = NULL;
	}
	X509_free(x);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return ctx;
}

/* Only names of hosts: what is told goes into a certificate. */
static bool host_valid(struct str host)
{
	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];

		if (!((c | 32) >= 'a' && (c | 32) <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '.' &&
		    c != '_')
			return false;
	}
	return host.len > 0 && host.len <= HOST_MAX;
}

bool tls_generate(struct tls_front *f, SSL *ssl, struct str host)
{
	struct tls_generator *g = f->generator;
	struct generated *slot = &g->slots[str_hash(host) % g->nslots];
	bool ok;

	if (!host_valid(host))
		return false;
	pthread_mutex_lock(&g->lock);
	if (!slot->host || !str_is(host, slot->host)) {
		free(slot->host);
		SSL_CTX_free(slot->ctx);
		slot->host = strndup(host.ptr, host.len);
		slot->ctx = slot->host ? context_make(f, slot->host) : NULL;
	}
	ok = slot->ctx != NULL;
	if (ok) {
		SSL_set_SSL_CTX(ssl, slot->ctx);
		SSL_set_verify(ssl, SSL_CTX_get_verify_mode(slot->ctx), tls_verify);
	}
	pthread_mutex_unlock(&g->lock);
	return ok;
}
