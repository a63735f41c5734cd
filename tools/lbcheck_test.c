/* `lbcheck test`: reads suites, plays them, reports, and sums up what was covered. One thread. */
#include "tools/lbcheck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "grammar/lbconf_state.h"
#include "runtime/stage/witness.h"
#include "tools/coverage.h"
#include "tools/oracle.h"
#include "tools/suite_report.h"

enum { OUTPUT_MAX = 256 << 20, ALL_COVERED = 100 };

struct testing {
	const struct lbcheck *l;
	struct suite *suites;
	struct coverage **coverages; /* one for each suite */
	uint32_t n;
	bool failed;
	struct witness witness;
};

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void put_errors(const struct lbcheck *l, const struct suite *s, uint32_t first, uint32_t n)
{
	struct out o = out_growing(OUTPUT_MAX);

	suite_put_diags(&o, s, first, n, lbcheck_color(l, STDERR_FILENO));
	if (o.len)
		fwrite(o.buf, 1, o.len, stderr);
	out_free(&o);
}

/* --- the configuration of a suite: files beside it */

static const char *beside(struct suite *s, struct str file)
{
	const char *slash = strrchr(s->path.ptr, '/');

	if (!slash || (file.len && file.ptr[0] == '/'))
		return arena_str(s->arena, file).ptr;
	return arena_printf(s->arena, "%.*s/%.*s", (int)(slash - s->path.ptr), s->path.ptr, STR_ARG(file)).ptr;
}

static bool suite_load(struct testing *t, struct suite *s)
{
	const char **paths = ARENA_ARRAY(s->arena, const char *, s->configs.n + 1);

	for (uint32_t i = 0; i < s->configs.n; i++)
		paths[i] = beside(s, s->configs.v[i].text);
	if (s->compat.text.len && !lbconf_set_compat(t->l->options, arena_str(s->arena, s->compat.text).ptr)) {
		suite_mistake(s, s->compat.span, "`%.*s` is none of 2.6, 2.8, 3.0, 3.2, 3.4",
			      STR_ARG(s->compat.text));
		return false;
	}
	s->conf = lbconf_load_files(t->l->options, paths, s->configs.n);
	if (!s->conf)
		return false;
	if (lbconf_errors(s->conf)) {
		lbcheck_report(t->l, s->conf);
		suite_mistake(s, s->configs.v[0].span, "this configuration has errors");
		return false;
	}
	s->model = lbconf_loaded(s->conf)->model;
	return true;
}

/* False: it cannot be played, and that has been said. */
static bool suite_open(struct testing *t, const char *path)
{
	struct suite *s = &t->suites[t->n];

	if (!suite_read(s, path)) {
		fprintf(stderr, "lbcheck: cannot read `%s`: %s\n", path, strerror(errno));
		arena_free(&s->arena);
		return false;
	}
	t->n++;
	if (!s->diags.errors && suite_load(t, s) && (t->coverages[t->n - 1] = coverage_new(s->model)))
		return true;
	put_errors(t->l, s, 0, s->diags.list.n);
	return false;
}

/* --- playing */

static void oracle_close(struct testing *t, struct oracle **o)
{
	uint32_t compared, left_out;

	oracle_counts(*o, &compared, &left_out);
	fprintf(stderr, "lbcheck: %u requests were compared with %s; %u tests were not replayed to their end\n",
		compared, t->l->oracle, left_out);
	oracle_free(o);
}

static void suite_play(struct testing *t, uint32_t i)
{
	struct suite *s = &t->suites[i];
	struct suite_run r = {.suite = s, .coverage = t->coverages[i]};

	struct oracle *oracle = t->l->oracle ? oracle_new(s, t->l->oracle) : NULL;

	if (!witness_init(&r.witness))
		abort();
	if (oracle)
		oracle_follow(oracle, &r);
	t->failed |= t->l->oracle && !oracle;
	vec_each (test, &s->tests) {
		double begun = seconds_now();

		suite_run_test(&r, test);
		test->seconds = seconds_now() - begun;
		if (test->failed && !t->l->tap && !t->l->junit)
			put_errors(t->l, s, test->first_diag, test->ndiags);
	}
	witness_free(&r.witness);
	if (oracle)
		oracle_close(t, &oracle);
}

/* --- telling */

static enum suite_form form(const struct lbcheck *l)
{
	return l->tap ? SUITE_TAP : l->junit ? SUITE_JUNIT : SUITE_TEXT;
}

static void put_coverage(struct out *o, struct testing *t, uint32_t i)
{
	struct coverage_sum sum = coverage_sum(t->coverages[i]);
	const char *lead = t->l->tap ? "# " : "";
	unsigned percent = coverage_percent(t->coverages[i]);

	if (t->l->fail_under >= 0 && percent < (unsigned)t->l->fail_under) {
		fprintf(stderr, "lbcheck: %s covers %u %% of its configuration, less than %d %%\n",
			t->suites[i].path.ptr, percent, t->l->fail_under);
		t->failed = true;
	}
	if (t->l->junit)
		return;
	out_printf(o, "%scoverage: %u %% (%u of %u rules held, %u of %u sides of conditions seen)\n", lead,
		   percent, sum.rules_held, sum.rules, sum.sides_seen, sum.sides);
	if (t->l->coverage && !t->l->tap)
		coverage_print(o, t->coverages[i]);
}

static void report(struct testing *t)
{
	struct out o = out_growing(OUTPUT_MAX);
	struct suite_total total = {0};
	uint32_t ntests = 0;

	for (uint32_t i = 0; i < t->n; i++)
		ntests += t->suites[i].tests.n;
	suite_report_begin(&o, form(t->l), ntests);
	for (uint32_t i = 0; i < t->n; i++) {
		suite_report(&o, form(t->l), &t->suites[i], &total);
		put_coverage(&o, t, i);
	}
	suite_report_end(&o, form(t->l), &total);
	fwrite(o.buf, 1, o.len, stdout);
	out_free(&o);
	t->failed |= total.failed != 0;
}

static int test_all(struct testing *t)
{
	bool ok = true;

	for (size_t i = 0; i < t->l->nargs; i++)
		ok &= suite_open(t, t->l->args[i]);
	if (!ok)
		return LBCHECK_ERRORS;
	for (uint32_t i = 0; i < t->n; i++)
		suite_play(t, i);
	report(t);
	return t->failed ? LBCHECK_ERRORS : LBCHECK_CLEAN;
}

int lbcheck_test(const struct lbcheck *l)
{
	struct testing t = {.l = l,
			    .suites = calloc(l->nargs + 1, sizeof(*t.suites)),
			    .coverages = calloc(l->nargs + 1, sizeof(*t.coverages))};
	int status = LBCHECK_USAGE;

	if (!l->nargs)
		fputs("lbcheck: test needs suites: lbcheck test SUITE...\n", stderr);
	else if (t.suites && t.coverages)
		status = test_all(&t);
	for (uint32_t i = 0; i < t.n; i++) {
		coverage_free(&t.coverages[i]);
		suite_free(&t.suites[i]);
	}
	free(t.suites);
	free(t.coverages);
	return status;
}
