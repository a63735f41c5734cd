/* Commands on dynamic cookies (management manual, section 9.3): their key, and whether a backend has them. */
#include "runtime/backend/dynamic_cookie.h"
#include "runtime/cli/cli_call.h"

static struct proxy *find_backend(struct cli_call *c)
{
	struct proxy *px = c->words[3].len ? cli_backend(c, 3) : NULL;

	if (!c->words[3].len)
		cli_say(c, CLI_ERR, "A backend name is expected.");
	else if (!px)
		cli_say(c, CLI_ERR, "No such backend.");
	return px;
}

void cmd_set_dynamic_key(struct cli_call *c)
{
	struct proxy *px = find_backend(c);

	if (!px)
		return;
	if (!c->words[4].len)
		cli_say(c, CLI_ERR, "String value expected.");
	else if (!dynamic_cookie_set_key(px, c->words[4]))
		cli_say(c, CLI_ERR, "Failed to allocate memory.");
}

void cmd_enable_dynamic(struct cli_call *c)
{
	struct proxy *px = find_backend(c);

	if (px)
		dynamic_cookies_enable(px, true);
}

void cmd_disable_dynamic(struct cli_call *c)
{
	struct proxy *px = find_backend(c);

	if (px)
		dynamic_cookies_enable(px, false);
}
