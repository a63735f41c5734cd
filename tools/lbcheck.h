/* Between the parts of lbcheck: what the command line said, and the commands. One thread. */
#ifndef LB_TOOLS_LBCHECK_H
#define LB_TOOLS_LBCHECK_H

#include "grammar/base/out.h"
#include "grammar/load.h"
#include "grammar/policy.h"

enum { LBCHECK_CLEAN = 0, LBCHECK_ERRORS = 1, LBCHECK_USAGE = 2 };
enum lbcheck_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_HAPROXY, FORMAT_SARIF, FORMAT_GITHUB, FORMAT_GCC };
enum lbcheck_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct lbcheck {
	const char *program;
	enum lbcheck_format format;
	enum lbcheck_color color;
	struct load_options load;
	bool fix, unsafe, diff;
	uint32_t max_errors;
	struct policy policy;
	const char *const *args; /* behind the options */
	size_t nargs;
};

/* Reads the options into `l`; false: usage, which was reported on standard error, or `*status` is what to exit
 * with. */
bool lbcheck_options(struct lbcheck *l, int argc, char **argv, int *status);
/* Colour on this stream: flag, FORCE_COLOR, NO_COLOR, CLICOLOR_FORCE, terminal. */
bool lbcheck_color(const struct lbcheck *l, int fd);
/* Leaves out what -W or a comment switched off, and makes errors of what -W made so. */
void lbcheck_filter(const struct lbcheck *l, struct loaded *loaded);
/* Loads the files of the command line, or standard input for a single `-`. NULL: out of memory, which was
 * reported. */
struct loaded *lbcheck_load(const struct lbcheck *l);
/* Diagnostics in the chosen format, to standard error or, in forms for programs, to standard output; the exit
 * status. */
int lbcheck_report(const struct lbcheck *l, struct loaded *loaded);

/* Commands: the exit status. */
int lbcheck_check(const struct lbcheck *l);
int lbcheck_fix(const struct lbcheck *l);
int lbcheck_explain(const struct lbcheck *l);
int lbcheck_features(const struct lbcheck *l);
int lbcheck_dump(const struct lbcheck *l);

#endif
