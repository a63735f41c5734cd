/* Connections on socket pairs and on 127.0.0.1, pipes, addresses: one call each, and what it says. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/net/address.h"
#include "runtime/net/splice.h"
#include "tests/unit/run.h"

static struct worker *w;
static struct conn c;
static int peer, calls, last_events;

static void note(struct conn *conn, int revents)
{
	(void)conn;
	calls++;
	last_events = revents;
}

static void begin(void)
{
	int fds[2];

	w = worker_new(NULL, 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	conn_init(&c, w, fds[0], note);
	peer = fds[1];
	calls = 0;
}

static void finish(void)
{
	conn_close(&c, false);
	if (peer >= 0)
		close(peer);
	ck_assert_uint_eq(w->buffers.used, 0);
	pipes_free(w);
	worker_free(&w);
}

static void turn(void)
{
	ev_run(w->loop, EVRUN_NOWAIT);
}

START_TEST(receives_into_a_buffer_taken_for_it)
{
	struct buf b = {0};

	ck_assert_int_eq(conn_recv(&c, &b), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_ptr_null(b.data);
	ck_assert_int_eq(write(peer, "abc", 3), 3);
	ck_assert_int_eq(conn_recv(&c, &b), 3);
	ck_assert_uint_eq(b.len, 3);
	ck_assert_int_eq(write(peer, "de", 2), 2);
	buf_eat(&b, 1);
	ck_assert_int_eq(conn_recv(&c, &b), 2);
	ck_assert_mem_eq(b.data + b.off, "bcde", 4);
	shutdown(peer, SHUT_WR);
	ck_assert_int_eq(conn_recv(&c, &b), 0);
	ck_assert(c.flags & CONN_EOF);
	buf_drop(w, &b);
}
END_TEST

START_TEST(full_buffer_is_packed_then_refused)
{
	struct buf b = {0};
	char data[300] = {0};

	worker_set_bufsize(w, 256);
	ck_assert_int_eq(write(peer, data, sizeof(data)), sizeof(data));
	ck_assert_int_eq(conn_recv(&c, &b), 256);
	ck_assert_int_eq(conn_recv(&c, &b), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert(!(c.flags & CONN_ERROR));
	buf_eat(&b, 100);
	ck_assert_int_eq(conn_recv(&c, &b), 44);
	ck_assert_uint_eq(b.off, 0);
	ck_assert_uint_eq(b.len, 200);
	buf_drop(w, &b);
}
END_TEST

START_TEST(sends_pieces_and_buffers)
{
	struct iovec pieces[2] = {{(char *)"hello, ", 7}, {(char *)"world", 5}};
	struct buf b = {0};
	char got[32];

	ck_assert_int_eq(conn_sendv(&c, pieces, 2, false), 12);
	ck_assert_int_eq(read(peer, got, sizeof(got)), 12);
	ck_assert_mem_eq(got, "hello, world", 12);
	ck_assert(buf_take(w, &b));
	ck_assert_int_eq(conn_send(&c, &b, false), 0);
	memcpy(b.data, "xyz", 3);
	b.len = 3;
	ck_assert_int_eq(conn_send(&c, &b, true), 3);
	ck_assert_uint_eq(b.len, 0);
	buf_drop(w, &b);
}
END_TEST

START_TEST(a_broken_peer_is_an_error_not_a_signal)
{
	struct iovec piece = {(char *)"x", 1};

	close(peer);
	peer = -1;
	ck_assert_int_eq(conn_sendv(&c, &piece, 1, false), -1);
	ck_assert(c.flags & CONN_ERROR);
	ck_assert_int_eq(c.error, EPIPE);
}
END_TEST

START_TEST(wants_are_heard_and_unheard)
{
	conn_want(&c, EV_READ);
	turn();
	ck_assert_int_eq(calls, 0);
	ck_assert_int_eq(write(peer, "x", 1), 1);
	turn();
	ck_assert_int_eq(calls, 1);
	ck_assert_int_eq(last_events, EV_READ);
	conn_want(&c, EV_READ | EV_WRITE);
	turn();
	ck_assert_int_eq(last_events, EV_READ | EV_WRITE);
	conn_want(&c, 0);
	calls = 0;
	turn();
	turn();
	ck_assert_int_eq(calls, 0);
	conn_want(&c, EV_WRITE);
	conn_want(&c, EV_READ); /* back and forth within one turn */
	turn();
	ck_assert_int_eq(last_events, EV_READ);
}
END_TEST

static int listen_on(union addr *a)
{
	socklen_t len = sizeof(a->in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memset(a, 0, sizeof(*a));
	a->in = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a->in, sizeof(a->in)), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	getsockname(fd, (struct sockaddr *)&a->in, &len);
	return fd;
}

static int connected_result(struct conn *d)
{
	for (calls = 0; !calls;)
		ev_run(w->loop, EVRUN_ONCE);
	return conn_connect_result(d, last_events);
}

START_TEST(connects_and_comes_from_an_address)
{
	union addr to, from = {.in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1)}};
	struct sockaddr_in seen;
	socklen_t len = sizeof(seen);
	int fd = listen_on(&to), got;
	struct conn d;

	ck_assert_int_eq(conn_connect(&d, w, &to, sizeof(to.in), &from, note), 0);
	ck_assert(d.flags & CONN_CONNECTING);
	ck_assert_int_eq(connected_result(&d), 0);
	ck_assert(!(d.flags & CONN_CONNECTING));
	got = accept(fd, (struct sockaddr *)&seen, &len);
	ck_assert_uint_eq(seen.sin_addr.s_addr, from.in.sin_addr.s_addr);
	conn_close(&d, true);
	ck_assert_int_eq(read(got, &calls, 1), -1);
	ck_assert_int_eq(errno, ECONNRESET);
	close(got);
	close(fd);
}
END_TEST

START_TEST(connects_with_options)
{
	union addr to;
	struct connect_options options = {.user_timeout = 4321, .interface = STR("no-such-device")};
	int fd = listen_on(&to), value = 0;
	socklen_t len = sizeof(value);
	struct conn d;

	ck_assert_int_ne(conn_connect_with(&d, w, &to, sizeof(to.in), &options, note), 0);
	options.interface = STR_NONE;
	ck_assert_int_eq(conn_connect_with(&d, w, &to, sizeof(to.in), &options, note), 0);
	ck_assert_int_eq(getsockopt(d.io.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &len), 0);
	ck_assert_int_eq(value, 4321);
	conn_close(&d, true);
	close(fd);
}
END_TEST

START_TEST(connection_is_refused)
{
	union addr to;
	struct conn d;

	close(listen_on(&to));
	if (!conn_connect(&d, w, &to, sizeof(to.in), NULL, note))
		ck_assert_int_eq(connected_result(&d), ECONNREFUSED);
	conn_close(&d, false);
	conn_close(&d, false);
}
END_TEST

START_TEST(pipes_carry_and_are_kept)
{
	struct pipe *p = pipe_get(w), *q;
	char got[8];

	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(write(peer, "12345", 5), 5);
	ck_assert_int_eq(pipe_fill(p, &c, 1000), 5);
	ck_assert_uint_eq(p->len, 5);
	ck_assert_int_eq(pipe_fill(p, &c, 1000), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert(p->blocked); /* cannot tell a full pipe from an empty socket */
	ck_assert_int_eq(pipe_drain(p, &c, false), 5);
	ck_assert(!p->blocked);
	ck_assert_int_eq(read(peer, got, sizeof(got)), 5);
	ck_assert_mem_eq(got, "12345", 5);
	pipe_put(w, p);
	q = pipe_get(w);
	ck_assert_ptr_eq(p, q);
	shutdown(peer, SHUT_WR);
	ck_assert_int_eq(pipe_fill(q, &c, 1000), 0);
	ck_assert(c.flags & CONN_EOF);
	pipe_put(w, q);
}
END_TEST

START_TEST(pipe_with_leftovers_is_not_reused)
{
	struct pipe *p = pipe_get(w), *q;
	int rd = p->rd;

	ck_assert_int_eq(write(peer, "1", 1), 1);
	ck_assert_int_eq(pipe_fill(p, &c, 1000), 1);
	pipe_put(w, p);
	q = pipe_get(w);
	ck_assert_uint_eq(q->len, 0);
	ck_assert_int_eq(read(q->rd, &rd, 1), -1);
	ck_assert_int_eq(errno, EAGAIN);
	pipe_put(w, q);
}
END_TEST

static struct addr_conf conf_of(enum addr_kind kind, const char *path)
{
	return (struct addr_conf){.kind = kind, .ip = {127, 0, 0, 1}, .path = str_from(path)};
}

static void says(struct addr_conf conf, uint16_t port, const char *expected)
{
	struct sockaddr_storage ss;
	char text[ADDRESS_TEXT];
	socklen_t len;

	ck_assert(address_from_conf(&conf, port, &ss, &len));
	ck_assert_str_eq(address_text(&ss, len, text), expected);
	ck_assert(address_eq(&ss, &ss));
}

START_TEST(addresses_to_text)
{
	struct addr_conf six = conf_of(ADDR_INET6, ""), name = conf_of(ADDR_NAME, "example.com");
	char long_path[200];
	struct sockaddr_storage ss;
	struct addr_conf too_long;
	socklen_t len;

	says(conf_of(ADDR_INET, ""), 80, "127.0.0.1:80");
	memset(six.ip, 0, 16);
	six.ip[15] = 1;
	says(six, 8080, "::1:8080");
	says(conf_of(ADDR_UNIX, "/run/x"), 0, "/run/x");
	says(conf_of(ADDR_ABSTRACT, "name"), 0, "abns@name");
	memset(long_path, 'a', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = 0;
	too_long = conf_of(ADDR_UNIX, long_path);
	ck_assert(!address_from_conf(&too_long, 0, &ss, &len));
	ck_assert(!address_from_conf(&name, 0, &ss, &len));
}
END_TEST

START_TEST(addresses_compare)
{
	struct addr_conf a = conf_of(ADDR_INET, ""), b = a, u = conf_of(ADDR_UNIX, "/x"),
			 v = conf_of(ADDR_ABSTRACT, "/x");
	struct sockaddr_storage sa, sb, su, sv;
	union addr packed;
	socklen_t len;

	b.ip[3] = 2;
	address_from_conf(&a, 1, &sa, &len);
	address_from_conf(&b, 1, &sb, &len);
	address_from_conf(&u, 1, &su, &len);
	address_from_conf(&v, 1, &sv, &len);
	ck_assert(!address_eq(&sa, &sb));
	ck_assert(!address_eq(&sa, &su));
	ck_assert(!address_eq(&su, &sv));
	address_pack(&packed, &sa);
	address_set_port(&packed, 99);
	ck_assert_uint_eq(address_port(&packed), 99);
	address_pack(&packed, &su);
	ck_assert_uint_eq(address_port(&packed), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("conn");
	TCase *t = tcase_create("conn");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, begin, finish);
	tcase_add_test(t, receives_into_a_buffer_taken_for_it);
	tcase_add_test(t, full_buffer_is_packed_then_refused);
	tcase_add_test(t, sends_pieces_and_buffers);
	tcase_add_test(t, a_broken_peer_is_an_error_not_a_signal);
	tcase_add_test(t, wants_are_heard_and_unheard);
	tcase_add_test(t, connects_and_comes_from_an_address);
	tcase_add_test(t, connects_with_options);
	tcase_add_test(t, connection_is_refused);
	tcase_add_test(t, pipes_carry_and_are_kept);
	tcase_add_test(t, pipe_with_leftovers_is_not_reused);
	tcase_add_test(t, addresses_to_text);
	tcase_add_test(t, addresses_compare);
	return unit_run(s);
}
