/* Addresses in RDP cookies, as clients may send them. */
#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>

#include "runtime/proxy/stream.h"
#include "tests/unit/run.h"

START_TEST(addresses)
{
	union addr a;

	ck_assert(rdp_address(STR("16777343.15629.0000"), &a));
	ck_assert_int_eq(a.family, AF_INET);
	ck_assert_uint_eq(ntohl(a.in.sin_addr.s_addr), INADDR_LOOPBACK);
	ck_assert_uint_eq(ntohs(a.in.sin_port), 3389);
	ck_assert(rdp_address(STR("4294967295.65535."), &a));
	ck_assert(rdp_address(STR("0.0.0"), &a));
}
END_TEST

START_TEST(nonsense)
{
	static const char *const values[] = {"",
					     ".",
					     "..",
					     "1",
					     "1.",
					     "1.2",
					     "4294967296.1.0",
					     "1.65536.0",
					     "x.1.0",
					     "1.x.0",
					     "-1.1.0",
					     "99999999999999999999999.1.0",
					     "user"};
	union addr a;

	ck_assert(!rdp_address(str_from(values[_i]), &a));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rdp");
	TCase *tc = tcase_create("rdp");

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, addresses);
	tcase_add_loop_test(tc, nonsense, 0, 13);
	return unit_run(suite);
}
