/* Targets whose input is a connection: a whole configuration plays inside the process (runtime/stage), the
 * input is what a client, or a server, sends. Pools keep nothing, so that AddressSanitizer sees every use of
 * what was given back. One thread. */
#ifndef LB_TESTS_FUZZ_STAGED_H
#define LB_TESTS_FUZZ_STAGED_H

#include "grammar/base/out.h"
#include "runtime/stage/stage.h"

/* A stage of this configuration (version 3.4), for the rest of the process: made once, never freed. */
struct stage *staged_new(const char *config);
/* A certificate and its key, made now: a path that this process can open. */
const char *staged_certificate(void);
/* A client comes to the n-th bind of the configuration, sends `bytes` in pieces of `step`, reads what it is
 * answered and leaves. What it read is appended to `answer`. Demands that nothing of it is left. */
void staged_client(struct stage *st, uint32_t bind, struct str bytes, size_t step, struct out *answer);
/* Servers of this stage send `bytes` to whoever connects, whatever they are asked, and end. Empty: they are
 * played as usual. */
void staged_server_says(struct stage *st, struct str bytes);

#endif
