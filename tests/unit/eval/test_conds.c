/* Conditions and matching methods against HAProxy's verdicts (conds.def); named ACLs; what cannot be known yet.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/eval/eval_fixture.h"
#include "tests/unit/run.h"

static struct eval_fixture t;
static char dir[64];

static void write_file(const char *name, const char *text, unsigned keys)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	if (!file)
		abort();
	for (unsigned i = 1; i <= keys; i++)
		fprintf(file, "key%u\n", i);
	fputs(text, file);
	fclose(file);
}

static void remove_file(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
}

static void files_start(void)
{
	strcpy(dir, "/tmp/lbd-conds-XXXXXX");
	if (!mkdtemp(dir))
		abort();
	write_file("ips.lst", "10.0.0.0/8\n127.0.0.0/8\n", 0);
	write_file("paths.lst", "/x\n/A/b.c\n/a\n", 0);
	write_file("many.lst", "WWW.example.com:8080\n", 1000);
}

static void files_stop(void)
{
	remove_file("ips.lst");
	remove_file("paths.lst");
	remove_file("many.lst");
	rmdir(dir);
}

static void setup(void)
{
	eval_fixture_start(&t);
}

static void teardown(void)
{
	eval_fixture_stop(&t);
}

static const struct cond *parse(const char *text)
{
	const struct cond *cond;
	char line[512], *at;

	snprintf(line, sizeof(line), "%s", text);
	at = strstr(line, "@/");
	if (at)
		snprintf(at, sizeof(line) - (size_t)(at - line), "%s/%s", dir, strstr(text, "@/") + 2);
	fixture_words(&t.f, line);
	cond = cond_parse(&t.f.c, t.f.words, t.f.nwords, &t.f.scope);
	ck_assert_msg(cond && !t.f.diags.errors, "%s: %s", line, fixture_diags(&t.f));
	eval_fixture_engine(&t);
	return cond;
}

static const struct {
	const char *text;
	bool result;
} rows[] = {
#define COND(text, result) {text, result},
#include "tests/unit/eval/conds.def"
#undef COND
};

START_TEST(test_cond)
{
	ck_assert_msg(cond_eval(&t.e, parse(rows[_i].text)) == rows[_i].result, "%s: HAProxy says %s",
		      rows[_i].text, rows[_i].result ? "true" : "false");
}
END_TEST

START_TEST(test_named_lines_are_alternatives)
{
	static const char *const lines[] = {"acl it path /none", "acl it method POST",
					    "acl it hdr(host) -m beg www"};

	for (int i = 0; i < 3; i++) {
		fixture_words(&t.f, lines[i]);
		ck_assert(acl_parse(&t.f.c, &t.f.words[1], t.f.words + 2, t.f.nwords - 2, &t.f.scope));
		ck_assert_int_eq(cond_eval(&t.e, parse("if it")), i == 2);
		ck_assert_int_eq(cond_eval(&t.e, parse("unless !it")), i == 2);
	}
}
END_TEST

/* What would need more data is neither true nor false while waiting is possible. */
START_TEST(test_unknown)
{
	t.e.may_wait = true;
	t.e.req = NULL;
	ck_assert(!cond_eval(&t.e, parse("if { path /x }")) && t.e.want_more);
	ck_assert(!cond_eval(&t.e, parse("if !{ path /x }")) && t.e.want_more);
	ck_assert(!cond_eval(&t.e, parse("if { path /x } FALSE")) && !t.e.want_more);
	ck_assert(cond_eval(&t.e, parse("if { path /x } or TRUE")) && !t.e.want_more);
	ck_assert(!cond_eval(&t.e, parse("if WAIT_END")) && t.e.want_more);
	ck_assert(!cond_eval(&t.e, parse("unless { path /x } TRUE")) && t.e.want_more);
	t.e.may_wait = false;
	ck_assert(cond_eval(&t.e, parse("if WAIT_END !{ path /x }")) && !t.e.want_more);
}
END_TEST

START_TEST(test_payload)
{
	t.e.may_wait = true;
	t.e.raw_req = STR("\x00\x03"
			  "abcdef");
	ck_assert(cond_eval(&t.e, parse("if { req.payload(0,2) -m bin 0003 }")));
	ck_assert(cond_eval(&t.e, parse("if { req.payload_lv(0,2) -m str abc }")));
	ck_assert(cond_eval(&t.e, parse("if { req.payload(2,0) -m str abcdef }")));
	ck_assert(cond_eval(&t.e, parse("if { req.len 8 }")));
	ck_assert(!cond_eval(&t.e, parse("if { req.payload(2,9) -m found }")) && t.e.want_more);
	t.e.raw_req_final = true;
	ck_assert(!cond_eval(&t.e, parse("if { req.payload(2,9) -m found }")) && !t.e.want_more);
}
END_TEST

/* An expression with an appetite ends in "no match". */
START_TEST(test_runaway_regex)
{
	t.req.uri =
		STR("/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!");
	ck_assert(!cond_eval(&t.e, parse("if { path_reg ^/(a+)+$ }")));
	ck_assert(cond_eval(&t.e, parse("if { path_reg ^/a+!$ }")));
}
END_TEST

START_TEST(test_scratch_is_given_back)
{
	const struct cond *cond = parse("if { path,lower,upper,base64 x } or { src -m str 9 }");
	size_t before;

	cond_eval(&t.e, cond);
	before = t.scratch.total;
	for (int i = 0; i < 10000; i++)
		cond_eval(&t.e, cond);
	ck_assert_uint_eq(t.scratch.total, before);
}
END_TEST

static Suite *suite_make(void)
{
	Suite *s = suite_create("conds");
	TCase *tc = tcase_create("conds");

	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, test_cond, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tc, test_named_lines_are_alternatives);
	tcase_add_test(tc, test_unknown);
	tcase_add_test(tc, test_payload);
	tcase_add_test(tc, test_runaway_regex);
	tcase_add_test(tc, test_scratch_is_given_back);
	return s;
}

int main(void)
{
	int status;

	files_start();
	status = unit_run_here(suite_make());
	files_stop();
	return status;
}
