/* Rules against what HAProxy made of the same message (rules.def): header fields, targets, statuses,
 * redirections, variables; the order of rules; choice of the backend. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "grammar/base/out.h"
#include "tests/unit/eval/eval_fixture.h"
#include "tests/unit/run.h"

static const char request[] =
	"GET /a/b.c?x=1&y=2 HTTP/1.1\r\nHost: www.example.com\r\nX-L: a, b ,c\r\nX-A: one\r\nX-A: two\r\n"
	"X-B: Foo-Bar\r\nCookie: k=v; s=t\r\n\r\n";
static const char response[] =
	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-L: a, b ,c\r\nX-A: one\r\nX-A: two\r\n"
	"Set-Cookie: s=1; path=/\r\n\r\nok";

static struct eval_fixture t;

static void setup(void)
{
	eval_fixture_start(&t);
	eval_fixture_request(&t, request);
	t.dst.in.sin_port = htons(21970);
}

static void teardown(void)
{
	eval_fixture_stop(&t);
}

struct lists {
	struct rule v[RS_COUNT + 1][8]; /* the last: redirect */
	uint32_t n[RS_COUNT + 1];
};

static void parse_line(struct lists *l, const char *line)
{
	static const struct {
		const char *word;
		int set;
	} sets[] = {{"http-request ", RS_HTTP_REQ},
		    {"http-response ", RS_HTTP_RES},
		    {"http-after-response ", RS_HTTP_AFTER_RES},
		    {"redirect ", RS_COUNT}};

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct rule *r = &l->v[sets[i].set][l->n[sets[i].set]];
		size_t skip = strlen(sets[i].word);
		bool done;

		if (strncmp(line, sets[i].word, skip))
			continue;
		fixture_words(&t.f, sets[i].set == RS_COUNT ? line : line + skip);
		t.f.scope = (struct lang_scope){.proxy = &t.f.proxy};
		done = sets[i].set == RS_COUNT ? redirect_parse(&t.f.c, t.f.words, t.f.nwords, &t.f.scope, r)
					       : action_parse(&t.f.c, (enum ruleset)sets[i].set, t.f.words,
							      t.f.nwords, &t.f.scope, r);
		ck_assert_msg(done, "%s: %s", line, fixture_diags(&t.f));
		l->n[sets[i].set]++;
	}
}

static void parse_lines(struct lists *l, const char *text)
{
	char copy[1024], *p = copy, *end;

	memset(l, 0, sizeof(*l));
	snprintf(copy, sizeof(copy), "%s", text);
	while ((end = strstr(p, " ;; "))) {
		*end = 0;
		parse_line(l, p);
		p = end + 4;
	}
	parse_line(l, p);
	eval_fixture_engine(&t);
}

static const struct rule *decider;

static enum verdict run(const struct lists *l, int set)
{
	struct rules rules = {.v = l->v[set], .n = l->n[set]};
	uint32_t i = 0;

	t.e.place = set == RS_HTTP_RES || set == RS_HTTP_AFTER_RES ? AT(FE_RES_HDR) : AT(FE_REQ_HDR);
	return rules_run(&t.e, &rules, &i, &decider);
}

/* The table shows names in lower case. */
static const char *lower_names(const char *dump)
{
	char *copy = arena_dup(t.f.arena, dump, strlen(dump) + 1);
	bool name = false;

	for (char *p = copy; *p; p++) {
		if (*p == '|')
			name = true;
		else if (*p == ':')
			name = false;
		else if (name && *p >= 'A' && *p <= 'Z')
			*p |= 0x20;
	}
	return copy;
}

static const char *redirect_dump(void)
{
	struct str location = redirect_location(&t.e, decider), cookie = decider->str;
	const char *clear = decider->flags & REDIR_CLEAR_COOKIE ? " Max-Age=0;" : "";

	return arena_printf(t.f.arena, "! %lld %s|content-length: 0|location: %.*s%s%s%.*s%s%s",
			    (long long)decider->num,
			    decider->num == 302 ? "Found" : http_reason((unsigned)decider->num),
			    STR_ARG(location), decider->num == 301 ? "" : "|cache-control: no-cache",
			    cookie.len ? "|set-cookie: " : "", STR_ARG(cookie), cookie.len ? "; path=/;" : "",
			    cookie.len ? clear : "")
		.ptr;
}

static const char *result_of(const struct lists *l)
{
	enum verdict v = run(l, RS_HTTP_REQ);

	if (v == V_CONTINUE)
		v = run(l, RS_COUNT);
	if (v == V_REDIRECT)
		return redirect_dump();
	if (v != V_CONTINUE && v != V_ALLOW)
		return "!";
	if (!l->n[RS_HTTP_RES] && !l->n[RS_HTTP_AFTER_RES])
		return lower_names(eval_fixture_dump(&t, &t.req));
	eval_vars_free(&t.vars[VAR_REQ], NULL);
	t.vars[VAR_REQ] = NULL;
	eval_fixture_response(&t, response);
	v = run(l, RS_HTTP_RES);
	if (v != V_CONTINUE)
		return "!";
	run(l, RS_HTTP_AFTER_RES);
	return lower_names(eval_fixture_dump(&t, &t.res));
}

static const struct {
	const char *rules, *result;
} rows[] = {
#define RULES(rules, result) {rules, result},
#include "tests/unit/eval/rules.def"
#undef RULES
};

START_TEST(test_rules)
{
	struct lists l;
	const char *got;

	parse_lines(&l, rows[_i].rules);
	got = result_of(&l);
	if (got[0] == '!' && !got[1])
		ck_assert(strstr(rows[_i].rules, "deny"));
	else
		ck_assert_str_eq(got, rows[_i].result);
}
END_TEST

START_TEST(test_verdicts)
{
	static const struct {
		const char *rules;
		enum verdict verdict;
		int64_t index;
	} all[] = {{"http-request set-header a b ;; http-request deny if FALSE ;; http-request tarpit",
		    V_TARPIT, 2},
		   {"http-request return status 200", V_RETURN, 0},
		   {"http-request reject if TRUE", V_REJECT, 0},
		   {"http-request silent-drop", V_SILENT_DROP, 0},
		   {"http-request auth", V_AUTH, 0},
		   {"http-request allow ;; http-request deny", V_ALLOW, 0},
		   {"http-request set-log-level silent", V_CONTINUE, -1}};
	struct lists l;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		parse_lines(&l, all[i].rules);
		ck_assert_int_eq(run(&l, RS_HTTP_REQ), all[i].verdict);
		ck_assert_int_eq(decider ? decider - l.v[RS_HTTP_REQ] : -1, all[i].index);
		if (decider)
			ck_assert_ptr_eq(t.last_rule, decider);
	}
	ck_assert_int_eq(t.log.log_level, -1);
}
END_TEST

START_TEST(test_wait_and_resume)
{
	struct rule v[2];
	struct rules rules = {.v = v, .n = 2};
	uint32_t i = 0;

	t.f.scope = (struct lang_scope){.proxy = &t.f.proxy};
	fixture_words(&t.f, "set-var(txn.n) int(1)");
	ck_assert(action_parse(&t.f.c, RS_TCP_REQ_CONT, t.f.words, t.f.nwords, &t.f.scope, &v[0]));
	fixture_words(&t.f, "accept if { req.payload(0,4) -m str ping }");
	ck_assert(action_parse(&t.f.c, RS_TCP_REQ_CONT, t.f.words, t.f.nwords, &t.f.scope, &v[1]));
	eval_fixture_engine(&t);
	t.e.may_wait = true;
	t.e.raw_req = STR("pi");
	ck_assert_int_eq(rules_run(&t.e, &rules, &i, &decider), V_WAIT);
	ck_assert_uint_eq(i, 0);
	t.e.raw_req = STR("ping");
	ck_assert_int_eq(rules_run(&t.e, &rules, &i, &decider), V_ALLOW);
	i = 0;
	t.e.raw_req = STR("pi");
	t.e.may_wait = false;
	ck_assert_int_eq(rules_run(&t.e, &rules, &i, &decider), V_CONTINUE);
}
END_TEST

START_TEST(test_captures)
{
	struct lists l;

	t.cap_len[1] = 5;
	parse_lines(&l, "http-request capture path id 1 ;; http-request capture hdr(none) id 2 ;; http-request "
			"capture hdr(host) id 9 ;; "
			"http-request set-header X %[capture.req.hdr(1)]%[path,capture-req(0),length]");
	ck_assert_int_eq(run(&l, RS_HTTP_REQ), V_CONTINUE);
	ck_assert(str_is(t.cap_req[1], "/a/b."));
	ck_assert_ptr_null(t.cap_req[2].ptr);
	ck_assert(str_is(t.cap_req[0], "/a/b.c"));
	ck_assert_ptr_nonnull(strstr(eval_fixture_dump(&t, &t.req), "|X: /a/b.6"));
}
END_TEST

START_TEST(test_backend_choice)
{
	struct switch_rule rules[3] = {{0}};
	const struct switch_rule *which;
	struct proxy_conf other = {.name = STR("other")};

	fixture_words(&t.f, "if { path_beg /none }");
	rules[0].cond = cond_parse(&t.f.c, t.f.words, t.f.nwords, &t.f.scope);
	rules[0].backend = &other;
	fixture_words(&t.f, "if { hdr(x-b) -m found }");
	rules[1].cond = cond_parse(&t.f.c, t.f.words, t.f.nwords, &t.f.scope);
	fixture_words(&t.f, "%[path,field(2,/),regsub(a,be)]");
	t.f.scope.format = FORMAT_HTTP;
	rules[1].dynamic = logfmt_parse(&t.f.c, t.f.words, &t.f.scope);
	rules[2].backend = &other;
	t.f.proxy.use_backend.v = rules;
	t.f.proxy.use_backend.n = 3;
	eval_fixture_engine(&t);
	ck_assert_ptr_eq(eval_backend(&t.e, &t.f.proxy, &which), &t.f.backend);
	ck_assert_ptr_eq(which, &rules[1]);
	t.req.uri = STR("/unknown/x");
	t.f.proxy.default_backend = &other;
	ck_assert_ptr_eq(eval_backend(&t.e, &t.f.proxy, &which), &other);
	t.f.proxy.use_backend.n = 0;
	ck_assert_ptr_eq(eval_backend(&t.e, &t.f.proxy, &which), &other);
	ck_assert_ptr_null(which);
}
END_TEST

/* A rewrite that finds no memory is an error, unless `strict-mode off` was met. */
START_TEST(test_no_memory)
{
	struct lists l;

	parse_lines(&l, "http-request set-path /x%[path] ;; http-request set-header a %[path]");
	t.scratch.limit = t.scratch.total;
	t.scratch.next = t.scratch.end;
	ck_assert_int_eq(run(&l, RS_HTTP_REQ), V_ERROR);
	t.e.relaxed = true;
	ck_assert_int_eq(run(&l, RS_HTTP_REQ), V_CONTINUE);
	ck_assert(str_is(t.req.uri, "/a/b.c?x=1&y=2"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rules");
	TCase *tc = tcase_create("rules");

	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, test_rules, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tc, test_verdicts);
	tcase_add_test(tc, test_wait_and_resume);
	tcase_add_test(tc, test_captures);
	tcase_add_test(tc, test_backend_choice);
	tcase_add_test(tc, test_no_memory);
	return unit_run_here(s);
}
