/* Rings: order, room, lines that wrap around, readers that hold and those that do not, files, and writers and
 * readers on different threads. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/log/ring.h"
#include "tests/unit/run.h"

static struct ring ring;
static struct ev_loop *loop;
static int wakes;

static void woken(struct ev_loop *l, ev_async *a, int revents)
{
	(void)l;
	(void)a;
	(void)revents;
	wakes++;
}

static void setup(void)
{
	loop = ev_loop_new(0);
	wakes = 0;
	ck_assert(ring_init(&ring, STR("r"), STR("a ring"), 100, 100));
}

static void teardown(void)
{
	ring_free(&ring);
	ev_loop_destroy(loop);
}

static bool write_text(const char *text)
{
	size_t half = strlen(text) / 2;
	struct iovec iov[2] = {{(char *)(uintptr_t)text, half},
			       {(char *)(uintptr_t)text + half, strlen(text) - half}};

	return ring_write(&ring, iov, 2);
}

static void expect(struct ring_reader *reader, const char *text)
{
	struct out line = out_growing(1000);

	ck_assert(ring_next(reader, &line));
	ck_assert_msg(str_is(out_get(&line), text), "%.*s instead of %s", STR_ARG(out_get(&line)), text);
	out_free(&line);
}

static void expect_end(struct ring_reader *reader)
{
	struct out line = out_growing(1000);

	ck_assert(!ring_next(reader, &line));
	out_free(&line);
}

START_TEST(order_and_wrap)
{
	struct ring_reader reader = {0};
	char text[32];

	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "line %d", i);
		ck_assert(write_text(text));
	}
	ring_attach(&ring, &reader, loop, false, false, woken, NULL);
	/* 100 bytes are seven lines of 8 and 4 bytes */
	for (int i = 992; i < 1000; i++) {
		snprintf(text, sizeof(text), "line %d", i);
		expect(&reader, text);
	}
	expect_end(&reader);
	ck_assert(write_text("last"));
	ev_run(loop, EVRUN_NOWAIT);
	ck_assert_int_eq(wakes, 1);
	expect(&reader, "last");
	expect_end(&reader);
	ring_detach(&reader);
}
END_TEST

START_TEST(long_lines_are_cut)
{
	struct ring_reader reader = {0};
	char text[301];

	memset(text, 'x', 300);
	text[300] = 0;
	ck_assert(write_text("before"));
	ck_assert(write_text(text));
	ring_attach(&ring, &reader, loop, false, false, woken, NULL);
	text[96] = 0;
	expect(&reader, text);
	expect_end(&reader);
	ring_detach(&reader);
}
END_TEST

START_TEST(who_holds_keeps)
{
	struct ring_reader slow = {0}, fast = {0};

	ring_attach(&ring, &slow, loop, false, true, woken, NULL);
	ring_attach(&ring, &fast, loop, false, false, woken, NULL);
	for (int i = 0; i < 7; i++)
		ck_assert(write_text("0123456789"));
	ck_assert(!write_text("0123456789"));
	expect(&slow, "0123456789");
	ck_assert(write_text("new"));
	expect(&fast, "0123456789"); /* the first one is gone */
	ring_detach(&slow);
	for (int i = 0; i < 20; i++)
		ck_assert(write_text("abcdefghij"));
	expect(&fast, "abcdefghij");
	ring_detach(&fast);
}
END_TEST

START_TEST(from_the_end)
{
	struct ring_reader reader = {0};

	ck_assert(write_text("old"));
	ring_attach(&ring, &reader, loop, true, false, woken, NULL);
	expect_end(&reader);
	ck_assert(write_text(""));
	ck_assert(write_text("new"));
	expect(&reader, "");
	expect(&reader, "new");
	ring_detach(&reader);
}
END_TEST

START_TEST(backing_file)
{
	char dir[] = "/tmp/ringXXXXXX", path[64], bak[80];
	struct ring_reader reader = {0};
	struct stat st;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/ring", dir);
	snprintf(bak, sizeof(bak), "%s.bak", path);
	ring_free(&ring);
	for (int i = 0; i < 3; i++) {
		ck_assert(ring_init_file(&ring, STR("f"), STR("f"), 1000, 1000, path));
		ck_assert(write_text("kept in a file"));
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_int_eq(st.st_size, 1000);
		ck_assert_int_eq(st.st_mode & 0777, 0600);
		ck_assert_int_eq(stat(bak, &st), i ? 0 : -1);
		ring_attach(&ring, &reader, loop, false, false, woken, NULL);
		expect(&reader, "kept in a file");
		expect_end(&reader);
		ring_detach(&reader);
		ring_free(&ring);
	}
	unlink(path);
	unlink(bak);
	rmdir(dir);
	ck_assert(!ring_init_file(&ring, STR("f"), STR("f"), 1000, 1000, path));
	ring_free(&ring);
	ck_assert(ring_init(&ring, STR("r"), STR("r"), 100, 100));
}
END_TEST

enum { THREADS = 3, LINES = 2000 };

static void *writer(void *arg)
{
	char text[32];

	for (int i = 0; i < LINES; i++) {
		snprintf(text, sizeof(text), "%d:%d", (int)(intptr_t)arg, i);
		while (!write_text(text))
			sched_yield();
	}
	return NULL;
}

struct consumer {
	struct ring_reader reader;
	int next[THREADS], seen;
};

static void consume(struct ev_loop *l, ev_async *a, int revents)
{
	struct consumer *c = a->data;
	struct out line = out_growing(100);
	int thread, number;

	(void)revents;
	while (ring_next(&c->reader, &line)) {
		out_char(&line, 0);
		ck_assert_int_eq(sscanf(line.buf, "%d:%d", &thread, &number), 2);
		ck_assert_int_eq(number, c->next[thread]++);
		c->seen++;
	}
	out_free(&line);
	if (c->seen == THREADS * LINES)
		ev_break(l, EVBREAK_ALL);
}

START_TEST(threads)
{
	struct consumer c = {0};
	pthread_t t[THREADS];

	ring_attach(&ring, &c.reader, loop, false, true, consume, &c);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, writer, (void *)(intptr_t)i), 0);
	ev_run(loop, 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	ck_assert_int_eq(c.seen, THREADS * LINES);
	ring_detach(&c.reader);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ring");
	TCase *tc = tcase_create("ring");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, order_and_wrap);
	tcase_add_test(tc, long_lines_are_cut);
	tcase_add_test(tc, who_holds_keeps);
	tcase_add_test(tc, from_the_end);
	tcase_add_test(tc, backing_file);
	tcase_add_test(tc, threads);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
