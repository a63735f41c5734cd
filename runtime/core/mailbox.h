/* Mailboxes: how threads talk to a worker. Messages are posted from any thread, in order per sender, and run by
 * the worker's loop (ev_async). */
#ifndef LB_CORE_MAILBOX_H
#define LB_CORE_MAILBOX_H

#include <stdbool.h>

struct worker;

/* Runs `fn(worker, arg)` soon on that worker. Any thread. False when memory is out: nothing was posted. */
bool mailbox_post(struct worker *w, void (*fn)(struct worker *w, void *arg), void *arg);

/* The same for an argument that somebody has to free: `drop` does it if the worker ends without having run the message. */
bool mailbox_post_owned(struct worker *w, void (*fn)(struct worker *w, void *arg), void *arg, void (*drop)(void *arg));

/* For the worker itself: makes its box, runs what has arrived, frees the box with what was never run. */
bool mailbox_init(struct worker *w);
void mailbox_run(struct worker *w);
void mailbox_free(struct worker *w);

#endif
