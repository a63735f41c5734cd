/* The receiving side of the PROXY protocol, versions 1 and 2 (the specification is
 * https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt). Pure; any thread. */
#ifndef LB_NET_PROXY_PROTOCOL_H
#define LB_NET_PROXY_PROTOCOL_H

#include "runtime/eval/eval.h"

enum { PROXY_PROTOCOL_MAX = 4096 }; /* of a header; version 1 needs 107, the rest is for fields of version 2 */

enum header_result {
	HEADER_DONE,
	HEADER_SHORT,     /* its beginning may be one, but there is no more */
	HEADER_FOREIGN,   /* something else */
	HEADER_BAD,
	HEADER_UNHANDLED, /* valid, of a protocol that is not TCP */
};

/* Kinds of fields (TLV) of version 2. */
enum pp2_type { PP2_ALPN = 1, PP2_AUTHORITY = 2, PP2_CRC32C = 3, PP2_NOOP = 4, PP2_UNIQUE_ID = 5, PP2_SSL = 0x20, PP2_NETNS = 0x30 };

/* A header at the beginning of `data`: its length, and the fields of version 2 (a slice of data, checked; else empty). *src and *dst change
 * unless it says that they are unknown; also when the fields are bad. */
enum header_result proxy_protocol_read(struct str data, union addr *src, union addr *dst, size_t *len, struct str *fields);

#endif
