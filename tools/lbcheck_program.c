/* `lbcheck dump --program`: what the rules of a configuration are compiled to. Makes the same engine as lbd.
 * One thread. */
#include "tools/lbcheck.h"

#include <stdio.h>

#include "grammar/lbconf_state.h"
#include "runtime/eval/program.h"

enum { PROGRAM_TEXT = 64 << 20 };

static bool program_print(const struct model *m)
{
	struct eval_engine *en = eval_engine_new(m);
	struct out o = out_growing(PROGRAM_TEXT);

	bool done;

	if (en)
		program_describe(&o, en);
	done = en && !o.truncated;
	if (!done)
		fputs("lbcheck: out of memory\n", stderr);
	else if (o.len)
		fwrite(o.buf, 1, o.len, stdout);
	out_free(&o);
	eval_engine_free(&en);
	return done;
}

int lbcheck_program(const struct lbcheck *l)
{
	struct lbconf *conf = lbcheck_load(l);
	int status;

	if (!conf)
		return LBCHECK_ERRORS;
	status = lbconf_errors(conf) ? lbcheck_report(l, conf) : LBCHECK_CLEAN;
	if (status == LBCHECK_CLEAN && !program_print(lbconf_loaded(conf)->model))
		status = LBCHECK_ERRORS;
	lbconf_free(conf);
	return status;
}
