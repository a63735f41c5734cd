/* Between the parts of lbcheck: what the command line said, and the commands. All of them stand on liblbconf's
 * public header. One thread. */
#ifndef LB_TOOLS_LBCHECK_H
#define LB_TOOLS_LBCHECK_H

#include "grammar/lbconf.h"

enum { LBCHECK_CLEAN = 0, LBCHECK_ERRORS = 1, LBCHECK_USAGE = 2 };
enum lbcheck_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct lbcheck {
	const char *program;
	const char *format; /* "text", "json" ... */
	enum lbcheck_color color;
	struct lbconf_options *options;
	bool fix, unsafe, diff, check, json;
	bool tap, junit, coverage; /* of test */
	const char *oracle;        /* path of a HAProxy, or NULL */
	int fail_under;            /* percent of coverage; -1: any will do */
	const char *view; /* of dump: "tree", "model", "effective", "program"; NULL: as usual */
	uint32_t max_errors;
	const char *svg;    /* of simulate: where the picture goes, or NULL */
	const char *config, *backend;
	char lines[4096];   /* of simulate: lines of the scenario from the command line */
	const char *const *args; /* behind the options */
	size_t nargs;
	int rest; /* how many of them stand behind `--`, or belong to the request of `trace` */
};

/* Reads the options into `l`; false: usage, which was reported on standard error, or `*status` is what to exit
 * with. */
bool lbcheck_options(struct lbcheck *l, int argc, char **argv, int *status);
/* Colour on this stream: flag, FORCE_COLOR, NO_COLOR, CLICOLOR_FORCE, terminal. */
bool lbcheck_color(const struct lbcheck *l, int fd);
/* Loads the files of the command line, or standard input for a single `-`. NULL: that could not be done, which
 * was reported. */
struct lbconf *lbcheck_load(const struct lbcheck *l);
/* The same for some of the arguments. */
struct lbconf *lbcheck_load_args(const struct lbcheck *l, const char *const *args, size_t n);
/* Diagnostics in the chosen format, to standard error or, in forms for programs, to standard output; the exit
 * status. */
int lbcheck_report(const struct lbcheck *l, const struct lbconf *conf);
/* Prints a text of the library on standard output and gives it back. False, with a message, when there is none.
 */
bool lbcheck_print(struct lbconf_text *text);
/* No file was named: says so. True: usage. */
bool lbcheck_lacks_file(const struct lbcheck *l);
/* Writes the new texts of all files that change. False: at least one was not, which was reported. */
bool lbcheck_write(const struct lbconf *conf, const struct lbconf_fixes *fixes);

/* Commands: the exit status. */
int lbcheck_check(const struct lbcheck *l);
int lbcheck_fix(const struct lbcheck *l);
int lbcheck_explain(const struct lbcheck *l);
int lbcheck_features(const struct lbcheck *l);
int lbcheck_dump(const struct lbcheck *l);
int lbcheck_fmt(const struct lbcheck *l);
int lbcheck_diff(const struct lbcheck *l);
int lbcheck_graph(const struct lbcheck *l);
int lbcheck_order(const struct lbcheck *l);
int lbcheck_program(const struct lbcheck *l);
int lbcheck_lsp(const struct lbcheck *l);
int lbcheck_simulate(const struct lbcheck *l);
int lbcheck_trace(const struct lbcheck *l);
/* How many words an option of a request takes, itself included; 0: it is none. */
int lbcheck_trace_words(const char *word);
int lbcheck_test(const struct lbcheck *l);

#endif
