/* OCSP responses fetched by ourselves (manual of 2.8 and later, "ocsp-update"; RFC 6960): which certificates want it, when, and
 * what came of it. */
#ifndef LB_TLS_OCSP_UPDATE_H
#define LB_TLS_OCSP_UPDATE_H

#include "runtime/tls/tls_state.h"

struct worker;
struct cli_visit;

/* HAProxy's numbers, shown by `show ssl ocsp-updates`. */
enum ocsp_status { OCSP_UPDATE_UNKNOWN, OCSP_UPDATE_OK, OCSP_UPDATE_HTTP, OCSP_UPDATE_TYPE, OCSP_UPDATE_CHECK, OCSP_UPDATE_INSERT,
		   OCSP_UPDATES };
const char *ocsp_status_text(enum ocsp_status status);

/* Of one certificate, under world->cli. */
struct tls_ocsp_state {
	int64_t next, last; /* seconds since 1970; 0: not yet */
	uint32_t successes, failures, failures_in_a_row;
	uint8_t status;
};

/* Does its configuration ask for updates, and can there be any (an issuer, a responder's address)? Under world->cli. */
bool tls_ocsp_wanted(const struct tls_cert *c);
/* When it is due; makes the state. NULL: no memory. Under world->cli. */
struct tls_ocsp_state *tls_ocsp_state_of(struct tls_cert *c);

/* On worker 0: begins, ends. */
void tls_ocsp_start(struct worker *w);
void tls_ocsp_stop(struct worker *w);
/* On worker 0, from the control socket: fetches the response of that certificate now; then the visit goes home with its text. */
void tls_ocsp_fetch_now(struct worker *w, struct cli_visit *v, const char *name);

#endif
