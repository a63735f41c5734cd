/* What a scenario may say, what is said to one that is wrong, and where; and that reports are whole. */
#include <check.h>
#include <jansson.h>
#include <stdlib.h>

#include "runtime/lab/report.h"
#include "tests/unit/run.h"

static struct scenario *load(const char *text)
{
	struct load_options options = {.compat = 304, .offline = true};
	struct scenario *s = scenario_load("test", str_from(text), STR_NONE, &options);

	ck_assert_ptr_nonnull(s);
	return s;
}

/* A scenario, what its first message is about (the words under the carets), and a part of the message. */
static const struct {
	const char *text, *where, *message;
} mistakes[] = {
	{"request 5\n", "request", "no line `request`"},
	{"requests many\n", "many", "not a number of requests"},
	{"requests 0\n", "0", "from 1 to"},
	{"requests 5 6\n", "6", "one word too many"},
	{"duration 10\n", "10", "no duration"},
	{"duration -1s\n", "-1s", "no duration"},
	{"duration\n", "", "missing here"},
	{"arrivals poisson 5\n", "5", "no rate"},
	{"arrivals sometimes\n", "sometimes", "requests arrive"},
	{"class a cost exp(5ms)\n", "exp(5ms)", "no distribution"},
	{"class a cost exp(\n", "exp(", "no distribution"},
	{"class a cost uniform(5,1)\n", "uniform(5,1)", "no distribution"},
	{"class a cost pareto(0,1)\n", "pareto(0,1)", "no distribution"},
	{"class a share 0\n", "0", "a share"},
	{"server s service 5\n", "5", "no distribution"},
	{"server \"s\n", "\"s", "does not end"},
	{"servers s 10001\n", "10001", "not a number of servers"},
	{"at 1s die s\n", "die", "what happens then"},
	{"at 1s slow s fast\n", "fast", "a factor"},
	{"keys 0\n", "0", "a number of keys"},
	{"algorithm leastcon\n", "leastcon", "no value of `balance`"},
	{"algorithm uri depth x\n", "x", ""},
	{"algorithm source hash-type quick\n", "quick", ""},
	{"arrivals poisson 1/s\nservers s 2 wieght 5\n", "wieght", "wieght"},
	{"arrivals poisson 1/s\nserver s\nbackend timout queue 5s\n", "timout", ""},
	{"arrivals poisson 1/s\nserver s\nat 1s fail t\n", "t", "no server is called `t`"},
	{"arrivals poisson 1/s\n", "", "no servers"},
	{"server s\n", "", "no requests arrive"},
	{"arrivals poisson 1/s to 9/s\nserver s\n", "", "how long"},
	{"config nowhere.cfg\narrivals poisson 1/s\n", "nowhere.cfg", "has errors"},
};

START_TEST(mistake)
{
	struct scenario *s = load(mistakes[_i].text);
	const struct diag *g;
	char *message;

	ck_assert_uint_gt(s->diags.errors, 0);
	g = s->diags.list.v[0];
	message = strndup(g->message.ptr, g->message.len);
	ck_assert_msg(strstr(message, mistakes[_i].message) != NULL, "%s", message);
	ck_assert_msg(str_is(sources_span(&s->sources, g->span), mistakes[_i].where) ||
			      (!*mistakes[_i].where && !g->span.len),
		      "%s: points at %.*s", mistakes[_i].text, STR_ARG(sources_span(&s->sources, g->span)));
	free(message);
	scenario_free(&s);
}
END_TEST

START_TEST(all_of_it)
{
	struct scenario *s = load(
		"title  two \"kinds of\" servers # a comment\nrequests 10\nduration 1m\nwarmup 5s\nseed 9\n"
		"arrivals bursts 600/m size 3\nkeys 100 zipf 1.1\nclass a share 2 cost 3\n"
		"class b cost pareto(1,1.5)\nserver * service erlang(4ms,2)\nserver x speed 2 weight 7\n"
		"servers y 2 workers 8 latency normal(2ms,1ms) maxconn 5 backup\n"
		"backend option allbackups\nalgorithm random(3) as three\nat 1s slow y2 3\nat 2s rate 5/s\n");
	struct lab_machine_conf m;

	ck_assert_uint_eq(s->diags.errors, 0);
	ck_assert(str_is(s->title, "two \"kinds of\" servers"));
	ck_assert(s->arrivals.rate == 10 && s->arrivals.burst == 3 && s->duration == 60);
	ck_assert_uint_eq(s->backend->servers.n, 3);
	ck_assert_uint_eq(s->backend->servers.v[0]->weight, 7);
	ck_assert_uint_eq(s->backend->servers.v[2]->maxconn, 5);
	m = scenario_machine(s, STR("x"));
	ck_assert(m.speed == 2 && m.service.kind == DIST_ERLANG && m.workers == 1);
	m = scenario_machine(s, STR("y2"));
	ck_assert(m.speed == 1 && m.service.a == 0.004 && m.workers == 8 && m.latency.b == 0.001);
	ck_assert_uint_eq(s->algorithms.v[0].conf->balance.draws, 3);
	ck_assert(str_is(s->algorithms.v[0].name, "three"));
	ck_assert_uint_eq(s->events.n, 2);
	scenario_free(&s);
}
END_TEST

START_TEST(reports)
{
	struct scenario *s =
		load("title <a> & b\nrequests 3000\narrivals poisson 100/s\nservers s 3 service exp(10ms)\n"
		     "class a\nclass b cost 3\nalgorithm roundrobin\nalgorithm leastconn\n");
	struct lab_result results[2];
	struct out json = out_growing(1 << 24), svg = out_growing(1 << 24), table = out_growing(1 << 20);
	json_t *j;

	for (uint32_t i = 0; i < 2; i++)
		ck_assert(lab_simulate(s, &s->algorithms.v[i], &results[i]));
	lab_report_json(&json, s, results, 2);
	lab_report_svg(&svg, s, results, 2);
	lab_report_table(&table, s, results, 2);
	j = json_loadb(json.buf, json.len, 0, NULL);
	ck_assert_ptr_nonnull(j);
	ck_assert_str_eq(json_string_value(json_object_get(j, "title")), "<a> & b");
	ck_assert_uint_eq(json_array_size(json_object_get(j, "results")), 2);
	json_decref(j);
	out_char(&svg, '\0');
	ck_assert_ptr_nonnull(strstr(svg.buf, "&lt;a> &amp; b"));
	ck_assert_ptr_null(strstr(svg.buf, "nan"));
	ck_assert_ptr_null(strstr(svg.buf, "inf"));
	ck_assert_str_eq(svg.buf + svg.len - 8, "</svg>\n");
	out_char(&table, '\0');
	ck_assert_ptr_nonnull(strstr(table.buf, "leastconn"));
	for (uint32_t i = 0; i < 2; i++)
		lab_result_free(&results[i]);
	out_free(&json);
	out_free(&svg);
	out_free(&table);
	scenario_free(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenario");
	TCase *tc = tcase_create("scenario");

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, mistake, 0, sizeof(mistakes) / sizeof(*mistakes));
	tcase_add_test(tc, all_of_it);
	tcase_add_test(tc, reports);
	return unit_run(suite);
}
