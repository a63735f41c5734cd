/* Socket options that listeners and outgoing connections set alike. True: set; false: not, see errno. Any
 * thread. */
#ifndef LB_NET_SOCKOPT_H
#define LB_NET_SOCKOPT_H

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "grammar/base/str.h"

static inline bool sockopt_int(int fd, int level, int option, int value)
{
	return !setsockopt(fd, level, option, &value, sizeof(value));
}

/* Buffers of the kernel in bytes, as far as it lets us; 0: as they are. */
static inline void sockopt_buffers(int fd, uint32_t receive, uint32_t send)
{
	if (receive)
		sockopt_int(fd, SOL_SOCKET, SO_RCVBUF, (int)receive);
	if (send)
		sockopt_int(fd, SOL_SOCKET, SO_SNDBUF, (int)send);
}

/* Addresses that this machine does not have (ip(7): IP_TRANSPARENT). */
static inline bool sockopt_transparent(int fd, int family)
{
	return family == AF_INET ? sockopt_int(fd, SOL_IP, IP_TRANSPARENT, 1)
				 : sockopt_int(fd, SOL_IPV6, IPV6_TRANSPARENT, 1);
}

/* This device only (socket(7): SO_BINDTODEVICE). */
static inline bool sockopt_device(int fd, struct str name)
{
	return !setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name.ptr, (socklen_t)name.len);
}

/* Packets to and from an address are signed with this password (tcp(7): TCP_MD5SIG, RFC 2385). */
static inline bool sockopt_md5sig(int fd, const struct sockaddr *to, socklen_t len, struct str password)
{
	struct tcp_md5sig sig = {
		.tcpm_keylen =
			(uint16_t)(password.len < TCP_MD5SIG_MAXKEYLEN ? password.len : TCP_MD5SIG_MAXKEYLEN)};

	memcpy(&sig.tcpm_addr, to, len < sizeof(sig.tcpm_addr) ? len : sizeof(sig.tcpm_addr));
	memcpy(sig.tcpm_key, password.ptr, sig.tcpm_keylen);
	return !setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &sig, sizeof(sig));
}

/* The same for whoever connects to a listening socket of this family. */
static inline bool sockopt_md5sig_any(int fd, int family, struct str password)
{
	struct tcp_md5sig sig = {
		.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX,
		.tcpm_keylen =
			(uint16_t)(password.len < TCP_MD5SIG_MAXKEYLEN ? password.len : TCP_MD5SIG_MAXKEYLEN)};

	sig.tcpm_addr.ss_family = (sa_family_t)family;
	memcpy(sig.tcpm_key, password.ptr, sig.tcpm_keylen);
	return !setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG_EXT, &sig, sizeof(sig));
}

#endif
