/* Opening listeners: kinds of addresses, sockets that are handed over, and the words when it fails. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "grammar/base/out.h"
#include "runtime/net/address.h"
#include "runtime/reload/kept.h"
#include "tests/unit/proxy/rig.h"
#include "tests/unit/run.h"

static struct rig rig;
static struct bind_conf *bind_conf;
static struct generation *generation;
static char dir[] = "/tmp/listener_test.XXXXXX", said[4096];

static void begin(void)
{
	static const struct str names[] = {{"x.cfg", 5}};

	rig_init(&rig);
	bind_conf = (struct bind_conf *)rig.px->binds.v[0];
	bind_conf->pos = (struct conf_pos){1, 7};
	rig.model->source_names = names;
	rig.model->nsources = 1;
	strcpy(dir, "/tmp/listener_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void finish(void)
{
	char command[64];

	process_free(&rig.process);
	rig_free(&rig);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static bool open_all(struct fd_set_kept *kept)
{
	struct out errors = out_growing(10000);
	bool ok;

	rig.process = process_new(1);
	generation = generation_new(rig.process, rig.model);
	ck_assert(process_use(rig.process, generation));
	ok = listeners_open(rig.process, generation, kept, &errors);
	snprintf(said, sizeof(said), "%.*s", STR_ARG(out_get(&errors)));
	out_free(&errors);
	return ok;
}

static struct listener *nth(uint32_t n)
{
	struct list *node = rig.process->listeners.next;

	while (n--)
		node = node->next;
	return LIST_OF(node, struct listener, node);
}

static struct str path_of(const char *name)
{
	return arena_printf(rig.model->arena, "%s/%s", dir, name);
}

static bool listening(int fd)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) && value;
}

static int option(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

START_TEST(tcp_with_options)
{
	bind_conf->defer_accept = true;
	bind_conf->mss = 1200;
	bind_conf->backlog = 5;
	rig.px->options[PO_CLITCPKA >> 6] |= 1ULL << (PO_CLITCPKA & 63);
	ck_assert_msg(open_all(NULL), "%s", said);
	ck_assert_uint_eq(rig.process->nlisteners, 1);
	ck_assert(listening(nth(0)->fd));
	ck_assert_uint_ne(nth(0)->port, 0);
	ck_assert_int_eq(option(nth(0)->fd, SOL_SOCKET, SO_REUSEPORT), 1);
	ck_assert_int_eq(option(nth(0)->fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	ck_assert_int_ne(option(nth(0)->fd, IPPROTO_TCP, 1 /* TCP_NODELAY */), 0);
	ck_assert_int_ne(option(nth(0)->fd, IPPROTO_TCP, 9 /* TCP_DEFER_ACCEPT */), 0);
	ck_assert(fcntl(nth(0)->fd, F_GETFD) & FD_CLOEXEC);
	ck_assert(fcntl(nth(0)->fd, F_GETFL) & O_NONBLOCK);
}
END_TEST

/* SO_REUSEPORT: the next process binds while we listen. */
START_TEST(two_processes_share_an_address)
{
	struct process *first;

	ck_assert(open_all(NULL));
	bind_conf->addr.port = bind_conf->addr.port_end = nth(0)->port;
	first = rig.process;
	ck_assert_msg(open_all(NULL), "%s", said);
	process_free(&first);
}
END_TEST

START_TEST(address_in_use)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);
	char expected[200];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, len), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	getsockname(fd, (struct sockaddr *)&in, &len);
	bind_conf->addr.port = bind_conf->addr.port_end = ntohs(in.sin_port);
	ck_assert(!open_all(NULL));
	snprintf(expected, sizeof(expected),
		 "ALERT Binding [x.cfg:7] for proxy li: cannot bind socket (Address already in use) for "
		 "[127.0.0.1:%u]\n",
		 ntohs(in.sin_port));
	ck_assert_str_eq(said, expected);
	ck_assert(list_empty(&rig.process->listeners));
	process_free(&rig.process);
	rig.px->role = ROLE_FRONTEND;
	ck_assert(!open_all(NULL));
	ck_assert_ptr_nonnull(strstr(said, "for frontend li: "));
	close(fd);
}
END_TEST

START_TEST(device_is_only_a_warning)
{
	bind_conf->interface = STR("nosuch0");
	ck_assert(open_all(NULL));
	ck_assert(str_starts(
		str_from(said),
		STR("WARNING Binding [x.cfg:7] for proxy li: cannot bind receiver to device 'nosuch0'")));
}
END_TEST

START_TEST(port_range)
{
	uint16_t port;

	for (int tries = 0; tries < 50; tries++) { /* until four ports in a row are free */
		port = (uint16_t)(20000 + (getpid() * 7 + tries * 53) % 10000);
		bind_conf->addr.port = port;
		bind_conf->addr.port_end = (uint16_t)(port + 3);
		if (open_all(NULL))
			break;
		process_free(&rig.process);
	}
	ck_assert_uint_eq(rig.process->nlisteners, 4);
	for (uint32_t i = 0; i < 4; i++) {
		ck_assert_uint_eq(nth(i)->port, port + i);
		ck_assert_uint_eq(nth(i)->index, i);
	}
}
END_TEST

START_TEST(unix_path_replaces_an_old_socket)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int old = socket(AF_UNIX, SOCK_STREAM, 0), fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct stat st;

	bind_conf->addr = (struct addr_conf){.kind = ADDR_UNIX, .path = path_of("s")};
	bind_conf->mode = 0600;
	strcpy(un.sun_path, bind_conf->addr.path.ptr);
	ck_assert_int_eq(bind(old, (struct sockaddr *)&un, sizeof(un)), 0);
	ck_assert_msg(open_all(NULL), "%s", said);
	ck_assert_int_eq(stat(un.sun_path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	close(fd);
	close(old);
}
END_TEST

START_TEST(unix_path_of_a_file_is_left_alone)
{
	FILE *f;
	struct stat st;

	bind_conf->addr = (struct addr_conf){.kind = ADDR_UNIX, .path = path_of("file")};
	f = fopen(bind_conf->addr.path.ptr, "w");
	fputs("precious", f);
	fclose(f);
	ck_assert(!open_all(NULL));
	ck_assert_ptr_nonnull(strstr(said, "cannot bind UNIX socket (File exists) ["));
	ck_assert_int_eq(stat(bind_conf->addr.path.ptr, &st), 0);
	ck_assert_int_eq(st.st_size, 8);
}
END_TEST

START_TEST(unix_path_without_folder)
{
	bind_conf->addr = (struct addr_conf){.kind = ADDR_UNIX, .path = path_of("no/s")};
	ck_assert(!open_all(NULL));
	ck_assert_ptr_nonnull(strstr(said, "cannot bind UNIX socket (No such file or directory) ["));
}
END_TEST

START_TEST(abstract_name)
{
	struct process *first;

	bind_conf->addr = (struct addr_conf){.kind = ADDR_ABSTRACT, .path = str_from(dir)};
	ck_assert(open_all(NULL));
	first = rig.process;
	ck_assert(!open_all(NULL));
	ck_assert_ptr_nonnull(strstr(said, "cannot bind UNIX socket (already in use) ["));
	process_free(&first);
}
END_TEST

START_TEST(descriptor_by_number)
{
	bind_conf->addr = (struct addr_conf){.kind = ADDR_FD, .fd = dup(rig.origin)};
	ck_assert(open_all(NULL));
	ck_assert_int_eq(nth(0)->fd, bind_conf->addr.fd);
	ck_assert(nth(0)->inherited);
	ck_assert_uint_ne(nth(0)->port, 0);
}
END_TEST

START_TEST(kept_socket_is_taken_by_address)
{
	struct fd_set_kept *kept = kept_new();
	struct sockaddr_in in;
	socklen_t len = sizeof(in);
	int fd = dup(rig.origin);

	getsockname(fd, (struct sockaddr *)&in, &len);
	bind_conf->addr.port = bind_conf->addr.port_end = ntohs(in.sin_port);
	ck_assert(kept_add(kept, fd, STR("")));
	ck_assert_msg(open_all(kept), "%s", said);
	ck_assert_uint_eq(kept_count(kept), 0);
	ck_assert_int_eq(nth(0)->fd, fd);
	ck_assert(nth(0)->inherited);
	kept_free(&kept);
}
END_TEST

START_TEST(paused_listener_leaves_its_address)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert(open_all(NULL)); /* with a port that was asked for: another one would not outlive the pause */
	bind_conf->addr.port = bind_conf->addr.port_end = nth(0)->port;
	process_free(&rig.process);
	ck_assert(open_all(NULL));
	in.sin_port = htons(nth(0)->port);
	listeners_pause(rig.process);
	ck_assert(!listening(nth(0)->fd));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&in, sizeof(in)), -1);
	ck_assert(listeners_resume(rig.process));
	ck_assert(listening(nth(0)->fd));
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	close(fd);
}
END_TEST

static long spent_us(const struct rusage *u)
{
	return (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000000 + u->ru_utime.tv_usec + u->ru_stime.tv_usec;
}

/* Accepting fails for want of descriptors: the worker does not spin, and goes on when there are some. */
START_TEST(no_descriptors)
{
	struct rlimit limit, none;
	struct rusage before, after;
	int client, server;

	rig_start(&rig);
	client = rig_connect(&rig);
	server = rig_accept(&rig);
	rig_send(client, "x", 1);
	rig_expect(server, "x", 1);
	getrlimit(RLIMIT_NOFILE, &limit);
	none = (struct rlimit){3, limit.rlim_max};
	close(client);
	client = socket(AF_INET, SOCK_STREAM, 0);
	setrlimit(RLIMIT_NOFILE, &none);
	connect(client,
		(struct sockaddr *)&(struct sockaddr_in){.sin_family = AF_INET,
							 .sin_port = htons(rig.port),
							 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
		sizeof(struct sockaddr_in));
	getrusage(RUSAGE_SELF, &before);
	usleep(450000);
	getrusage(RUSAGE_SELF, &after);
	setrlimit(RLIMIT_NOFILE, &limit);
	ck_assert_int_lt(spent_us(&after) - spent_us(&before), 100000);
	close(server);
	server = rig_accept(&rig);
	rig_send(client, "y", 1);
	rig_expect(server, "y", 1);
	close(client);
	close(server);
	rig_stop(&rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("listener");
	TCase *t = tcase_create("listener");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, begin, finish);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, tcp_with_options);
	tcase_add_test(t, two_processes_share_an_address);
	tcase_add_test(t, address_in_use);
	tcase_add_test(t, device_is_only_a_warning);
	tcase_add_test(t, port_range);
	tcase_add_test(t, unix_path_replaces_an_old_socket);
	tcase_add_test(t, unix_path_of_a_file_is_left_alone);
	tcase_add_test(t, unix_path_without_folder);
	tcase_add_test(t, abstract_name);
	tcase_add_test(t, descriptor_by_number);
	tcase_add_test(t, kept_socket_is_taken_by_address);
	tcase_add_test(t, paused_listener_leaves_its_address);
	tcase_add_test(t, no_descriptors);
	return unit_run(s);
}
