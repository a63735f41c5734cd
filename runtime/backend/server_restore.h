/* States of servers that an old process has left in files (manual, keywords "load-server-state-from-file",
 * "server-state-file"). */
#ifndef LB_BACKEND_SERVER_RESTORE_H
#define LB_BACKEND_SERVER_RESTORE_H

struct process;
struct out;

/* Gives servers the states of the files that their backends name; lines "WARNING text" with HAProxy's words go
 * to notes. Main thread, after process_use(), before workers run. */
void servers_restore(struct process *p, struct out *notes);

#endif
