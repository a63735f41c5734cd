/* SOCKS4 on the way to a server (manual, section 5.2, "socks4"; SOCKS4.protocol.txt): what is asked of the
 * relay, and what it says. Pure but for the socket of socks_answer(). */
#ifndef LB_BACKEND_SOCKS_H
#define LB_BACKEND_SOCKS_H

#include "runtime/net/conn.h"

enum { SOCKS_REQUEST = 16, SOCKS_ANSWER = 8 };

struct socks {
	uint8_t got;  /* bytes of the answer so far */
	uint8_t code; /* the second one: 90 means granted */
};

enum socks_verdict { SOCKS_WAIT, SOCKS_GRANTED, SOCKS_DENIED, SOCKS_BROKEN };

/* CONNECT to an address of IPv4, in HAProxy's name. False: of another family, which SOCKS4 does not know. */
bool socks_request(char request[SOCKS_REQUEST], const union addr *to);
/* Sends it on a fresh connection. False: it was not taken. */
bool socks_ask(struct conn *c, const union addr *to);
/* Reads what is there of the answer and not a byte behind it. */
enum socks_verdict socks_answer(struct conn *c, struct socks *s);

#endif
