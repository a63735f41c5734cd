/* Dynamic cookies: the hashes that HAProxy 2.6.12 gave for the same addresses and keys, and what a client's
 * cookie finds. */
#include <arpa/inet.h>
#include <check.h>

#include "runtime/backend/dynamic_cookie.h"
#include "tests/unit/run.h"

static struct server_conf confs[3];
static struct server servers[3], *pointers[3];
static struct proxy_conf conf;
static struct proxy px;

static void setup(void)
{
	for (int i = 0; i < 3; i++) {
		confs[i].name = STR("s");
		pointers[i] = &servers[i];
		servers[i].conf = &confs[i];
		servers[i].addr.in = (struct sockaddr_in){.sin_family = AF_INET,
							  .sin_port = htons((uint16_t)(23601 + i)),
							  .sin_addr = {htonl(INADDR_LOOPBACK)}};
	}
	confs[2].cookie = STR("own");
	conf.dynamic_cookie_key = STR("secret");
	px.conf = &conf;
	px.servers = pointers;
	px.nservers = 3;
	pthread_mutex_init(&px.lb_lock, NULL);
	dynamic_cookies_enable(&px, true);
}

static void teardown(void)
{
	dynamic_cookies_free(&px);
	pthread_mutex_destroy(&px.lb_lock);
}

START_TEST(test_hashes)
{
	char text[SERVER_COOKIE_TEXT];

	ck_assert(str_is(server_cookie(&servers[0], text), "767f6cbea39270dd"));
	ck_assert(str_is(server_cookie(&servers[1], text), "5612b5783b852757"));
	ck_assert(str_is(server_cookie(&servers[2], text), "own"));
	ck_assert(dynamic_cookie_set_key(&px, STR("other")));
	ck_assert(str_is(server_cookie(&servers[0], text), "5601388e79e26b4e"));
	ck_assert(str_is(server_cookie(&servers[1], text), "43abcac8248991dc"));
}
END_TEST

static struct server *find(struct str cookie)
{
	uint32_t at = 0;

	return server_by_cookie(&px, cookie, &at);
}

START_TEST(test_find)
{
	char text[SERVER_COOKIE_TEXT];

	ck_assert_ptr_eq(find(STR("5612b5783b852757")), &servers[1]);
	ck_assert_ptr_eq(find(STR("own")), &servers[2]);
	ck_assert_ptr_null(find(STR("")));
	ck_assert_ptr_null(find(STR("5612B5783B852757")));
	ck_assert_ptr_null(find(STR("0000000000000000")));
	ck_assert_ptr_null(find(STR("5612b5783b85275")));
	dynamic_cookies_enable(&px, false);
	ck_assert_ptr_null(find(STR("5612b5783b852757")));
	ck_assert_uint_eq(server_cookie(&servers[0], text).len, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dynamic cookies");
	TCase *c = tcase_create("cookies");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, test_hashes);
	tcase_add_test(c, test_find);
	suite_add_tcase(s, c);
	return unit_run(s);
}
