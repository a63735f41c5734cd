/* Parts of `set server` (management manual): each answers for one of its words. Worker of the session. */
#ifndef LB_CLI_CMD_SERVER_H
#define LB_CLI_CMD_SERVER_H

#include "runtime/cli/cli_call.h"

/* `set server ... addr`, `check-addr` and `check-port` (management guide, section 9.3): the words of the call, an answer to each mistake. */
void cli_server_addr(struct cli_call *c, struct server *s);
/* agent: agent-addr, agent-port; else check-addr, check-port. */
void cli_server_check_addr(struct cli_call *c, struct server *s, bool agent);
void cli_server_check_port(struct cli_call *c, struct server *s, bool agent);
void cli_server_agent(struct cli_call *c, struct server *s);
void cli_server_agent_send(struct cli_call *c, struct server *s);

#endif
