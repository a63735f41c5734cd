/* Messages that log-forward receives, against recordings of HAProxy 2.6.12, and the two framings of streams. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/log/syslog.h"
#include "tests/unit/run.h"

#define FORMATS 9
struct text {
	const char *s;
	size_t len;
};
#define TEXT(literal)                                                                                          \
	{                                                                                                      \
		literal, sizeof(literal) - 1                                                                   \
	}
struct syslog_case {
	struct text message, lines[FORMATS];
};
static const struct syslog_case cases[] = {
#define SYSLOG_CASE(m, a, b, c, d, e, f, g, h, i)                                                              \
	{TEXT(m), {TEXT(a), TEXT(b), TEXT(c), TEXT(d), TEXT(e), TEXT(f), TEXT(g), TEXT(h), TEXT(i)}},
#include "tests/unit/log/syslog.def"
#undef SYSLOG_CASE
};

static const enum log_proto protos[FORMATS] = {
	LOGP_RAW /* its own */, LOGP_RFC3164, LOGP_RFC5424, LOGP_ISO, LOGP_SHORT,
	LOGP_PRIORITY,          LOGP_TIMED,   LOGP_LOCAL,   LOGP_RAW};

START_TEST(as_haproxy)
{
	struct syslog_now now = {"DAY", STR("NOW"), 2026, 10};
	const struct syslog_case *c = &cases[_i];
	struct syslog_message m;

	syslog_parse(str_make(c->message.s, c->message.len), &m);
	for (int i = 0; i < FORMATS; i++) {
		struct out line = out_growing(1 << 16);

		syslog_header(&m, i ? protos[i] : syslog_own_proto(&m), 17, m.level, &now, &line);
		out_str(&line, m.text);
		ck_assert_msg(str_eq(out_get(&line), str_make(c->lines[i].s, c->lines[i].len)),
			      "format %d of %s: %.*s instead of %s", i, c->message.s, STR_ARG(out_get(&line)),
			      c->lines[i].s);
		out_free(&line);
	}
}
END_TEST

START_TEST(nothing_is_lost)
{
	struct syslog_message m;

	syslog_parse(STR("<13>1 nonsense"), &m);
	ck_assert(str_is(m.text, "1 nonsense"));
	syslog_take(STR("<13>x\n"), &m);
	ck_assert(str_is(m.text, "<13>x") && !m.has_priority);
}
END_TEST

static void frame(const char *in, bool lines, enum syslog_framing want, const char *message, size_t taken)
{
	struct str found = STR_NONE;
	size_t n;

	ck_assert_int_eq(syslog_frame(str_from(in), lines, &found, &n), want);
	if (want != SYSLOG_BAD)
		ck_assert_uint_eq(n, taken);
	if (want == SYSLOG_WHOLE)
		ck_assert(str_is(found, message));
}

START_TEST(framing)
{
	frame("", false, SYSLOG_MORE, "", 0);
	frame("5 <1>xy2 ab", false, SYSLOG_WHOLE, "<1>xy", 7);
	frame("5 <1>", false, SYSLOG_MORE, "", 7);
	frame("5", false, SYSLOG_MORE, "", 0);
	frame("0 <1>", false, SYSLOG_BAD, "", 0);
	frame("5x<1>", false, SYSLOG_BAD, "", 0);
	frame("99999999999999999999 x", false, SYSLOG_BAD, "", 0);
	frame("hello\n", false, SYSLOG_BAD, "", 0);
	frame("hello\n", true, SYSLOG_WHOLE, "hello", 6);
	frame("5 <1>x\n", true, SYSLOG_WHOLE, "5 <1>x", 7);
	frame("<1>x\r\n<1>y", false, SYSLOG_WHOLE, "<1>x", 6);
	frame("<1>x", false, SYSLOG_MORE, "", 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("syslog");
	TCase *tc = tcase_create("syslog");

	tcase_add_loop_test(tc, as_haproxy, 0, (int)(sizeof(cases) / sizeof(*cases)));
	tcase_add_test(tc, nothing_is_lost);
	tcase_add_test(tc, framing);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
