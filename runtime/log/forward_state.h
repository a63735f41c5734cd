/* Inside log-forward: what its files share. */
#ifndef LB_LOG_FORWARD_STATE_H
#define LB_LOG_FORWARD_STATE_H

#include "runtime/backend/server.h"
#include "runtime/log/forward.h"
#include "runtime/log/syslog.h"

/* One section. */
struct forward {
	const struct forward_conf *conf;
	struct proxy px;
};

/* A datagram socket; one worker watches it, so that lines keep their order. */
struct forward_dgram {
	struct forward *forward;
	int fd;
	ev_io io;
	struct worker *worker; /* NULL: not watched */
};

struct forwards {
	struct forward *v;
	uint32_t n;
	struct forward_dgram *dgrams;
	uint32_t ndgrams;
	struct list *conns; /* by worker */
	atomic_uint_fast64_t received;
};

/* One message to the section's targets. On the worker that received it. */
void forward_message(struct worker *w, struct forward *f, struct str raw, const union addr *from);

#endif
