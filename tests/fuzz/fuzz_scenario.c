/* Scenarios of simulations: any text is read or refused with messages that can be shown; short ones are run,
 * and what was simulated adds up. One thread. */
#include "grammar/render.h"
#include "runtime/lab/report.h"
#include "tests/fuzz/fuzz.h"

enum { REPORT = 1 << 26, RUN_SERVERS = 20, RUN_KEYS = 1000, RUN_REQUESTS = 200 };

static bool is_short(const struct scenario *s)
{
	return s->backend->servers.n <= RUN_SERVERS && s->keys <= RUN_KEYS && s->algorithms.n <= 2 &&
	       s->arrivals.users <= RUN_REQUESTS;
}

static void run(struct scenario *s, const struct lab_algorithm *a)
{
	struct out o = out_growing(REPORT);
	struct lab_result r;

	s->requests = s->requests && s->requests < RUN_REQUESTS ? s->requests : RUN_REQUESTS;
	FUZZ_DEMAND(lab_simulate(s, a, &r));
	FUZZ_DEMAND(r.arrived <= RUN_REQUESTS);
	lab_report_table(&o, s, &r, 1);
	lab_report_json(&o, s, &r, 1);
	lab_report_svg(&o, s, &r, 1);
	FUZZ_DEMAND(!o.truncated);
	out_free(&o);
	lab_result_free(&r);
}

static void show(const struct scenario *s)
{
	struct render_options options = {.max = 10};
	struct out o = out_growing(REPORT);

	render_text(&o, &s->diags, &s->sources, &options);
	FUZZ_DEMAND(o.len);
	out_free(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct load_options options = {.compat = 304, .offline = true};
	struct str text = str_make((const char *)data, size);
	struct scenario *s;

	if (size > 4096 || memmem(data, size, "config", 6))
		return 0; /* no files */
	s = scenario_load("fuzz", text, STR_NONE, &options);
	FUZZ_DEMAND(s);
	if (s->diags.errors)
		show(s);
	for (uint32_t i = 0; !s->diags.errors && is_short(s) && i < s->algorithms.n; i++)
		run(s, &s->algorithms.v[i]);
	scenario_free(&s);
	return 0;
}
