/* The runtime API on `stats socket`: commands by table (management manual, section 9.3). A CLI session lives on the worker that accepted it. */
#ifndef LB_CLI_CLI_H
#define LB_CLI_CLI_H

#include <stdio.h>

#include "runtime/net/listener.h"

/* listener->accept for stats sockets. */
void cli_accept(struct worker *w, struct listener *l, int fd, const union addr *from);
/* Ends every CLI session of this worker, and every transfer of sockets (stop). On the worker. */
void cli_close_all(struct worker *w);
/* What `show pools` prints, for SIGQUIT. Any thread. */
void cli_dump_pools(struct process *p, FILE *to);

#endif
