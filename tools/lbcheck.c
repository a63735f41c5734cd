/* lbcheck: judges configurations of HAProxy without running them. This file chooses the command; the others do
 * it with the compiling half alone. One thread. */
#include "tools/lbcheck.h"

#include <stdio.h>

struct command {
	const char *name;
	int (*run)(const struct lbcheck *l);
};

int main(int argc, char **argv)
{
	static const struct command commands[] = {
		{"check", lbcheck_check},
		{"explain", lbcheck_explain},
		{"features", lbcheck_features},
		{"dump", lbcheck_dump},
	};
	struct lbcheck l = {.program = "lbcheck"};
	int status = LBCHECK_USAGE;

	if (!lbcheck_options(&l, argc, argv, &status))
		return status;
	for (size_t i = 0; l.nargs && i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(l.args[0], commands[i].name) != 0)
			continue;
		l.args++;
		l.nargs--;
		return commands[i].run(&l);
	}
	return lbcheck_check(&l);
}
