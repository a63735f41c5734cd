/* Isolation: everything stands still while one worker changes what all of them use without locks (tables of
 * servers, arrays of counters). Worker 0 asks the others to park in their mailboxes, runs a function alone and
 * lets them go on; it takes as long as their current turns of the loop and is meant for rare commands of
 * operators. */
#ifndef LB_CORE_ISOLATION_H
#define LB_CORE_ISOLATION_H

#include <stdbool.h>

struct worker;
struct process;
struct isolation;

/* Of a process whose workers are about to start. NULL: no memory. Main thread. */
struct isolation *isolation_new(void);
void isolation_free(struct isolation **i);
/* Runs fn(worker 0, arg) while all other workers are parked. Messages that were posted before have been run by
 * then. False: the process ends, nothing was run. Worker 0 only, from its loop, holding no lock. */
bool isolation_run(struct worker *w, void (*fn)(struct worker *w, void *arg), void *arg);
/* The worker's loop is over: it parks no more. Returns when no isolated function runs. On the worker. */
void isolation_leave(struct worker *w);

#endif
