/* A certificate in the service of a front: its context, its kind of key, its names. Made by the main thread and
 * by the control socket under the world's lock. */
#include <openssl/err.h>
#include <stdlib.h>

#include "runtime/tls/tls_inside.h"

uint8_t tls_key_kind(const struct tls_pair *p)
{
	if (EVP_PKEY_is_a(p->key, "EC") || EVP_PKEY_is_a(p->key, "ED25519") || EVP_PKEY_is_a(p->key, "ED448"))
		return TLS_KEY_ECDSA;
	return EVP_PKEY_is_a(p->key, "DSA") ? TLS_KEY_DSA : TLS_KEY_RSA;
}

/* Tickets and sessions of one front are good for all of its contexts, in the next process too. */
static void sessions_setup(SSL_CTX *ctx, const struct tls_front *f)
{
	const struct tls_global_conf *g = &f->world->model->global.tls;
	uint32_t id = str_hash(f->conf->proxy->name);

	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)&id, sizeof(id));
	SSL_CTX_set_timeout(ctx, g->lifetime);
	SSL_CTX_set_session_cache_mode(ctx, g->cache_size ? SSL_SESS_CACHE_SERVER : SSL_SESS_CACHE_OFF);
	SSL_CTX_sess_set_cache_size(ctx, g->cache_size);
}

/* The name was looked at before (tls_select); that we know it is told, and sessions keep it. */
static int name_taken(SSL *ssl, int *alert, void *arg)
{
	(void)alert, (void)arg;
	return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

SSL_CTX *tls_front_context(struct tls_front *f, const struct crt_line *line, struct out *error)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	struct tls_settings settings = {line ? &line->conf : NULL, &f->conf->tls.conf,
					&f->world->model->global.tls.bind};

	if (!ctx)
		return NULL;
	sessions_setup(ctx, f);
	if (!tls_context_setup(f->world, ctx, &settings, true, error)) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	tls_context_extensions(ctx);
	SSL_CTX_set_tlsext_servername_callback(ctx, name_taken);
	tls_tickets_use(ctx, f->tickets);
	tls_early_setup(ctx, f, line);
	tls_keylog_setup(f->world, ctx);
	return ctx;
}

SSL_CTX *tls_use_context(struct tls_front *f, struct tls_cert *c, const struct tls_pair *p,
			 const struct crt_line *line, struct out *error)
{
	SSL_CTX *ctx = tls_front_context(f, line, error);

	if (ctx && tls_context_certificate(f->world, ctx, c, p, error))
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

struct tls_use *tls_use_new(struct tls_front *f, struct tls_cert *cert, const struct crt_line *line,
			    struct out *error)
{
	struct tls_use *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	list_init(&u->by_cert);
	list_init(&u->node);
	u->cert = cert;
	u->front = f;
	u->line = line;
	u->ctx = tls_use_context(f, cert, cert->pair, line, error);
	if (!u->ctx) {
		free(u);
		return NULL;
	}
	u->kind = tls_key_kind(cert->pair);
	u->order = f->nuses++;
	list_append(&cert->users, &u->by_cert);
	list_append(&f->uses, &u->node);
	return u;
}

void tls_use_free(struct tls_use **up)
{
	struct tls_use *u = *up;

	*up = NULL;
	if (!u)
		return;
	list_remove(&u->by_cert);
	list_remove(&u->node);
	SSL_CTX_free(u->ctx);
	free(u);
}
