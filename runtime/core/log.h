/* Logging: formats only when a target wants it, sends datagrams or writes without blocking, counts what was dropped. Each worker has its own
 * sockets and line buffer; the functions are called on the worker that they are given. */
#ifndef LB_CORE_LOG_H
#define LB_CORE_LOG_H

#include "runtime/eval/eval.h"

struct worker;
struct proxy;
struct process;

bool log_init(struct worker *w);
void log_free(struct worker *w);
/* The traffic log of a finished stream: the frontend's targets, format and level rules (dontlognull and friends are the caller's). */
void log_traffic(struct worker *w, struct proxy *frontend, struct eval *e);
/* An event of a proxy ("Server b/s is DOWN ...") to its targets, with the header of each format. level: RFC 5424. */
void log_event(struct worker *w, const struct proxy_conf *proxy, int level, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Before workers run and from the main thread: to the global targets. */
void log_global(struct process *p, int level, const char *format, ...) __attribute__((format(printf, 3, 4)));
uint64_t log_dropped(struct process *p);

#endif
