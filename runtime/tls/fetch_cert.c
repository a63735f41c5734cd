/* Fetches about certificates (manual, section 7.3.4): ssl_c_* the client's, ssl_f_* ours, ssl_s_* the server's.
 * Which one is meant follows from the row. One thread. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "runtime/eval/fetch.h"
#include "runtime/tls/cert_text.h"
#include "runtime/tls/tls_state.h"

/* All fetches have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

static SSL *ssl_of(const struct eval *e, const struct fetch_call *call)
{
	const struct tls_conn *tc = call->fetch >= FETCH_SSL_S_CHAIN_DER ? e->server_tls : e->client_tls;

	return tc ? tc->ssl : NULL;
}

/* Borrowed from the connection. */
static X509 *cert_of(const struct eval *e, const struct fetch_call *call)
{
	SSL *ssl = ssl_of(e, call);

	if (!ssl && e->server_past && call->fetch >= FETCH_SSL_S_CHAIN_DER)
		return e->server_past->cert;
	if (!ssl)
		return NULL;
	if (call->fetch >= FETCH_SSL_F_DER && call->fetch <= FETCH_SSL_F_VERSION)
		return SSL_get_certificate(ssl);
	if (call->fetch >= FETCH_SSL_S_CHAIN_DER || !e->client_tls->refused)
		return SSL_get0_peer_certificate(ssl);
	return e->client_tls->refused;
}

static bool set_bin(struct sample *out, struct str data)
{
	out->type = SMP_BIN;
	out->str = data;
	return data.ptr != NULL;
}

bool fetch_ssl_c_used(struct eval *e, const struct fetch_call *call, struct sample *out,
		      struct sample_iter *iter)
{
	return e->client_tls && sample_set_bool(out, cert_of(e, call) != NULL);
}

static bool der_append(X509 *x, unsigned char *at, size_t room, size_t *len)
{
	int n = i2d_X509(x, NULL);

	if (n <= 0 || (size_t)n > room)
		return false;
	i2d_X509(x, &at);
	*len += (size_t)n;
	return true;
}

bool fetch_ssl_der(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	X509 *x = cert_of(e, call);
	int size = x ? i2d_X509(x, NULL) : 0;
	unsigned char *data = size > 0 ? scratch_alloc(e->scratch, (size_t)size) : NULL;
	size_t len = 0;

	return data && der_append(x, data, (size_t)size, &len) && set_bin(out, str_make((char *)data, len));
}

/* What the peer sent, one behind the other; of a client without its own certificate, as the library keeps it.
 */
bool fetch_ssl_chain_der(struct eval *e, const struct fetch_call *call, struct sample *out,
			 struct sample_iter *iter)
{
	SSL *ssl = ssl_of(e, call);
	STACK_OF(X509) *chain = ssl ? SSL_get_peer_cert_chain(ssl) : NULL;
	size_t size = 0, len = 0;
	unsigned char *data;

	for (int i = 0; chain && i < sk_X509_num(chain); i++)
		size += (size_t)i2d_X509(sk_X509_value(chain, i), NULL);
	data = size ? scratch_alloc(e->scratch, size) : NULL;
	if (!data)
		return false;
	for (int i = 0; i < sk_X509_num(chain); i++)
		der_append(sk_X509_value(chain, i), data + len, size - len, &len);
	return set_bin(out, str_make((char *)data, len));
}

/* The whole name, or its n-th entry of a kind, from the end when n is negative. */
bool fetch_ssl_dn(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	X509 *x = call->fetch == FETCH_SSL_C_R_DN ? cert_root(ssl_of(e, call)) : cert_of(e, call);
	bool issuer = call->fetch == FETCH_SSL_C_I_DN || call->fetch == FETCH_SSL_F_I_DN ||
		      call->fetch == FETCH_SSL_S_I_DN;
	X509_NAME *name = !x ? NULL : issuer ? X509_get_issuer_name(x) : X509_get_subject_name(x);
	struct out text = out_growing(CERT_TEXT_MAX);
	int nth = arg_is_set(&call->args[1]) ? (int)call->args[1].sint : 1;
	bool ok;

	if (!name)
		return false;
	if (arg_is_set(&call->args[0]) && call->args[0].str.len)
		ok = nth && cert_name_entry(name, call->args[0].str, nth, &text);
	else if (arg_is_set(&call->args[2]) && str_is(call->args[2].str, "rfc2253"))
		ok = cert_name_rfc2253(name, &text);
	else
		ok = cert_name_oneline(name, &text);
	ok = ok && sample_set_str(out, scratch_dup(e->scratch, out_get(&text)));
	out_free(&text);
	return ok;
}

bool fetch_ssl_date(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	X509 *x = cert_of(e, call);
	bool before = call->fetch == FETCH_SSL_C_NOTBEFORE || call->fetch == FETCH_SSL_F_NOTBEFORE ||
		      call->fetch == FETCH_SSL_S_NOTBEFORE;
	const ASN1_TIME *t = !x ? NULL : before ? X509_get0_notBefore(x) : X509_get0_notAfter(x);
	struct str text;

	if (!t)
		return false;
	text = str_make((const char *)ASN1_STRING_get0_data(t), (size_t)ASN1_STRING_length(t));
	if (ASN1_STRING_type(t) == V_ASN1_GENERALIZEDTIME) { /* without the century */
		if (text.len < 12 || !str_starts(text, STR("20")))
			return false;
		text = str_tail(text, 2);
	}
	return sample_set_str(out, text);
}

bool fetch_ssl_serial(struct eval *e, const struct fetch_call *call, struct sample *out,
		      struct sample_iter *iter)
{
	X509 *x = cert_of(e, call);
	const ASN1_INTEGER *n = x ? X509_get0_serialNumber(x) : NULL;

	return n &&
	       set_bin(out, str_make((const char *)ASN1_STRING_get0_data(n), (size_t)ASN1_STRING_length(n)));
}

bool fetch_ssl_sha1(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	X509 *x = cert_of(e, call);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	return x && X509_digest(x, EVP_sha1(), digest, &len) == 1 &&
	       set_bin(out, scratch_dup(e->scratch, str_make((char *)digest, len)));
}

bool fetch_ssl_sig_alg(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	X509 *x = cert_of(e, call);
	const char *name = x ? OBJ_nid2sn(X509_get_signature_nid(x)) : NULL;

	return name && sample_set_str(out, str_from(name));
}

bool fetch_ssl_key_alg(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	X509 *x = cert_of(e, call);
	ASN1_OBJECT *algorithm = NULL;
	const char *name = NULL;

	if (x)
		X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, X509_get_X509_PUBKEY(x));
	if (algorithm)
		name = OBJ_nid2sn(OBJ_obj2nid(algorithm));
	return name && sample_set_str(out, str_from(name));
}

bool fetch_ssl_version(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	X509 *x = cert_of(e, call);

	return x && sample_set_int(out, X509_get_version(x) + 1);
}

/* Alternative names, with commas between them. */
bool fetch_ssl_c_san(struct eval *e, const struct fetch_call *call, struct sample *out,
		     struct sample_iter *iter)
{
	X509 *x = cert_of(e, call);
	struct out text = out_growing(CERT_TEXT_MAX);
	bool ok = x && cert_alternatives(x, ", ", &text) &&
		  sample_set_str(out, scratch_dup(e->scratch, out_get(&text)));

	out_free(&text);
	return ok;
}
