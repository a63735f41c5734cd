/* Moving bytes one way: a buffer that is taken for the moment between receiving and sending, or, for bulk, a
 * pipe through which they stay in the kernel. A flow that fills its buffer several times in a row is bulk and
 * moves on to a pipe; one whose pipe carries little comes back: at small sizes two splice(2) cost more than two
 * copies. The flow borrows both connections. */
#include "runtime/proxy/tcp_stream.h"

#include <errno.h>

enum {
	BULK_READS = 4, /* full buffers in a row that make bulk; eager: 1 */
	THIN_FILLS = 8, /* small fills in a row that end it */
	THIN_BYTES = 8192,
	FILL_BYTES = 1 << 20 /* at most, per event, so that others get their turn */
};

static void flow_ended(struct tcp_flow *f)
{
	f->eof = true;
	f->paused |= PAUSE_DONE;
}

/* Bulk, with nothing left to send out of the buffer: the next bytes go through a pipe. */
static void flow_try_pipe(struct tcp_flow *f)
{
	if (!f->splice || f->held || f->limits || f->full_reads < (f->splice_eager ? 1 : BULK_READS) ||
	    f->buf->len || !f->to)
		return;
	if (!f->from->transport->splice || !f->to->transport->splice)
		return;
	f->full_reads = 0;
	f->thin_fills = 0;
	f->pipe = pipe_get(f->from->worker);
}

static bool flow_copy_in(struct tcp_flow *f)
{
	uint32_t room = f->buf->data ? f->buf->cap - f->buf->len : UINT32_MAX;
	ssize_t n = conn_recv(f->from, f->buf);

	if (n > 0) {
		*f->bytes += (uint64_t)n;
		if (room == UINT32_MAX)
			room = f->buf->cap;
		f->full_reads = (uint32_t)n == room ? f->full_reads + (f->full_reads < BULK_READS) : 0;
		if (f->buf->len == f->buf->cap)
			f->paused |= PAUSE_FULL;
		return true;
	}
	if (n == 0)
		flow_ended(f);
	return n == 0 || errno == EAGAIN;
}

static bool flow_splice_in(struct tcp_flow *f)
{
	ssize_t n = pipe_fill(f->pipe, f->from, FILL_BYTES);

	if (n > 0) {
		*f->bytes += (uint64_t)n;
		f->thin_fills = n < THIN_BYTES ? f->thin_fills + 1 : 0;
		return true;
	}
	if (n == 0)
		flow_ended(f);
	else if (f->pipe->blocked)
		f->paused |= PAUSE_FULL;
	return n == 0 || errno == EAGAIN;
}

bool tcp_flow_read(struct tcp_flow *f)
{
	if (!f->pipe)
		flow_try_pipe(f);
	return f->pipe ? flow_splice_in(f) : flow_copy_in(f);
}

/* The pipe is empty: kept for the next bytes, or given back when these have become few or have ended. */
static void flow_pipe_empty(struct tcp_flow *f)
{
	if (!f->eof && f->thin_fills < THIN_FILLS)
		return;
	pipe_put(f->to->worker, f->pipe);
	f->pipe = NULL;
}

/* What limits let pass of the bytes at hand: one send. */
static ssize_t send_limited(struct tcp_flow *f)
{
	uint64_t now = f->to->worker->now;
	struct iovec iov = {.iov_base = f->buf->data + f->buf->off};
	uint32_t wait;
	ssize_t n;

	f->paused &= (uint8_t)~PAUSE_RATE;
	iov.iov_len = bandwidth_allows(f->limits, f->buf->len, now, &wait);
	if (!iov.iov_len) {
		f->paused |= PAUSE_RATE;
		f->paced_until = now + wait;
		errno = EAGAIN;
		return -1;
	}
	n = conn_sendv(f->to, &iov, 1, false);
	if (n > 0) {
		bandwidth_passed(f->limits, str_make(iov.iov_base, (size_t)n), (uint32_t)n, (uint32_t)n, now);
		buf_eat(f->buf, (uint32_t)n);
	}
	return n;
}

static ssize_t flow_send_once(struct tcp_flow *f)
{
	if (f->pipe)
		return pipe_drain(f->pipe, f->to, false);
	return f->limits ? send_limited(f) : conn_send(f->to, f->buf, false);
}

static bool flow_send(struct tcp_flow *f)
{
	ssize_t n = flow_send_once(f);

	if (n < 0)
		return errno == EAGAIN;
	*f->to_seen = f->to->worker->now;
	if (f->pipe || f->buf->len <= f->buf->cap / 2)
		f->paused &= (uint8_t)~PAUSE_FULL;
	return true;
}

/* Nothing is left: memory goes back, and the end is passed on, unless both connections are about to be closed.
 */
static void flow_empty(struct tcp_flow *f, bool last)
{
	if (f->pipe)
		flow_pipe_empty(f);
	if (f->buf->data)
		buf_drop(f->to->worker, f->buf);
	if (f->eof && !f->shut && !last) {
		conn_shut(f->to);
		f->shut = true;
	}
}

bool tcp_flow_write(struct tcp_flow *f, bool last)
{
	if (!f->to || f->held)
		return true;
	if (tcp_flow_pending(f) && !flow_send(f))
		return false;
	if (!tcp_flow_pending(f))
		flow_empty(f, last);
	return true;
}

bool tcp_flow_forward(struct tcp_flow *f)
{
	if (f->paused || f->pipe || f->limits || f->to->wants & EV_WRITE ||
	    conn_send(f->to, f->buf, false) < 0 || f->buf->len)
		return false;
	*f->to_seen = f->to->worker->now;
	buf_drop(f->to->worker, f->buf);
	return true;
}

void tcp_flow_drop(struct tcp_flow *f, struct worker *w)
{
	buf_drop(w, f->buf);
	if (f->limits)
		bandwidth_end(&f->limits);
	if (f->pipe)
		pipe_put(w, f->pipe);
	f->pipe = NULL;
}
