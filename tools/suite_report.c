/* See suite_report.h. */
#include "tools/suite_report.h"

#include "grammar/render.h"

enum { TEXT_MAX = 16 << 20 };

void suite_put_diags(struct out *o, const struct suite *s, uint32_t first, uint32_t n, bool color)
{
	struct diags some = s->diags;
	struct render_options options = {.color = color, .explain = NULL};

	some.list.v += first;
	some.list.n = n;
	some.dropped = 0;
	render_text(o, &some, &s->sources, &options);
}

/* Text in lines that begin with `prefix`. */
static void put_lines(struct out *o, struct str text, const char *prefix)
{
	while (text.len) {
		size_t end = str_chr(text, '\n');

		out_printf(o, "%s%.*s\n", prefix, STR_ARG(str_sub(text, 0, end)));
		text = str_tail(text, end + 1);
	}
}

static void put_xml(struct out *o, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c == '<')
			out_puts(o, "&lt;");
		else if (c == '&')
			out_puts(o, "&amp;");
		else if (c == '"')
			out_puts(o, "&quot;");
		else if (c >= 0x20 || c == '\n' || c == '\t')
			out_char(o, (char)c);
	}
}

static void put_findings(struct out *o, const struct suite *s, const struct suite_test *t, enum suite_form form)
{
	struct out text = out_growing(TEXT_MAX);

	suite_put_diags(&text, s, t->first_diag, t->ndiags, false);
	if (form == SUITE_TAP)
		put_lines(o, out_get(&text), "# ");
	else
		put_xml(o, out_get(&text));
	out_free(&text);
}

static void put_tap(struct out *o, const struct suite *s, const struct suite_test *t, uint32_t number)
{
	out_printf(o, "%sok %u - %.*s: %.*s\n", t->failed ? "not " : "", number, STR_ARG(s->path),
		   STR_ARG(t->name));
	put_findings(o, s, t, SUITE_TAP);
}

static void put_case(struct out *o, const struct suite *s, const struct suite_test *t)
{
	out_puts(o, "    <testcase classname=\"");
	put_xml(o, s->path);
	out_puts(o, "\" name=\"");
	put_xml(o, t->name);
	out_printf(o, "\" assertions=\"%u\" time=\"%.3f\"", t->expected, t->seconds);
	if (!t->failed) {
		out_puts(o, "/>\n");
		return;
	}
	out_printf(o, ">\n      <failure message=\"%u of %u expectations failed\">", t->failed, t->expected);
	put_findings(o, s, t, SUITE_JUNIT);
	out_puts(o, "</failure>\n    </testcase>\n");
}

void suite_report_begin(struct out *o, enum suite_form form, uint32_t ntests)
{
	if (form == SUITE_TAP)
		out_printf(o, "TAP version 13\n1..%u\n", ntests);
	if (form == SUITE_JUNIT)
		out_puts(o, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
}

static void put_suite_open(struct out *o, const struct suite *s, const struct suite_total *here, double seconds)
{
	out_puts(o, "  <testsuite name=\"");
	put_xml(o, s->path);
	out_printf(o, "\" tests=\"%u\" failures=\"%u\" time=\"%.3f\">\n", here->tests, here->failed, seconds);
}

void suite_report(struct out *o, enum suite_form form, const struct suite *s, struct suite_total *total)
{
	struct suite_total here = {0};
	double seconds = 0;

	vec_each (t, &s->tests) {
		here.tests++;
		here.failed += t->failed != 0;
		here.expected += t->expected;
		here.unmet += t->failed;
		seconds += t->seconds;
	}
	if (form == SUITE_JUNIT)
		put_suite_open(o, s, &here, seconds);
	vec_each (t, &s->tests) {
		total->tests++;
		if (form == SUITE_TAP)
			put_tap(o, s, t, total->tests);
		else if (form == SUITE_JUNIT)
			put_case(o, s, t);
	}
	if (form == SUITE_JUNIT)
		out_puts(o, "  </testsuite>\n");
	if (form == SUITE_TEXT)
		out_printf(o, "%.*s: %u test%s, %u failed (%u of %u expectations met)\n", STR_ARG(s->path),
			   here.tests, here.tests == 1 ? "" : "s", here.failed, here.expected - here.unmet,
			   here.expected);
	total->failed += here.failed;
	total->expected += here.expected;
	total->unmet += here.unmet;
}

void suite_report_end(struct out *o, enum suite_form form, const struct suite_total *total)
{
	(void)total;
	if (form == SUITE_JUNIT)
		out_puts(o, "</testsuites>\n");
}
