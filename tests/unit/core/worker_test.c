/* Workers, pools, buffers and mailboxes: real loops, real threads. */
#include <check.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/core/worker.h"
#include "tests/unit/run.h"

START_TEST(pool_keeps_what_it_may)
{
	struct pool p;
	void *a, *b, *c;

	pool_init(&p, 3, 2);
	ck_assert_uint_ge(p.size, sizeof(void *));
	a = pool_get(&p), b = pool_get(&p), c = pool_get(&p);
	ck_assert_uint_eq(p.used, 3);
	pool_put(&p, a), pool_put(&p, b), pool_put(&p, c);
	pool_put(&p, NULL);
	ck_assert_uint_eq(p.used, 0);
	ck_assert_uint_le(p.cached, 2);
	ck_assert_uint_eq(p.cached, p.max_cached);
	a = pool_get(&p);
	if (p.max_cached)
		ck_assert_ptr_eq(a, b); /* the warmest that was kept */
	pool_put(&p, a);
	pool_free(&p);
	ck_assert_ptr_null(p.free);
}
END_TEST

START_TEST(buffers_come_and_go)
{
	struct worker *w = worker_new(NULL, 0);
	struct buf b = {0};

	ck_assert(buf_take(w, &b));
	ck_assert_uint_eq(b.cap, 16384);
	b.len = 100;
	buf_eat(&b, 40);
	ck_assert_uint_eq(b.off, 40);
	b.data[40] = 'x';
	buf_pack(&b);
	ck_assert_uint_eq(b.off, 0);
	ck_assert_int_eq(b.data[0], 'x');
	ck_assert_uint_eq(buf_room(&b), 16384 - 60);
	worker_set_bufsize(w, 4096);
	buf_drop(w, &b);
	ck_assert_uint_eq(w->buffers.used, 0);
	ck_assert(buf_take(w, &b));
	ck_assert_uint_eq(b.cap, 4096);
	buf_drop(w, &b);
	worker_free(&w);
}
END_TEST

enum { SENDERS = 4, LETTERS = 5000 };

struct letter {
	unsigned sender, number;
};

struct office {
	struct worker *w;
	unsigned next[SENDERS], got;
	struct letter letters[SENDERS][LETTERS];
};

struct sender {
	struct office *o;
	unsigned id;
};

static void letter_arrives(struct worker *w, void *arg)
{
	struct letter *l = arg;
	struct office *o = w->stats;

	ck_assert_uint_eq(l->number, o->next[l->sender]);
	o->next[l->sender]++;
	if (++o->got == SENDERS * LETTERS)
		worker_stop(w);
}

static void *sender_main(void *arg)
{
	struct sender *s = arg;

	for (unsigned n = 0; n < LETTERS; n++) {
		s->o->letters[s->id][n] = (struct letter){s->id, n};
		if (!mailbox_post(s->o->w, letter_arrives, &s->o->letters[s->id][n]))
			abort();
	}
	return NULL;
}

START_TEST(letters_arrive_in_order)
{
	struct office *o = calloc(1, sizeof(*o));
	struct sender senders[SENDERS];
	pthread_t threads[SENDERS];

	o->w = worker_new(NULL, 0);
	o->w->stats = o;
	ck_assert(worker_start(o->w));
	for (unsigned i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){o, i};
		ck_assert_int_eq(pthread_create(&threads[i], NULL, sender_main, &senders[i]), 0);
	}
	for (unsigned i = 0; i < SENDERS; i++)
		pthread_join(threads[i], NULL);
	worker_join(o->w);
	ck_assert_uint_eq(o->got, SENDERS * LETTERS);
	worker_free(&o->w);
	free(o);
}
END_TEST

struct turns {
	ev_io io;
	unsigned left;
};

/* There is always something to read: the next turn may begin at once. */
static void turn_passes(struct ev_loop *loop, ev_io *io, int revents)
{
	struct turns *t = (struct turns *)io;

	(void)revents;
	if (!--t->left)
		ev_break(loop, EVBREAK_ALL);
}

/* Microseconds that `n` short turns of a worker with so many jobs take. */
static uint64_t turns_last(unsigned n, uint32_t jobs, bool paced)
{
	struct worker *w = worker_new(NULL, 0);
	struct turns t = {.left = n};
	uint64_t begun;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], "", 1), 1);
	ev_io_init(&t.io, turn_passes, ends[0], EV_READ);
	ev_io_start(w->loop, &t.io);
	w->paced = paced;
	w->jobs = jobs;
	begun = w->now_us;
	ev_run(w->loop, 0);
	worker_clock(w);
	begun = w->now_us - begun;
	close(ends[0]), close(ends[1]);
	worker_free(&w);
	return begun;
}

/* A machine that is busy may make any turn long: one quick run is enough. */
static bool some_run_is_quick(unsigned n, uint32_t jobs, bool paced)
{
	for (int i = 0; i < 20; i++)
		if (turns_last(n, jobs, paced) < n * WORKER_PACE_US)
			return true;
	return false;
}

START_TEST(short_turns_are_paced)
{
	ck_assert_uint_ge(turns_last(501, WORKER_PACE_JOBS, true), 500 * WORKER_PACE_US);
	ck_assert(some_run_is_quick(501, WORKER_PACE_JOBS - 1, true));
	ck_assert(some_run_is_quick(501, WORKER_PACE_JOBS, false));
}
END_TEST

static void never_run(struct worker *w, void *arg)
{
	(void)w, (void)arg;
	abort();
}

static void count_drop(void *arg)
{
	++*(int *)arg;
}

START_TEST(letters_that_nobody_reads_are_freed)
{
	int dropped = 0;
	struct worker *w = worker_new(NULL, 0);

	ck_assert(mailbox_post(w, never_run, NULL));
	ck_assert(mailbox_post_owned(w, never_run, &dropped, count_drop));
	worker_free(&w);
	ck_assert_int_eq(dropped, 1);
}
END_TEST

struct alarm {
	struct deadline d;
	uint64_t set, rang;
};

static void alarm_rings(struct worker *w, struct deadline *d)
{
	((struct alarm *)d)->rang = w->now;
	worker_stop(w);
}

START_TEST(loop_wakes_for_deadlines)
{
	struct worker *w = worker_new(NULL, 0);
	struct alarm a, later;

	deadline_init(&a.d, alarm_rings);
	deadline_init(&later.d, alarm_rings);
	a.rang = 0;
	deadline_set(w, &later.d, w->now + 5000);
	deadline_set(w, &a.d, w->now + 20);
	a.set = w->now;
	worker_run(w);
	ck_assert_uint_ge(a.rang, a.set + 20);
	ck_assert_uint_le(a.rang, a.set + 1500);
	deadline_clear(&later.d);
	worker_free(&w);
}
END_TEST

static void count_change(struct worker *w)
{
	w->accepted++;
	worker_stop(w);
}

static void drained(struct worker *w)
{
	w->accepted += 100;
}

START_TEST(hooks_are_called)
{
	struct worker *w = worker_new(NULL, 0);

	w->on_changed = count_change;
	w->on_drained = drained;
	worker_changed(w);
	worker_changed(w);
	worker_run(w);
	ck_assert_uint_eq(w->accepted, 1);
	worker_job_begin(w);
	worker_job_begin(w);
	worker_job_end(w);
	w->stopping = true;
	ck_assert_uint_eq(w->accepted, 1);
	worker_job_end(w);
	ck_assert_uint_eq(w->accepted, 101);
	worker_free(&w);
}
END_TEST

START_TEST(clocks_agree)
{
	struct worker *w = worker_new(NULL, 0);
	struct timeval wall;
	int64_t apart;

	worker_clock(w);
	gettimeofday(&wall, NULL);
	apart = (wall.tv_sec - w->wall.tv_sec) * 1000000 + wall.tv_usec - w->wall.tv_usec;
	ck_assert_int_lt(labs(apart), 500000);
	ck_assert_uint_eq(w->now, w->now_us / 1000);
	worker_free(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("worker");
	TCase *t = tcase_create("worker");

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, pool_keeps_what_it_may);
	tcase_add_test(t, buffers_come_and_go);
	tcase_add_test(t, letters_arrive_in_order);
	tcase_add_test(t, short_turns_are_paced);
	tcase_add_test(t, letters_that_nobody_reads_are_freed);
	tcase_add_test(t, loop_wakes_for_deadlines);
	tcase_add_test(t, hooks_are_called);
	tcase_add_test(t, clocks_agree);
	return unit_run(s);
}
