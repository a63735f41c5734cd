/* Orders of servers against a search through all of them; roundrobin of hundreds of servers, which come, go and
 * change their weights, against the plain rule, one server after the other. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/backend/balance.h"
#include "runtime/backend/balance_order.h"
#include "tests/unit/backend/farm.h"
#include "tests/unit/run.h"

enum { NODES = 200, STEPS = 20000 };

static uint64_t random_state = 88172645463325252;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 20) % n;
}

/* --- orders */

static struct order_node nodes[NODES];
static bool is_in[NODES];
static struct order order;

static struct order_node *plain_first(void)
{
	struct order_node *first = NULL;

	for (int i = 0; i < NODES; i++) {
		struct order_node *n = &nodes[i];

		if (is_in[i] &&
		    (!first || n->key < first->key || (n->key == first->key && n->turn < first->turn)))
			first = n;
	}
	return first;
}

static void node_move(uint32_t i, int64_t key, uint32_t lane)
{
	if (is_in[i])
		order_take(&order, &nodes[i]);
	else
		order_put(&order, &nodes[i], key, lane);
	is_in[i] = !is_in[i];
	ck_assert_ptr_eq(order_first(&order), plain_first());
}

/* As balancing does when servers are full: the first few out, and back to where they were, last one first. */
static void pass_over(uint32_t n)
{
	struct order_node *out[NODES];
	uint32_t taken = 0;

	for (; taken < n && (out[taken] = order_first(&order)) != NULL; taken++) {
		order_take(&order, out[taken]);
		is_in[out[taken] - nodes] = false;
		ck_assert_ptr_eq(order_first(&order), plain_first());
	}
	while (taken--) {
		order_restore(&order, out[taken]);
		is_in[out[taken] - nodes] = true;
		ck_assert_ptr_eq(order_first(&order), plain_first());
	}
}

/* keys: how many different ones; rising: most servers come back later than they were. */
static void order_play(uint32_t keys, bool rising, bool lane_is_key)
{
	ck_assert(order_init(&order, NODES));
	for (int64_t i = 0; i < STEPS; i++) {
		int64_t key = random_below(keys) + (rising && random_below(20) ? i : 0);

		node_move(random_below(NODES), key, lane_is_key ? (uint32_t)key : random_below(8));
		if (!random_below(50))
			pass_over(random_below(20));
	}
	for (uint32_t i = 0; i < NODES; i++)
		if (is_in[i])
			node_move(i, 0, 0);
	order_free(&order);
}

START_TEST(order_is_that_of_a_search)
{
	order_play(1, false, true);
	order_play(3, false, true);
	order_play(1000, false, false);
	order_play(1, true, false);
	order_play(100, true, false);
	order_play(1000, true, true);
}
END_TEST

START_TEST(order_grows)
{
	ck_assert(order_init(&order, 1));
	order_put(&order, &nodes[0], 5, 0);
	ck_assert(order_grow(&order, NODES));
	for (uint32_t i = 1; i < NODES; i++)
		order_put(&order, &nodes[i], (int64_t)(NODES - i), i);
	for (uint32_t i = NODES - 1; i > NODES - 5; i--) {
		ck_assert_ptr_eq(order_first(&order), &nodes[i]);
		order_take(&order, &nodes[i]);
	}
	order_free(&order);
}
END_TEST

/* --- roundrobin, as balance_rr.c's first comment tells it */

enum place { NOWHERE, FRESH, DUE, NEXT };

static struct plain {
	enum place place;
	int64_t weight, remainder, due, last, key;
	uint64_t turn;
} plain[FARM_MAX];
static int64_t pos, window, total;
static uint64_t turns;
static uint32_t n;
static struct farm f;

static void plain_put(struct plain *s)
{
	s->place = s->due >= (window < total ? window : total) ? NEXT : DUE;
	s->key = s->place == DUE ? s->due * 256 * SERVER_WARM + s->remainder - s->weight : -s->weight;
	s->turn = ++turns;
}

static struct plain *first_at(enum place place)
{
	struct plain *first = NULL;

	for (struct plain *s = plain; s < plain + n; s++)
		if (s->place == place &&
		    (!first || s->key < first->key || (s->key == first->key && s->turn < first->turn)))
			first = s;
	return first;
}

static void plain_round(void)
{
	pos = 0;
	window = total;
	for (struct plain *s = plain; s < plain + n; s++)
		if (s->place == NEXT) {
			s->place = FRESH;
			s->due = 0;
		}
}

static int plain_pick(void)
{
	struct plain *due, *fresh, *s;

	if (!first_at(FRESH) && !first_at(DUE) && first_at(NEXT))
		plain_round();
	due = first_at(DUE);
	fresh = first_at(FRESH);
	s = !fresh || (due && due->due <= pos) ? due : fresh;
	if (!s)
		return -1;
	if (!s->due) {
		s->due = pos;
		s->remainder = 0;
	}
	s->last = s->due;
	s->due += total / s->weight;
	s->remainder += total % s->weight;
	if (s->remainder >= s->weight) {
		s->remainder -= s->weight;
		s->due++;
	}
	pos++;
	plain_put(s);
	return (int)(s - plain);
}

static void plain_reweigh(struct plain *s)
{
	int64_t step = total / s->weight;

	if (s->place == FRESH) {
		s->key = -s->weight;
		s->turn = ++turns;
		return;
	}
	s->due = s->due > s->last + step ? s->last + step : s->due;
	s->due = s->due < pos + 2 ? pos + step : s->due;
	s->remainder = 0;
	plain_put(s);
}

static void plain_change(struct plain *s, int64_t weight)
{
	int64_t before = s->weight;

	total += weight - before;
	s->weight = weight;
	if (!weight) {
		s->place = NOWHERE;
	} else if (before) {
		plain_reweigh(s);
	} else {
		s->due = pos + (total - pos) / weight;
		plain_put(s);
	}
}

static void plain_begin(const char *weights)
{
	farm_init(&f, BAL_ROUNDROBIN, weights);
	n = f.proxy.nservers;
	pos = total = 0;
	for (uint32_t i = 0; i < n; i++) {
		int64_t weight = f.confs[i].weight * SERVER_WARM;

		plain[i] = (struct plain){.place = FRESH, .weight = weight, .key = -weight, .turn = ++turns};
		total += weight;
	}
	window = total;
}

/* Another weight, half of them through a slow start; away or back. */
static void change(uint32_t i, uint32_t weights)
{
	struct server *s = &f.servers[i];
	bool away = random_below(3) == 0;

	atomic_store(&s->weight, 1 + random_below(weights));
	atomic_store(&s->warmth, random_below(2) ? SERVER_WARM : 1 + random_below(SERVER_WARM));
	atomic_store(&s->admin, away ? SRV_ADM_MAINT : 0);
	balance_update(s);
	if (plain[i].weight != ((struct lb_server *)s->lb)->weight)
		plain_change(&plain[i], ((struct lb_server *)s->lb)->weight);
}

static void compare(uint32_t picks)
{
	struct srv_request r = {0};
	bool full;

	while (picks--) {
		struct server *s = balance_pick(&f.proxy, &r, &full);

		ck_assert_int_eq(s ? s - f.servers : -1, plain_pick());
	}
}

static void roundrobin_play(const char *weights, uint32_t changed_weights, int changes)
{
	plain_begin(weights);
	compare(1000);
	while (changes--) {
		for (uint32_t k = random_below(4) ? 1 : random_below(n); k; k--)
			change(random_below(n), changed_weights);
		compare(random_below(100));
	}
	compare(1000);
	farm_free(&f);
}

START_TEST(roundrobin_is_plain)
{
	char weights[FARM_MAX * 4] = "1", *end = weights + 1;

	roundrobin_play("1", 3, 100);
	roundrobin_play("3,1,2", 5, 200);
	roundrobin_play("1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", 1, 200);
	roundrobin_play("256,1,17,99,99,99,3", 256, 200);
	for (int i = 1; i < FARM_MAX; i++)
		end += sprintf(end, ",%d", 1 + i % 9);
	roundrobin_play(weights, 9, 100);
	roundrobin_play(weights, 256, 30);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("orders");
	TCase *tc = tcase_create("orders");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, order_is_that_of_a_search);
	tcase_add_test(tc, order_grows);
	tcase_add_test(tc, roundrobin_is_plain);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
