/* Counters that outlive a process: of frontends, backends, listeners and servers that have a GUID (manual 3.4,
 * "guid"), by which the next process knows them again whatever else about them has changed. stats_file.c takes
 * them through a file, stats_shm.c through shared memory. */
#ifndef LB_STATS_STATS_KEPT_H
#define LB_STATS_STATS_KEPT_H

#include <stdint.h>

#include "grammar/base/str.h"

struct generation;
struct process;
struct worker;
struct out;

struct listener;
struct stats_row;

enum kept_kind { KEPT_FE, KEPT_BE, KEPT_LI, KEPT_SRV, KEPT_KINDS };
enum { KEPT_MAX = 48 }; /* no kind has more */

struct kept_field {
	const char *column; /* of the statistics */
	uint32_t offset;    /* of a uint64_t in the counters of its kind */
};
struct kept_table {
	const char *name; /* of the kind in files */
	const struct kept_field *fields;
	uint32_t n;
};
const struct kept_table *stats_kept(enum kept_kind kind);
/* Does a column of that row go on counting in other processes (shared memory)? Of listeners nobody is told. */
bool stats_kept_is_shared(const struct process *p, const struct stats_row *r, const char *column);

struct kept_object {
	enum kept_kind kind;
	struct str guid; /* of the model; a listener's lives as long as the call, or the list */
	uint32_t index;  /* of its counters; of a listener something that tells counters apart */
	struct listener
		*listener; /* of KEPT_LI: with `guid-prefix`, of a frontend with `option socket-stats` */
};
/* All objects with a GUID, in the order of the configuration, one kind after the other. Worker 0 or the main
 * thread. */
void stats_kept_each(const struct generation *g, void (*fn)(void *ctx, const struct kept_object *o), void *ctx);
/* The same, sorted for stats_kept_find(); empty when memory is out. The caller frees it. */
struct kept_list {
	struct kept_object *v;
	uint32_t n;
};
struct kept_list stats_kept_list(const struct generation *g);
void stats_kept_list_free(struct kept_list *l);
const struct kept_object *stats_kept_find(const struct kept_list *l, enum kept_kind kind, struct str guid);
/* Values of all workers, in the order of the table. Any thread while workers live. */
void stats_kept_read(struct process *p, const struct kept_object *o, uint64_t values[KEPT_MAX]);
/* Adds (modulo 2^64) to the counters of this worker, on its thread or before it runs. */
void stats_kept_add(struct worker *w, const struct kept_object *o, const uint64_t values[KEPT_MAX]);

/* stats_file.c. The text of a stats-file (management manual 3.4, section 9.5): for each kind a line "#kind
 * guid,column,..." and a line per object. Any thread while workers live. */
void stats_file_put(struct process *p, struct out *o);
/* Loads the file of the global section, if there is one, into the counters of worker 0; objects that count
 * already (from shared memory) stay as they are. Lines "WARNING text" go to notes. Main thread, before workers
 * run. */
void stats_file_load(struct process *p, struct out *notes);

/* stats_shm.c. Opens the shared memory of the global section, if it is wanted, and takes over what it knows.
 * False: it cannot be used; a line "ALERT text" is in notes. Main thread, before workers run. */
bool stats_shm_open(struct process *p, struct out *notes);
/* Brings what was counted until now: before the generation changes. Isolated (core/isolation.h), or worker 0.
 */
void stats_shm_sync(struct process *p);
/* Once a second, on worker 0. */
void stats_shm_start(struct worker *w);
/* The last figures; objects that no other process uses are forgotten. Main thread, when workers are gone. */
void stats_shm_close(struct process *p);

#endif
