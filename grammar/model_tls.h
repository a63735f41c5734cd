/* The model, part 3: what bind and server lines, lines of crt-lists and the global section say about TLS. Plain constant data in
 * the model's arena. Files are named as they are opened, behind crt-base and ca-base; nothing is read here. */
#ifndef LB_GRAMMAR_MODEL_TLS_H
#define LB_GRAMMAR_MODEL_TLS_H

#include "grammar/base/str.h"
#include "grammar/base/vec.h"
#include "grammar/model_rule.h"

/* Versions in their order; NONE: not said. */
enum tls_version { TLSV_NONE, TLSV_SSL30, TLSV_10, TLSV_11, TLSV_12, TLSV_13, TLSV_N };
/* `verify`; 0: not said. */
enum tls_verify { TLS_VERIFY_UNSET, TLS_VERIFY_NONE, TLS_VERIFY_OPTIONAL, TLS_VERIFY_REQUIRED };

/* What all of them share. Empty texts and zeroes: not said. */
struct tls_conf {
	struct str alpn, npn, ciphers, ciphersuites, curves, ecdhe, sigalgs, client_sigalgs;
	struct str ca_file, ca_verify_file, crl_file;
	struct str ocsp_update; /* on, off */
	struct str ca_ignore, crt_ignore; /* `all`, or numbers and names of X509_V_ERR_* */
	uint8_t verify;			  /* enum tls_verify */
	uint8_t min_ver, max_ver;	  /* enum tls_version */
	bool no_ver[TLSV_N], force_ver[TLSV_N];
	bool renegotiate; /* servers may */
	bool no_alpn, no_ca_names, allow_0rtt, no_tickets, tickets, prefer_client_ciphers, strict_sni, no_strict_sni;
};

/* One `crt`, `default-crt` or `crt-list` of a bind line. */
struct tls_crt_conf {
	struct str path;
	bool list, preset; /* crt-list; default-crt */
};

/* A bind line's, besides. */
struct tls_bind_conf {
	struct tls_conf conf;
	VEC(struct tls_crt_conf) crts;
	struct str ticket_keys, ca_sign_file, ca_sign_pass;
	bool generate;
};

/* A server line's, besides. */
struct sample_expr;
struct tls_server_conf {
	struct tls_conf conf;
	struct str crt, verifyhost, check_alpn, check_sni, sni_text;
	const struct sample_expr *sni;
	bool no_reuse, no_sni_auto, no_check_sni_auto;
};

enum { TLS_EXTRA_BUNDLE = 1, TLS_EXTRA_SCTL = 2, TLS_EXTRA_OCSP = 4, TLS_EXTRA_ISSUER = 8, TLS_EXTRA_KEY = 16, TLS_EXTRA_ALL = 31 };

/* A certificate and its files, named apart: `load` of a crt-store section, `ssl-f-use`. name: as crt and crt-lists call it,
 * "@store/alias" or the path. */
enum tls_switch { TLS_SWITCH_UNSET, TLS_SWITCH_ON, TLS_SWITCH_OFF };
struct tls_load_conf {
	struct str name, crt, key, ocsp, issuer, sctl, alias;
	uint8_t ocsp_update, jwt; /* enum tls_switch */
	struct conf_pos pos;
};

/* Certificates of all listeners of a frontend that name none: lines as in a crt-list. */
struct tls_frontend_conf {
	VEC(struct str) lines;
};

/* A provider of the library: it is looked for where the lines before it said. */
struct tls_provider_conf {
	struct str name, path; /* empty: the library's folder */
};

/* The global section's. */
struct tls_global_conf {
	struct tls_conf bind, server;
	struct str jwe_algs, jwe_encs; /* allowed, between commas; empty: all */
	struct str dh_param_file, issuers_chain_path, crt_base, ca_base, key_base;
	uint32_t dh_param; /* bits; 0: as the library chooses */
	uint32_t cache_size, lifetime /* seconds */, max_record, hard_max_record, capture_size;
	uint32_t max_conn, max_rate;
	uint8_t extra_files; /* TLS_EXTRA_* */
	int8_t security_level; /* -1: the library's */
	uint32_t ocsp_min, ocsp_max; /* seconds between updates of OCSP responses; 0: 300, 3600 */
	struct str ocsp_proxy;	     /* address:port that is asked instead of responders; empty: none */
	VEC(struct tls_provider_conf) providers;
	VEC(struct str) passphrase_cmd; /* a program and its arguments, each ending in 0; empty: none */
	struct str provider_path, propquery;
	uint32_t ctx_cache_size; /* certificates made on demand that are kept */
	uint8_t no_cert_compression;
	bool ocsp_mode, ocsp_disable;
	bool private_cache, keylog, skip_self_issued_ca, del_ext;
};

#endif
