/* Inside runtime/tls: certificates, contexts, names, connections. The world's lock guards lists and certificates against the
 * control socket; a front's lock guards its names, which handshakes on all workers read. Contexts are counted by the library, so
 * that connections keep theirs when it is replaced. */
#ifndef LB_TLS_TLS_STATE_H
#define LB_TLS_TLS_STATE_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "grammar/base/list.h"
#include "grammar/crt_list.h"
#include "runtime/tls/tls.h"

struct tls_bytes {
	unsigned char *data;
	size_t len;
};

/* What files of a certificate hold. Owned by who made it. */
struct tls_pair {
	X509 *cert, *issuer;
	EVP_PKEY *key, *dh;
	STACK_OF(X509) * chain;
	struct tls_bytes ocsp, sctl;
	const char *chain_file; /* that the chain was taken from (issuers-chain-path), the world's; NULL: none */
	bool ocsp_known; /* there is, or was to be, a response */
};

/* A certificate known by name (usually of its file). */
struct tls_cert {
	struct list node; /* world->certs */
	struct tls_world *world;
	char *name;
	struct tls_pair *pair; /* NULL: `new ssl cert`, still empty */
	struct list users;     /* struct tls_use */
	struct tls_ocsp_state *ocsp_state; /* ocsp_update.h, made on first use; under world->cli */
};

/* Authorities or revocations known by the name of their file. */
struct tls_authority {
	struct list node; /* world->authorities */
	char *name;
	X509_STORE *store;
	STACK_OF(X509_NAME) * names; /* told to clients */
	uint32_t ncerts, ncrls;
	bool crl; /* named by crl-file */
};

enum tls_key_kind { TLS_KEY_RSA, TLS_KEY_ECDSA, TLS_KEY_DSA, TLS_KEY_KINDS };

/* A certificate in the service of a front or of a back: its context. */
struct tls_use {
	struct list by_cert; /* cert->users */
	struct list node;    /* front->uses; unused in a back */
	struct tls_cert *cert;
	struct tls_front *front; /* or NULL */
	struct tls_back *back;	 /* or NULL */
	SSL_CTX *ctx;
	const struct crt_line *line; /* of a crt-list; NULL: none */
	uint8_t kind;		     /* enum tls_key_kind */
	bool preset;
	uint32_t order;
};

/* One name of a front: exact, or for all direct and deeper children of a domain (wild: the part behind the star). */
struct tls_name {
	struct tls_name *next; /* of the same bucket */
	struct tls_use *use;
	bool wild, negative;
	uint16_t len;
	char text[];
};

enum { TLS_TICKET_KEYS = 3, TLS_OCSP_KEY_MAX = 512 };
struct tls_ticket_key {
	unsigned char name[16], aes[32], hmac[32];
	uint8_t size; /* of aes and hmac: 16 or 32 */
};
struct tls_tickets {
	struct list node; /* world->tickets */
	char *file;
	pthread_rwlock_t lock;
	struct tls_ticket_key keys[TLS_TICKET_KEYS];
	uint32_t current; /* encrypts; the others only decrypt */
	uint32_t id;
};

struct tls_front {
	struct list node; /* world->fronts */
	struct tls_world *world;
	const struct bind_conf *conf;
	SSL_CTX *initial; /* every connection starts with it */
	pthread_rwlock_t lock;
	struct tls_name **names;
	uint32_t nbuckets, nnames, nuses;
	struct list uses;
	struct tls_use *presets[TLS_KEY_KINDS]; /* for clients that name no host, by kind */
	struct tls_use *preset;			/* the first of them */
	bool strict;
	uint64_t ca_ignore[4], crt_ignore[4]; /* bits: verification errors to pass over */
	struct tls_tickets *tickets;
	struct crt_list **lists; /* that gave it certificates */
	uint32_t nlists;
	struct tls_generator *generator; /* generate-certificates, or NULL */
};

enum { TLS_BACK_SESSIONS = 64 };
struct tls_back {
	struct list node; /* world->backs */
	struct tls_world *world;
	const struct server_conf *conf;
	SSL_CTX *ctx;
	struct tls_use *use; /* our certificate, or NULL */
	pthread_mutex_t lock;
	struct {
		uint32_t sni; /* hash of the host name */
		SSL_SESSION *session;
	} sessions[TLS_BACK_SESSIONS]; /* by worker and host name */
	unsigned char *alpn;
	uint32_t alpn_len;
};

struct tls_world {
	struct model *model; /* retained */
	atomic_uint references; /* of its generation and of connections */
	struct out *messages;
	bool failed;
	BIO_METHOD *bio;
	struct list certs, authorities, fronts, backs, tickets, lists; /* lists: struct crt_list */
	struct list issuers; /* issuers.c */
	struct tls_phrases *phrases; /* passphrase.c, while it is loaded */
	pthread_rwlock_t lock;
	EVP_PKEY *dh;
	int bio_type;	/* numbers of the library, which go from one world to the next: there are not many. 0: none yet */
	int ctx_npn;	/* the same for NPN */
	int ctx_alpn;	/* SSL_CTX_get_ex_data(): protocols of the context */
	/* The transaction of the control socket: what `set ssl cert` prepared. */
	pthread_mutex_t cli; /* of whoever changes something */
	char *pending_cert_name;
	struct tls_pair *pending_cert;
	struct tls_authority *pending_ca, *pending_crl;
	struct list grave; /* certificates that were deleted: contexts of connections may still know them */
};

/* Of one connection: conn.transport_state. */
enum { TLS_READ_WAITS_WRITE = 1, TLS_HANDSHAKING = 2, TLS_RAW_EOF = 4, TLS_EARLY = 8, TLS_EARLY_READING = 16, TLS_NOTIFIED = 32 };
struct tls_conn {
	SSL *ssl;
	struct tls_world *world;
	struct tls_front *front;
	struct tls_back *back;
	uint32_t unsent; /* a write that was begun has to be repeated with at least so many bytes */
	uint64_t sent_at; /* worker->now of the last send, where tune.ssl.maxrecord is set */
	uint8_t bulk; /* full buffers that went out one after the other, as far as they are counted */
	bool cut;     /* the last send was not taken whole */
	uint32_t sni_hash;
	unsigned long error_code; /* of the library, for ssl_fc_err */
	int16_t ca_error, crt_error; /* X509_V_* of the first errors */
	uint8_t ca_depth;
	uint8_t flags;
	bool by_id;   /* the client's hello names a session that is not in a ticket */
	struct tls_load *load; /* of the process, that counts it; NULL: nobody does */
	struct tls_hello *hello; /* what was captured of the client's hello */
	struct tls_secrets *secrets;
	struct tls_bytes early; /* early data that nobody has read yet */
	size_t early_taken;
	X509 *refused; /* the client's certificate, when it was not accepted: the library forgets it */
	struct tls_early_out *early_out; /* early.c: to a server, until the handshake is complete; mostly NULL */
	void (*io_ready)(struct ev_loop *loop, ev_io *io, int revents); /* TLS_READ_WAITS_WRITE: the watcher's own */
};

static inline struct tls_conn *tls_conn_of(const struct conn *c)
{
	return c->transport_state;
}

#endif
