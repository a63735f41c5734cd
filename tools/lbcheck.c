/* lbcheck: judges configurations of HAProxy without running them. This file chooses the command; the others do
 * it with liblbconf alone. One thread. */
#include "tools/lbcheck.h"

#include <string.h>

struct command {
	const char *name;
	int (*run)(const struct lbcheck *l);
};

static int command_run(struct lbcheck *l)
{
	static const struct command commands[] = {
		{"check", lbcheck_check},       {"explain", lbcheck_explain}, {"dump", lbcheck_dump},
		{"fmt", lbcheck_fmt},           {"diff", lbcheck_diff},       {"features", lbcheck_features},
		{"graph", lbcheck_graph},       {"lsp", lbcheck_lsp},         {"order", lbcheck_order},
		{"simulate", lbcheck_simulate}, {"trace", lbcheck_trace},     {"test", lbcheck_test},
	};

	for (size_t i = 0; l->nargs && i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(l->args[0], commands[i].name) != 0)
			continue;
		l->args++;
		l->nargs--;
		return commands[i].run(l);
	}
	return lbcheck_check(l);
}

int main(int argc, char **argv)
{
	struct lbcheck l = {.program = "lbcheck", .options = lbconf_options_new()};
	int status = LBCHECK_USAGE;

	if (l.options && lbcheck_options(&l, argc, argv, &status))
		status = command_run(&l);
	lbconf_options_free(l.options);
	return status;
}
