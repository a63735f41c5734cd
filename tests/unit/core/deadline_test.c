/* Deadlines against a plain model: an array of due times that is searched from end to end. */
#include <check.h>
#include <stdlib.h>

#include "runtime/core/worker.h"
#include "tests/unit/run.h"

enum { N = 300 };

struct item {
	struct deadline d;
	uint64_t due; /* 0: not set */
	bool fired;
};

struct wheel_world {
	struct worker w;
	struct item items[N];
};

static void item_fires(struct worker *w, struct deadline *d)
{
	struct item *i = (struct item *)d;

	ck_assert_uint_ne(i->due, 0);
	ck_assert_uint_ge(w->now, i->due);
	ck_assert_uint_eq(d->at, 0);
	i->due = 0;
	i->fired = true;
}

static struct wheel_world *world_new(uint64_t now)
{
	struct wheel_world *x = calloc(1, sizeof(*x));

	x->w.now = now;
	x->w.deadlines = deadlines_new(now);
	for (int i = 0; i < N; i++)
		deadline_init(&x->items[i].d, item_fires);
	return x;
}

static void world_free(struct wheel_world *x)
{
	deadlines_free(&x->w.deadlines);
	free(x);
}

static uint64_t first_due(struct wheel_world *x)
{
	uint64_t first = UINT64_MAX;

	for (int i = 0; i < N; i++)
		if (x->items[i].due && x->items[i].due < first)
			first = x->items[i].due;
	return first;
}

static void time_moves(struct wheel_world *x, uint64_t to)
{
	x->w.now = to;
	deadlines_run(&x->w, x->w.deadlines, to);
	ck_assert_uint_gt(first_due(x), to); /* all that was due has fired */
	ck_assert_uint_gt(deadlines_next(x->w.deadlines), to);
	ck_assert_uint_le(deadlines_next(x->w.deadlines), first_due(x)); /* the next one is not slept over */
}

static uint64_t span_of(unsigned short *seed)
{
	return (uint64_t)nrand48(seed) & ((1ULL << (1 + nrand48(seed) % 30)) - 1);
}

static void random_step(struct wheel_world *x, unsigned short *seed)
{
	struct item *i = &x->items[nrand48(seed) % N];

	switch (nrand48(seed) % 8) {
	case 0:
		deadline_clear(&i->d);
		i->due = 0;
		break;
	case 1:
		time_moves(x, x->w.now + span_of(seed) / 16);
		break;
	case 2:
		if (deadlines_next(x->w.deadlines) != UINT64_MAX)
			time_moves(x, deadlines_next(x->w.deadlines));
		break;
	default:
		i->due = x->w.now + span_of(seed) + 1;
		deadline_set(&x->w, &i->d, i->due);
	}
}

START_TEST(same_as_sorted_list)
{
	static const uint64_t starts[] = {
		1, 63, 4095, 1ULL << 30, (1ULL << 36) - 1000, (1ULL << 36) - 1, 1ULL << 40};
	unsigned short seed[3] = {(unsigned short)_i, 7, 9};
	struct wheel_world *x = world_new(starts[(size_t)_i % 7]);

	for (int n = 0; n < 20000; n++)
		random_step(x, seed);
	world_free(x);
}
END_TEST

START_TEST(far_away_and_never_early)
{
	struct wheel_world *x = world_new(5);
	uint64_t far = 5 + (1ULL << 37);

	x->items[0].due = far;
	deadline_set(&x->w, &x->items[0].d, far);
	time_moves(x, far - 1);
	ck_assert(!x->items[0].fired);
	time_moves(x, far);
	ck_assert(x->items[0].fired);
	ck_assert_uint_eq(deadlines_next(x->w.deadlines), UINT64_MAX);
	world_free(x);
}
END_TEST

START_TEST(later_costs_nothing_earlier_is_linked)
{
	struct wheel_world *x = world_new(1000);
	struct deadline *d = &x->items[0].d;

	x->items[0].due = 2000;
	deadline_set(&x->w, d, 2000);
	ck_assert_uint_eq(d->linked_at, 2000);
	x->items[0].due = 9000;
	deadline_set(&x->w, d, 9000);
	ck_assert_uint_eq(d->linked_at, 2000);
	time_moves(x, 5000);
	ck_assert(!x->items[0].fired);
	x->items[0].due = 5001;
	deadline_set(&x->w, d, 5001);
	time_moves(x, 5001);
	ck_assert(x->items[0].fired);
	world_free(x);
}
END_TEST

/* A callback that sets itself again at once and clears a neighbour that is due in the same slot. */
static void meddler_fires(struct worker *w, struct deadline *d)
{
	struct item *i = (struct item *)d;

	i->due = 0;
	i[1].due = 0;
	deadline_clear(&i[1].d);
	deadline_set(w, d, w->now);
	d->expired = item_fires;
	i->due = w->now;
}

START_TEST(callbacks_may_meddle)
{
	struct wheel_world *x = world_new(1000);

	for (int i = 0; i < 2; i++) {
		x->items[i].due = 1500;
		deadline_set(&x->w, &x->items[i].d, 1500);
	}
	x->items[0].d.expired = meddler_fires;
	x->w.now = 1500;
	deadlines_run(&x->w, x->w.deadlines, 1500);
	ck_assert(!x->items[1].fired);
	ck_assert(!x->items[0].fired);
	time_moves(x, 1501);
	ck_assert(x->items[0].fired);
	world_free(x);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("deadline");
	TCase *t = tcase_create("wheel");

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, same_as_sorted_list, 0, 21);
	tcase_add_test(t, far_away_and_never_early);
	tcase_add_test(t, later_costs_nothing_earlier_is_linked);
	tcase_add_test(t, callbacks_may_meddle);
	return unit_run(s);
}
