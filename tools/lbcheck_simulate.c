/* `lbcheck simulate`: reads a scenario, runs it with each of its algorithms, and shows what came of it. One
 * thread. */
#include "tools/lbcheck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grammar/lbconf_state.h"
#include "grammar/render.h"
#include "runtime/lab/report.h"

enum { SCENARIO_SIZE = 1 << 24, REPORT_SIZE = 1 << 30, READ_STEP = 65536 };

/* All of a file, `-` for standard input. False: reported. */
static bool file_read(const char *path, struct out *text)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char buf[READ_STEP];
	bool ok = f != NULL;
	size_t n;

	while (ok && (n = fread(buf, 1, sizeof(buf), f)) > 0)
		out_bytes(text, buf, n);
	ok = ok && !ferror(f) && !text->truncated;
	if (!ok)
		fprintf(stderr, "lbcheck: cannot read %s: %s\n", path,
			text->truncated ? "too large" : strerror(errno));
	if (f && f != stdin)
		fclose(f);
	return ok;
}

static void diags_show(const struct lbcheck *l, const struct scenario *s)
{
	struct render_options options = {
		.color = lbcheck_color(l, 2), .max = l->max_errors, .explain = "lbcheck explain"};
	struct out o = out_growing(REPORT_SIZE);

	render_text(&o, &s->diags, &s->sources, &options);
	fwrite(o.buf ? o.buf : "", 1, o.len, stderr);
	out_free(&o);
}

/* Gives the report back. False: reported. */
static bool report_write(struct out *o, const char *path)
{
	FILE *f = path ? fopen(path, "we") : stdout;
	bool ok = f && !o->truncated && (!o->len || fwrite(o->buf, 1, o->len, f) == o->len);

	if (f && (path ? fclose(f) : fflush(f)))
		ok = false;
	if (!ok)
		fprintf(stderr, "lbcheck: cannot write %s\n", path ? path : "standard output");
	out_free(o);
	return ok;
}

static bool results_show(const struct lbcheck *l, const struct scenario *s, const struct lab_result *results)
{
	struct out o = out_growing(REPORT_SIZE);

	if (l->svg) {
		struct out svg = out_growing(REPORT_SIZE);

		lab_report_svg(&svg, s, results, s->algorithms.n);
		if (!report_write(&svg, l->svg))
			return false;
	}
	if (l->json)
		lab_report_json(&o, s, results, s->algorithms.n);
	else
		lab_report_table(&o, s, results, s->algorithms.n);
	return report_write(&o, NULL);
}

static bool simulate(const struct lbcheck *l, const struct scenario *s)
{
	struct lab_result *results = calloc(s->algorithms.n, sizeof(*results));
	bool ok = results != NULL;

	for (uint32_t i = 0; ok && i < s->algorithms.n; i++)
		ok = lab_simulate(s, &s->algorithms.v[i], &results[i]);
	if (ok)
		ok = results_show(l, s, results);
	else
		fputs("lbcheck: out of memory\n", stderr);
	for (uint32_t i = 0; results && i < s->algorithms.n; i++)
		lab_result_free(&results[i]);
	free(results);
	return ok;
}

int lbcheck_simulate(const struct lbcheck *l)
{
	struct out text = out_growing(SCENARIO_SIZE);
	const char *name = l->nargs ? l->args[0] : "<command line>";
	struct str lines = str_from(l->lines);
	struct scenario *s;
	int status = LBCHECK_ERRORS;

	if (l->nargs > 1 || (!l->nargs && !lines.len)) {
		fputs("lbcheck: simulate needs a scenario; try `lbcheck --help`\n", stderr);
		return LBCHECK_USAGE;
	}
	if (l->nargs && !file_read(l->args[0], &text)) {
		out_free(&text);
		return LBCHECK_ERRORS;
	}
	s = scenario_load(name, l->nargs ? out_get(&text) : STR_NONE, lines, &l->options->load);
	if (!s)
		fputs("lbcheck: out of memory\n", stderr);
	else if (s->diags.errors)
		diags_show(l, s);
	else if (simulate(l, s))
		status = LBCHECK_CLEAN;
	scenario_free(&s);
	out_free(&text);
	return status;
}
