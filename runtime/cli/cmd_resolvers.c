/* `show resolvers`, `show stat domain resolvers` (management guide, section 9.3). Any worker. */
#include "runtime/cli/cli_call.h"
#include "runtime/dns/dns.h"

void cmd_show_resolvers(struct cli_call *c)
{
	if (!dns_show(c->worker->process, c->words[2], c->out))
		cli_say(c, CLI_ERR, "Can't find that resolvers section");
}

/* Called by `show stat`. */
void cli_stat_resolvers(struct cli_call *c)
{
	if (!str_is(c->words[3], "resolvers"))
		cli_say(c, CLI_ERR, "Invalid statistics domain.");
	else
		dns_stat(c->worker->process, str_is(c->words[4], "typed"), c->out);
}
