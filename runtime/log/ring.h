/* A ring: a bounded buffer of log lines that any thread writes and readers follow (manual, section 3.9). The
 * oldest lines make room for new ones; a reader that holds keeps those that it has not seen, and then new ones
 * are dropped and counted. Writers never wait for anything but each other, for the time of a copy. */
#ifndef LB_LOG_RING_H
#define LB_LOG_RING_H

#include <ev.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/uio.h>

#include "grammar/base/list.h"
#include "grammar/base/out.h"
#include "grammar/base/str.h"

struct ring {
	struct str name, description; /* the owner's */
	pthread_mutex_t lock;         /* over all that follows */
	char *area;
	uint64_t size;       /* of area */
	uint64_t first, end; /* places of the oldest line and behind the newest, ever growing */
	uint64_t max_len;    /* of a line */
	struct list readers;
	atomic_uint dropped; /* lines since the last one that was told of; read by any */
	void *map;           /* of a backing file, or NULL */
	uint64_t map_size;
};

/* A place in a ring that somebody has read up to. Belongs to the thread of its loop. */
struct ring_reader {
	struct list node; /* ring->readers */
	struct ring *ring;
	uint64_t at;
	bool holds; /* keeps what it has not seen */
	bool told;  /* there is something new, and `wake` was sent; under the ring's lock */
	struct ev_loop *loop;
	ev_async wake;
};

/* Memory of `size` bytes. False when there is none. Before others know the ring. */
bool ring_init(struct ring *r, struct str name, struct str description, uint64_t size, uint64_t max_len);
/* The same in a file of mode 0600 that is made anew; an old one that is not empty gets the suffix ".bak". All
 * its blocks are taken at once, so that a full disk is an error here and no signal later. False with errno. */
bool ring_init_file(struct ring *r, struct str name, struct str description, uint64_t size, uint64_t max_len,
		    const char *path);
void ring_free(struct ring *r);

/* Stores one line made of n pieces, cut at max_len. False: no room, for somebody holds older ones; the caller
 * counts (ring_drop()). Any thread. */
bool ring_write(struct ring *r, const struct iovec *iov, int n);
static inline void ring_drop(struct ring *r)
{
	atomic_fetch_add_explicit(&r->dropped, 1, memory_order_relaxed);
}

/* Follows a ring: from its oldest line, or from the next one on (`at_end`). woken() is called by the loop once
 * after something was written; wake.data is the caller's. On the thread of the loop. */
void ring_attach(struct ring *r, struct ring_reader *reader, struct ev_loop *loop, bool at_end, bool holds,
		 void (*woken)(struct ev_loop *, ev_async *, int), void *data);
void ring_detach(struct ring_reader *reader);
/* Moves the next line into `line`, replacing what is there. False: none yet; woken() will be called. A line
 * that is longer than `line` can be is cut. */
bool ring_next(struct ring_reader *reader, struct out *line);

#endif
