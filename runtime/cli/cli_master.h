/* The control socket of a master process (management manual, section 9.4): the master's CLI is the one of
 * workers with commands of its own, and passes what has a prefix on to a worker process over the socket pair
 * that both have. The program that is the master keeps the list of its children and gives functions here. Main
 * thread of the master. */
#ifndef LB_CLI_CLI_MASTER_H
#define LB_CLI_CLI_MASTER_H

#include "grammar/base/out.h"
#include "runtime/cli/cli.h"

struct cli_session;

struct cli_master {
	void *owner;
	bool reload_failed; /* the last one: told in the prompt */
	/* The worker of a prefix without its `@` ("1", "!1234"), and the socket pair that it listens on; 0:
	 * there is none. */
	pid_t (*find)(void *owner, struct str prefix);
	/* A connection to that worker: the socket, or -1. Non-blocking. */
	int (*connect)(void *owner, pid_t worker);
	void (*show_proc)(void *owner, struct out *out);
	/* Soon, once the answer is sent. reply: a descriptor that the report of the reload goes to, which it
	 * takes over; -1: none. hard: a new worker, whose predecessor ends at once. */
	void (*reload)(void *owner, int reply, bool hard);
};

/* A command of a master's session. True: it is for the master itself, to be run as usual (a prefix is cut off).
 * False: it is dealt with, or a relay is under way. */
bool cli_master_takes(struct cli_session *s, struct str *command);
/* What a session with `prompt` shows when it waits for a command. */
void cli_prompt(struct cli_session *s);

/* cli_relay.c: one command at a worker process. It is sent whole, its answer passed on as it comes, as fast as
 * the client takes it. */
bool cli_relay_start(struct cli_session *s, int fd, struct str command);
void cli_relay_want(struct cli_session *s, bool more); /* may it bring more? */
void cli_relay_free(struct cli_session *s);            /* harmless without one */

#endif
