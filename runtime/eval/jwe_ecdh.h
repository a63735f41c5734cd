/* Elliptic curves in encrypted JSON Web Tokens (RFC 7518 sections 4.6 and 6.2). */
#ifndef LB_EVAL_JWE_ECDH_H
#define LB_EVAL_JWE_ECDH_H

#include <jansson.h>
#include <openssl/evp.h>
#include <stdbool.h>

/* The key of `want` bytes (32 at most for wrapping, 64 for content) that the head of a token and our private key agree on; algorithm:
 * what it is for, "A128GCM" or "ECDH-ES+A128KW". False: none. Any thread. */
bool jwe_agree(const json_t *head, const char *algorithm, EVP_PKEY *own, unsigned char *out, size_t want);
/* jwk.c. A key of kty "EC" (P-256, P-384, P-521), the caller's then; with_private: it must have its private part. NULL: none. */
EVP_PKEY *jwk_ec_read(const json_t *jwk, bool with_private);

#endif
