/* Mailboxes: a lock-free stack per worker onto which any thread pushes and which the worker takes whole, turns
 * round and runs, so that messages of one sender arrive in their order. ev_async wakes the loop, once for any
 * number of messages. The message belongs to the box until it was run; what `arg` points to is the sender's and
 * the receiver's business. */
#include <stdatomic.h>
#include <stdlib.h>

#include "runtime/core/worker.h"

struct message {
	struct message *next;
	void (*fn)(struct worker *w, void *arg);
	void *arg;
	void (*drop)(void *arg);
};

struct mailbox {
	_Atomic(struct message *) top;
};

bool mailbox_init(struct worker *w)
{
	struct mailbox *box = calloc(1, sizeof(*box));

	w->inbox = box;
	return box != NULL;
}

void mailbox_free(struct worker *w)
{
	struct mailbox *box = w->inbox;
	struct message *m = box ? atomic_exchange(&box->top, NULL) : NULL;

	while (m) {
		struct message *next = m->next;

		if (m->drop)
			m->drop(m->arg);
		free(m);
		m = next;
	}
	free(box);
	w->inbox = NULL;
}

bool mailbox_post(struct worker *w, void (*fn)(struct worker *w, void *arg), void *arg)
{
	return mailbox_post_owned(w, fn, arg, NULL);
}

bool mailbox_post_owned(struct worker *w, void (*fn)(struct worker *w, void *arg), void *arg,
			void (*drop)(void *arg))
{
	struct mailbox *box = w->inbox;
	struct message *m = malloc(sizeof(*m));

	if (!m)
		return false;
	*m = (struct message){.fn = fn, .arg = arg, .drop = drop};
	m->next = atomic_load_explicit(&box->top, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&box->top, &m->next, m, memory_order_release,
						      memory_order_relaxed))
		;
	ev_async_send(w->loop, &w->wake);
	return true;
}

/* The newest message is on top: oldest first from here on. */
static struct message *messages_reverse(struct message *m)
{
	struct message *ordered = NULL;

	while (m) {
		struct message *next = m->next;

		m->next = ordered;
		ordered = m;
		m = next;
	}
	return ordered;
}

void mailbox_run(struct worker *w)
{
	struct mailbox *box = w->inbox;
	struct message *m = messages_reverse(atomic_exchange_explicit(&box->top, NULL, memory_order_acquire));

	while (m) {
		struct message *next = m->next;

		m->fn(w, m->arg);
		free(m);
		m = next;
	}
}
