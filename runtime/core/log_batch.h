/* Datagrams that wait for a moment, so that the kernel's way to a log server is gone once for many lines and
 * not for each. Internal to log*.c; belongs to a logger, on whose thread everything happens. */
#ifndef LB_CORE_LOG_BATCH_H
#define LB_CORE_LOG_BATCH_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "grammar/model.h"

enum { LOG_BATCH_LINES = 64 /* as many as the kernel parts */, LOG_BATCH_BYTES = 16384 };

/* Lines on their way to one address, in their order. */
struct log_batch {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} to;
	socklen_t to_len;
	unsigned target; /* the place of the first line's target in its list */
	bool single;     /* the kernel does not part datagrams on the way there */
	uint32_t n, used;
	uint16_t size[LOG_BATCH_LINES]; /* of the lines in `bytes` */
	char bytes[LOG_BATCH_BYTES];
};

/* What became of lines that did not arrive. */
struct log_loss {
	unsigned lines;
	int error; /* of the first */
};

/* Whether datagrams of this socket may be parted by the kernel: Linux 4.18 and newer, which say so. */
bool log_batch_parts(int fd);
/* Appends a line made of n pieces; false: it has no room (log_batch_send() makes some, if it has any at all).
 */
bool log_batch_add(struct log_batch *b, const struct iovec *iov, int n);
/* Sends all lines by a socket that does not block, a datagram each. The batch is empty then. */
struct log_loss log_batch_send(struct log_batch *b, int fd);

#endif
