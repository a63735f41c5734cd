/* What the files of runtime/tls call of each other. Main thread while a world is built; afterwards the control socket's worker under
 * the world's lock, and handshakes on all workers where it says so. */
#ifndef LB_TLS_TLS_INSIDE_H
#define LB_TLS_TLS_INSIDE_H

#include "runtime/tls/tls_state.h"

/* world.c: "ALERT config : ..." */
struct str tls_source(const struct tls_world *w, struct conf_pos pos); /* name of the file */
void tls_alert(struct tls_world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tls_say(struct tls_world *w, const char *level, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* "parsing [file:line] : 'bind addr' in section 'frontend' :" */
void tls_alert_bind(const struct tls_front *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tls_warn_bind(const struct tls_front *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* pem.c: what files hold. Each returns NULL after writing what is wrong to `error` (no line end). */
/* load: what a crt-store says of it, or NULL. */
struct tls_pair *tls_pair_load(struct tls_world *w, const struct tls_load_conf *load, const char *path, struct out *error);
/* From text (PEM) of the control socket; `old`: what is not in the text is taken from it (NULL: nothing); w: loads it, NULL: nobody can be
 * asked for a passphrase. */
struct tls_pair *tls_pair_parse(struct tls_world *w, struct str text, const char *name, const struct tls_pair *old, struct out *error);
bool tls_pair_complete(const struct tls_pair *p, const char *name, struct out *error);
struct tls_pair *tls_pair_new(void);
struct tls_pair *tls_pair_copy(const struct tls_pair *p);
void tls_pair_free(struct tls_pair **p);
/* For the library, which would ask a terminal: what wants a passphrase gets none. */
int tls_no_passphrase(char *buf, int size, int writing, void *user);
/* Diffie-Hellman parameters; NULL: none. */
EVP_PKEY *tls_dh_read(struct str text);
bool tls_file_read(const char *path, size_t limit, struct tls_bytes *content);
void tls_bytes_set(struct tls_bytes *b, const void *data, size_t len);

/* passphrase.c: a key; NULL: none, or one that wants a passphrase. tls_key_open() asks a program for it while the world is loaded
 * (path: of its file). */
EVP_PKEY *tls_key_read(struct str pem);
EVP_PKEY *tls_key_open(struct tls_world *w, struct str pem, const char *path);
void tls_phrases_free(struct tls_world *w);

/* ocsp.c. Is the response one for this certificate, and good? `error`: why not. */
bool tls_ocsp_check(const struct tls_pair *p, const struct tls_bytes *der, struct out *error);
/* The identity of certificate and issuer in hexadecimal. False: no issuer. */
bool tls_ocsp_key(const struct tls_pair *p, char key[2 * TLS_OCSP_KEY_MAX + 1]);
/* Base64 in lines or in one piece. False: malformed, empty, or no memory; out is empty then. */
bool tls_base64(struct str text, struct tls_bytes *out);

/* issuers.c: chains for certificates that come without (issuers-chain-path). */
void tls_issuers_load(struct tls_world *w);
void tls_issuers_free(struct tls_world *w);
/* Gives a pair without a chain the one that fits, if there is one. */
void tls_issuers_complete(const struct tls_world *w, struct tls_pair *p);

/* authority.c */
struct tls_authority *tls_authority_get(struct tls_world *w, struct str name, bool crl, struct out *error);
struct tls_authority *tls_authority_find(struct tls_world *w, struct str name);
struct tls_authority *tls_authority_new(const char *name);
bool tls_authority_parse(struct tls_authority *a, struct str pem);
void tls_authority_free(struct tls_authority **a);

/* store.c: certificates by name */
struct tls_cert *tls_cert_find(struct tls_world *w, struct str name);
struct tls_cert *tls_cert_get(struct tls_world *w, struct str name, struct out *error);
/* Everything that crt-stores load. False: no memory. */
bool tls_cert_load_stores(struct tls_world *w);
struct tls_cert *tls_cert_add(struct tls_world *w, const char *name);
void tls_cert_free(struct tls_cert **c);
/* Out of the list, its contents gone; its memory stays until the world ends. */
void tls_cert_bury(struct tls_world *w, struct tls_cert *c);

/* context.c */
struct tls_settings {
	const struct tls_conf *line, *conf, *preset; /* first one that says something holds; line may be NULL */
};
/* What a context needs besides a certificate. False: `error` says "unable to set ...". front: clients connect to us. */
bool tls_context_setup(struct tls_world *w, SSL_CTX *ctx, const struct tls_settings *s, bool front, struct out *error);
bool tls_context_certificate(struct tls_world *w, SSL_CTX *ctx, struct tls_cert *c, const struct tls_pair *p, struct out *error);
/* Extensions of our own, which every context of a front has to have. */
void tls_context_extensions(SSL_CTX *ctx);
/* Is it a list of signed timestamps (RFC 6962 section 3.3), by its length? */
bool tls_sctl_check(const void *data, size_t len);
int tls_context_alpn_index(void);
/* Which versions, enum tls_version; min > max: none. What is odd about it: words that turn versions off do not count beside a range,
 * a range that says only where it ends ends below where it would begin, a version in its middle is off. */
struct tls_range {
	int min, max, hole;
	bool ignores, lowered;
};
struct tls_range tls_context_versions(const struct tls_settings *s, bool front);
int tls_alpn_wire(struct str words, unsigned char **wire, uint32_t *len);
extern const int tls_version_numbers[TLSV_N];
extern const char *const tls_version_names[TLSV_N];
/* provider.c, npn.c */
void tls_providers_load(struct tls_world *w);
int tls_context_npn_index(void);
bool tls_npn_set(struct tls_world *w, SSL_CTX *ctx, struct str words, bool front);

/* front.c, name.c, use.c */
bool tls_front_build(struct tls_front *f);
void tls_front_free(struct tls_front **f);
struct tls_use *tls_use_new(struct tls_front *f, struct tls_cert *cert, const struct crt_line *line, struct out *error);
/* A context for another pair of a certificate, with the settings of front (or back) and line. */
SSL_CTX *tls_use_context(struct tls_front *f, struct tls_cert *c, const struct tls_pair *p, const struct crt_line *line,
			 struct out *error);
void tls_use_free(struct tls_use **u);
bool tls_names_add(struct tls_front *f, struct tls_use *u);
void tls_names_remove(struct tls_front *f, const struct tls_use *u);
/* Under the front's lock. */
struct tls_use *tls_names_find(const struct tls_front *f, struct str host, const bool kinds[TLS_KEY_KINDS]);
int tls_select(SSL *ssl, int *alert, void *front);
int tls_verify(int ok, X509_STORE_CTX *store);

SSL_CTX *tls_front_context(struct tls_front *f, const struct crt_line *line, struct out *error);
/* crt-base, ca-base for what a line of a list names. */
struct str tls_line_path(const struct tls_world *w, struct str crt, char *buf, size_t size);
bool tls_line_bases(struct tls_world *w, struct crt_line *line);
uint8_t tls_key_kind(const struct tls_pair *p);
bool tls_front_attach(struct tls_front *f, struct crt_list *l);
/* early.c, keylog.c, generate.c */
void tls_early_setup(SSL_CTX *ctx, const struct tls_front *f, const struct crt_line *line);
void tls_keylog_setup(struct tls_world *w, SSL_CTX *ctx);
bool tls_generate_setup(struct tls_front *f);
void tls_generate_free(struct tls_front *f);
/* A certificate for a host name, signed by ca-sign-file. False: none could be made. */
bool tls_generate(struct tls_front *f, SSL *ssl, struct str host);
void tls_secrets_free(struct tls_secrets **s);

/* back.c */
bool tls_back_build(struct tls_back *b);
SSL_CTX *tls_back_context(struct tls_back *b, const struct tls_pair *p, struct out *error);
bool tls_conn_attach_client(struct conn *c, struct tls_back *b);
void tls_back_free(struct tls_back **b);

/* ticket.c */
struct tls_tickets *tls_tickets_get(struct tls_world *w, struct str file, struct out *error);
void tls_tickets_free(struct tls_tickets **t);
void tls_tickets_use(SSL_CTX *ctx, struct tls_tickets *t);
bool tls_ticket_key_parse(struct str base64, struct tls_ticket_key *key);

#endif
