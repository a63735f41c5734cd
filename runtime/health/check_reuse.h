/* Checks over connections of the pool (manual 3.4, "check-reuse-pool"). Inside the health checks; the check's
 * worker only. */
#ifndef LB_HEALTH_CHECK_REUSE_H
#define LB_HEALTH_CHECK_REUSE_H

#include "runtime/health/check_run.h"

/* May runs take connections of traffic, and leave theirs to it? */
bool check_reuses(struct check *k);
/* For a run that begins: true when k->conn stands already. Else k->conn is the one to open; *ready: with that
 * callback, unless the caller's own will do. */
bool check_reuse_begin(struct check *k, void (**ready)(struct conn *, int));
/* k->conn, just opened, is to speak HTTP/2: true when it is one of the pool now, k->conn a stream on it. Else
 * it is the run's, or (without memory) closed. */
bool check_reuse_h2(struct check *k);
/* The run lets go of k->conn; false: that is the check's own, and still open. */
bool check_reuse_end(struct check *k);
/* Nothing came from a connection that was taken: true when the run has begun again with a new one. */
bool check_reuse_again(struct check *k);
/* The next run may take one. */
void check_reuse_restart(struct check *k);
void check_reuse_free(struct check *k);
/* Where k->conn is a stream: sends k->request, as far as k->sent then says; false: broken. Like conn_recv(),
 * into k->in in HTTP/1. */
bool check_reuse_send(struct check *k);
ssize_t check_reuse_receive(struct check *k);

#endif
