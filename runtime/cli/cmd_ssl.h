/* Shared by the commands about TLS: cmd_ssl.c, cmd_ssl_ca.c, cmd_ssl_list.c, cmd_ssl_other.c. */
#ifndef LB_CLI_CMD_SSL_H
#define LB_CLI_CMD_SSL_H

#include <openssl/x509.h>

#include "runtime/cli/cli_call.h"

struct tls_world;

/* The world of the session's generation, with its `cli` lock held until cli_tls_end(). */
struct tls_world *cli_tls_begin(struct cli_call *c);
void cli_tls_end(struct tls_world *w);
/* One name a line, sorted. */
void cli_tls_list(struct out *o, const char **names, uint32_t n);
/* Serial number, dates, names ... of one certificate. */
void cli_tls_put_cert(struct out *o, X509 *x);
/* Is word 3 what the transaction is about? Else says so; verb: NULL for `commit`. */
bool cli_tls_transaction_is(struct cli_call *c, const char *pending, const char *verb);

#endif
