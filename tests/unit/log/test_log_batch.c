/* Lines that are sent together arrive as if each had been sent alone: the same datagrams in the same order,
 * whatever their lengths, also where the kernel refuses to part them; what does not arrive is counted; nothing
 * waits longer than it may, and nothing overtakes. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/backend/server.h"
#include "runtime/core/log.h"
#include "runtime/core/log_sink.h"
#include "runtime/core/process.h"
#include "tests/unit/run.h"

static struct log_batch batch;
static int out = -1, in = -1;

/* A socket that receives, and its address in `to`. */
static int receiver(int family, struct log_batch *to)
{
	int fd = socket(family, SOCK_DGRAM, 0), room = 4 << 20;

	memset(to, 0, sizeof(*to));
	to->to.sa.sa_family = (sa_family_t)family;
	to->to_len = family == AF_INET ? sizeof(to->to.in) : sizeof(to->to.in6);
	if (family == AF_INET)
		to->to.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		to->to.in6.sin6_addr = in6addr_loopback;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (bind(fd, &to->to.sa, to->to_len)) {
		close(fd);
		return -1;
	}
	ck_assert_int_eq(getsockname(fd, &to->to.sa, &to->to_len), 0);
	return fd;
}

static void open_both(int family)
{
	in = receiver(family, &batch);
	out = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
}

static void close_both(void)
{
	close(in);
	close(out);
	in = out = -1;
}

/* Line number `n` of this size. */
static void line_make(char *line, unsigned n, unsigned size)
{
	memset(line, 'a' + (int)(n % 26), size);
	if (size > 8)
		snprintf(line, size, "%u", n);
	line[size - 1] = '\n';
}

static void add(unsigned n, unsigned size)
{
	static char line[LOG_BATCH_BYTES];
	struct iovec iov[2];

	line_make(line, n, size);
	iov[0] = (struct iovec){line, size / 2};
	iov[1] = (struct iovec){line + size / 2, size - size / 2};
	ck_assert(log_batch_add(&batch, iov, 2));
}

static void expect(unsigned n, unsigned size)
{
	static char want[LOG_BATCH_BYTES], got[LOG_BATCH_BYTES];

	line_make(want, n, size);
	ck_assert_int_eq(recv(in, got, sizeof(got), MSG_DONTWAIT), (ssize_t)size);
	ck_assert(!memcmp(want, got, size));
}

static void send_all(void)
{
	struct log_loss loss = log_batch_send(&batch, out);

	ck_assert_uint_eq(loss.lines, 0);
	ck_assert_uint_eq(batch.n, 0);
	ck_assert_uint_eq(batch.used, 0);
}

/* Mostly of a few lengths, so that there are runs of all kinds; some longer than a packet, some of one byte. */
static unsigned size_any(void)
{
	static const unsigned common[] = {1, 2, 100, 100, 100, 100, 99, 101, 150, 1231, 1232, 1233, 2000};

	return common[(unsigned)rand() % (sizeof(common) / sizeof(*common))];
}

static void rounds(int n)
{
	while (n--) {
		unsigned size[LOG_BATCH_LINES], lines = 1 + (unsigned)rand() % LOG_BATCH_LINES, total = 0, k;
		bool even = rand() % 4 == 0;

		for (k = 0; k < lines; k++) {
			size[k] = even ? 200 : size_any();
			if (total + size[k] > LOG_BATCH_BYTES)
				break;
			total += size[k];
			add(k, size[k]);
		}
		send_all();
		for (unsigned i = 0; i < k; i++)
			expect(i, size[i]);
		ck_assert_int_eq(recv(in, size, sizeof(size), MSG_DONTWAIT), -1);
	}
}

START_TEST(any_lengths)
{
	int family = _i ? AF_INET6 : AF_INET;

	srand(7);
	open_both(family);
	if (in >= 0)
		rounds(300);
	ck_assert(!batch.single);
	close_both();
}
END_TEST

/* A socket without checksums: the kernel answers EINVAL to who wants datagrams parted. */
START_TEST(refused)
{
	int on = 1;

	srand(8);
	open_both(AF_INET);
	ck_assert_int_eq(setsockopt(out, SOL_SOCKET, SO_NO_CHECK, &on, sizeof(on)), 0);
	rounds(20);
	ck_assert(batch.single || !log_batch_parts(out));
	close_both();
}
END_TEST

START_TEST(room)
{
	char line[2] = "x\n";
	struct iovec iov = {line, 2}, big = {batch.bytes, LOG_BATCH_BYTES};

	open_both(AF_INET);
	for (int i = 0; i < LOG_BATCH_LINES; i++)
		ck_assert(log_batch_add(&batch, &iov, 1));
	ck_assert(!log_batch_add(&batch, &iov, 1));
	send_all();
	ck_assert(log_batch_add(&batch, &iov, 1));
	ck_assert(!log_batch_add(&batch, &big, 1));
	send_all();
	close_both();
}
END_TEST

START_TEST(losses)
{
	struct log_loss loss;

	open_both(AF_INET);
	batch.to.in.sin_port = 0;
	add(0, 100);
	add(1, 100);
	add(2, 50);
	add(3, 2000);
	loss = log_batch_send(&batch, out);
	ck_assert_uint_eq(loss.lines, 4);
	ck_assert_int_eq(loss.error, EINVAL);
	ck_assert_uint_eq(batch.n, 0);
	close_both();
}
END_TEST

/* --- a worker's lines */

static struct process process;
static struct generation generation;
static struct worker *worker, *workers[1];
static struct log_target targets[2];
static struct proxy_conf conf = {.mode = MODE_TCP};
static struct proxy px = {.conf = &conf, .generation = &generation};
static int ins[2];

static void setup(void)
{
	struct log_batch to;

	memset(&process, 0, sizeof(process));
	generation.model = model_new(206);
	process.generation = &generation;
	process.pid = 1;
	process.workers = workers;
	process.nworkers = 1;
	workers[0] = worker = worker_new(&process, 0);
	ck_assert_ptr_nonnull(worker);
	ck_assert(log_init(worker));
	for (int i = 0; i < 2; i++) {
		ins[i] = receiver(AF_INET, &to);
		targets[i] = (struct log_target){.max_level = 7, .proto = LOGP_RAW};
		targets[i].addr.kind = ADDR_INET;
		targets[i].addr.port = ntohs(to.to.in.sin_port);
		memcpy(targets[i].addr.ip, &to.to.in.sin_addr, 4);
	}
	conf.log_targets.v = targets;
	conf.log_targets.n = 2;
}

static void teardown(void)
{
	log_free(worker);
	worker_free(&worker);
	model_release(&generation.model);
	close(ins[0]);
	close(ins[1]);
}

static void line_log(const char *name)
{
	struct log_record r = {.log_level = LL_INFO};
	union addr none = {.family = AF_UNSPEC};
	struct eval e = {.log = &r, .src = &none, .dst = &none};

	conf.name = str_from(name);
	log_traffic(worker, &px, &e);
}

static const char *received(int i)
{
	static char text[256];
	ssize_t n = recv(ins[i], text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n < 0 ? 0 : n] = 0;
	return text;
}

#define LINE(name) "Connect to unix:0 (" name "/TCP)\n"

START_TEST(until_the_turn_ends)
{
	line_log("a");
	line_log("b");
	ck_assert_str_eq(received(0), "");
	worker->log_turn_end(worker, false);
	for (int i = 0; i < 2; i++) {
		ck_assert_str_eq(received(i), LINE("a"));
		ck_assert_str_eq(received(i), LINE("b"));
		ck_assert_str_eq(received(i), "");
	}
	ck_assert_uint_eq(worker->log_since_us, 0);
	ck_assert(!deadline_is_set(&worker->log_due));
}
END_TEST

START_TEST(while_turns_are_busy)
{
	line_log("a");
	worker->log_turn_end(worker, true);
	ck_assert_str_eq(received(0), "");
	ck_assert(deadline_is_set(&worker->log_due));
	worker->now_us += LOG_WAIT_US - 1;
	line_log("b");
	worker->log_turn_end(worker, true);
	ck_assert_str_eq(received(0), "");
	worker->now_us += 1;
	worker->log_turn_end(worker, true);
	ck_assert_str_eq(received(0), LINE("a"));
	ck_assert_str_eq(received(0), LINE("b"));
	line_log("c"); /* no turn follows: the deadline comes */
	worker->log_turn_end(worker, true);
	worker->now += 3;
	deadlines_run(worker, worker->deadlines, worker->now);
	ck_assert_str_eq(received(0), LINE("c"));
}
END_TEST

START_TEST(events_do_not_wait)
{
	line_log("a");
	log_event(worker, &conf, LL_NOTICE, "event");
	ck_assert_str_eq(received(1), LINE("a"));
	ck_assert_str_eq(received(1), "event\n");
	ck_assert_uint_eq(worker->log_since_us, 0);
}
END_TEST

START_TEST(more_than_a_batch)
{
	char name[16];

	for (int i = 0; i < 3 * LOG_BATCH_LINES + 5; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		line_log(name);
	}
	log_flush(worker);
	for (int i = 0; i < 3 * LOG_BATCH_LINES + 5; i++) {
		char want[64];

		snprintf(want, sizeof(want), LINE("n%d"), i);
		ck_assert_str_eq(received(0), want);
	}
}
END_TEST

START_TEST(losses_count)
{
	memset(targets[1].addr.ip, 255, 4); /* broadcast: this socket may not */
	line_log("a");
	line_log("b");
	ck_assert_uint_eq(log_dropped(&process), 0);
	log_flush(worker);
	ck_assert_uint_eq(log_dropped(&process), 2);
	ck_assert_str_eq(received(0), LINE("a"));
}
END_TEST

/* More addresses than there are batches: the others' lines do not wait. */
START_TEST(many_addresses)
{
	struct log_target many[LOG_BATCHES + 2];

	for (int i = 0; i < LOG_BATCHES + 2; i++) {
		many[i] = targets[i == LOG_BATCHES + 1];
		many[i].addr.ip[3] = (uint8_t)(i <= LOG_BATCHES ? i + 1 : 1);
	}
	conf.log_targets.v = many;
	conf.log_targets.n = LOG_BATCHES + 2;
	line_log("a");
	ck_assert_str_eq(received(1), LINE("a"));
	ck_assert_str_eq(received(0), "");
	log_flush(worker);
	ck_assert_str_eq(received(0), LINE("a"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("log_batch");
	TCase *t = tcase_create("batch"), *w = tcase_create("worker");

	tcase_add_loop_test(t, any_lengths, 0, 2);
	tcase_add_test(t, refused);
	tcase_add_test(t, room);
	tcase_add_test(t, losses);
	tcase_add_checked_fixture(w, setup, teardown);
	tcase_add_test(w, until_the_turn_ends);
	tcase_add_test(w, while_turns_are_busy);
	tcase_add_test(w, events_do_not_wait);
	tcase_add_test(w, more_than_a_batch);
	tcase_add_test(w, losses_count);
	tcase_add_test(w, many_addresses);
	suite_add_tcase(s, t);
	suite_add_tcase(s, w);
	return unit_run(s);
}
