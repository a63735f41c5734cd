/* A master's session hands a command to a worker process and passes its answer on. The command goes out whole
 * before anything is read; nothing is read while the client has not taken what there is. Also what `sockpair@`
 * means: connections travel as descriptors over a channel (unix(7), SCM_RIGHTS). Main thread of the master, but
 * for sockpair_accept(): any worker. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/cli/cli_call.h"
#include "runtime/cli/cli_master.h"

struct cli_relay {
	struct conn conn; /* first member */
	struct cli_session *session;
	struct out text; /* the command */
	size_t sent;
	struct buf in;
};

/* --- one command */

void cli_relay_free(struct cli_session *s)
{
	struct cli_relay *r = s->relay;

	if (!r)
		return;
	s->relay = NULL;
	buf_drop(r->conn.worker, &r->in);
	conn_close(&r->conn, false);
	out_free(&r->text);
	free(r);
}

/* False: the worker does not take it. */
static bool command_send(struct cli_relay *r)
{
	while (r->sent < r->text.len) {
		struct iovec iov = {r->text.buf + r->sent, r->text.len - r->sent};
		ssize_t n = conn_sendv(&r->conn, &iov, 1, false);

		if (n < 0)
			return !(r->conn.flags & CONN_ERROR);
		r->sent += (size_t)n;
	}
	return true;
}

/* False: that was all. */
static bool answer_take(struct cli_relay *r)
{
	ssize_t n = conn_recv(&r->conn, &r->in);

	if (n <= 0)
		return n < 0 && !(r->conn.flags & CONN_ERROR) && errno == EAGAIN;
	out_str(&r->session->out, str_make(r->in.data + r->in.off, r->in.len));
	buf_eat(&r->in, r->in.len);
	return true;
}

static void relay_ready(struct conn *conn, int revents)
{
	struct cli_relay *r = (struct cli_relay *)conn;
	struct cli_session *s = r->session;
	bool goes_on = true;

	if (r->sent < r->text.len)
		goes_on = command_send(r);
	else if (revents & EV_READ)
		goes_on = answer_take(r);
	if (!goes_on)
		cli_relay_free(s);
	cli_relay_progress(s);
}

void cli_relay_want(struct cli_session *s, bool more)
{
	struct cli_relay *r = s->relay;

	if (r)
		conn_want(&r->conn, r->sent < r->text.len ? EV_WRITE : more ? EV_READ : 0);
}

bool cli_relay_start(struct cli_session *s, int fd, struct str command)
{
	struct cli_relay *r = calloc(1, sizeof(*r));

	if (!r) {
		close(fd);
		return false;
	}
	r->session = s;
	r->text = out_growing(CLI_ANSWER_MAX);
	out_str(&r->text, command);
	conn_init(&r->conn, s->conn.worker, fd, relay_ready);
	s->relay = r;
	if (!r->text.truncated && command_send(r))
		return true;
	cli_relay_free(s);
	return false;
}
