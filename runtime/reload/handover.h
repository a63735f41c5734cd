/* Handing listening sockets from a running process to a new one, so that none is ever closed and opened again.
 * Two ways, one protocol: the command `_getsocks` of a stats socket with `expose-fd listeners` (option -x;
 * spoken with HAProxy 2.6 in both directions), and a socket of our own with an abstract name made of the pid
 * (option -sf alone), which only root and the same user may use.
 *
 * Protocol, as observed: the old process sends the number of sockets (32 bits, native), then messages with up
 * to 252 descriptors; the bytes of a message describe its sockets in order: length and text of the name space,
 * length and text of the interface, 32 bits of options (0). After each message but the last the new process
 * answers with 32 bits of any value. */
#ifndef LB_RELOAD_HANDOVER_H
#define LB_RELOAD_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process;
struct worker;
struct fd_set_kept;

enum { HANDOVER_BATCH = 252, HANDOVER_TIMEOUT_MS = 2000 };

/* Offers this process's sockets under its pid: "@lbd-sockets-<pid>". Before privileges are dropped and workers
 * run; main thread. False: the name is taken or there is no memory; a reload then binds anew. */
bool handover_offer(struct process *p);
/* Starts answering, on worker 0's loop. Main thread, before process_run(). */
void handover_watch(struct process *p);
/* Ends what is offered or under way. Main thread, no workers running. */
void handover_close(struct process *p);
/* Sends every listening socket over a connected unix socket, which it takes over and closes in the end. On the
 * worker. */
void handover_serve(struct worker *w, int fd);
/* Breaks off the transfers of this worker. On the worker. */
void handover_stop(struct worker *w);

/* Collects the sockets of an old process into the set. Blocks up to HANDOVER_TIMEOUT_MS. Main thread. */
enum handover_result { HANDOVER_OK, HANDOVER_NO_PEER, HANDOVER_REFUSED, HANDOVER_BROKEN };
enum handover_result handover_fetch_path(struct fd_set_kept *k, const char *path); /* a stats socket */
enum handover_result handover_fetch_pid(struct fd_set_kept *k, pid_t pid);

#endif
