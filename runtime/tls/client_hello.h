/* A ClientHello or ServerHello as it lies in the bytes of a connection (RFC 8446 sections 4.1.2, 5.1; SSLv2 hellos too), for looking
 * without decrypting. Every byte is hostile. Pure functions, any thread. */
#ifndef LB_TLS_CLIENT_HELLO_H
#define LB_TLS_CLIENT_HELLO_H

#include "grammar/base/str.h"

enum hello_state {
	HELLO_NONE, /* this is none */
	HELLO_MORE, /* may become one */
	HELLO_DONE
};

/* Slices of the data. ptr NULL: there is no such extension. */
struct client_hello {
	uint32_t version; /* major << 16 | minor */
	struct str ciphers, sni, alpn /* list of length and name */, groups, sigalgs, keyshares, ticket;
	bool has_groups, has_ticket;
};

/* The message at the beginning of `data`. */
enum hello_state client_hello_parse(struct str data, struct client_hello *hello);
/* 1 a client's hello, 2 a server's, 0 none (yet). *more: bytes are missing for knowing. */
unsigned hello_type(struct str data, bool *more);

#endif
