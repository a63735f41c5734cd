/* Rules: what each action takes, what it refuses, and in whose words. */
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
	fixture_words(&f, "acl named path /x");
	ck_assert(acl_parse(&f.c, &f.words[1], f.words + 2, f.nwords - 2, &f.scope));
	f.scope = (struct lang_scope){.proxy = &f.proxy};
}

static void teardown(void)
{
	fixture_stop(&f);
}

static const struct {
	const char *set;
	enum ruleset id;
} sets[] = {{"http-request ", RS_HTTP_REQ},
	    {"http-response ", RS_HTTP_RES},
	    {"http-after-response ", RS_HTTP_AFTER_RES},
	    {"tcp-request connection ", RS_TCP_REQ_CONN},
	    {"tcp-request session ", RS_TCP_REQ_SESS},
	    {"tcp-request content ", RS_TCP_REQ_CONT},
	    {"tcp-response content ", RS_TCP_RES_CONT}};

static void write_rule(struct out *o, const struct rule *r)
{
	out_puts(o, action_row(r->action)->name);
	if (r->name.len)
		out_printf(o, " name=%.*s", STR_ARG(r->name));
	if (r->fmt)
		out_printf(o, " fmt=%.*s", STR_ARG(r->fmt->text));
	if (r->sample)
		out_printf(o, " sample=%.*s", STR_ARG(r->sample->text));
	if (r->regex)
		out_printf(o, " regex=%.*s", STR_ARG(r->regex->text));
	if (r->var)
		out_printf(o, " var=%d.%.*s", r->var->scope, STR_ARG(r->var->name));
	if (r->num)
		out_printf(o, " num=%lld", (long long)r->num);
	if (r->flags)
		out_printf(o, " flags=%u", r->flags);
	if (r->str.len)
		out_printf(o, " str=%.*s", STR_ARG(r->str));
	if (r->reply)
		out_printf(o, " reply=%u/%.*s/%.*s/%u%s", r->reply->status, STR_ARG(r->reply->content_type),
			   STR_ARG(r->reply->body), r->reply->nheaders,
			   r->reply->default_errorfile ? "/default" : "");
	if (r->cond)
		out_printf(o, " %.*s", STR_ARG(r->cond->text));
}

/* A rule in short, or the diagnostics. */
static const char *parse(const char *line)
{
	struct out o = out_growing(1 << 20);
	struct rule rule;
	const char *text;
	bool done = false;

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		if (strncmp(line, sets[i].set, strlen(sets[i].set)))
			continue;
		fixture_words(&f, line + strlen(sets[i].set));
		done = action_parse(&f.c, sets[i].id, f.words, f.nwords, &f.scope, &rule);
	}
	if (!strncmp(line, "redirect", 8)) {
		fixture_words(&f, line);
		done = redirect_parse(&f.c, f.words, f.nwords, &f.scope, &rule);
	}
	if (!done || f.diags.list.n)
		return fixture_diags(&f);
	write_rule(&o, &rule);
	text = arena_str(f.arena, out_get(&o)).ptr;
	out_free(&o);
	return text;
}

static const struct {
	const char *written, *meaning;
} rules[] = {
	{"http-request deny", "deny reply=403///0/default"},
	{"http-request deny deny_status 404 if named", "deny reply=404///0/default if named"},
	{"http-request deny status 418", "deny reply=418///0"},
	{"http-request tarpit", "tarpit reply=500///0/default"},
	{"http-response deny", "deny reply=502///0/default"},
	{"http-request return", "return reply=200///0"},
	{"http-request return status 404 content-type text/plain string 'not here' hdr X-A 1 hdr X-B %[path]",
	 "return reply=404/text/plain/not here/2"},
	{"http-request allow if { path /x }", "allow if { path /x }"},
	{"http-request set-header X-A %[path],%ci", "set-header name=X-A fmt=%[path],%ci"},
	{"http-request del-header X-A", "del-header name=X-A num=7"},
	{"http-request del-header ^X -m reg unless named", "del-header name=^X regex=^X num=9 unless named"},
	{"http-request replace-header Host (.*)\\.a \\1.b",
	 "replace-header name=Host fmt=\\1.b regex=(.*)\\.a"},
	{"http-request replace-path /a(.*) \\1", "replace-path fmt=\\1 regex=/a(.*)"},
	{"http-response set-status 503 reason 'Slow Down'", "set-status name=Slow Down num=503"},
	{"http-request set-var(txn.x) path lower if named", "set-var sample=path,lower var=2.x if named"},
	{"http-request set-var(txn.x,ifset,ifempty) path", "set-var sample=path var=2.x flags=20"},
	{"http-request set-var-fmt(req.y) a%[path]b", "set-var-fmt fmt=a%[path]b var=3.y"},
	{"http-request unset-var(sess.z)", "unset-var var=1.z"},
	{"http-request auth realm 'my realm' if named", "auth name=my realm if named"},
	{"http-request set-log-level silent", "set-log-level num=-1"},
	{"http-request set-log-level err", "set-log-level num=3"},
	{"http-request capture hdr(host) len 20", "capture sample=hdr(host) num=-1 flags=20"},
	{"http-request capture hdr(host) id 2", "capture sample=hdr(host) num=2"},
	{"http-request redirect location /a code 301", "redirect fmt=/a num=301"},
	{"http-request redirect prefix http://%[hdr(host)] drop-query append-slash",
	 "redirect fmt=http://%[hdr(host)] num=302 flags=3"},
	{"redirect scheme https set-cookie A=B if named", "redirect fmt=https num=302 str=A=B if named"},
	{"redirect location /%zz code 307", "redirect fmt=/%zz num=307"},
	{"tcp-request content accept if TRUE", "accept if TRUE"},
	{"tcp-request connection reject if { src 10.0.0.0/8 }", "reject if { src 10.0.0.0/8 }"},
	{"tcp-request session set-var(sess.s) src", "set-var sample=src var=1.s"},
	{"http-request strict-mode off", "strict-mode"},
};

START_TEST(test_rules)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		ck_assert_str_eq(parse(rules[i].written), rules[i].meaning);
}
END_TEST

#define HR(action) "error detected in frontend 'f' while parsing 'http-request " action "' rule : "

static const struct {
	const char *written, *diags;
} mistakes[] = {
	{"http-request denny if named",
	 "unknown-action: `http-request` has no action `denny` [denny] {'http-request' expects one of "
	 "its actions, but got 'denny'.} +0,5'deny'"},
	{"http-request deny named",
	 "unexpected-word: unexpected `named` behind `deny` [named] {'http-request deny' expects either 'if' "
	 "or 'unless' followed by a condition but found 'named'.}"},
	{"http-request return statuss 200", "unexpected-word: unexpected `statuss` behind `return` [statuss] "
					    "{'http-request return' expects either 'if' or 'unless' "
					    "followed by a condition but found 'statuss'.} +7,7'status'"},
	{"http-request set-header X-A hello world",
	 "unexpected-word: unexpected `world` behind `set-header` [world] {'http-request set-header' expects "
	 "either 'if' or 'unless' "
	 "followed by a condition but found 'world'.} +15,0'\"' +26,0'\"'"},
	{"http-request set-header X-A",
	 "action-argument: `set-header` needs the value of the header field [] {" HR(
		 "set-header") "expects exactly 2 arguments.}"},
	{"http-request set-header X-A %[pathh]",
	 "unknown-fetch: unknown sample fetch `pathh` [pathh] {" HR(
		 "set-header") "failed to parse sample expression <pathh]> : unknown fetch method 'pathh'.} "
			       "+17,5'path'"},
	{"http-request set-header 'X A' b",
	 "header-name: a header field's name cannot hold this character [ ]"},
	{"http-request deny if foo",
	 "unknown-acl: no ACL named `foo` [foo] {error detected while parsing an 'http-request deny' "
	 "condition : no such ACL : 'foo'.}"},
	{"http-request deny status 99 content-type a string x",
	 "action-argument: a response has a status from 200 to 599 [99] {" HR(
		 "deny") "Unexpected status code '99'.}"},
	{"http-request deny string x",
	 "action-argument: a body needs `content-type` [deny] {" HR(
		 "deny") "a content type must be defined when non-empty payload is configured.}"},
	{"http-request deny content-type x string a file /b",
	 "action-argument: `string` stands already: a response has one body [file] {" HR(
		 "deny") "unexpected 'file' argument, 'string' already defined.}"},
	{"http-request deny deny_status 418",
	 "action-argument: there is no such message for status 418 [deny] {" HR(
		 "deny") "status code '418' not handled by default with 'default-errorfiles' argument..}"},
	{"http-request return content-type a",
	 "reply-argument-ignored: a content type without a body is ignored [a] {content-type 'a' ignored by "
	 "the http reply because "
	 "neither errorfile nor payload defined.}"},
	{"http-request redirect",
	 "action-argument: `redirect` needs `location`, `prefix` or `scheme` [] {" HR(
		 "redirect") "redirection type expected ('prefix', 'location', or 'scheme').}"},
	{"redirect location /x code 399",
	 "action-argument: a redirection has code 301, 302, 303, 307 or 308 [399] {error detected in frontend "
	 "'f' while parsing "
	 "redirect rule : 'code': unsupported HTTP code '399' (must be one of 301, 302, 303, 307 or 308).}"},
	{"redirect location /x fi named", "action-argument: a redirection has no `fi` [fi] {error detected in "
					  "frontend 'f' while parsing redirect rule : expects 'code', "
					  "'prefix', 'location', 'scheme', 'set-cookie', 'clear-cookie', "
					  "'drop-query', 'ignore-empty' or 'append-slash' (was 'fi').} "
					  "+21,2'if'"},
	{"redirect location /x if foo",
	 "unknown-acl: no ACL named `foo` [foo] {error detected in frontend 'f' while parsing redirect "
	 "rule : error in condition: no such ACL : 'foo'.}"},
	{"redirect location %[path]", "redirect-literal: `%[...]` is not evaluated here [%[path]]"},
	{"http-request set-var(foo) path",
	 "variable-name: `foo` is not the name of a variable [foo] {" HR(
		 "set-var(foo)") "invalid variable name 'foo'. A variable name must be start by its "
				 "scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or "
				 "'check'.}"},
	{"http-request set-var(txn.a)", "action-argument: `set-var` needs a sample expression [] {" HR(
						"set-var(txn.a)") "missing fetch method.}"},
	{"http-request set-var(txn.x) res.hdr(a)",
	 "sample-not-here: `res.hdr` has no value here [res.hdr(a)] {" HR(
		 "set-var(txn.x)") "fetch method 'set-var(txn.x)' extracts information from 'HTTP response "
				   "headers', "
				   "none of which is available here.}"},
	{"http-request set-log-level eror",
	 "action-argument: there is no such log level [eror] {" HR(
		 "set-log-level") "expects exactly 1 argument (log level name or 'silent').} +14,4'err'"},
	{"http-response capture res.hdr(a) len 4",
	 "action-argument: responses are captured into declared slots: `id` and the slot's number [len] {error "
	 "detected in frontend 'f' "
	 "while parsing 'http-response capture' rule : expects 'id', found 'len'.}"},
	{"http-request set-status 200", "unknown-action: `http-request` has no action `set-status` "
					"[set-status] {'http-request' expects one of its actions, but got "
					"'set-status'.}"},
	{"tcp-request content accept x",
	 "unexpected-word: unexpected `x` behind `accept` [x] {'tcp-request content accept' only "
	 "accepts 'if' or 'unless', in frontend 'f' (got 'x')}"},
	{"tcp-request content accept if foo", "unknown-acl: no ACL named `foo` [foo] {'tcp-request content "
					      "accept' : error detected in frontend 'f' while parsing 'if' "
					      "condition : no such ACL : 'foo'.}"},
	{"http-request set-mark x",
	 "action-argument: a number, or 0x and hexadecimal digits, is needed here [x] {" HR(
		 "set-mark") "invalid character starting at 'x' (integer/hex value expected).}"},
	{"http-request lua.check a b if named",
	 "not-effective-yet: action `lua.` is not effective yet [lua.check]"},
	{"http-request track-sc12 src",
	 "action-argument: there are not so many tracked counters [track-sc12] {" HR(
		 "track-sc12") "12 track-sc number exceeding 2 (MAX_SESS_STKCTR-1) value.}"},
	{"http-request wait-for-body",
	 "action-argument: `wait-for-body` needs `time` and how long to wait at most [] {" HR(
		 "wait-for-body") "expects time <time> [ at-least <bytes> ].}"},
};

START_TEST(test_mistakes)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
		ck_assert_str_eq(parse(mistakes[i].written), mistakes[i].diags);
}
END_TEST

START_TEST(test_every_action_has_a_reader)
{
	struct rule rule;

	for (int i = 0; i < ACTION_COUNT; i++) {
		for (int set = 0; set < RS_COUNT; set++) {
			if (!(action_row((enum action_id)i)->sets >> set & 1))
				continue;
			fixture_words(&f, action_row((enum action_id)i)->name);
			action_parse(&f.c, (enum ruleset)set, f.words, f.nwords, &f.scope, &rule);
			fixture_words(
				&f, arena_printf(f.arena, "%s() a b c d e", action_row((enum action_id)i)->name)
					    .ptr);
			action_parse(&f.c, (enum ruleset)set, f.words, f.nwords, &f.scope, &rule);
		}
	}
	ck_assert_uint_gt(f.diags.errors, 100);
}
END_TEST

START_TEST(test_http_error)
{
	const struct reply_conf *r;

	fixture_words(&f, "status 404 content-type a string b");
	r = reply_parse(&f.c, f.words, f.nwords, &f.scope);
	ck_assert(r && r->status == 404 && str_is(r->body, "b"));
	fixture_words(&f, "status 418 content-type a string b");
	ck_assert_ptr_null(reply_parse(&f.c, f.words, f.nwords, &f.scope));
	fixture_words(&f, "status 404 foo");
	ck_assert_ptr_null(reply_parse(&f.c, f.words, f.nwords, &f.scope));
	fixture_words(&f, "content-type a string b");
	ck_assert_ptr_null(reply_parse(&f.c, f.words, f.nwords, &f.scope));
	ck_assert_str_eq(fixture_diags(&f), "reply-argument: the proxy never answers with status 418 [status] "
					    "{http-error: status code '418' not "
					    "handled.}\nreply-argument: `http-error` knows no `foo` [foo] "
					    "{http-error : unknown keyword 'foo'.}\n"
					    "action-argument: `http-error` needs `status` [content-type] "
					    "{http-error : expects at least a <status> as "
					    "arguments.}");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("action");
	TCase *t = tcase_create("action");

	tcase_add_checked_fixture(t, setup, teardown);
	suite_add_tcase(s, t);
	tcase_add_test(t, test_rules);
	tcase_add_test(t, test_mistakes);
	tcase_add_test(t, test_every_action_has_a_reader);
	tcase_add_test(t, test_http_error);
	return unit_run(s);
}
