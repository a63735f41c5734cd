/* Fetches about the TLS of a connection (manual, section 7.3.4: ssl_fc_* for the client's, ssl_bc_* for the
 * server's). Which side is meant follows from the row. Values are the library's or slices of scratch memory.
 * One thread. */
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "runtime/eval/fetch.h"
#include "runtime/eval/hash.h"
#include "runtime/tls/hello.h"
#include "runtime/tls/tls_state.h"

/* All fetches have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

enum { KEY_MAX = 64, RANDOM_LEN = 32 };

static const struct tls_conn *side(const struct eval *e, const struct fetch_call *call)
{
	return call->fetch >= FETCH_SSL_BC && call->fetch <= FETCH_SSL_BC_USE_KEYSIZE ? e->server_tls
										      : e->client_tls;
}

static SSL *ssl_of(const struct eval *e, const struct fetch_call *call)
{
	const struct tls_conn *tc = side(e, call);

	return tc ? tc->ssl : NULL;
}

static bool set_bin(struct sample *out, struct str data)
{
	out->type = SMP_BIN;
	out->str = data;
	return data.ptr != NULL;
}

static bool set_text(struct sample *out, const char *text)
{
	return text && sample_set_str(out, str_from(text));
}

/* Of a server's connection that others may have now, not much is known. */
static bool went_back(const struct eval *e, const struct fetch_call *call)
{
	return !e->server_tls && e->server_past && e->server_past->version && call->fetch >= FETCH_SSL_BC &&
	       call->fetch <= FETCH_SSL_BC_USE_KEYSIZE;
}

bool fetch_ssl_side(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	if (call->fetch == FETCH_SSL_FC && !e->client_tls)
		return sample_set_bool(out, e->bind && e->bind->ssl);
	return sample_set_bool(out, side(e, call) != NULL || went_back(e, call));
}

bool fetch_ssl_cipher(struct eval *e, const struct fetch_call *call, struct sample *out,
		      struct sample_iter *iter)
{
	SSL *ssl = ssl_of(e, call);
	if (went_back(e, call))
		return set_text(out, e->server_past->cipher);
	return ssl && set_text(out, SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)));
}

bool fetch_ssl_keysize(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	SSL *ssl = ssl_of(e, call);
	const SSL_CIPHER *cipher = ssl ? SSL_get_current_cipher(ssl) : NULL;
	int of_algorithm = 0, used = 0;
	bool algorithm = call->fetch == FETCH_SSL_FC_ALG_KEYSIZE || call->fetch == FETCH_SSL_BC_ALG_KEYSIZE;

	if (!cipher || !(used = SSL_CIPHER_get_bits(cipher, &of_algorithm)))
		return false;
	return sample_set_int(out, algorithm ? of_algorithm : used);
}

bool fetch_ssl_alpn(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	SSL *ssl = ssl_of(e, call);
	const unsigned char *name = NULL;
	unsigned len = 0;

	if (ssl)
		SSL_get0_alpn_selected(ssl, &name, &len);
	return name && sample_set_str(out, str_make((const char *)name, len));
}

bool fetch_ssl_npn(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	SSL *ssl = ssl_of(e, call);
	const unsigned char *name = NULL;
	unsigned len = 0;

	if (ssl)
		SSL_get0_next_proto_negotiated(ssl, &name, &len);
	return name && sample_set_str(out, str_make((const char *)name, len));
}

/* By the name that `show ssl cert` has for it. */
bool fetch_ssl_fc_crtname(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	SSL *ssl = ssl_of(e, call);
	struct tls_cert *c = NULL;

	if (ssl)
		SSL_CTX_get_tlsext_status_arg(SSL_get_SSL_CTX(ssl), &c);
	return c && set_text(out, c->name);
}

bool fetch_ssl_protocol(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	SSL *ssl = ssl_of(e, call);

	if (went_back(e, call))
		return set_text(out, e->server_past->version);
	return ssl && set_text(out, SSL_get_version(ssl));
}

bool fetch_ssl_curve(struct eval *e, const struct fetch_call *call, struct sample *out,
		     struct sample_iter *iter)
{
	SSL *ssl = ssl_of(e, call);
	int id = ssl ? (int)SSL_get_negotiated_group(ssl) : 0;

	if (!id)
		return false;
	switch (id) {
	case NID_X9_62_prime256v1:
		return set_text(out, "P-256");
	case NID_secp384r1:
		return set_text(out, "P-384");
	case NID_secp521r1:
		return set_text(out, "P-521");
	default:
		return set_text(out, id & TLSEXT_nid_unknown ? SSL_group_to_name(ssl, id) : OBJ_nid2sn(id));
	}
}

bool fetch_ssl_sni(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	SSL *ssl = ssl_of(e, call);

	return ssl && set_text(out, SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
}

bool fetch_ssl_has_sni(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	SSL *ssl = ssl_of(e, call);

	return sample_set_bool(out, ssl && SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
}

bool fetch_ssl_is_resumed(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	SSL *ssl = ssl_of(e, call);

	return sample_set_bool(out,
			       went_back(e, call) ? e->server_past->resumed : ssl && SSL_session_reused(ssl));
}

/* Presented on this connection, not only in the session that it resumes. */
bool fetch_ssl_fc_has_crt(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	SSL *ssl = ssl_of(e, call);

	return ssl && SSL_is_init_finished(ssl) &&
	       sample_set_bool(out, !SSL_session_reused(ssl) && SSL_get0_peer_certificate(ssl));
}

/* Whether data are still unproven: never, they wait for the handshake. */
bool fetch_ssl_fc_has_early(struct eval *e, const struct fetch_call *call, struct sample *out,
			    struct sample_iter *iter)
{
	return ssl_of(e, call) && sample_set_bool(out, false);
}

bool fetch_ssl_fc_early_rcvd(struct eval *e, const struct fetch_call *call, struct sample *out,
			     struct sample_iter *iter)
{
	return sample_set_bool(out, e->client_tls && e->client_tls->flags & TLS_EARLY);
}

bool fetch_ssl_session_id(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	SSL *ssl = ssl_of(e, call);
	SSL_SESSION *s = ssl ? SSL_get_session(ssl) : NULL;
	unsigned len = 0;
	const unsigned char *id = s ? SSL_SESSION_get_id(s, &len) : NULL;

	return id && len && set_bin(out, str_make((const char *)id, len));
}

/* Copies what one of the library's getters gives. */
static bool set_copied(struct eval *e, struct sample *out, size_t len, const unsigned char *data)
{
	return len && set_bin(out, scratch_dup(e->scratch, str_make((const char *)data, len)));
}

bool fetch_ssl_session_key(struct eval *e, const struct fetch_call *call, struct sample *out,
			   struct sample_iter *iter)
{
	SSL *ssl = ssl_of(e, call);
	SSL_SESSION *s = ssl ? SSL_get_session(ssl) : NULL;
	unsigned char key[KEY_MAX];

	return s && set_copied(e, out, SSL_SESSION_get_master_key(s, key, sizeof(key)), key);
}

bool fetch_ssl_random(struct eval *e, const struct fetch_call *call, struct sample *out,
		      struct sample_iter *iter)
{
	SSL *ssl = ssl_of(e, call);
	bool client = call->fetch == FETCH_SSL_FC_CLIENT_RANDOM || call->fetch == FETCH_SSL_BC_CLIENT_RANDOM;
	unsigned char random[RANDOM_LEN];

	if (!ssl)
		return false;
	return set_copied(e, out,
			  client ? SSL_get_client_random(ssl, random, sizeof(random))
				 : SSL_get_server_random(ssl, random, sizeof(random)),
			  random);
}

/* RFC 5929 section 3: the first Finished message of the handshake. */
bool fetch_ssl_unique_id(struct eval *e, const struct fetch_call *call, struct sample *out,
			 struct sample_iter *iter)
{
	SSL *ssl = ssl_of(e, call);
	unsigned char finished[KEY_MAX];
	size_t len;
	bool client = call->fetch == FETCH_SSL_BC_UNIQUE_ID;

	if (!ssl)
		return false;
	if ((SSL_session_reused(ssl) != 0) == client)
		len = SSL_get_peer_finished(ssl, finished, sizeof(finished));
	else
		len = SSL_get_finished(ssl, finished, sizeof(finished));
	if (!client && !SSL_session_reused(ssl))
		len = SSL_get_peer_finished(ssl, finished, sizeof(finished));
	return set_copied(e, out, len < sizeof(finished) ? len : sizeof(finished), finished);
}

bool fetch_ssl_err(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	const struct tls_conn *tc = side(e, call);

	return (tc || went_back(e, call)) && sample_set_int(out, tc ? (int64_t)tc->error_code : 0);
}

bool fetch_ssl_err_str(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	const struct tls_conn *tc = side(e, call);
	char text[256];

	if (!tc || !tc->error_code)
		return false;
	ERR_error_string_n(tc->error_code, text, sizeof(text));
	return sample_set_str(out, scratch_dup(e->scratch, str_from(text)));
}

bool fetch_ssl_c_verify(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	SSL *ssl = ssl_of(e, call);

	return ssl && SSL_is_init_finished(ssl) && sample_set_int(out, SSL_get_verify_result(ssl));
}

bool fetch_ssl_c_err(struct eval *e, const struct fetch_call *call, struct sample *out,
		     struct sample_iter *iter)
{
	return e->client_tls && sample_set_int(out, e->client_tls->crt_error);
}

bool fetch_ssl_c_ca_err(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	return e->client_tls && sample_set_int(out, e->client_tls->ca_error);
}

bool fetch_ssl_c_ca_err_depth(struct eval *e, const struct fetch_call *call, struct sample *out,
			      struct sample_iter *iter)
{
	return e->client_tls && sample_set_int(out, e->client_tls->ca_depth);
}

/* --- what was captured of the hello */

/* Values of RFC 8701, which clients sprinkle in. */
static bool is_grease(unsigned char high, unsigned char low)
{
	return high == low && (high & 0x0f) == 0x0a;
}

/* A list of two-byte numbers; with the option 1 without those of RFC 8701. */
static struct str without_grease(struct eval *e, const struct fetch_call *call, struct str list)
{
	char *copy;
	size_t len = 0;

	if (!list.len || !arg_is_set(&call->args[0]) || !(call->args[0].sint & 1))
		return list;
	copy = scratch_alloc(e->scratch, list.len);
	for (size_t i = 0; copy && i + 1 < list.len; i += 2) {
		if (is_grease((unsigned char)list.ptr[i], (unsigned char)list.ptr[i + 1]))
			continue;
		copy[len++] = list.ptr[i];
		copy[len++] = list.ptr[i + 1];
	}
	return copy ? str_make(copy, len) : STR_NONE;
}

static struct str captured(struct eval *e, const struct fetch_call *call)
{
	const struct tls_hello *h = e->client_tls ? e->client_tls->hello : NULL;

	if (!h)
		return STR_NONE;
	switch (call->fetch) {
	case FETCH_SSL_FC_EXTLIST_BIN:
		return without_grease(e, call, h->extensions);
	case FETCH_SSL_FC_ECLIST_BIN:
		return without_grease(e, call, h->groups);
	case FETCH_SSL_FC_ECFORMATS_BIN:
		return h->formats;
	case FETCH_SSL_FC_SIGALGS_BIN:
		return without_grease(e, call, h->sigalgs);
	case FETCH_SSL_FC_SUPPORTED_VERSIONS_BIN:
		return without_grease(e, call, h->versions);
	case FETCH_SSL_FC_CIPHERLIST_XXH:
		return h->ciphers;
	default:
		return without_grease(e, call, h->ciphers);
	}
}

bool fetch_ssl_fc_captured(struct eval *e, const struct fetch_call *call, struct sample *out,
			   struct sample_iter *iter)
{
	return set_bin(out, captured(e, call));
}

bool fetch_ssl_fc_cipherlist_hex(struct eval *e, const struct fetch_call *call, struct sample *out,
				 struct sample_iter *iter)
{
	static const char digits[] = "0123456789ABCDEF";
	struct str list = captured(e, call);
	char *text = list.ptr ? scratch_alloc(e->scratch, 2 * list.len + 1) : NULL;

	for (size_t i = 0; text && i < list.len; i++) {
		text[2 * i] = digits[(unsigned char)list.ptr[i] >> 4];
		text[2 * i + 1] = digits[(unsigned char)list.ptr[i] & 15];
	}
	return text && set_bin(out, str_make(text, 2 * list.len));
}

bool fetch_ssl_fc_cipherlist_str(struct eval *e, const struct fetch_call *call, struct sample *out,
				 struct sample_iter *iter)
{
	struct str list = captured(e, call);
	char buf[8192];
	struct out text = out_fixed(buf, sizeof(buf));

	if (!list.ptr)
		return false;
	for (size_t i = 0; i + 1 < list.len; i += 2) {
		const unsigned char *id = (const unsigned char *)list.ptr + i;
		const SSL_CIPHER *cipher = SSL_CIPHER_find(e->client_tls->ssl, id);

		if (i)
			out_char(&text, ',');
		if (cipher)
			out_puts(&text, SSL_CIPHER_get_name(cipher));
		else
			out_printf(&text, "UNKNOWN(%04x)", id[0] << 8 | id[1]);
	}
	return sample_set_str(out, scratch_dup(e->scratch, out_get(&text)));
}

bool fetch_ssl_fc_cipherlist_xxh(struct eval *e, const struct fetch_call *call, struct sample *out,
				 struct sample_iter *iter)
{
	struct str list = captured(e, call);

	return list.ptr && sample_set_int(out, (int64_t)hash_xxh64(list, 0));
}

bool fetch_ssl_fc_hello_id(struct eval *e, const struct fetch_call *call, struct sample *out,
			   struct sample_iter *iter)
{
	const struct tls_hello *h = e->client_tls ? e->client_tls->hello : NULL;

	return h && sample_set_int(out, h->version);
}

/* --- key material */

static int secret_of(uint16_t fetch)
{
	switch (fetch) {
	case FETCH_SSL_FC_CLIENT_EARLY_TRAFFIC_SECRET:
	case FETCH_SSL_BC_CLIENT_EARLY_TRAFFIC_SECRET:
		return SECRET_CLIENT_EARLY;
	case FETCH_SSL_FC_CLIENT_HANDSHAKE_TRAFFIC_SECRET:
	case FETCH_SSL_BC_CLIENT_HANDSHAKE_TRAFFIC_SECRET:
		return SECRET_CLIENT_HANDSHAKE;
	case FETCH_SSL_FC_SERVER_HANDSHAKE_TRAFFIC_SECRET:
	case FETCH_SSL_BC_SERVER_HANDSHAKE_TRAFFIC_SECRET:
		return SECRET_SERVER_HANDSHAKE;
	case FETCH_SSL_FC_CLIENT_TRAFFIC_SECRET_0:
	case FETCH_SSL_BC_CLIENT_TRAFFIC_SECRET_0:
		return SECRET_CLIENT_TRAFFIC;
	case FETCH_SSL_FC_SERVER_TRAFFIC_SECRET_0:
	case FETCH_SSL_BC_SERVER_TRAFFIC_SECRET_0:
		return SECRET_SERVER_TRAFFIC;
	case FETCH_SSL_FC_EXPORTER_SECRET:
	case FETCH_SSL_BC_EXPORTER_SECRET:
		return SECRET_EXPORTER;
	default:
		return SECRET_EARLY_EXPORTER;
	}
}

bool fetch_ssl_secret(struct eval *e, const struct fetch_call *call, struct sample *out,
		      struct sample_iter *iter)
{
	const struct tls_conn *tc = side(e, call);

	return tc && tc->secrets && set_text(out, tc->secrets->text[secret_of(call->fetch)]);
}
