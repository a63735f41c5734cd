/* Limits of the whole process that the global section sets (manual, sections 3.1 and 3.2): memory, processor time, oddities of
 * peers, status codes. Part of struct global_conf; plain data. */
#ifndef LB_MODEL_LIMITS_H
#define LB_MODEL_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

enum { STATUS_CODE_MIN = 100, STATUS_CODE_MAX = 599, STATUS_WORDS = (STATUS_CODE_MAX - STATUS_CODE_MIN + 64) / 64 };

/* Which status codes count as something: a bit each. */
struct status_set {
	uint64_t bits[STATUS_WORDS];
};

/* status: any number. */
static inline bool status_set_has(const struct status_set *s, unsigned status)
{
	unsigned at = status - STATUS_CODE_MIN;

	return at <= STATUS_CODE_MAX - STATUS_CODE_MIN && s->bits[at / 64] >> at % 64 & 1;
}

/* low, high: within the bounds above. */
static inline void status_set_put(struct status_set *s, unsigned low, unsigned high, bool in)
{
	for (unsigned at = low - STATUS_CODE_MIN; at <= high - STATUS_CODE_MIN; at++)
		s->bits[at / 64] = in ? s->bits[at / 64] | 1ull << at % 64 : s->bits[at / 64] & ~(1ull << at % 64);
}

struct limits_conf {
	uint32_t zlib_mb;  /* for compression; 0: any */
	uint32_t comp_cpu; /* percent of processor time above which nothing more is compressed */
	uint32_t buffers;  /* of the process; 0: any number */
	uint64_t vars_proc, vars_global, vars_check; /* bytes of variables; 0: as many as wanted */
	uint32_t h1_fe_glitches, h1_be_glitches;     /* per connection; 0: any number */
	uint32_t glitches_cpu; /* percent of processor time from which too many of them end a connection */
	bool h1_keep_insecure; /* h1-do-not-close-on-insecure-transfer-encoding */
	uint32_t rcvbuf_frontend, sndbuf_frontend, rcvbuf_backend, sndbuf_backend; /* of datagram sockets; 0: the system's */
	uint32_t warn_blocked; /* ms that a turn of a loop may last without a warning; 0: any time */
	struct status_set errors, failures; /* http-err-codes, http-fail-codes */
};

#endif
