/* OCSP responses read for people and for clocks. Pure functions; any thread. */
#ifndef LB_TLS_OCSP_TEXT_H
#define LB_TLS_OCSP_TEXT_H

#include "grammar/base/out.h"
#include "runtime/tls/tls_state.h"

/* As `openssl ocsp -resp_text` prints it; nothing when it is none. */
void ocsp_put_response(struct out *o, const struct tls_bytes *der);
/* Seconds since 1970 at which it ends; 0: it does not say so, or there is none. */
int64_t ocsp_next_update(const struct tls_bytes *der);

#endif
