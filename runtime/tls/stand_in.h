/* A certificate in place of one that cannot be read. */
#ifndef LB_TLS_STAND_IN_H
#define LB_TLS_STAND_IN_H

#include "runtime/tls/tls.h"

/* Gives a front without certificates one of its own making; before any connection. True: it has it now. False:
 * it needs none, or memory is out. Main thread. */
bool tls_front_stand_in(struct tls_front *f);
/* False: not even a handshake can begin, for lack of a file of authorities, say. */
bool tls_front_works(const struct tls_front *f);

#endif
