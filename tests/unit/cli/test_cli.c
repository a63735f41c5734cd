/* The CLI over a socket pair, on a process of two workers with a frontend and a backend: lines, several
 * commands, prompt, payload, levels, unknown words, changes of state, visits of other workers, peers that
 * leave. Answers as HAProxy 2.6.12 gives them. */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "grammar/base/out.h"
#include "runtime/backend/server.h"
#include "runtime/cli/cli.h"
#include "runtime/core/log.h"
#include "runtime/core/process.h"
#include "runtime/stats/counters.h"
#include "tests/unit/run.h"

static struct process *p;
static struct generation *g;
static struct bind_conf bind_conf;
static struct listener listener;
static pthread_t threads[2];

static const struct server_conf *server_make(struct model *m, struct proxy_conf *px, const char *name,
					     uint32_t id)
{
	struct server_conf *s = ARENA_NEW(m->arena, struct server_conf);

	s->proxy = px;
	s->name = str_from(name);
	s->id = id;
	s->weight = 3;
	s->addr.kind = ADDR_INET;
	s->addr.ip[0] = 127;
	s->addr.ip[3] = 1;
	s->addr.port = 8000;
	return s;
}

static struct model *model_make(void)
{
	struct model *m = model_new(206);
	struct proxy_conf *fe = ARENA_NEW(m->arena, struct proxy_conf),
			  *be = ARENA_NEW(m->arena, struct proxy_conf);

	fe->name = STR("f");
	fe->role = ROLE_FRONTEND;
	fe->mode = be->mode = MODE_HTTP;
	fe->id = 2;
	be->name = STR("b");
	be->role = ROLE_BACKEND;
	be->id = 3;
	*vec_push(m->arena, &be->servers) = server_make(m, be, "s1", 1);
	*vec_push(m->arena, &be->servers) = server_make(m, be, "s2", 2);
	*vec_push(m->arena, &m->proxies) = fe;
	*vec_push(m->arena, &m->proxies) = be;
	map_put(m->arena, &m->frontends, fe->name, fe);
	map_put(m->arena, &m->backends, be->name, be);
	m->global.stats_timeout = 2000;
	return m;
}

static void ended(struct worker *w)
{
	cli_close_all(w);
}

static void *run(void *arg)
{
	worker_run(arg);
	return NULL;
}

static void setup(void)
{
	struct model *m = model_make();

	p = process_new(2);
	ck_assert_ptr_nonnull(p);
	g = generation_new(p, m);
	ck_assert_ptr_nonnull(g);
	model_release(&m);
	ck_assert(process_use(p, g));
	p->maxconn = p->hard_maxconn = 1000;
	bind_conf = (struct bind_conf){.level = 2};
	listener = (struct listener){.conf = &bind_conf, .process = p};
	for (uint32_t i = 0; i < 2; i++) {
		p->workers[i]->on_end = ended;
		pthread_create(&threads[i], NULL, run, p->workers[i]);
	}
}

static void teardown(void)
{
	for (uint32_t i = 0; i < 2; i++)
		worker_stop(p->workers[i]);
	for (uint32_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	process_free(&p);
}

static void accept_here(struct worker *w, void *arg)
{
	union addr from = {.family = AF_UNIX};

	atomic_fetch_add(&listener.conns, 1);
	cli_accept(w, &listener, (int)(intptr_t)arg, &from);
}

static int dial(void)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	ck_assert(mailbox_post(p->workers[0], accept_here, (void *)(intptr_t)pair[1]));
	return pair[0];
}

/* Everything until the other side closes, or until nothing more comes for `ms`. */
static const char *hear(int fd, int ms)
{
	static char text[65536];
	size_t len = 0;
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	while (len < sizeof(text) - 1 && poll(&pfd, 1, ms) == 1) {
		ssize_t n = read(fd, text + len, sizeof(text) - 1 - len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	text[len] = 0;
	return text;
}

static void say(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static const char *ask(const char *line)
{
	int fd = dial();
	const char *answer;

	say(fd, line);
	answer = hear(fd, 1500);
	close(fd);
	return answer;
}

START_TEST(lines)
{
	ck_assert_str_eq(ask("show cli level\n"), "admin\n\n");
	ck_assert_str_eq(ask("show cli level\r\n"), "admin\n\n");
	ck_assert_str_eq(ask("  show   cli\tlevel and more # words\n"), "admin\n\n");
	ck_assert(!strncmp(ask("user; show cli level;show\\ env\n"), "\nuser\n\nUnknown", 14));
	ck_assert_str_eq(ask("show cli level\nshow cli level\n"), "admin\n\nadmin\n\n");
	ck_assert_str_eq(ask("show cli level <<\nany\npayload\n\n"), "admin\n\n");
}
END_TEST

START_TEST(prompt)
{
	int fd = dial();

	say(fd, "prompt\n");
	ck_assert_str_eq(hear(fd, 150), "\n> ");
	say(fd, "show cli ");
	ck_assert_str_eq(hear(fd, 100), "");
	say(fd, "level; show cli level\nshow cli level <<\n");
	ck_assert_str_eq(hear(fd, 150), "admin\n\n> admin\n\n> + ");
	say(fd, "x\n\nquit\nshow cli level\n");
	ck_assert_str_eq(hear(fd, 1500), "+ admin\n\n> ");
	close(fd);
}
END_TEST

START_TEST(levels)
{
	ck_assert_str_eq(ask("user; show cli level; set weight b/s1 5; operator; show cli level\n"),
			 "\nuser\n\nPermission denied\n\nPermission denied\n\nuser\n\n");
	bind_conf.level = 1;
	ck_assert_str_eq(ask("show cli level; clear counters all; clear counters\n"),
			 "operator\n\nPermission denied\n\n\n");
	ck_assert_str_eq(ask("_getsocks\n"), "");
}
END_TEST

START_TEST(unknown)
{
	const char *a = ask("show verson\n");

	ck_assert_ptr_nonnull(
		strstr(a, "Unknown command, but maybe one of the following ones is a better match:\n"));
	ck_assert_ptr_nonnull(strstr(a, "\n  show version                            : show version"));
	ck_assert_ptr_nonnull(strstr(a, "\n  quit  "));
	a = ask("\n");
	ck_assert(!strncmp(a, "Unknown command. Please enter one of the following commands only:\n  abort ssl",
			   77));
	a = ask("set maxconn x\n");
	ck_assert_ptr_nonnull(strstr(a, "  set maxconn global"));
	ck_assert_ptr_null(strstr(a, "show"));
	a = ask("help show stat\n");
	ck_assert(!strncmp(a, "The following commands are valid at this level:\n  show stat", 59));
	ck_assert(!strncmp(ask("set weight\\ b/s1 5\n"), "Unknown", 7));
}
END_TEST

START_TEST(weights)
{
	static const char *const bad[][2] = {
		{"set weight b/s1\n", "Require <weight> or <weight%>.\n\n"},
		{"set server b/s1 weight abc\n", "Empty weight string empty or preceded by garbage\n"},
		{"set server b/s1 weight 300\n",
		 "Absolute weight can only be between 0 and 256 inclusive.\n\n"},
		{"set server b/s1 weight -1\n", "Absolute weight can only be between 0 and 256 inclusive.\n\n"},
		{"get weight\n", "Require 'backend/server'.\n\n"},
		{"get weight b\n", "Require 'backend/server'.\n\n"},
		{"get weight x/y\n", "No such backend.\n\n"},
		{"get weight b/y\n", "No such server.\n\n"},
		{"set server b/s1 state foo\n",
		 "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n\n"},
		{"set maxconn server b/s1\n", "Require <maxconn>.\n\n"},
		{"set maxconn global 2000\n", "Value out of range.\n\n"},
		{"set maxconn frontend x 1\n", "No such frontend.\n\n"},
		{"set timeout cli x\n", "Invalid timeout value.\n\n"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_str_eq(ask(bad[i][0]), bad[i][1]);
	ck_assert_str_eq(ask("set server b/s1 weight 10; get weight b/s1\n"), "\n10 (initial 3)\n\n");
	ck_assert_str_eq(ask("set weight b/s1 200%; get weight b/s1\n"), "\n6 (initial 3)\n\n");
	ck_assert_str_eq(ask("set severity-output number; get weight b/y\n"), "\n[3]: No such server.\n\n");
	ck_assert_str_eq(ask("set severity-output string; show cli level\n"), "\n[info]: admin\n\n");
}
END_TEST

START_TEST(states)
{
	const char *a;

	ck_assert_str_eq(ask("disable server b/s1\n"), "\n");
	ck_assert_uint_eq(atomic_load(&g->servers[0]->admin), SRV_ADM_MAINT);
	ck_assert_int_eq(atomic_load(&g->servers[0]->oper), SRV_STOPPED);
	ck_assert_str_eq(ask("set server b/s1 state drain\n"), "\n");
	ck_assert_uint_eq(atomic_load(&g->servers[0]->admin), SRV_ADM_DRAIN);
	ck_assert_int_eq(atomic_load(&g->servers[0]->oper), SRV_RUNNING);
	ck_assert_str_eq(ask("set server b/s1 state ready\n"), "\n");
	ck_assert_uint_eq(atomic_load(&g->servers[0]->admin), 0);
	a = ask("show servers state b\n");
	ck_assert(!strncmp(a, "1\n# be_id be_name", 17));
	ck_assert_ptr_nonnull(strstr(a, "\n3 b 1 s1 127.0.0.1 2 0 3 3 "));
	ck_assert_ptr_nonnull(strstr(a, " 1 0 2 0 0 0 0 - 8000 - 0 0 - - 0\n"));
	ck_assert_str_eq(ask("show servers state zz\n"), "Can't find backend.\n\n");
}
END_TEST

START_TEST(counters)
{
	struct fe_counters fe;

	counters_fe(p->workers[1], 0)->cum_req = 7;
	counters_fe(p->workers[1], 0)->max_sess = 7;
	ck_assert_str_eq(ask("clear counters\n"), "\n");
	counters_fe_sum(p, 0, &fe);
	ck_assert_uint_eq(fe.cum_req, 7);
	ck_assert_uint_eq(fe.max_sess, 0);
	ck_assert_str_eq(ask("clear counters all; show cli level\n"), "\nadmin\n\n");
	counters_fe_sum(p, 0, &fe);
	ck_assert_uint_eq(fe.cum_req, 0);
	ck_assert_ptr_nonnull(
		strstr(ask("show sess\n"), "proto=unix_stream src=unix:0 fe=GLOBAL be=<NONE>")); /* our own */
	ck_assert_str_eq(ask("shutdown session 0x1234\n"), "No such session (use 'show sess').\n\n");
	ck_assert_str_eq(ask("shutdown session\n"), "Session pointer expected (use 'show sess').\n\n");
}
END_TEST

START_TEST(info)
{
	const char *a = ask("show info\n");

	ck_assert(!strncmp(a, "Name: HAProxy\nVersion: 2.6.12-lbd", 33));
	ck_assert_ptr_nonnull(strstr(a, "\nNbthread: 2\n"));
	ck_assert_ptr_nonnull(strstr(a, "\nMaxconn: 1000\n"));
	ck_assert_ptr_nonnull(strstr(a, "\nnode: "));
	a = ask("show info typed\n");
	ck_assert(!strncmp(a, "0.Name.1:POS:str:HAProxy\n", 25));
	ck_assert_ptr_nonnull(strstr(a, "\n71.Tainted.1:SGP:str:0\n"));
	a = ask("show info json\n");
	ck_assert(!strncmp(
		a,
		"[{\"field\":{\"pos\":0,\"name\":\"Name\"},\"processNum\":1,\"tags\":{\"origin\":\"Product\"",
		70));
}
END_TEST

/* Clients that leave in the middle of anything, that say too much, or nothing. */
START_TEST(rude)
{
	char big[20000];
	int fd;

	memset(big, 'a', sizeof(big));
	for (int i = 0; i < 50; i++) {
		fd = dial();
		say(fd, i % 2 ? "clear counters\n" : "prompt\nshow stat; show info json\nshow ");
		close(fd);
	}
	fd = dial();
	ck_assert_int_gt(write(fd, big, sizeof(big)), 0);
	hear(fd, 1500);
	close(fd);
	fd = dial();
	say(fd, "show cli level");
	shutdown(fd, SHUT_WR);
	ck_assert_str_eq(hear(fd, 1500), "");
	close(fd);
	ck_assert_str_eq(ask("show cli level\n"), "admin\n\n");
	fd = dial();
	say(fd, "prompt; set timeout cli 200ms\n");
	ck_assert_str_eq(hear(fd, 1500), "\n> \n> ");
	ck_assert_int_eq(read(fd, big, 1), 0);
	close(fd);
	fd = dial(); /* left open until the process ends */
	say(fd, "prompt\n");
	ck_assert_str_eq(hear(fd, 100), "\n> ");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli");
	TCase *t = tcase_create("cli");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, lines);
	tcase_add_test(t, prompt);
	tcase_add_test(t, levels);
	tcase_add_test(t, unknown);
	tcase_add_test(t, weights);
	tcase_add_test(t, states);
	tcase_add_test(t, counters);
	tcase_add_test(t, info);
	tcase_add_test(t, rude);
	suite_add_tcase(s, t);
	return unit_run(s);
}
