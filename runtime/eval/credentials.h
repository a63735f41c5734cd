/* What an Authorization field says, as HAProxy reads it (RFC 9110, section 11.4; RFC 7617). Slices of the
 * input; no state, any thread. */
#ifndef LB_EVAL_CREDENTIALS_H
#define LB_EVAL_CREDENTIALS_H

#include "runtime/eval/message.h"
#include "runtime/eval/scratch.h"

/* Scheme and what follows it, out of the first element of the field's list. They are parted by blanks, and a
 * tab is none. False if one of them is missing, or without a field (NULL). */
bool credentials_split(const struct http_hdr *field, struct str *scheme, struct str *rest);
/* Whether the scheme is that one. HAProxy takes any beginning of its name for it: `B` is Basic, `Be` is Bearer.
 */
bool credentials_are(struct str scheme, struct str name);
/* Name and password of basic authentication, decoded into scratch memory. They end at a NUL. */
bool credentials_basic(struct scratch *s, const struct http_hdr *field, struct str *user, struct str *password);

#endif
