/* The command line of lbcheck. */
#include "config.h"

#include "tools/lbcheck.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

enum {
	OPT_FORMAT = 256,
	OPT_COLOR,
	OPT_FIX,
	OPT_UNSAFE,
	OPT_DIFF,
	OPT_COMPAT,
	OPT_STRICT,
	OPT_OFFLINE,
	OPT_MAX,
	OPT_CHECK,
	OPT_JSON,
	OPT_TREE,
	OPT_MODEL,
	OPT_EFFECTIVE,
	OPT_PROGRAM,
	OPT_DOT,
	OPT_STDIO,
	OPT_SVG,
	OPT_LINE,
	OPT_ALGORITHM,
	OPT_CONFIG,
	OPT_BACKEND,
	OPT_TAP,
	OPT_JUNIT,
	OPT_COVERAGE,
	OPT_FAIL_UNDER,
	OPT_ORACLE,
	OPT_MERMAID,
	OPT_HELP,
	OPT_VERSION
};

static const struct option long_options[] = {
	{"format", required_argument, NULL, OPT_FORMAT},
	{"color", required_argument, NULL, OPT_COLOR},
	{"colour", required_argument, NULL, OPT_COLOR},
	{"fix", no_argument, NULL, OPT_FIX},
	{"unsafe", no_argument, NULL, OPT_UNSAFE},
	{"diff", no_argument, NULL, OPT_DIFF},
	{"compat", required_argument, NULL, OPT_COMPAT},
	{"strict-env", no_argument, NULL, OPT_STRICT},
	{"offline", no_argument, NULL, OPT_OFFLINE},
	{"max-errors", required_argument, NULL, OPT_MAX},
	{"check", no_argument, NULL, OPT_CHECK},
	{"json", no_argument, NULL, OPT_JSON},
	{"tree", no_argument, NULL, OPT_TREE},
	{"model", no_argument, NULL, OPT_MODEL},
	{"effective", no_argument, NULL, OPT_EFFECTIVE},
	{"program", no_argument, NULL, OPT_PROGRAM},
	{"dot", no_argument, NULL, OPT_DOT},
	{"mermaid", no_argument, NULL, OPT_MERMAID},
	{"stdio", no_argument, NULL, OPT_STDIO},
	{"svg", required_argument, NULL, OPT_SVG},
	{"line", required_argument, NULL, OPT_LINE},
	{"algorithm", required_argument, NULL, OPT_ALGORITHM},
	{"config", required_argument, NULL, OPT_CONFIG},
	{"backend", required_argument, NULL, OPT_BACKEND},
	{"tap", no_argument, NULL, OPT_TAP},
	{"junit", no_argument, NULL, OPT_JUNIT},
	{"coverage", no_argument, NULL, OPT_COVERAGE},
	{"fail-under", required_argument, NULL, OPT_FAIL_UNDER},
	{"oracle", required_argument, NULL, OPT_ORACLE},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
	{NULL, 0, NULL, 0},
};

static const char help[] =
	"usage: lbcheck [check] [options] FILE|DIRECTORY...\n"
	"       lbcheck explain CODE|KEYWORD...|FILE:LINE [FILE...]\n"
	"       lbcheck dump [--tree|--model|--effective|--program] [--json] [options] FILE...\n"
	"       lbcheck fmt [--check|--diff] FILE...\n"
	"       lbcheck diff [--json] [options] OLD NEW\n"
	"       lbcheck graph [--dot|--mermaid] [options] FILE...\n"
	"       lbcheck order [options] PROXY FILE...\n"
	"       lbcheck simulate [--svg=FILE] [--json] [options] [SCENARIO]\n"
	"       lbcheck trace [options] FILE... 'GET URL' [-H 'Name: value'] [--src IP] ...\n"
	"       lbcheck test [--tap|--junit] [--coverage] [--fail-under=N] [--oracle=PATH]\n"
	"                    [options] SUITE...\n"
	"       lbcheck lsp [options]\n"
	"       lbcheck features\n"
	"\n"
	"Checks configurations of HAProxy, all files together as one. `-` is standard input.\n"
	"`lbcheck fmt` lays files out anew, `lbcheck diff` says what a reload would change.\n"
	"`lbcheck graph` draws it, `lbcheck lsp` is a language server for editors.\n"
	"`lbcheck order` shows the lines of a proxy as a request meets them, `lbcheck trace`\n"
	"what becomes of one request, and why; `lbcheck test` plays suites of requests with\n"
	"what is expected of them.\n"
	"`lbcheck simulate` compares ways of balancing; lbcheck(1) describes scenarios.\n"
	"\n"
	"  --format=text|json|sarif|github|gcc|haproxy\n"
	"                              how to show what was found (text)\n"
	"  --color=auto|always|never   colours (auto: when standard error is a terminal)\n"
	"  --compat=2.6|2.8|3.0|3.2|3.4\n"
	"                              the version of HAProxy whose verdict counts (3.4, or $LBD_COMPAT)\n"
	"  --strict-env                missing files, users and host names are errors\n"
	"  --offline                   do not look for files, users and host names at all\n"
	"  --max-errors=N              show at most N findings (50; 0: all)\n"
	"  -WCLASS, -Wno-CLASS         switch a class of warnings on or off (see below)\n"
	"  -Werror[=CLASS]             warnings [of a class] are errors\n"
	"  --fix                       repair what is certain, in the files\n"
	"  --unsafe                    with --fix: also what is only likely\n"
	"  --diff                      with --fix and fmt: show the changes, leave the files alone\n"
	"  --check                     with fmt: name the files that would change\n"
	"  --svg=FILE                  with simulate: draws the results\n"
	"  --config=FILE [--backend=NAME]\n"
	"                              with simulate: servers and algorithm from a configuration\n"
	"  --algorithm=WORDS           with simulate: compare this one, too\n"
	"  --line=LINE                 with simulate: a line of the scenario\n"
	"  -H FIELD, --src=ADDRESS, --dst=ADDRESS, --bind=FRONTEND[:PORT], --body=TEXT|@FILE,\n"
	"  --var=NAME=VALUE, --at=TIME, --state=BACKEND/SERVER=STATE, --reply=STATUS, --log-line=LINE,\n"
	"  --why-not=BACKEND, --batch  with trace: the request and its world; raw requests come from\n"
	"                              standard input\n"
	"  --tap, --junit              with test: how to report\n"
	"  --coverage                  with test: the rules and conditions that no request covers\n"
	"  --fail-under=N              with test: fail when less than N percent are covered\n"
	"  --oracle=PATH               with test: compare with a real HAProxy\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 no errors (warnings perhaps), 1 errors, or differences, 2 usage.\n";

static void print_classes(void)
{
	const char *name, *summary;
	bool on;

	puts("\nClasses of warnings:");
	for (size_t i = 0; (name = lbconf_class(i, &summary, &on)); i++)
		printf("  %-19s%s%s\n", name, summary, on ? "" : " (off unless asked for)");
}

static bool choose(const char *value, const char *const *names, int *number)
{
	for (int i = 0; names[i]; i++) {
		if (strcmp(value, names[i]) == 0) {
			*number = i;
			return true;
		}
	}
	return false;
}

static bool option_number(const char *value, uint32_t *number)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || errno || n > UINT32_MAX)
		return false;
	*number = (uint32_t)n;
	return true;
}

static bool option_percent(const char *value, int *percent)
{
	uint32_t n;

	if (!option_number(value, &n) || n > 100)
		return false;
	*percent = (int)n;
	return true;
}

/* "tree" for OPT_TREE: views are called as their options are. */
static const char *option_name(int option)
{
	const struct option *o = long_options;

	while (o->name && o->val != option)
		o++;
	return o->name;
}

/* A line more of the scenario, or more words of the last one. False: no room. */
static bool line_add(struct lbcheck *l, const char *before, const char *text)
{
	size_t used = strlen(l->lines);
	int n = snprintf(l->lines + used, sizeof(l->lines) - used, "%s%s", before, text);

	return n >= 0 && (size_t)n < sizeof(l->lines) - used;
}

/* Options of simulate: all but the picture are lines of its scenario. */
static bool option_simulate(struct lbcheck *l, int option, const char *value)
{
	switch (option) {
	case OPT_SVG:
		l->svg = value;
		return true;
	case OPT_LINE:
		return line_add(l, "\n", value);
	case OPT_ALGORITHM:
		return line_add(l, "\nalgorithm ", value);
	case OPT_CONFIG:
		l->config = value;
		return true;
	default:
		l->backend = value;
		return true;
	}
}

/* `config FILE [backend NAME]`, once both are known. */
static void option_config(struct lbcheck *l)
{
	if (!l->config)
		return;
	line_add(l, "\nconfig \"", l->config);
	line_add(l, "\"", "");
	if (l->backend)
		line_add(l, " backend ", l->backend);
}

/* Those of `lbcheck test`. */
static bool option_take_test(struct lbcheck *l, int option, const char *value)
{
	if (option == OPT_FAIL_UNDER)
		return option_percent(value, &l->fail_under);
	if (option == OPT_ORACLE)
		l->oracle = value;
	else if (option == OPT_COVERAGE)
		l->coverage = true;
	else {
		l->tap = option == OPT_TAP;
		l->junit = option == OPT_JUNIT;
	}
	return true;
}

/* One option; false when its value makes no sense. */
static bool option_take(struct lbcheck *l, int option, const char *value)
{
	static const char *const formats[] = {"text", "json", "haproxy", "sarif", "github", "gcc", NULL};
	static const char *const colors[] = {"auto", "always", "never", NULL};
	int i = 0;

	if (option >= OPT_SVG && option <= OPT_BACKEND)
		return option_simulate(l, option, value);
	if (option >= OPT_TAP && option <= OPT_ORACLE)
		return option_take_test(l, option, value);
	switch (option) {
	case OPT_FORMAT:
		if (!choose(value, formats, &i))
			return false;
		l->format = formats[i];
		return true;
	case OPT_COLOR:
		if (!choose(value, colors, &i))
			return false;
		l->color = (enum lbcheck_color)i;
		return true;
	case OPT_COMPAT:
		return lbconf_set_compat(l->options, value);
	case OPT_MAX:
		return option_number(value, &l->max_errors);
	case 'W':
		return lbconf_set_warning(l->options, value);
	case OPT_FIX:
		l->fix = true;
		return true;
	case OPT_UNSAFE:
		l->unsafe = true;
		return true;
	case OPT_DIFF:
		l->diff = true;
		return true;
	case OPT_STRICT:
		lbconf_set_strict_env(l->options, true);
		return true;
	case OPT_CHECK:
		l->check = true;
		return true;
	case OPT_JSON:
		l->json = true;
		return true;
	case OPT_TREE:
	case OPT_MODEL:
	case OPT_EFFECTIVE:
	case OPT_PROGRAM:
	case OPT_DOT:
	case OPT_MERMAID:
		l->view = option_name(option);
		return true;
	case OPT_STDIO: /* what editors pass to a language server; there is no other way */
		return true;
	default:
		lbconf_set_offline(l->options, true);
		return true;
	}
}

static void options_preset(struct lbcheck *l)
{
	const char *compat = getenv("LBD_COMPAT");

	lbconf_set_environ(l->options, (const char *const *)environ);
	l->format = "text";
	l->max_errors = 50;
	l->fail_under = -1;
	if (compat && *compat && !lbconf_set_compat(l->options, compat))
		fprintf(stderr, "lbcheck: LBD_COMPAT=%s is none of 2.6, 2.8, 3.0, 3.2, 3.4: ignored\n", compat);
}

/* "GET /x": a method, and something behind it. */
static bool is_request(const char *word)
{
	size_t len = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-");

	return len && word[len] == ' ' && access(word, F_OK) != 0;
}

/* The word behind `before` others comes first. */
static void words_turn(char **words, int before)
{
	char *word = words[before];

	memmove(words + 1, words, (size_t)before * sizeof(*words));
	words[0] = word;
}

/* How many of the words from argv[i] on belong to the request of `trace`. */
static int request_words(int argc, char **argv, int i)
{
	int n = is_request(argv[i]) ? 1 : lbcheck_trace_words(argv[i]);

	return n > argc - i ? argc - i : n;
}

/* How many words are ours; those behind `--` are the request's. With `trace` these may stand anywhere: they are
 * put behind ours, in their order. */
static int words_before_request(struct lbcheck *l, int argc, char **argv)
{
	bool traces = argc > 1 && strcmp(argv[1], "trace") == 0;
	int ours = 1, n;

	for (int i = 1; i < argc; i += n) {
		if (strcmp(argv[i], "--") == 0) {
			words_turn(argv + ours, i - ours);
			l->rest += argc - i - 1;
			return argc;
		}
		n = traces ? request_words(argc, argv, i) : 0;
		l->rest += n;
		if (!n) {
			words_turn(argv + ours, i - ours);
			ours++;
			n = 1;
		}
	}
	return argc - l->rest;
}

bool lbcheck_options(struct lbcheck *l, int argc, char **argv, int *status)
{
	int option, ours = words_before_request(l, argc, argv);

	options_preset(l);
	while ((option = getopt_long(ours, argv, "W:", long_options, NULL)) != -1) {
		if (option == OPT_HELP) {
			fputs(help, stdout);
			print_classes();
			*status = LBCHECK_CLEAN;
			return false;
		}
		if (option == OPT_VERSION) {
			puts("lbcheck " PACKAGE_VERSION);
			*status = LBCHECK_CLEAN;
			return false;
		}
		if (option == '?')
			fputs("try `lbcheck --help`\n", stderr);
		else if (!option_take(l, option, optarg))
			fprintf(stderr, "lbcheck: `%s` is no value of this option; try `lbcheck --help`\n",
				optarg);
		else
			continue;
		*status = LBCHECK_USAGE;
		return false;
	}
	option_config(l);
	l->args = (const char *const *)argv + optind;
	l->nargs = (size_t)(argc - optind);
	return true;
}

static bool env_is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

bool lbcheck_color(const struct lbcheck *l, int fd)
{
	const char *term = getenv("TERM");

	if (l->color != COLOR_AUTO)
		return l->color == COLOR_ALWAYS;
	if (env_is_set("FORCE_COLOR"))
		return true;
	if (env_is_set("NO_COLOR"))
		return false;
	if (env_is_set("CLICOLOR_FORCE"))
		return true;
	return isatty(fd) && term && strcmp(term, "dumb") != 0;
}
