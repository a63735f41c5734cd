/* All rings of a process: those of its configuration, those behind log targets with stream addresses, and the
 * built-in one (manual, section 3.9). Made before workers run; they stay until the process is freed. */
#ifndef LB_LOG_RINGS_H
#define LB_LOG_RINGS_H

#include "runtime/log/ring.h"

struct process;
struct worker;
struct model;
struct ring_sender;

struct rings {
	struct ring *v; /* index: as model->rings */
	uint32_t n;
	struct ring builtin; /* buf0 */
	struct ring_sender *senders;
	uint32_t nsenders;
};

/* For the process's generation; messages ("ALERT text") go to `errors`. False: one of them could not be made.
 * Main thread. */
bool rings_init(struct process *p, struct out *errors);
void rings_free(struct process *p);
/* Begins and ends the connections to receivers. Worker 0. */
void rings_start(struct worker *w);
void rings_stop(struct worker *w);
/* By the name that `show events` shows; NULL: none. Any thread. */
struct ring *rings_find(const struct rings *r, struct str name);

#endif
