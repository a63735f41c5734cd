/* Threads beside the workers that nobody waits for: what may block (a resolver, a request of our own) has one.
 */
#ifndef LB_CORE_THREAD_H
#define LB_CORE_THREAD_H

#include <stdbool.h>

/* Runs fn(arg) on a thread of its own, which ends by itself. False: there is none, fn will not be called. Any
 * thread. */
bool thread_detached(void *(*fn)(void *arg), void *arg);

#endif
