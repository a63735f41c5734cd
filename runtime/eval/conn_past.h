/* What is left of a connection to a server, for logs, when its stream has it no more: it did not come about, was closed, or went
 * back to those that wait for the next request. Owned by the stream's request (backend/connect_tls.c). */
#ifndef LB_EVAL_CONN_PAST_H
#define LB_EVAL_CONN_PAST_H

#include <stdbool.h>

struct tls_conn;
struct x509_st;

struct conn_past {
	struct tls_conn *tls; /* of one that was closed; NULL: none, or others have it */
	const char *why;      /* what was wrong: HAProxy's words; NULL: nothing */
	const char *version, *cipher; /* of one with TLS that was established; NULL: it was not */
	struct x509_st *cert;	      /* the server's, while others have the connection; NULL: see `tls` */
	bool resumed;
};

#endif
