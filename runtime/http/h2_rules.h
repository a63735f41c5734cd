/* What makes a head malformed (RFC 9113 section 8), beyond what nghttp2 sees to: it is told to leave messages
 * alone, for HAProxy accepts some that it would refuse (a request without authority, for one). */
#ifndef LB_HTTP_H2_RULES_H
#define LB_HTTP_H2_RULES_H

#include "runtime/http/h2.h"

/* A field as received, before it is looked at any closer. False: malformed. */
bool h2_field_is_good(const struct h2_head *head, struct str name, struct str value, bool trailers);
/* Pseudo-header fields of a complete head. */
bool h2_request_is_good(const struct h2_head *head);
/* The start line that they make: false is 400, not a malformed message. */
bool h2_start_is_good(const struct h2_head *head);
bool h2_response_is_good(const struct h2_head *head);
/* Content-Length: none, one, or several that agree; *length is UINT64_MAX without one. */
bool h2_length_is_good(struct http_msg *m, uint64_t *length);

#endif
