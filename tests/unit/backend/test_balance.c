/* Balancing against sequences recorded from HAProxy. */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/backend/farm.h"
#include "tests/unit/run.h"

struct recorded {
	const char *weights, *events;
};

static const struct recorded roundrobin[] = {
#define RECORDED(weights, events) {weights, events},
#include "tests/unit/backend/roundrobin.def"
#undef RECORDED
};

static void farm_change(struct farm *f, char what, unsigned long server, unsigned long weight)
{
	struct server *s = &f->servers[server];

	ck_assert_uint_lt(server, f->proxy.nservers);
	if (what == 'F')
		s->maxconn = s->conns = 1;
	else if (what == 'E')
		s->conns = 0;
	else if (what == 'W')
		atomic_store(&s->weight, weight);
	else
		atomic_store(&s->admin, what == 'D' ? SRV_ADM_MAINT : 0);
	balance_update(s);
}

/* Plays a recording; every letter must be the server that we pick. */
static void replay(enum balance_kind kind, const struct recorded *r)
{
	struct farm f;
	struct srv_request request = {0};
	char *at = (char *)r->events;
	bool full;

	farm_init(&f, kind, r->weights);
	while (*at) {
		char what = *at++;

		if (what == '-') {
			ck_assert_ptr_null(balance_pick(&f.proxy, &request, &full));
			ck_assert(full);
		} else if (what >= 'a') {
			struct server *s = balance_pick(&f.proxy, &request, &full);

			ck_assert_msg(s == &f.servers[what - 'a'], "%s: pick %d should be %c but is %c",
				      r->weights, (int)(at - r->events), what,
				      s ? (int)(s - f.servers) + 'a' : '-');
		} else {
			unsigned long server = strtoul(at, &at, 10),
				      weight = *at == '=' ? strtoul(at + 1, &at, 10) : 0;

			at++;
			farm_change(&f, what, server, weight);
		}
	}
	farm_free(&f);
}

START_TEST(roundrobin_recorded)
{
	replay(BAL_ROUNDROBIN, &roundrobin[_i]);
}
END_TEST

/* Shares follow the weights exactly over a round, whatever they are. */
START_TEST(roundrobin_shares)
{
	struct srv_request request = {0};
	unsigned got[4] = {0};
	struct farm f;
	bool full;

	farm_init(&f, BAL_ROUNDROBIN, "256,1,100,37");
	for (int i = 0; i < 16 * 394; i++)
		got[balance_pick(&f.proxy, &request, &full) - f.servers]++;
	ck_assert_uint_eq(got[0], 16 * 256);
	ck_assert_uint_eq(got[1], 16);
	ck_assert_uint_eq(got[2], 1600);
	ck_assert_uint_eq(got[3], 16 * 37);
	farm_free(&f);
}
END_TEST

START_TEST(backups)
{
	struct srv_request request = {0};
	struct farm f;
	bool full;

	farm_init(&f, BAL_ROUNDROBIN, "1,1b,1b");
	ck_assert_uint_eq(f.proxy.usable, 1);
	ck_assert_uint_eq(f.proxy.usable_backup, 2);
	for (int i = 0; i < 3; i++)
		ck_assert_ptr_eq(balance_pick(&f.proxy, &request, &full), &f.servers[0]);
	farm_change(&f, 'D', 0, 0);
	for (int i = 0; i < 3; i++)
		ck_assert_ptr_eq(balance_pick(&f.proxy, &request, &full), &f.servers[1]);
	farm_change(&f, 'D', 1, 0);
	ck_assert_ptr_eq(balance_pick(&f.proxy, &request, &full), &f.servers[2]);
	farm_change(&f, 'D', 2, 0);
	ck_assert_ptr_null(balance_pick(&f.proxy, &request, &full));
	ck_assert(!full);
	farm_change(&f, 'U', 1, 0);
	farm_change(&f, 'U', 2, 0);
	f.proxy_conf.options[PO_ALLBACKUPS >> 6] |= 1ULL << (PO_ALLBACKUPS & 63);
	ck_assert_ptr_ne(balance_pick(&f.proxy, &request, &full), balance_pick(&f.proxy, &request, &full));
	farm_free(&f);
}
END_TEST

/* Those at their limit are passed over, those to avoid come last. */
START_TEST(full_and_avoided)
{
	struct srv_request request = {0};
	struct farm f;
	bool full;

	farm_init(&f, BAL_ROUNDROBIN, "1,1,1");
	f.servers[0].maxconn = 1;
	f.servers[0].conns = 1;
	for (int i = 0; i < 100; i++)
		ck_assert_ptr_ne(balance_pick(&f.proxy, &request, &full), &f.servers[0]);
	request.avoid = &f.servers[1];
	for (int i = 0; i < 100; i++)
		ck_assert_ptr_eq(balance_pick(&f.proxy, &request, &full), &f.servers[2]);
	f.servers[2].maxconn = 1;
	f.servers[2].conns = 1;
	for (int i = 0; i < 100; i++)
		ck_assert_ptr_eq(balance_pick(&f.proxy, &request, &full), &f.servers[1]);
	f.servers[1].maxconn = 1;
	f.servers[1].conns = 1;
	ck_assert_ptr_null(balance_pick(&f.proxy, &request, &full));
	ck_assert(full);
	f.servers[0].conns = 0;
	ck_assert_ptr_eq(balance_pick(&f.proxy, &request, &full), &f.servers[0]);
	farm_free(&f);
}
END_TEST

/* minconn, maxconn and fullconn (manual, "fullconn"). */
START_TEST(limits)
{
	struct farm f;

	farm_init(&f, BAL_ROUNDROBIN, "1");
	ck_assert_uint_eq(server_limit(&f.servers[0]), 0);
	f.servers[0].maxconn = 1000;
	ck_assert_uint_eq(server_limit(&f.servers[0]), 1000);
	f.servers[0].minconn = 100;
	f.proxy_conf.fullconn = 10000;
	ck_assert_uint_eq(server_limit(&f.servers[0]), 100);
	f.proxy.be_conns = 5000;
	ck_assert_uint_eq(server_limit(&f.servers[0]), 500);
	f.proxy.be_conns = 20000;
	ck_assert_uint_eq(server_limit(&f.servers[0]), 1000);
	farm_free(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("balance");
	TCase *recorded = tcase_create("recorded"), *tc = tcase_create("rules");

	tcase_add_loop_test(recorded, roundrobin_recorded, 0, sizeof(roundrobin) / sizeof(*roundrobin));
	tcase_add_test(tc, roundrobin_shares);
	tcase_add_test(tc, backups);
	tcase_add_test(tc, full_and_avoided);
	tcase_add_test(tc, limits);
	suite_add_tcase(suite, recorded);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
