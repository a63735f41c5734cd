/* `lbcheck dump`, `graph` and `diff`: the configuration as it was understood, and what differs between two. */
#include "tools/lbcheck.h"

#include <stdio.h>
#include <string.h>

static int dump_view(const struct lbcheck *l, const char *view)
{
	struct lbconf_text text;
	struct lbconf *conf;
	int status;

	if (lbcheck_lacks_file(l))
		return LBCHECK_USAGE;
	if (strcmp(view, "program") == 0)
		return lbcheck_program(l);
	conf = lbcheck_load(l);
	if (!conf)
		return LBCHECK_ERRORS;
	status = lbconf_errors(conf) ? lbcheck_report(l, conf) : LBCHECK_CLEAN;
	text = lbconf_dump(conf, view, l->json);
	if (!lbcheck_print(&text))
		status = LBCHECK_ERRORS;
	lbconf_free(conf);
	return status;
}

int lbcheck_dump(const struct lbcheck *l)
{
	return dump_view(l, l->view ? l->view : "model");
}

int lbcheck_graph(const struct lbcheck *l)
{
	return dump_view(l, l->view ? l->view : "dot");
}

/* Errors of a side are reported: differences of what could not be read would mislead. */
static struct lbconf *load_side(const struct lbcheck *l, size_t i)
{
	struct lbconf *conf = lbcheck_load_args(l, &l->args[i], 1);

	if (conf && lbconf_errors(conf)) {
		lbcheck_report(l, conf);
		lbconf_free(conf);
		return NULL;
	}
	return conf;
}

int lbcheck_diff(const struct lbcheck *l)
{
	struct lbconf *old, *new_ = NULL;
	struct lbconf_text text;
	bool differs = true;

	if (l->nargs != 2) {
		fputs("lbcheck: diff needs two configurations, the old one and the new one\n", stderr);
		return LBCHECK_USAGE;
	}
	old = load_side(l, 0);
	if (old)
		new_ = load_side(l, 1);
	if (new_) {
		text = lbconf_diff(old, new_, l->json, &differs);
		lbcheck_print(&text);
	}
	lbconf_free(new_);
	lbconf_free(old);
	return !new_ ? LBCHECK_USAGE : differs ? LBCHECK_ERRORS : LBCHECK_CLEAN;
}
