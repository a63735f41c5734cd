/* Sample expressions: what is understood, what is refused and with which words. */
#include <check.h>
#include <stdlib.h>

#include "grammar/rows.h"
#include "tests/unit/grammar/lang_fixture.h"
#include "tests/unit/run.h"

static struct fixture f;

static void setup(void)
{
	fixture_start(&f);
}

static void teardown(void)
{
	fixture_stop(&f);
}

/* The canonical text of the expression in a word, or the diagnostics. */
static const char *parse(const char *line)
{
	const struct sample_expr *e;
	uint32_t i = 0;

	fixture_words(&f, line);
	e = sample_parse_words(&f.c, f.words, f.nwords, &i, &f.scope);
	lang_resolve(&f.c);
	if (!e || f.diags.list.n)
		return fixture_diags(&f);
	ck_assert_uint_eq(i, f.nwords);
	return e->text.ptr;
}

START_TEST(test_canonical)
{
	static const struct {
		const char *written, *text;
	} rows[] = {
		{"path", "path"},
		{"path()", "path"},
		{"hdr(host)", "hdr(host)"},
		{"hdr(host,)", "hdr(host)"},
		{"hdr(,1)", "hdr(,1)"},
		{"hdr(host),lower,field(2,.)", "hdr(host),lower,field(2,.)"},
		{"path lower", "path,lower"},
		{"path, lower", "path,lower"},
		{"path,lower,,upper", "path,lower,upper"},
		{"path,", "path"},
		{"path,lower()", "path,lower"},
		{"'str(\"a,b\")'", "str(\"a,b\")"},
		{"'str(\"a\\\"b\\\\\")'", "str(\"a\\\"b\\\\\")"},
		{"str(\"'a)b'\")", "str(\"a)b\")"},
		{"'str(a\"b c\"d)'", "str(\"ab cd\")"},
		{"'str(\\)'", "str(\"\\\\\")"},
		{"'str(a\\nb)'", "str(\"a\\nb\")"},
		{"bin(0aFF)", "bin(0aff)"},
		{"bool(True)", "bool(True)"},
		{"int(5),add(3)", "int(5),add(3)"},
		{"src,ipmask(24,64)", "src,ipmask(24,64)"},
		{"env(HOME)", "env(HOME)"},
		{"env", "env"},
		{"path,concat(<,txn.x,>)", "path,concat(<,txn.x,>)"},
		{"base32+src", "base32+src"},
		{"var(txn.a)", "var(txn.a)"},
		{"nbsrv(be)", "nbsrv(be)"},
		{"srv_is_up(be/s1)", "srv_is_up(be/s1)"},
		{"http_auth(ul)", "http_auth(ul)"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_str_eq(parse(rows[i].written), rows[i].text);
}
END_TEST

static const struct {
	const char *written, *diags;
} mistakes[] = {
	{"pathh", "unknown-fetch: unknown sample fetch `pathh` [pathh] {unknown fetch method 'pathh'.} "
		  "+0,5'path'"},
	{"path,lowr",
	 "unknown-converter: unknown converter `lowr` [lowr] {unknown converter 'lowr'.} +5,4'lower'"},
	{"path(x)", "argument-count: `path` takes no arguments [x] {fetch method 'path' : expected ')' "
		    "before 'x)'.}"},
	{"hdr(host", "sample-syntax: missing `)` behind the arguments [] {expected ')'.}"},
	{"hdr(a,b)",
	 "argument-value: `b` is not an integer [b] {fetch method 'hdr' : failed to parse 'b' as type "
	 "'integer' at position 2.}"},
	{"hdr(a,1,2)", "argument-count: `hdr` takes at most 2 arguments [2] {fetch method 'hdr' : "
		       "expected ')' before "
		       "',2)'.}"},
	{"hdr(a)x",
	 "sample-syntax: unexpected `x` in a sample expression [x] {missing comma after fetch keyword "
	 "'hdr'.}"},
	{"path,lower)",
	 "sample-syntax: unexpected `)` in a sample expression [)] {missing comma after converter "
	 "'lower'.}"},
	{"path,field",
	 "argument-count: `field` needs an integer as its first argument [field] {invalid arg 1 in "
	 "converter 'field' : expected type 'integer' at position 1, but got nothing.}"},
	{"path,field(1)",
	 "argument-count: `field` needs 2 arguments, got 1: a text is missing [field(1)] {invalid arg "
	 "2 "
	 "in converter 'field' : missing arguments (got 1/2), type 'string' expected.}"},
	{"path,field(0,.)",
	 "argument-value: fields are counted from 1, or from -1 at the end [0] {invalid args in "
	 "converter 'field' : Unexpected value 0 for index.}"},
	{"method,add(1)",
	 "sample-type: `add` cannot take what comes before it [add(1)] {converter 'add' cannot be "
	 "applied.}"},
	{"hdr(a,-11)", "argument-value: an occurrence counted from the end is at most -10 [-11] "
		       "{invalid args in fetch "
		       "method 'hdr' : header occurrence must be >= -10.}"},
	{"nbsrv", "sample-reference: a backend must be named here [nbsrv] {proxy 'f', referenced in "
		  "arg 1 of sample "
		  "fetch keyword 'nbsrv' in proxy 'f', has not backend capability.}"},
	{"nbsrv(bee)", "sample-reference: no backend named `bee` [bee] {unable to find backend 'bee' "
		       "referenced in arg 1 "
		       "of sample fetch keyword 'nbsrv' in proxy 'f'.} +6,3'be'"},
	{"srv_is_up(be/x)",
	 "sample-reference: no server named `x` [be/x] {unable to find server 'x' in proxy 'be', "
	 "referenced in arg 1 of sample fetch keyword 'srv_is_up' in proxy 'f'.}"},
	{"bin(0)", "argument-value: an even number of hexadecimal digits is needed [0] {invalid args "
		   "in fetch method "
		   "'bin' : an even number of hex digit is expected.}"},
	{"date(1,m)", "argument-value: `m` is no choice here [m] {invalid args in fetch method 'date' "
		      ": expects 's', "
		      "'ms' or 'us', got 'm'.}"},
	{"'path,regsub((,x)'", "invalid-regex: invalid regular expression: missing closing parenthesis "
			       "[(] {regex '(' is invalid "
			       "(error=missing closing parenthesis, erroffset=1).}"},
	{"var(foo)", "variable-name: `foo` is not the name of a variable [foo] {invalid args in fetch "
		     "method 'var' : "
		     "invalid variable name 'foo'. A variable name must be start by its scope. The "
		     "scope can be 'proc', "
		     "'sess', 'txn', 'req', 'res' or 'check'.}"},
	{"res.hdr(a)", "sample-not-here: `res.hdr` has no value here [res.hdr(a)] {sample fetch "
		       "<res.hdr(a)> may not be reliably used "
		       "here because it needs 'HTTP response headers' which is not available here.}"},
	{"fcgi.docroot", "not-effective-yet: sample fetch `fcgi.docroot` is not effective yet [fcgi.docroot]"},
	{"path_beg", "unknown-fetch: unknown sample fetch `path_beg` [path_beg] {unknown fetch method "
		     "'path_beg'.}"},
	{"path,map(/nonexistent)", "pattern-file: cannot read `/nonexistent`: No such file or "
				   "directory [/nonexistent] {failed to open pattern file "
				   "</nonexistent>.}"},
};

START_TEST(test_errors)
{
	f.scope.places = AT(FE_REQ_HDR);
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
		ck_assert_str_eq(parse(mistakes[i].written), mistakes[i].diags);
}
END_TEST

START_TEST(test_hash_consing)
{
	const struct sample_expr *a, *b;
	uint32_t i = 0;

	fixture_words(&f, "hdr(host),lower");
	a = sample_parse_words(&f.c, f.words, f.nwords, &i, &f.scope);
	fixture_words(&f, "'hdr(\"host\"),lower'");
	i = 0;
	b = sample_parse_words(&f.c, f.words, f.nwords, &i, &f.scope);
	ck_assert_ptr_eq(a, b);
	ck_assert_uint_eq(f.model.exprs.n, 1);
	ck_assert_int_eq(a->type, SMP_STR);
	ck_assert_uint_eq(a->nargs, 2);
	ck_assert_int_eq(a->args[1].type, ARG_NONE);
}
END_TEST

START_TEST(test_versions)
{
	f.model.compat = 206;
	ck_assert_str_eq(parse("req.timer.hdr"), "newer-haproxy: HAProxy 2.6 has no sample fetch "
						 "`req.timer.hdr` [req.timer.hdr] {unknown fetch method "
						 "'req.timer.hdr'.}");
	ck_assert_str_eq(parse("path,reverse"), "newer-haproxy: HAProxy 2.6 has no converter `reverse` "
						"[reverse] {unknown converter 'reverse'.}");
}
END_TEST

START_TEST(test_stop_in_format)
{
	size_t end;

	fixture_words(&f, "%[hdr(\"]\"),lower]x");
	ck_assert_ptr_nonnull(sample_parse(&f.c, &f.words[0], 2, ']', &end, &f.scope));
	ck_assert_uint_eq(end, 14);
	fixture_words(&f, "'%[path lower]'");
	ck_assert_ptr_null(sample_parse(&f.c, &f.words[0], 2, ']', &end, &f.scope));
	ck_assert_str_eq(fixture_diags(&f), "sample-syntax: unexpected ` ` in a sample expression [ ] "
					    "{expected ']' after 'path', but found ' '.}");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sample");
	TCase *t = tcase_create("sample");

	tcase_add_checked_fixture(t, setup, teardown);
	suite_add_tcase(s, t);
	tcase_add_test(t, test_canonical);
	tcase_add_test(t, test_errors);
	tcase_add_test(t, test_hash_consing);
	tcase_add_test(t, test_versions);
	tcase_add_test(t, test_stop_in_format);
	return unit_run(s);
}
