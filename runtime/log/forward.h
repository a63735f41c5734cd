/* `log-forward`: receives log lines over UDP and TCP and passes them on (manual, section 3.10). */
#ifndef LB_LOG_FORWARD_H
#define LB_LOG_FORWARD_H

#include "runtime/net/listener.h"

struct forwards;
struct out;

/* Objects for the sections of the process's model; before listeners_open(). False when memory is out. Main
 * thread. */
bool forwards_init(struct process *p);
/* Binds the datagram sockets; messages as those of listeners_open(). Main thread. */
bool forwards_open(struct process *p, struct out *errors);
void forwards_free(struct process *p);
/* For listeners_open(): how many sections, and the frontend of one. */
uint32_t forwards_count(const struct process *p);
struct proxy *forwards_frontend(struct process *p, uint32_t i);
/* listener->accept of their TCP listeners. */
void forward_accept(struct worker *w, struct listener *l, int fd, const union addr *from);
/* Watches this worker's share of the datagram sockets; stops, and ends the connections. On the worker. */
void forwards_start(struct worker *w);
void forwards_unwatch(struct worker *w);
void forwards_stop(struct worker *w);
/* Messages received. Any thread. */
uint64_t forwards_received(const struct process *p);

#endif
