/* `lbcheck explain` and `lbcheck features`: what the tables know, and what a line does. */
#include "tools/lbcheck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_LEN = 512 };

/* "haproxy.cfg:12", when there is such a file: its name to `file`. */
static uint32_t place_split(const char *arg, char *file, size_t size)
{
	const char *colon = strrchr(arg, ':');
	char *end;
	unsigned long line;

	if (!colon || colon == arg || (size_t)(colon - arg) >= size || colon[1] < '1' || colon[1] > '9')
		return 0;
	line = strtoul(colon + 1, &end, 10);
	memcpy(file, arg, (size_t)(colon - arg));
	file[colon - arg] = '\0';
	return *end || line > UINT32_MAX || access(file, F_OK) != 0 ? 0 : (uint32_t)line;
}

/* Further arguments are the other files of the configuration. */
static int explain_line(const struct lbcheck *l, const char *file, uint32_t line)
{
	const char *paths[NAME_LEN] = {file};
	size_t n = 1;
	struct lbconf_text text;
	struct lbconf *conf;

	for (size_t i = 1; i < l->nargs && n < NAME_LEN; i++)
		paths[n++] = l->args[i];
	conf = lbcheck_load_args(l, paths, n);
	if (!conf)
		return LBCHECK_ERRORS;
	text = lbconf_explain_line(conf, file, line);
	if (text.text && !text.len) {
		fprintf(stderr, "lbcheck: no statement that counts is on line %u of `%s`\n", line, file);
		lbconf_text_free(&text);
		lbconf_free(conf);
		return LBCHECK_ERRORS;
	}
	lbcheck_print(&text);
	lbconf_free(conf);
	return LBCHECK_CLEAN;
}

static int explain_name(const char *name)
{
	struct lbconf_text text = lbconf_explain(name);

	if (text.len)
		return lbcheck_print(&text) ? LBCHECK_CLEAN : LBCHECK_ERRORS;
	lbconf_text_free(&text);
	fprintf(stderr, "lbcheck: `%s` is neither a code nor a keyword\n", name);
	text = lbconf_suggest(name);
	if (text.len)
		fprintf(stderr, "lbcheck: did you mean %s?\n", text.text);
	lbconf_text_free(&text);
	return LBCHECK_ERRORS;
}

int lbcheck_explain(const struct lbcheck *l)
{
	char name[NAME_LEN] = "";
	uint32_t line;

	if (l->nargs == 0) {
		fputs("lbcheck: explain what? A code as LBE0201, a keyword as `timeout client`, or FILE:LINE\n",
		      stderr);
		return LBCHECK_USAGE;
	}
	line = place_split(l->args[0], name, sizeof(name));
	if (line)
		return explain_line(l, name, line);
	name[0] = '\0';
	for (size_t i = 0; i < l->nargs; i++) {
		size_t len = strlen(name);

		snprintf(name + len, sizeof(name) - len, "%s%s", i ? " " : "", l->args[i]);
	}
	return explain_name(name);
}

int lbcheck_features(const struct lbcheck *l)
{
	struct lbconf_text text = lbconf_features();

	(void)l;
	return lbcheck_print(&text) ? LBCHECK_CLEAN : LBCHECK_ERRORS;
}
