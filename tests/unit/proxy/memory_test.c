/* Memory that runs out while traffic flows: the n-th allocation of the worker fails, for every n. That may cost
 * the connection at hand, and nothing else: the next one is served. The linker puts these functions in front of
 * the real ones (--wrap). */
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/proxy/rig.h"
#include "tests/unit/run.h"

static atomic_bool armed;
static atomic_int countdown;
static _Atomic(pthread_t) victim;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);

static bool fails_now(void)
{
	return atomic_load(&armed) && pthread_equal(pthread_self(), atomic_load(&victim)) &&
	       atomic_fetch_sub(&countdown, 1) == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails_now() ? NULL : __real_calloc(n, size);
}

static void exchange(struct rig *r)
{
	int client = rig_connect(r), server = rig_accept(r);

	rig_send(client, "hello", 5);
	rig_expect(server, "hello", 5);
	rig_send(server, "world", 5);
	rig_expect(client, "world", 5);
	close(client);
	rig_expect_end(server);
	close(server);
}

/* One connection that may fail at any point. */
static void attempt(struct rig *r)
{
	struct timeval patience = {.tv_usec = 100000};
	int client = rig_connect(r), server;
	char got[8];

	setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(r->origin, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	send(client, "hello", 5, MSG_NOSIGNAL);
	server = accept(r->origin, NULL, NULL);
	if (server >= 0) {
		setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		if (recv(server, got, sizeof(got), 0) > 0)
			send(server, "world", 5, MSG_NOSIGNAL);
		recv(client, got, sizeof(got), 0);
		close(server);
	}
	close(client);
	patience.tv_usec = 0;
	setsockopt(r->origin, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

static void drained(struct rig *r)
{
	for (int i = 0; i < 3000 && atomic_load(&r->process->connections); i++)
		usleep(1000);
	ck_assert_uint_eq(atomic_load(&r->process->connections), 0);
}

START_TEST(one_connection_only)
{
	struct rig r;

	rig_init(&r);
	r.px->timeout[TMO_CLIENT] = r.px->timeout[TMO_SERVER] = 500;
	rig_start(&r);
	atomic_store(&victim, r.thread);
	atomic_store(&countdown, _i);
	atomic_store(&armed, true);
	attempt(&r);
	atomic_store(&armed, false);
	drained(&r);
	exchange(&r);
	rig_free(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memory");
	TCase *t = tcase_create("memory");

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, one_connection_only, 0, 16);
	return unit_run(s);
}
