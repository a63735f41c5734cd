/* Backends of mode log: servers among which log lines are shared (manual of 3.x, "mode log", "balance", log target
 * "backend@"). Servers with datagram addresses get datagrams, others a ring and a connection each. */
#ifndef LB_LOG_LOG_BACKEND_H
#define LB_LOG_LOG_BACKEND_H

#include "grammar/model.h"

struct process;
struct worker;
struct logger;
struct iovec;

/* For the process's generation; before workers run. False when memory is out. Main thread. */
bool log_backends_init(struct process *p);
void log_backends_free(struct process *p);
/* Connections to stream servers. Worker 0. */
void log_backends_start(struct worker *w);
void log_backends_stop(struct worker *w);
/* One line to one server of the target's backend. 0, or an errno: EHOSTDOWN when no server is usable, EAGAIN when the
 * server's buffer is full. On the worker whose logger it is. */
int log_backend_send(struct process *p, struct logger *l, const struct log_target *t, struct str head, struct str text);

#endif
