/* `renew`, which is not shown: how a master asks its worker to take over another configuration in the same
 * process (reload/renew.h). The first line of the answer says what came of it. */
#include "runtime/cli/cli_call.h"
#include "runtime/reload/renew.h"

static void visit_begin(struct worker *w, struct cli_visit *v)
{
	struct renewal *r = w->process->renewal;

	r->begin(r, w, v);
}

void cmd_renew(struct cli_call *c)
{
	struct cli_visit v = {.fn = visit_begin, .waits = true};

	if (c->process->renewal)
		cli_visit(c, &v);
	else
		cli_unknown(c);
}
