/* Between the transport (conn_tls.c) and the handshake (handshake.c). */
#ifndef LB_TLS_CONN_TLS_H
#define LB_TLS_CONN_TLS_H

#include "runtime/tls/tls_inside.h"

extern const struct transport transport_tls;

/* type: a number of the library; 0: gets one. NULL: no memory. */
BIO_METHOD *tls_bio_new(int *type);
/* After a failed call: sets CONN_ERROR or errno EAGAIN; always -1. */
ssize_t tls_conn_failed(struct conn *c, int result);
/* If the library holds bytes, `ready` is called for them. */
void tls_conn_note_pending(struct conn *c);
/* Reading goes on when the socket can be written. */
void tls_watch_write(struct conn *c);
void tls_conn_free(struct tls_conn **tc);
/* handshake.c: it is complete. */
void tls_handshake_count(struct tls_conn *tc);
/* early.c: data that go with the hello; as transport.sendv. */
ssize_t tls_early_send(struct conn *c, struct str data);
void tls_early_free(struct tls_conn *tc);

#endif
