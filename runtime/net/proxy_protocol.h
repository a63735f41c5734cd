/* The receiving side of the PROXY protocol, versions 1 and 2 (the specification is
 * haproxy.org/download/2.6/doc/proxy-protocol.txt; manual: bind option accept-proxy). Pure function, any
 * thread. */
#ifndef LB_NET_PROXY_PROTOCOL_H
#define LB_NET_PROXY_PROTOCOL_H

#include "runtime/eval/eval.h"

enum { PROXY_PROTOCOL_MAX = 4096 }; /* of a header; version 1 needs 107, the rest is for fields of version 2 */

/* Length of the header at the beginning of `data`, 0 when there is no complete and valid one. *src and *dst
 * become the addresses that it tells; they are left alone when it tells none (UNKNOWN, LOCAL). The sender has
 * to send the header at once. */
size_t proxy_protocol_parse(struct str data, union addr *src, union addr *dst);

#endif
