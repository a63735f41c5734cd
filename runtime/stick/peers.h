/* Peers: stick tables that several processes share (manual, section 3.5). Everything runs on worker 0; entries
 * that change anywhere wake it. A process that is to leave teaches the one that follows it. */
#ifndef LB_STICK_PEERS_H
#define LB_STICK_PEERS_H

#include <stdbool.h>
#include <stdint.h>

struct process;
struct worker;
struct out;
struct stick_hold;

/* Which part of the peers gets an entry, 1 to peers_conf.shards; 0: all do. Processes that share a table agree. Any thread. */
uint32_t peers_shard(const struct stick_hold *h);

/* Makes process->peers for the sections of its generation in which this process has its name. False: memory is
 * out. Main thread. */
bool peers_init(struct process *p);
/* Opens where the others connect to. False: a line "ALERT ..." was written for each that failed. Main thread.
 */
bool peers_open(struct process *p, struct out *errors);
/* On worker 0: begins; leaves the others, and teaches who takes our place; ends at once. */
void peers_start(struct worker *w);
void peers_soft_stop(struct worker *w);
void peers_stop(struct worker *w);
/* No worker runs any more. */
void peers_free(struct process *p);
/* Peers that are connected or being connected, and those of them that have said who they are. Any thread, while worker 0 goes on. */
void peers_count(const struct process *p, uint32_t *active, uint32_t *connected);

#endif
