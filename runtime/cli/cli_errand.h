/* A change that worker 0 makes while everything stands still, for a command of whichever worker; the answer
 * comes home. */
#ifndef LB_CLI_CLI_ERRAND_H
#define LB_CLI_CLI_ERRAND_H

#include "runtime/cli/cli_call.h"

/* First member of what travels. */
struct cli_errand {
	/* Isolated (core/isolation.h), in the generation that the command began in. False: `error` says why
	 * not. */
	bool (*change)(struct worker *w, struct cli_errand *e);
	/* At home: the whole answer. */
	void (*answer)(struct cli_visit *v, struct cli_errand *e);
	/* What it owns; NULL: nothing. */
	void (*free)(struct cli_errand *e);
	struct out error;
	bool ok;
};

/* Copies `size` bytes of *e, which then own what e did, also when it fails: then a message was given. */
void cli_errand_send(struct cli_call *c, const struct cli_errand *e, size_t size);

#endif
