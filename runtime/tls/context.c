/* From what the configuration says to a context of the library (manual, sections 5.1 and 5.2): versions,
 * ciphers, curves, verification, ALPN. A setting of a crt-list's line comes first, then the bind or server
 * line's, then the global section's. Contexts are counted by the library; made by the main thread or by the
 * control socket's worker, used by all. */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "runtime/tls/tls_inside.h"

const char *const tls_version_names[TLSV_N] = {"", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"};

const int tls_version_numbers[TLSV_N] = {
	[TLSV_SSL30] = SSL3_VERSION, [TLSV_10] = TLS1_VERSION,   [TLSV_11] = TLS1_1_VERSION,
	[TLSV_12] = TLS1_2_VERSION,  [TLSV_13] = TLS1_3_VERSION,
};

/* The first text that is not empty. */
#define TEXT_OF(s, member)                                                                                     \
	((s)->line && (s)->line->member.len ? (s)->line->member                                                \
	 : (s)->conf->member.len            ? (s)->conf->member                                                \
					    : (s)->preset->member)
#define NUMBER_OF(s, member)                                                                                   \
	((s)->line && (s)->line->member ? (s)->line->member                                                    \
	 : (s)->conf->member            ? (s)->conf->member                                                    \
					: (s)->preset->member)

static bool version_is_off(const struct tls_settings *s, int v)
{
	return s->conf->no_ver[v] || s->preset->no_ver[v];
}

/* One end of the range, as one place has it; a forced version is both. */
static int end_of(const struct tls_conf *conf, bool max)
{
	int end = max ? conf->max_ver : conf->min_ver;

	for (int v = TLSV_SSL30; !end && v < TLSV_N; v++)
		if (conf->force_ver[v])
			end = v;
	return end;
}

static int range_end(const struct tls_settings *s, bool max)
{
	int end = s->line ? end_of(s->line, max) : TLSV_NONE;

	if (!end)
		end = end_of(s->conf, max);
	return end ? end : end_of(s->preset, max);
}

/* What is left without those that are off; a gap is not left out. */
static void range_without(const struct tls_settings *s, int lowest, struct tls_range *r)
{
	int off = TLSV_NONE;

	r->min = TLSV_N;
	for (int v = lowest; v < TLSV_N; v++) {
		if (version_is_off(s, v)) {
			off = r->max ? v : TLSV_NONE;
			continue;
		}
		r->min = r->min == TLSV_N ? v : r->min;
		r->max = v;
		r->hole = off ? off : r->hole;
		off = TLSV_NONE;
	}
}

/* Clients are served from TLS 1.2 on unless something is said. */
struct tls_range tls_context_versions(const struct tls_settings *s, bool front)
{
	struct tls_range r = {.min = range_end(s, false), .max = range_end(s, true)};

	if (!r.min && !r.max) {
		range_without(s, front ? TLSV_12 : TLSV_10, &r);
		return r;
	}
	for (int v = TLSV_SSL30; v < TLSV_N; v++)
		r.ignores |= version_is_off(s, v);
	if (!r.max)
		r.max = TLSV_13;
	r.lowered = front && !r.min && r.max < TLSV_12;
	if (!r.min)
		r.min = !front ? TLSV_10 : r.lowered ? r.max : TLSV_12;
	return r;
}

static bool versions_set(SSL_CTX *ctx, const struct tls_settings *s, bool front, struct out *error)
{
	struct tls_range r = tls_context_versions(s, front);

	if (r.min > r.max || r.max < TLSV_10) { /* the library has no SSLv3 */
		out_printf(error, "all SSL/TLS versions are disabled");
		return false;
	}
	SSL_CTX_set_min_proto_version(ctx, tls_version_numbers[r.min]);
	SSL_CTX_set_max_proto_version(ctx, tls_version_numbers[r.max]);
	return true;
}

/* Runs one of the library's setters of a text. */
static bool text_set(SSL_CTX *ctx, struct str text, int (*set)(SSL_CTX *, const char *), const char *what,
		     struct out *error)
{
	char copy[4096];
	int ok;

	if (!text.len)
		return true;
	snprintf(copy, sizeof(copy), "%.*s", STR_ARG(text));
	ok = set(ctx, copy);
	ERR_clear_error();
	if (ok != 1)
		out_printf(error, "unable to set %s to '%s'", what, copy);
	return ok == 1;
}

static int curves_set(SSL_CTX *ctx, const char *list)
{
	return (int)SSL_CTX_set1_groups_list(ctx, list);
}

static int sigalgs_set(SSL_CTX *ctx, const char *list)
{
	return (int)SSL_CTX_set1_sigalgs_list(ctx, list);
}

static int client_sigalgs_set(SSL_CTX *ctx, const char *list)
{
	return (int)SSL_CTX_set1_client_sigalgs_list(ctx, list);
}

static bool lists_set(SSL_CTX *ctx, const struct tls_settings *s, struct out *error)
{
	struct str curves = TEXT_OF(s, curves), ecdhe = TEXT_OF(s, ecdhe);

	return text_set(ctx, TEXT_OF(s, ciphers), SSL_CTX_set_cipher_list, "SSL cipher list", error) &&
	       text_set(ctx, TEXT_OF(s, ciphersuites), SSL_CTX_set_ciphersuites, "TLS 1.3 cipher suites",
			error) &&
	       text_set(ctx, curves, curves_set, "SSL curves list", error) &&
	       (curves.len || text_set(ctx, ecdhe, curves_set, "elliptic named curve", error)) &&
	       text_set(ctx, TEXT_OF(s, sigalgs), sigalgs_set, "SSL Signature Algorithm list", error) &&
	       text_set(ctx, TEXT_OF(s, client_sigalgs), client_sigalgs_set,
			"SSL Signature Algorithm list for client authentication", error);
}

static void options_set(struct tls_world *w, SSL_CTX *ctx, const struct tls_settings *s, bool front)
{
	uint64_t options = SSL_OP_ALL | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
			   SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF;

	if (front && !NUMBER_OF(s, prefer_client_ciphers))
		options |= SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;
	if (s->conf->renegotiate && !front)
		options &= ~SSL_OP_NO_RENEGOTIATION;
#ifdef SSL_OP_NO_TX_CERTIFICATE_COMPRESSION
	if (w->model->global.tls.no_cert_compression)
		options |= SSL_OP_NO_TX_CERTIFICATE_COMPRESSION | SSL_OP_NO_RX_CERTIFICATE_COMPRESSION;
#endif
	if (s->conf->no_tickets || (s->preset->no_tickets && !s->conf->tickets))
		options |= SSL_OP_NO_TICKET;
	SSL_CTX_set_options(ctx, options);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_read_ahead(ctx, 1);
	if (w->model->global.tls.security_level >= 0)
		SSL_CTX_set_security_level(ctx, w->model->global.tls.security_level);
}

/* The objects of one store into another: they are counted, not copied. */
static void store_add(X509_STORE *to, X509_STORE *from)
{
	STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(from);

	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		X509_OBJECT *o = sk_X509_OBJECT_value(objects, i);

		if (X509_OBJECT_get0_X509(o))
			X509_STORE_add_cert(to, X509_OBJECT_get0_X509(o));
		else if (X509_OBJECT_get0_X509_CRL(o))
			X509_STORE_add_crl(to, X509_OBJECT_get0_X509_CRL(o));
	}
	ERR_clear_error();
}

static void names_tell(SSL_CTX *ctx, const struct tls_authority *a)
{
	STACK_OF(X509_NAME) *names = SSL_dup_CA_list(a->names);

	if (names)
		SSL_CTX_set_client_CA_list(ctx, names);
}

static bool authority_add(struct tls_world *w, SSL_CTX *ctx, struct str name, bool crl, struct out *error)
{
	struct tls_authority *a;
	struct out why = out_growing(1024);

	if (!name.len)
		return true;
	a = tls_authority_get(w, name, crl, &why);
	if (!a) {
		tls_alert(w, "config : %.*s", STR_ARG(out_get(&why)));
		out_printf(error, "unable to load %.*s", STR_ARG(name));
	} else {
		store_add(SSL_CTX_get_cert_store(ctx), a->store);
	}
	out_free(&why);
	if (a && crl)
		X509_STORE_set_flags(SSL_CTX_get_cert_store(ctx),
				     X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return a != NULL;
}

/* A file that is named has to be there, used or not. */
static bool authority_exists(struct tls_world *w, struct str name, const char *option, bool crl,
			     struct out *error)
{
	struct out why = out_growing(1024);
	bool ok = !name.len || tls_authority_get(w, name, crl, &why);

	if (!ok) {
		tls_alert(w, "config : %.*s", STR_ARG(out_get(&why)));
		out_printf(error, "'%s' : unable to load %.*s", option, STR_ARG(name));
	}
	out_free(&why);
	return ok;
}

/* Clients hear the names of ca-file, not those of ca-verify-file (manual, "ca-verify-file"). */
static bool verify_set(struct tls_world *w, SSL_CTX *ctx, const struct tls_settings *s, struct out *error)
{
	static const int modes[] = {
		[TLS_VERIFY_UNSET] = SSL_VERIFY_NONE,
		[TLS_VERIFY_NONE] = SSL_VERIFY_NONE,
		[TLS_VERIFY_OPTIONAL] = SSL_VERIFY_PEER,
		[TLS_VERIFY_REQUIRED] = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
	};
	struct str ca = TEXT_OF(s, ca_file), more = TEXT_OF(s, ca_verify_file), crl = TEXT_OF(s, crl_file);
	unsigned verify = NUMBER_OF(s, verify);

	SSL_CTX_set_verify(ctx, modes[verify], tls_verify);
	if (!authority_exists(w, ca, "ca-file", false, error) ||
	    !authority_exists(w, more, "ca-verify-file", false, error) ||
	    !authority_exists(w, crl, "crl-file", true, error))
		return false;
	if (verify <= TLS_VERIFY_NONE)
		return true;
	if (!ca.len && !more.len) {
		out_printf(error, "verify is enabled but no CA file specified");
		return false;
	}
	if (!authority_add(w, ctx, ca, false, error) || !authority_add(w, ctx, more, false, error) ||
	    !authority_add(w, ctx, crl, true, error))
		return false;
	if (ca.len && !NUMBER_OF(s, no_ca_names))
		names_tell(ctx, tls_authority_find(w, ca));
	return true;
}

/* "h2,http/1.1" to lengths and names (RFC 7301 section 3.1). */
int tls_alpn_wire(struct str words, unsigned char **wire, uint32_t *len)
{
	unsigned char *p = malloc(words.len + 2);

	*wire = p;
	*len = 0;
	if (!p)
		return -1;
	while (words.len) {
		size_t n = str_chr(words, ',');

		if (!n || n > 255) {
			free(p);
			*wire = NULL;
			return -1;
		}
		p[(*len)++] = (unsigned char)n;
		memcpy(p + *len, words.ptr, n);
		*len += (uint32_t)n;
		words = str_tail(words, n + 1);
	}
	return 0;
}

/* Our order decides (RFC 7301 section 3.2); nothing in common is no error. arg: struct tls_alpn. */
struct tls_alpn {
	uint32_t len;
	unsigned char wire[];
};

static int alpn_choose(SSL *ssl, const unsigned char **out, unsigned char *outlen, const unsigned char *in,
		       unsigned inlen, void *arg)
{
	const struct tls_alpn *a = arg;

	(void)ssl;
	if (SSL_select_next_proto((unsigned char **)(uintptr_t)out, outlen, a->wire, a->len, in, inlen) ==
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_OK;
	return SSL_TLSEXT_ERR_NOACK;
}

static void alpn_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
	(void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
	free(ptr);
}

static bool alpn_set(struct tls_world *w, SSL_CTX *ctx, const struct tls_settings *s, bool front)
{
	const struct tls_conf *who = s->line && (s->line->alpn.len || s->line->no_alpn) ? s->line : s->conf;
	struct str words = TEXT_OF(s, alpn);
	struct tls_alpn *a;
	unsigned char *wire;
	uint32_t len;

	if (!words.len || who->no_alpn)
		return true;
	if (tls_alpn_wire(words, &wire, &len))
		return false;
	if (!front) {
		SSL_CTX_set_alpn_protos(ctx, wire, len);
		free(wire);
		return true;
	}
	a = malloc(sizeof(*a) + len);
	if (a) {
		a->len = len;
		memcpy(a->wire, wire, len);
		SSL_CTX_set_ex_data(ctx, w->ctx_alpn, a);
		SSL_CTX_set_alpn_select_cb(ctx, alpn_choose, a);
	}
	free(wire);
	return a != NULL;
}

int tls_context_alpn_index(void)
{
	return SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, alpn_free);
}

bool tls_context_setup(struct tls_world *w, SSL_CTX *ctx, const struct tls_settings *s, bool front,
		       struct out *error)
{
	options_set(w, ctx, s, front);
	return versions_set(ctx, s, front, error) && verify_set(w, ctx, s, error) && lists_set(ctx, s, error) &&
	       alpn_set(w, ctx, s, front) && tls_npn_set(w, ctx, TEXT_OF(s, npn), front);
}
