/* Where log lines go: datagram sockets of this worker, and inherited descriptors (standard output, fd@N).
 * Internal to log*.c. One logger per worker, used on its thread only. */
#ifndef LB_CORE_LOG_SINK_H
#define LB_CORE_LOG_SINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "grammar/base/out.h"
#include "grammar/model.h"
#include "runtime/core/log_batch.h"

enum { LOG_LINE_MAX = 65535, LOG_HEAD_MAX = 65535, LOG_FDS = 8, LOG_LEN_DEFAULT = 1024, LOG_BATCHES = 4 };

/* A descriptor target: `own` is a private, non-blocking opening of the same pipe or terminal where the system
 * gives one, so that the flag that we need is not forced upon whoever shares `fd`. */
struct log_fd {
	int fd, own;
	bool is_socket, may_block;
};

struct logger {
	uint32_t worker; /* whose it is */
	struct out line; /* text being formatted */
	struct out head; /* the header in front of it */
	int sockets[3];  /* AF_INET, AF_INET6, AF_UNIX datagram; -1: not open */
	bool parts[3];   /* log_batch_parts() of each */
	/* Told of lines that waited and did not arrive; NULL: lines do not wait. Who sets it sees to
	 * logger_flush(). */
	void (*lost)(void *ctx, unsigned target, struct log_loss loss);
	void *lost_ctx;
	uint32_t held;   /* lines that wait */
	unsigned target; /* the place of the target in its list that gets the next line */
	struct log_batch *batches[LOG_BATCHES]; /* NULL from the first one that was never needed */
	struct log_fd fds[LOG_FDS];
	/* Descriptors (a bit each, by number modulo 64) whose last line was cut by a full pipe or disk: the next one, whoever writes
	 * it, begins with a line feed. The process's. */
	_Atomic uint64_t *torn;
	uint32_t nfds;
	char hostname[256];
	void (*capture)(void *ctx, int level, struct str line); /* in place of all targets; NULL: none */
	void *capture_ctx;
	uint64_t dropped; /* written by this thread with relaxed atomics, read by any */
	/* dates of the current second */
	time_t second;
	char date[20], date_iso[24], zone[8]; /* "Nov 22 12:52:24", "2026-11-22T12:52:24", "+00:00" */
};

/* Without open sockets. torn: of the process, outlives the logger. One thread uses it. */
void logger_init(struct logger *l, _Atomic uint64_t *torn);
void logger_close(struct logger *l);
/* Opens what must be opened while /proc and the privileges are still there. */
void logger_prepare(struct logger *l, const struct log_target *target);
/* 0, or the errno of what failed; EAGAIN and its like when the target is full. The line ends with a line feed
 * that this adds. A logger that holds lines tells later what became of them. */
int logger_send(struct logger *l, const struct log_target *target, struct str head, struct str text);
/* Sends what waits. */
void logger_flush(struct logger *l);

/* log_header.c: the header that the target's format puts before a line. */
struct log_origin {
	struct str tag;
	struct str hostname;   /* of log-send-hostname, ptr NULL: not asked for */
	struct str structured; /* data of RFC 5424, section 6.3; empty: none */
	struct timeval when;
	pid_t pid;
};
/* The strings of l->date, l->date_iso and l->zone for that second. */
void log_dates(struct logger *l, time_t second);
/* "2026-11-22T12:52:24.406972+00:00 " */
void log_put_iso(struct logger *l, long usec, struct out *out);
void log_header(struct logger *l, const struct log_target *target, const struct log_origin *from, int level,
		struct out *out);

#endif
