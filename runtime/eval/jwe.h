/* Encrypted JSON Web Tokens (RFC 7516, compact form; algorithms of RFC 7518 sections 4 and 5). */
#ifndef LB_EVAL_JWE_H
#define LB_EVAL_JWE_H

#include <openssl/evp.h>

#include "grammar/base/str.h"

/* What decrypts: a secret, or a private key. */
struct jwe_key {
	struct str secret;
	EVP_PKEY *pkey; /* or NULL */
};

enum { JWE_CEK_MAX = 64 };

/* Which algorithms may be used: names between commas; empty: all but RSA1_5 (RFC 8725 section 3.2). */
struct jwe_allowed {
	struct str algs, encs;
};

/* The plain text of `token`, into `room` of token.len bytes; false: it is none, or not for this key. Any thread. */
bool jwe_decrypt(struct str token, const struct jwe_key *key, const struct jwe_allowed *allowed, char *room, size_t *len);
/* A JSON Web Key (RFC 7517) with a secret ("oct", into `room` of jwk.len bytes) or a private key ("RSA", "EC"; key->pkey is the
 * caller's then). False: neither. Any thread. */
bool jwe_key_read(struct str jwk, char *room, struct jwe_key *key);

#endif
