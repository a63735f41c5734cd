/* Base64 (RFC 4648). No state, any thread. */
#ifndef LB_EVAL_BASE64_H
#define LB_EVAL_BASE64_H

#include "grammar/base/str.h"

/* Bytes that encoding `len` bytes takes, padding included. */
static inline size_t base64_size(size_t len)
{
	return (len + 2) / 3 * 4;
}

/* Decodes with padding, section 4. False when it is malformed or does not fit. out may be in.ptr. */
bool base64_decode(struct str in, char *out, size_t cap, size_t *len);
/* Decodes the URL-safe alphabet, section 5; padding may be absent. */
bool base64url_decode(struct str in, char *out, size_t cap, size_t *len);
/* Writes base64_size(in.len) bytes and returns how many. */
size_t base64_encode(struct str in, char *out);
/* The URL-safe alphabet without padding; at most base64_size(in.len) bytes. */
size_t base64url_encode(struct str in, char *out);

#endif
