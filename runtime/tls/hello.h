/* What a client said in its hello. Two ways to see it: captured during our own handshake (JA3 and its like), or
 * read from raw bytes without decrypting anything (req.ssl_*). */
#ifndef LB_TLS_HELLO_H
#define LB_TLS_HELLO_H

#include "grammar/base/str.h"

struct ssl_st;
struct tls_conn;

/* Captured; texts point behind the struct. Numbers of two bytes as on the wire, without their counts. */
struct tls_hello {
	uint16_t version;
	struct str ciphers, extensions, groups, formats, sigalgs, versions;
};
/* Keeps at most `size` bytes of the hello that is being handled; 0: nothing. Worker of the connection. */
void tls_hello_capture(struct tls_conn *tc, uint32_t size);

/* Secrets of a connection in hexadecimal (tune.ssl.keylog). */
enum tls_secret { SECRET_CLIENT_EARLY, SECRET_CLIENT_HANDSHAKE, SECRET_SERVER_HANDSHAKE, SECRET_CLIENT_TRAFFIC, SECRET_SERVER_TRAFFIC,
		  SECRET_EXPORTER, SECRET_EARLY_EXPORTER, SECRETS };
struct tls_secrets {
	char *text[SECRETS]; /* NULL: not seen */
};

#endif
