/* `lbcheck dump` and `graph`: the configuration as it was understood. */
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
