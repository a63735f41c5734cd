/* Sending batches of log lines: one system call, and where lines of equal length follow each other one walk
 * through the kernel's layers for all of them (UDP_SEGMENT: the kernel cuts a long datagram into pieces of one
 * size, of which the last may be shorter). Who receives them sees no difference. Where the kernel or the device
 * refuses, lines go one by one. Thread of the logger. */
#include "runtime/core/log_batch.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

/* Pieces fit every link that IPv6 may pass, whose packets have 1280 bytes: longer lines are left to
 * fragmentation. */
enum { PIECE_MAX = 1280 - 40 - 8 };

/* Room for the one control message. */
union control {
	struct cmsghdr head;
	char space[CMSG_SPACE(sizeof(uint16_t))];
};

/* All messages of one call. */
struct outgoing {
	struct mmsghdr msg[LOG_BATCH_LINES];
	struct iovec iov[LOG_BATCH_LINES];
	union control control[LOG_BATCH_LINES];
	uint8_t lines[LOG_BATCH_LINES]; /* in each message */
	unsigned n;
};

bool log_batch_parts(int fd)
{
	int size = 0;
	socklen_t len = sizeof(size);

	return !getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, &len);
}

bool log_batch_add(struct log_batch *b, const struct iovec *iov, int n)
{
	size_t size = 0;

	for (int i = 0; i < n; i++)
		size += iov[i].iov_len;
	if (b->n == LOG_BATCH_LINES || size > sizeof(b->bytes) - b->used)
		return false;
	for (int i = 0; i < n; i++) {
		if (iov[i].iov_len)
			memcpy(b->bytes + b->used, iov[i].iov_base, iov[i].iov_len);
		b->used += (uint32_t)iov[i].iov_len;
	}
	b->size[b->n++] = (uint16_t)size;
	return true;
}

/* How many lines from this one on may be one message. */
static unsigned run_length(const struct log_batch *b, unsigned first)
{
	unsigned size = b->size[first], next = first + 1;

	if (b->single || size > PIECE_MAX || !size)
		return 1;
	while (next < b->n && b->size[next] == size)
		next++;
	if (next < b->n && b->size[next] < size && b->size[next])
		next++;
	return next - first;
}

static void message_add(struct outgoing *out, struct log_batch *b, unsigned first, unsigned lines, char *bytes)
{
	unsigned i = out->n++;
	struct msghdr *m = &out->msg[i].msg_hdr;
	size_t size = 0;

	for (unsigned k = 0; k < lines; k++)
		size += b->size[first + k];
	out->iov[i] = (struct iovec){bytes, size};
	out->lines[i] = (uint8_t)lines;
	*m = (struct msghdr){
		.msg_name = &b->to, .msg_namelen = b->to_len, .msg_iov = &out->iov[i], .msg_iovlen = 1};
	if (lines == 1)
		return;
	out->control[i] = (union control){.space = {0}};
	out->control[i].head = (struct cmsghdr){
		.cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof(uint16_t))};
	memcpy(CMSG_DATA(&out->control[i].head), &b->size[first], sizeof(uint16_t));
	m->msg_control = &out->control[i];
	m->msg_controllen = sizeof(out->control[i]);
}

static void lost(struct log_loss *loss, unsigned lines, int error)
{
	if (!loss->lines)
		loss->error = error;
	loss->lines += lines;
}

/* A full socket or device: nobody waits for it. */
static bool is_full(int error)
{
	return error == EAGAIN || error == ENOBUFS;
}

/* What says that something on the way cannot part datagrams. */
static bool is_refusal(int error)
{
	return error == EINVAL || error == EIO || error == EMSGSIZE || error == EOPNOTSUPP;
}

/* The lines of one message, each in a datagram of its own. */
static void run_send(const struct log_batch *b, unsigned first, unsigned lines, const struct mmsghdr *run,
		     int fd, struct log_loss *loss)
{
	const char *bytes = run->msg_hdr.msg_iov->iov_base;

	for (unsigned i = first; i < first + lines; bytes += b->size[i++])
		if (sendto(fd, bytes, b->size[i], MSG_DONTWAIT | MSG_NOSIGNAL, &b->to.sa, b->to_len) < 0)
			lost(loss, 1, errno);
}

static void outgoing_send(struct outgoing *out, struct log_batch *b, int fd, struct log_loss *loss)
{
	unsigned line = 0;

	for (unsigned i = 0; i < out->n; line += out->lines[i++]) {
		int done = sendmmsg(fd, out->msg + i, out->n - i, MSG_DONTWAIT | MSG_NOSIGNAL), error = errno;

		if (done > 0) {
			for (; done > 1; done--)
				line += out->lines[i++];
			continue;
		}
		if (is_full(error)) {
			lost(loss, b->n - line, error);
			return;
		}
		if (out->lines[i] > 1 && is_refusal(error)) {
			b->single = true;
			run_send(b, line, out->lines[i], &out->msg[i], fd, loss);
		} else {
			lost(loss, out->lines[i], error);
		}
	}
}

struct log_loss log_batch_send(struct log_batch *b, int fd)
{
	struct log_loss loss = {0};
	struct outgoing out;
	char *bytes = b->bytes;

	out.n = 0;
	for (unsigned i = 0; i < b->n; i += out.lines[out.n - 1]) {
		message_add(&out, b, i, run_length(b, i), bytes);
		bytes += out.iov[out.n - 1].iov_len;
	}
	outgoing_send(&out, b, fd, &loss);
	b->n = b->used = 0;
	return loss;
}
