/* `lbcheck dump`: the configuration as it was understood, resolved and in one canonical form. */
#include "grammar/model_dump.h"
#include "tools/lbcheck.h"

#include <stdio.h>

int lbcheck_dump(const struct lbcheck *l)
{
	struct out o = out_growing((size_t)1 << 30);
	struct loaded *loaded;
	int status;

	if (l->nargs == 0) {
		fputs("lbcheck: which file? Try `lbcheck --help`\n", stderr);
		return LBCHECK_USAGE;
	}
	loaded = lbcheck_load(l);
	if (!loaded)
		return LBCHECK_ERRORS;
	lbcheck_filter(l, loaded);
	status = loaded->diags.errors ? lbcheck_report(l, loaded) : LBCHECK_CLEAN;
	if (loaded->model)
		model_dump(&o, loaded->model);
	if (o.len)
		fwrite(o.buf, 1, o.len, stdout);
	out_free(&o);
	loaded_free(&loaded);
	return status;
}
