/* Counters of one listening socket, for frontends with `option socket-stats` (management manual, section 9.1): those of a frontend
 * once more, of which sockets use what their rows show. They belong to the listener, and on a reload to the one that follows it. */
#ifndef LB_STATS_SOCKET_COUNTERS_H
#define LB_STATS_SOCKET_COUNTERS_H

#include "runtime/stats/counters.h"

struct socket_counters;

/* At zero, with one owner. NULL: no memory. Main thread. */
struct socket_counters *socket_counters_new(uint32_t nworkers);
/* One owner more. Main thread, or isolated (core/isolation.h), as the next. */
struct socket_counters *socket_counters_share(struct socket_counters *c);
/* One owner less; the last one frees them. c may be NULL. */
void socket_counters_drop(struct socket_counters *c);
/* This worker's own, writable ones. NULL when c is: nobody asked for them. */
struct fe_counters *socket_counters_of(struct socket_counters *c, uint32_t worker);
/* A connection is there, which counts here and in the peak of this worker; it is gone. Not what the listener reserves: a
 * worker does that before it knows that somebody wants to come. */
void socket_counters_enter(struct socket_counters *c, uint32_t worker);
void socket_counters_leave(struct socket_counters *c);
/* It goes on at another socket after a reload. Each may be NULL, and both the same. */
void socket_counters_move(struct socket_counters *from, struct socket_counters *to, uint32_t worker);
/* How many are there. Any thread. */
uint32_t socket_counters_open(const struct socket_counters *c);
/* As counters_fe_sum(). Any thread. */
void socket_counters_sum(const struct socket_counters *c, struct fe_counters *sum);
/* As counters_clear(): on that worker. */
void socket_counters_clear(struct socket_counters *c, uint32_t worker, bool all);

#endif
