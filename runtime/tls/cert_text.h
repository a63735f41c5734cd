/* What certificates say, as text: for samples and for the control socket. Pure functions, any thread. */
#ifndef LB_TLS_CERT_TEXT_H
#define LB_TLS_CERT_TEXT_H

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "grammar/base/out.h"

enum { CERT_TEXT_MAX = 65536 };

/* "/C=FR/O=Example/CN=host" */
bool cert_name_oneline(const X509_NAME *name, struct out *out);
/* "CN=host,O=Example,C=FR" (RFC 2253) */
bool cert_name_rfc2253(const X509_NAME *name, struct out *out);
/* The n-th value of one kind ("CN"), from 1; from the end when n is negative. False: there is none. */
bool cert_name_entry(const X509_NAME *name, struct str kind, int n, struct out *out);
/* "DNS:a, DNS:b". False: none. */
bool cert_alternatives(X509 *x, const char *between, struct out *out);
/* The authority at the end of the verified chain, borrowed; NULL: none. */
X509 *cert_root(SSL *ssl);

#endif
