/* Handing over sockets: a process of one worker offers its listeners, the test fetches them as a new process
 * would, by pid and by the protocol of `_getsocks`; more than one batch; peers that break off. */
#include <check.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/core/process.h"
#include "runtime/net/listener.h"
#include "runtime/reload/handover.h"
#include "runtime/reload/kept.h"
#include "tests/unit/run.h"

enum { MANY = 600 };

static struct process process;
static struct worker *workers[1];
static struct listener listeners[MANY];
static struct sockaddr_storage addrs[MANY];
static struct bind_conf conf, conf_lo;
static pthread_t thread;

static void listener_make(uint32_t i, struct bind_conf *c)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addrs[i]);

	listeners[i].conf = c;
	listeners[i].state = LI_LISTENING;
	listeners[i].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listeners[i].fd, (struct sockaddr *)&in, sizeof(in)), 0);
	ck_assert_int_eq(listen(listeners[i].fd, 5), 0);
	ck_assert_int_eq(getsockname(listeners[i].fd, (struct sockaddr *)&addrs[i], &len), 0);
	list_append(&process.listeners, &listeners[i].node);
	process.nlisteners++;
}

static void *run(void *arg)
{
	struct worker *w = arg;

	worker_run(w);
	handover_stop(w);
	return NULL;
}

static void start(uint32_t n)
{
	memset(&process, 0, sizeof(process));
	list_init(&process.listeners);
	process.workers = workers;
	process.nworkers = 1;
	process.pid = getpid();
	workers[0] = worker_new(&process, 0);
	ck_assert_ptr_nonnull(workers[0]);
	conf_lo.interface = STR("lo");
	for (uint32_t i = 0; i < n; i++)
		listener_make(i, i == 1 ? &conf_lo : &conf);
	ck_assert(handover_offer(&process));
	handover_watch(&process);
	ck_assert_int_eq(pthread_create(&thread, NULL, run, workers[0]), 0);
}

static void stop(void)
{
	worker_stop(workers[0]);
	pthread_join(thread, NULL);
	handover_close(&process);
	ck_assert_ptr_null(process.handover);
	worker_free(&workers[0]);
	for (uint32_t i = 0; i < process.nlisteners; i++)
		close(listeners[i].fd);
}

static void take_all(struct fd_set_kept *k, uint32_t n)
{
	ck_assert_uint_eq(kept_count(k), n);
	for (uint32_t i = 0; i < n; i++) {
		int fd = kept_take(k, &addrs[i], SOCK_STREAM, i == 1 ? STR("lo") : STR_NONE, false);

		ck_assert_int_ge(fd, 0);
		ck_assert_int_ne(fd, listeners[i].fd);
		close(fd);
	}
	ck_assert_uint_eq(kept_count(k), 0);
}

START_TEST(by_pid)
{
	static const uint32_t counts[] = {0, 1, 3, 252, 253, MANY};
	struct fd_set_kept *k = kept_new();

	start(counts[_i]);
	ck_assert_int_eq(handover_fetch_pid(k, getpid()), HANDOVER_OK);
	take_all(k, counts[_i]);
	ck_assert_int_eq(handover_fetch_pid(k, getpid()), HANDOVER_OK); /* and once more */
	take_all(k, counts[_i]);
	stop();
	ck_assert_int_eq(handover_fetch_pid(k, getpid()), HANDOVER_NO_PEER);
	kept_free(&k);
}
END_TEST

START_TEST(wrong_peer)
{
	struct fd_set_kept *k = kept_new();
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int n = snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "lbd-sockets-%d", 1);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	/* We are not process 1, whatever the name says. */
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&un,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)),
			 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(handover_fetch_pid(k, 1), HANDOVER_REFUSED);
	close(fd);
	kept_free(&k);
}
END_TEST

/* A peer that asks and goes away in the middle must not hold up the worker, and the end of the worker ends the
 * transfer. */
START_TEST(peer_leaves)
{
	struct fd_set_kept *k = kept_new();
	struct pollfd p;
	char buf[8192];
	int pair[2];

	start(MANY);
	for (int i = 0; i < 2; i++) {
		struct sockaddr_un un = {.sun_family = AF_UNIX};
		int n = snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "lbd-sockets-%d", (int)getpid());

		pair[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		ck_assert_int_eq(connect(pair[i], (struct sockaddr *)&un,
					 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)),
				 0);
		p = (struct pollfd){.fd = pair[i], .events = POLLIN};
		ck_assert_int_eq(poll(&p, 1, 2000), 1);
		ck_assert_int_ge(read(pair[i], buf, sizeof(buf)), 4);
	}
	close(pair[0]);
	ck_assert_int_eq(handover_fetch_pid(k, getpid()), HANDOVER_OK);
	take_all(k, MANY);
	stop();
	close(pair[1]);
	kept_free(&k);
}
END_TEST

/* What a stats socket says that does not know the command, or nothing at all. */
START_TEST(not_sockets)
{
	static const char *const answers[] = {"Unknown command\n\n", "", "\x02\0\0\0",
					      "\x01\0\0\0\0\0\0\0\0\0"};
	static const size_t sizes[] = {17, 0, 4, 10};
	char dir[] = "handover-XXXXXX";
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct fd_set_kept *k = kept_new();
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t child;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/s", dir);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	child = fork();
	if (!child) {
		char word[64];
		int c = accept(fd, NULL, NULL);
		ssize_t n = read(c, word, sizeof(word));

		if (n > 0 && sizes[_i] && write(c, answers[_i], sizes[_i]) < 0)
			_exit(1);
		_exit(0);
	}
	ck_assert_int_eq(handover_fetch_path(k, un.sun_path), HANDOVER_BROKEN);
	ck_assert_uint_eq(kept_count(k), 0);
	ck_assert_int_eq(handover_fetch_path(k, "no/such/socket"), HANDOVER_NO_PEER);
	close(fd);
	unlink(un.sun_path);
	rmdir(dir);
	kept_free(&k);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("handover");
	TCase *t = tcase_create("handover");

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, by_pid, 0, 6);
	tcase_add_test(t, wrong_peer);
	tcase_add_test(t, peer_leaves);
	tcase_add_loop_test(t, not_sockets, 0, 4);
	suite_add_tcase(s, t);
	return unit_run(s);
}
