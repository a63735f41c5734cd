/* Conditions and ACLs: precedence, what HAProxy takes in silence, and the words for mistakes. */
#include <check.h>
#include <stdlib.h>

#include "grammar/base/out.h"
#include "grammar/rows.h"
#include "tests/unit/grammar/lang_fixture.h"
#include "tests/unit/run.h"

static struct fixture f;

static void setup(void)
{
	fixture_start(&f);
	f.scope.haproxy = "error detected while parsing switching rule : ";
	fixture_words(&f, "acl is_api path_beg /api");
	ck_assert(acl_parse(&f.c, &f.words[1], f.words + 2, f.nwords - 2, &f.scope));
	fixture_words(&f, "acl b path /b");
	ck_assert(acl_parse(&f.c, &f.words[1], f.words + 2, f.nwords - 2, &f.scope));
}

static void teardown(void)
{
	fixture_stop(&f);
}

static void write_term(struct out *o, const struct cond_term *term)
{
	out_printf(o, " %s", term->negated ? "!" : "");
	if (term->acl->name.len)
		out_str(o, term->acl->name);
	else
		out_printf(o, "{%.*s}", STR_ARG(term->acl->exprs.v[0]->text));
}

/* "a !b | c" of a condition, or the diagnostics. */
static const char *parse(const char *line)
{
	struct out o = out_growing(1 << 20);
	const struct cond *cond;
	const char *text;

	fixture_words(&f, line);
	cond = cond_parse(&f.c, f.words, f.nwords, &f.scope);
	if (!cond || f.diags.list.n)
		return fixture_diags(&f);
	out_puts(&o, cond->unless ? "unless" : "if");
	for (uint32_t i = 0; i < cond->n; i++) {
		out_puts(&o, i ? " |" : "");
		for (uint32_t k = 0; k < cond->ors[i].n; k++)
			write_term(&o, &cond->ors[i].terms[k]);
	}
	text = arena_str(f.arena, out_get(&o)).ptr;
	out_free(&o);
	return text;
}

START_TEST(test_shape)
{
	static const struct {
		const char *written, *shape;
	} rows[] = {
		{"if is_api", "if is_api"},
		{"if is_api b or !b", "if is_api b | !b"},
		{"if is_api || b TRUE || !FALSE", "if is_api | b TRUE | !FALSE"},
		{"unless ! is_api", "unless !is_api"},
		{"if !is_api !b", "if !is_api !b"},
		{"if { path /x } !{ path_beg /y } or b", "if {path /x} !{path_beg /y} | b"},
		{"if { path -i or || } b", "if {path -i or ||} b"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_str_eq(parse(rows[i].written), rows[i].shape);
}
END_TEST

START_TEST(test_degenerate)
{
	ck_assert_str_eq(parse("if"), "empty-condition: an empty condition is never true [if]");
	ck_assert_str_eq(parse("unless"), "empty-condition: an empty condition is always true [unless]");
	ck_assert_str_eq(parse("if !"), "empty-condition: an empty condition is never true [if]");
	ck_assert_str_eq(parse("if b or"), "dangling-operator: this operator does nothing [or]");
	ck_assert_str_eq(parse("if or b"), "dangling-operator: this operator does nothing [or]");
	ck_assert_str_eq(parse("if b || || b"), "dangling-operator: this operator does nothing [||]");
	ck_assert_str_eq(parse("if !!is_api !!!b"),
			 "dangling-operator: each `!` takes the one before it back [!!]");
	ck_assert_str_eq(parse("if b ! or b"), "dangling-operator: this operator does nothing [!]");
}
END_TEST

#define NO_ACL(name) "{error detected while parsing switching rule : no such ACL : '" name "'.}"

START_TEST(test_mistakes)
{
	static const struct {
		const char *written, *diags;
	} rows[] = {
		{"if path_beg /a",
		 "fetch-without-braces: `path_beg` is a test, not the name of an ACL [path_beg] " NO_ACL(
			 "path_beg") " +3,0'{ ' +14,0' }'"},
		{"if hdr(host) -i x or b",
		 "fetch-without-braces: `hdr(host)` is a test, not the name of an ACL [hdr(host)] " NO_ACL(
			 "hdr(host)") " +3,0'{ ' +17,0' }'"},
		{"if {path /a }",
		 "brace-without-blank: a blank is missing behind `{` in `{path` [{path] " NO_ACL(
			 "{path") " +4,0' '"},
		{"if { path /a}",
		 "unclosed-brace: this brace is not closed [{] {error detected while parsing switching rule : "
		 "missing closing '}' in condition.} +12,0' '"},
		{"if { path /a",
		 "unclosed-brace: this brace is not closed [{] {error detected while parsing switching rule : "
		 "missing closing '}' in condition.}"},
		{"if b }", "brace-without-blank: `}` closes a brace that is not open [}] " NO_ACL("}")},
		{"if b and b", "unknown-operator: there is no operator `and` [and] " NO_ACL("and") " +5,3''"},
		{"if b && b", "unknown-operator: there is no operator `&&` [&&] " NO_ACL("&&") " +5,2''"},
		{"if not b", "unknown-operator: there is no operator `not` [not] " NO_ACL("not") " +3,3'!'"},
		{"if (b or b)", "unknown-operator: conditions have no parentheses: `(b` [(b] " NO_ACL("(b")},
		{"if b, b",
		 "unknown-operator: terms are not separated by commas: `b,` [b,] " NO_ACL("b,") " +4,1''"},
		{"if Is_Api", "unknown-acl: no ACL named `Is_Api` [Is_Api] " NO_ACL("Is_Api") " +3,6'is_api'"},
		{"if zzzzz", "unknown-acl: no ACL named `zzzzz` [zzzzz] " NO_ACL("zzzzz")},
		{"if { }", "unknown-fetch: a sample fetch is missing [{ }] {error detected while parsing "
			   "switching rule : missing "
			   "fetch method in ACL expression ''.}"},
		{"if { pathh /x }",
		 "unknown-fetch: unknown sample fetch `pathh` [pathh] {error detected while parsing switching "
		 "rule : unknown fetch method 'pathh' in ACL expression 'pathh'.} +5,5'path'"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_str_eq(parse(rows[i].written), rows[i].diags);
}
END_TEST

START_TEST(test_places)
{
	f.scope.places = AT(FE_RES_HDR);
	f.scope.where = "frontend http-response header rule";
	ck_assert_str_eq(parse("if { path /x }"),
			 "acl-never-here: this never matches here [{ path /x }] {anonymous acl will never "
			 "match because it uses "
			 "keyword 'path' which is incompatible with 'frontend http-response header rule'}");
	ck_assert_str_eq(parse("if is_api"),
			 "acl-never-here: this never matches here [is_api] {acl 'is_api' will never match "
			 "because it only "
			 "involves keywords that are incompatible with 'frontend http-response header rule'}");
	ck_assert_str_eq(parse("if { status 200 } TRUE"), "if {status 200} TRUE");
}
END_TEST

/* An ACL's first line: "method patterns", or the diagnostics. */
static const char *parse_acl(const char *criterion)
{
	struct out o = out_growing(1 << 20);
	const struct acl_expr *e;
	const char *text;
	bool done;

	fixture_words(&f, arena_printf(f.arena, "acl a %s", criterion).ptr);
	memset(&f.proxy.acls, 0, sizeof(f.proxy.acls));
	done = acl_parse(&f.c, &f.words[1], f.words + 2, f.nwords - 2, &f.scope);
	if (!done || f.diags.list.n)
		return fixture_diags(&f);
	e = ((const struct acl *)map_get(&f.proxy.acls, STR("a")))->exprs.v[0];
	out_printf(&o, "%.*s %s", STR_ARG(e->sample->text), match_method_name(e->method));
	for (uint32_t i = 0; i < e->npatterns; i++) {
		const struct pattern *p = &e->patterns[i];

		if (e->method == MATCH_INT || e->method == MATCH_LEN)
			out_printf(&o, " %lld:%lld", (long long)p->min, (long long)p->max);
		else if (e->method == MATCH_IP)
			out_printf(&o, " %02x%02x%02x%02x/%u", p->net.addr[0], p->net.addr[1], p->net.addr[2],
				   p->net.addr[3], p->net.bits);
		else
			out_printf(&o, " %s%.*s", p->icase ? "~" : "", STR_ARG(p->text));
	}
	text = arena_str(f.arena, out_get(&o)).ptr;
	out_free(&o);
	return text;
}

START_TEST(test_acl_methods)
{
	static const struct {
		const char *written, *meaning;
	} rows[] = {
		{"path /a /b", "path str /a /b"},
		{"path_beg -i /a", "path beg ~/a"},
		{"hdr(host) -m end -i .com", "req.hdr(host) end ~.com"},
		{"path_beg -- -x", "path beg -x"},
		{"path_len gt 3 5 lt 9",
		 "path len 4:9223372036854775807 6:9223372036854775807 -9223372036854775808:8"},
		{"dst_port 80 1024:65535 :10", "dst_port int 80:80 1024:65535 -9223372036854775808:10"},
		{"dst_port ge 5:7", "dst_port int 5:7"},
		{"src 10/8 10.1.2.3/255.255.0.0 192.168.1", "src ip 00000000/8 0a010000/16 c0a80001/32"},
		{"src 10.1/8", "src ip 0a000000/8"},
		{"src ::1 2001:db8::/32", "src ip 00000000/128 20010db8/32"},
		{"always_true", "always_true bool"},
		{"path -m found x", "path found"},
		{"method GET", "method  GET"},
		{"path,length 4", "path,length int 4:4"},
		{"req.ssl_ver 3.1", "req.ssl_ver int 196609:196609"},
		{"path -M -u 5 x", "map-flag: `-M` says nothing without `-f` [path]"},
		{"payload(0,2) 0aFF", "req.payload(0,2) bin \n\377"},
	};

	lang_resolve(&f.c);
	fixture_words(&f, "x");
	parse_acl("req.ssl_ver 3"); /* the warning that it is not effective comes once */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_str_eq(parse_acl(rows[i].written), rows[i].meaning);
}
END_TEST

#define IN_ACL "error detected while parsing ACL 'a' : "

START_TEST(test_acl_mistakes)
{
	static const struct {
		const char *written, *diags;
	} rows[] = {
		{"path -x y", "acl-flag: `-x` is no flag of ACLs [-x] {" IN_ACL
			      "'-x' is not a valid ACL option. Please use '--' before any pattern beginning "
			      "with a '-'.} +11,0'-- '"},
		{"path -m begg /x", "matching-method: unknown matching method `begg` [begg] {" IN_ACL
				    "unknown matching method 'begg' when parsing ACL expression.} +14,4'beg'"},
		{"always_true -m ip 1.2.3.4",
		 "matching-method-type: matching method `ip` does not suit `always_true` [always_true] {" IN_ACL
		 "matching method 'ip' cannot be used with fetch keyword 'always_true'.}"},
		{"var(txn.x) x",
		 "matching-method-needed: `var` needs a matching method [var(txn.x)] {" IN_ACL
		 "matching method must be specified first (using '-m') when using a sample fetch of this type "
		 "('var').}"},
		{"dst_port abc", "pattern-value: `abc` is no number [abc] {" IN_ACL "'abc' is not a number.}"},
		{"dst_port 5:3", "pattern-value: `5:3` is no range of numbers [5:3] {" IN_ACL
				 "'5:3' is not a valid number range.}"},
		{"src 1.2.3.4/33", "pattern-value: `1.2.3.4/33` is no address or network [1.2.3.4/33] {" IN_ACL
				   "'1.2.3.4/33' is not a valid IPv4 or IPv6 address.}"},
		{"path_reg (",
		 "invalid-regex: invalid regular expression: missing closing parenthesis [(] {" IN_ACL
		 "regex '(' is invalid (error=missing closing parenthesis, erroffset=1).}"},
		{"hdr(a),lowr y", "unknown-converter: unknown converter `lowr` [lowr] {" IN_ACL
				  "ACL keyword 'hdr' : unknown converter 'lowr'..} +13,4'lower'"},
		{"hdr(a,b) y", "argument-value: `b` is not an integer [b] {" IN_ACL
			       "ACL keyword 'hdr' : failed to parse 'b' as type 'integer' at position 2.}"},
		{"hdr(a,-11) y",
		 "argument-value: an occurrence counted from the end is at most -10 [-11] {" IN_ACL
		 "in argument to 'hdr', header occurrence must be >= -10.}"},
		{"path -f /nonexistent",
		 "pattern-file: cannot read `/nonexistent`: No such file or directory [/nonexistent] {" IN_ACL
		 "failed to open pattern file </nonexistent>.}"},
		{"path_beg,lower /a", "matching-method-replaced: with a converter `path_beg` no longer means "
				      "`-m beg` [path_beg,lower]"},
		{"", "unknown-fetch: a sample fetch is missing [] {" IN_ACL
		     "missing fetch method in ACL expression ''.}"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_str_eq(parse_acl(rows[i].written), rows[i].diags);
	ck_assert_ptr_nonnull(
		strstr(parse_acl("path"), "no-pattern: without a pattern this never matches [path]"));
}
END_TEST

START_TEST(test_converter_as_pattern)
{
	const struct acl_expr *e;

	fixture_words(&f, "acl z req.hdr(x) lower abc");
	ck_assert(acl_parse(&f.c, &f.words[1], f.words + 2, f.nwords - 2, &f.scope));
	e = ((const struct acl *)map_get(&f.proxy.acls, STR("z")))->exprs.v[0];
	ck_assert_str_eq(e->sample->text.ptr, "req.hdr(x),lower");
	ck_assert_uint_eq(e->npatterns, 2);
	ck_assert_str_eq(fixture_diags(&f),
			 "converter-as-pattern: `lower` is taken both as a converter and as a pattern [lower]");
}
END_TEST

START_TEST(test_acl_names)
{
	fixture_words(&f, "a,b or");
	ck_assert(!acl_parse(&f.c, &f.words[0], f.words, 0, &f.scope));
	ck_assert(!acl_parse(&f.c, &f.words[1], f.words, 0, &f.scope));
	ck_assert_str_eq(fixture_diags(&f), "acl-name: `,` is not permitted in the name of an ACL [,] "
					    "{character ',' is not permitted in acl name "
					    "'a,b'.}\nacl-name: an ACL cannot be named `or` [or] {acl name "
					    "'or' will never match. 'or' is used to "
					    "express a logical disjunction within a condition.}");
}
END_TEST

START_TEST(test_lines_of_one_acl_are_alternatives)
{
	const struct acl *acl;

	fixture_words(&f, "acl b status 200");
	ck_assert(acl_parse(&f.c, &f.words[1], f.words + 2, f.nwords - 2, &f.scope));
	acl = map_get(&f.proxy.acls, STR("b"));
	ck_assert_uint_eq(acl->exprs.n, 2);
	ck_assert_uint_eq(acl->places, PLACES_REQUEST | PLACES_SERVER);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cond");
	TCase *t = tcase_create("cond");

	tcase_add_checked_fixture(t, setup, teardown);
	suite_add_tcase(s, t);
	tcase_add_test(t, test_shape);
	tcase_add_test(t, test_degenerate);
	tcase_add_test(t, test_mistakes);
	tcase_add_test(t, test_places);
	tcase_add_test(t, test_acl_methods);
	tcase_add_test(t, test_acl_mistakes);
	tcase_add_test(t, test_converter_as_pattern);
	tcase_add_test(t, test_acl_names);
	tcase_add_test(t, test_lines_of_one_acl_are_alternatives);
	return unit_run(s);
}
