/* The PROXY protocol's headers, version 1 and 2 (the protocol's specification, sections 2.1 and 2.2): who the
 * client is and which address it connected to. Pure; any thread. */
#ifndef LB_BACKEND_PROXY_HEADER_H
#define LB_BACKEND_PROXY_HEADER_H

#include "runtime/eval/eval.h"

enum { PROXY_HEADER_MAX = 128, PROXY_FIELDS_MAX = 2048 };

/* Length of the header written. Families other than IPv4 and IPv6, and unknown addresses (NULL), give UNKNOWN.
 * IPv4 and IPv6 together are both written as IPv6. */
size_t proxy_header_v1(char header[PROXY_HEADER_MAX], const union addr *src, const union addr *dst);
/* The connection is the proxy's own (a health check): version 2, command LOCAL. */
size_t proxy_header_local(char header[PROXY_HEADER_MAX]);
size_t proxy_header_v2(char header[PROXY_HEADER_MAX], const union addr *src, const union addr *dst);
/* The same with fields (TLV) behind the addresses, and before them a checksum over all of it if wanted. */
size_t proxy_header_fields(char header[PROXY_HEADER_MAX + PROXY_FIELDS_MAX], const union addr *src, const union addr *dst,
			   struct str fields, bool checksum);
/* Appends one field; unchanged when it does not fit. The new length. */
size_t proxy_field_put(char *out, size_t len, size_t cap, unsigned type, struct str value);

#endif
