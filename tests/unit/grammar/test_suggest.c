/* Did-you-mean. */
#include "grammar/suggest.h"
#include "tests/unit/run.h"

#include <check.h>

static const char *suggest_among(const char *word, const char *const *candidates)
{
	static char buf[256];
	struct suggest s;

	suggest_start(&s, str_from(word));
	for (; *candidates; candidates++)
		suggest_offer(&s, str_from(*candidates));
	return suggest_text(&s, buf, sizeof(buf));
}
#define SUGGEST(word, ...) suggest_among((word), (const char *const[]){__VA_ARGS__, NULL})

START_TEST(test_typos)
{
	ck_assert_str_eq(SUGGEST("balence", "bind", "balance", "backlog"), "`balance`");
	ck_assert_str_eq(SUGGEST("weghit", "weight", "check"), "`weight`");
	ck_assert_str_eq(SUGGEST("fronted", "backend", "frontend"), "`frontend`");
	ck_assert_str_eq(SUGGEST("globl", "global"), "`global`");
	ck_assert_str_eq(SUGGEST("statuss", "status", "errorfile"), "`status`");
	ck_assert_str_eq(SUGGEST("mdoe", "node", "mode"), "`mode`"); /* a swap costs 1; m-d-o-e to node 3 */
	ck_assert_str_eq(SUGGEST("applicaton_nodes", "application_nodes"), "`application_nodes`");
}
END_TEST

START_TEST(test_folding)
{
	ck_assert_str_eq(SUGGEST("use-backend", "use_backend", "default_backend"), "`use_backend`");
	ck_assert_str_eq(SUGGEST("tcprequest", "tcp-request", "tcp-response"), "`tcp-request`");
	ck_assert_str_eq(SUGGEST("BIND", "bin", "bind"), "`bind` or `bin`");
	ck_assert_str_eq(SUGGEST("TimeOut.Client", "timeout client"), "`timeout client`");
}
END_TEST

START_TEST(test_order)
{
	ck_assert_str_eq(SUGGEST("header-set", "del-header", "set-header"), "`set-header`");
	ck_assert_str_eq(SUGGEST("backend_use", "use_backend"), "`use_backend`");
	ck_assert_str_eq(SUGGEST("xx-yy-xx", "yy-xx-yy"), "");
}
END_TEST

START_TEST(test_nonsense)
{
	ck_assert_str_eq(SUGGEST("bind", "unix-bind", "node", "mode"), "");
	ck_assert_str_eq(SUGGEST("mode", "mode"), "");
	ck_assert_str_eq(SUGGEST("x", "y", "z"), "");
	ck_assert_str_eq(SUGGEST("--", "a", "-"), "");
	ck_assert_str_eq(SUGGEST("", "a"), "");
	ck_assert_str_eq(SUGGEST("ab", "cd"), "");
}
END_TEST

START_TEST(test_ranking)
{
	ck_assert_str_eq(SUGGEST("server1", "server2", "server1x", "srver1", "server3"),
			 "`server2`, `server1x` or `srver1`");
	ck_assert_str_eq(SUGGEST("server1", "server23", "server_1", "server2"),
			 "`server_1`, `server2` or `server23`");
	ck_assert_str_eq(SUGGEST("server1", "server2", "server2"), "`server2`");
}
END_TEST

START_TEST(test_long)
{
	char word[400], small[8];
	struct suggest s;

	memset(word, 'a', sizeof(word));
	suggest_start(&s, str_make(word, sizeof(word)));
	suggest_offer(&s, str_make(word, sizeof(word) - 1));
	ck_assert_uint_eq(s.n, 0);
	suggest_start(&s, str_make(word, SUGGEST_LONGEST));
	suggest_offer(&s, str_make(word, SUGGEST_LONGEST - 1));
	suggest_offer(&s, str_make(word, SUGGEST_LONGEST + 1));
	ck_assert_uint_eq(s.n, 1);
	ck_assert_str_eq(suggest_text(&s, small, sizeof(small)), "`aaaaaa");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("suggest");
	TCase *tc = tcase_create("suggest");

	tcase_add_test(tc, test_typos);
	tcase_add_test(tc, test_folding);
	tcase_add_test(tc, test_order);
	tcase_add_test(tc, test_nonsense);
	tcase_add_test(tc, test_ranking);
	tcase_add_test(tc, test_long);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
