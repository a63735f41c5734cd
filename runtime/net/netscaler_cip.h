/* NetScaler Client IP insertion: a header with copies of the client's IP and TCP headers (netscaler-client-ip-insertion-protocol.txt). Every
 * byte is hostile. Pure; any thread. */
#ifndef LB_NET_NETSCALER_CIP_H
#define LB_NET_NETSCALER_CIP_H

#include "runtime/net/proxy_protocol.h"

/* As proxy_protocol_read(), with HEADER_FOREIGN for another magic number. */
enum header_result netscaler_cip_read(struct str data, uint32_t magic, union addr *src, union addr *dst, size_t *len);

#endif
