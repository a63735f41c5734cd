/* TLS to a server (manual, section 5.2): one context per server line, sessions of earlier connections kept by
 * host name for resumption, under the server's own lock. Built by the main thread. */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "runtime/tls/conn_tls.h"

/* A new ticket, in TLS 1.3 behind the handshake: for the next connection to the same name. */
static int session_new(SSL *ssl, SSL_SESSION *session)
{
	struct tls_conn *tc = tls_conn_of(SSL_get_app_data(ssl));
	struct tls_back *b = tc ? tc->back : NULL;
	uint32_t slot;

	if (!b)
		return 0;
	slot = tc->sni_hash % TLS_BACK_SESSIONS;
	pthread_mutex_lock(&b->lock);
	SSL_SESSION_free(b->sessions[slot].session);
	b->sessions[slot].session = session;
	b->sessions[slot].sni = tc->sni_hash;
	pthread_mutex_unlock(&b->lock);
	return 1; /* ours now */
}

/* A copy of it: the library takes sessions of TLS 1.3 for used up after one connection, but not every server
 * sends new tickets to who resumes one. */
static void session_offer(struct tls_back *b, struct tls_conn *tc)
{
	uint32_t slot = tc->sni_hash % TLS_BACK_SESSIONS;
	SSL_SESSION *s;

	if (server_conf_tls(b->conf)->no_reuse)
		return;
	pthread_mutex_lock(&b->lock);
	s = b->sessions[slot].session;
	s = s && b->sessions[slot].sni == tc->sni_hash ? SSL_SESSION_dup(s) : NULL;
	pthread_mutex_unlock(&b->lock);
	if (s)
		SSL_set_session(tc->ssl, s);
	SSL_SESSION_free(s);
}

bool tls_conn_connect(struct conn *c, struct tls_back *b, struct str sni, struct str alpn)
{
	struct tls_conn *tc;
	char name[256];

	if (!tls_conn_attach_client(c, b))
		return false;
	tc = tls_conn_of(c);
	if (sni.len && sni.len < sizeof(name)) {
		memcpy(name, sni.ptr, sni.len);
		name[sni.len] = 0;
		SSL_set_tlsext_host_name(tc->ssl, name);
	}
	tc->sni_hash = str_hash(sni);
	if (alpn.len)
		SSL_set_alpn_protos(tc->ssl, (const unsigned char *)alpn.ptr, (unsigned)alpn.len);
	session_offer(b, tc);
	ERR_clear_error();
	return true;
}

/* Does the certificate name the host that we meant (manual, "verifyhost", "verify")? The name sent as SNI
 * comes before verifyhost, as with HAProxy 2.6; without either none is asked for. */
static int host_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_conn *tc = tls_conn_of(SSL_get_app_data(ssl));
	struct str host = str_from(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
	X509 *x = X509_STORE_CTX_get_current_cert(store);

	if (!ok || X509_STORE_CTX_get_error_depth(store) > 0)
		return tls_verify(ok, store);
	if (!host.len && tc->back)
		host = server_conf_tls(tc->back->conf)->verifyhost;
	if (!host.len || X509_check_host(x, host.ptr, host.len, 0, NULL) == 1)
		return ok;
	X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
	tc->crt_error = X509_V_ERR_HOSTNAME_MISMATCH;
	return 0;
}

/* "[file:line] : 'server backend/name' :" */
static void say(struct tls_back *b, const char *level, const char *what)
{
	const struct server_conf *s = b->conf;

	tls_say(b->world, level, "config : [%.*s:%u] : 'server %.*s/%.*s' : %s",
		STR_ARG(tls_source(b->world, s->pos)), s->pos.line, STR_ARG(s->proxy->name), STR_ARG(s->name),
		what);
}

static void versions_warn(struct tls_back *b)
{
	struct tls_settings settings = {NULL, &server_conf_tls(b->conf)->conf,
					&b->world->model->global.tls.server};
	struct tls_range r = tls_context_versions(&settings, false);
	char text[1024];

	if (r.ignores)
		say(b, "WARNING",
		    "no-sslv3/no-tlsv1x are ignored for this server. Use only 'ssl-min-ver' and 'ssl-max-ver' "
		    "to fix.");
	if (!r.hole)
		return;
	snprintf(text, sizeof(text),
		 "backend '%.*s': SSL/TLS versions range not contiguous for server '%.*s'. Hole find for %s. "
		 "Use only 'ssl-min-ver' and 'ssl-max-ver' to fix.",
		 STR_ARG(b->conf->proxy->name), STR_ARG(b->conf->name), tls_version_names[r.hole]);
	say(b, "WARNING", text);
}

static void complain(struct tls_back *b, struct str what)
{
	const struct server_conf *s = b->conf;

	if (str_starts(what, STR("all SSL/TLS versions"))) {
		char text[1024];

		snprintf(text, sizeof(text), "backend '%.*s': %.*s for server '%.*s'.", STR_ARG(s->proxy->name),
			 STR_ARG(what), STR_ARG(s->name));
		say(b, "ALERT", text);
		b->world->failed = true;
		return;
	}
	tls_alert(b->world, "config : Proxy '%.*s', server '%.*s' [%.*s:%u] %.*s.", STR_ARG(s->proxy->name),
		  STR_ARG(s->name), STR_ARG(tls_source(b->world, s->pos)), s->pos.line, STR_ARG(what));
}

static bool certificate_load(struct tls_back *b, struct out *error)
{
	struct tls_cert *c;

	if (!server_conf_tls(b->conf)->crt.len)
		return true;
	c = tls_cert_get(b->world, server_conf_tls(b->conf)->crt, error);
	b->use = c ? calloc(1, sizeof(*b->use)) : NULL;
	if (!b->use)
		return false;
	b->use->cert = c;
	b->use->back = b;
	list_init(&b->use->node);
	list_append(&c->users, &b->use->by_cert);
	return true;
}

/* `verify` of the line, else the global section's, else required. */
static struct tls_conf effective(const struct tls_back *b)
{
	struct tls_conf conf = server_conf_tls(b->conf)->conf;
	uint8_t verify = b->conf->ssl_verify ? b->conf->ssl_verify : b->world->model->global.ssl_server_verify;

	conf.verify = verify == 1 ? TLS_VERIFY_NONE : TLS_VERIFY_REQUIRED;
	return conf;
}

/* A context, with this pair as our certificate or none. */
SSL_CTX *tls_back_context(struct tls_back *b, const struct tls_pair *p, struct out *error)
{
	struct tls_conf conf = effective(b);
	struct tls_settings settings = {NULL, &conf, &b->world->model->global.tls.server};
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (!ctx)
		return NULL;
	if (!tls_context_setup(b->world, ctx, &settings, false, error) ||
	    (p && !tls_context_certificate(b->world, ctx, b->use->cert, p, error))) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	if (conf.verify == TLS_VERIFY_REQUIRED)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, host_verify);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
	SSL_CTX_sess_set_new_cb(ctx, session_new);
	tls_keylog_setup(b->world, ctx);
	return ctx;
}

bool tls_back_build(struct tls_back *b)
{
	struct out error = out_growing(4096);
	bool ok = certificate_load(b, &error);

	versions_warn(b);
	if (ok)
		b->ctx = tls_back_context(b, b->use ? b->use->cert->pair : NULL, &error);
	if (!b->ctx)
		complain(b, out_get(&error));
	out_free(&error);
	return b->ctx != NULL;
}

void tls_back_free(struct tls_back **bp)
{
	struct tls_back *b = *bp;

	*bp = NULL;
	if (!b)
		return;
	list_remove(&b->node);
	for (int i = 0; i < TLS_BACK_SESSIONS; i++)
		SSL_SESSION_free(b->sessions[i].session);
	SSL_CTX_free(b->ctx);
	if (b->use)
		list_remove(&b->use->by_cert);
	free(b->use);
	pthread_mutex_destroy(&b->lock);
	free(b);
}
