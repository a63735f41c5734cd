/* Listening sockets during a renewal. The new listeners are opened as those of a new process are, with sockets
 * that an old one has handed over (reload/kept.h): here duplicates of the current ones. What was found again
 * goes on under its old number, so that neither its queue nor the loops that watch it notice anything. Old
 * listeners stay as long as connections remember them, and keep their generation. See renew_state.h. */
#include <stdlib.h>
#include <unistd.h>

#include "runtime/backend/server.h"
#include "runtime/reload/kept.h"
#include "runtime/reload/renew_state.h"
#include "runtime/stats/socket_counters.h"

struct pair {
	struct listener *old;
	int copy;
};

static void list_move(struct list *from, struct list *to)
{
	while (!list_empty(from)) {
		struct list *node = from->next;

		list_remove(node);
		list_append(to, node);
	}
}

static uint32_t list_length(const struct list *l)
{
	uint32_t n = 0;

	for (const struct list *node = l->next; node != l; node = node->next)
		n++;
	return n;
}

/* Duplicates of everything that listens. The channel of a master is named by the configuration itself. */
static uint32_t copies_make(struct list *current, struct pair *pairs, struct fd_set_kept *k)
{
	uint32_t n = 0;

	for (struct list *node = current->next; node != current; node = node->next) {
		struct listener *l = LIST_OF(node, struct listener, node);
		int copy = l->fd >= 0 && !l->channel ? dup(l->fd) : -1;

		if (copy < 0)
			continue;
		if (!kept_add(k, copy, l->conf->interface)) {
			close(copy);
			continue;
		}
		pairs[n++] = (struct pair){l, copy};
	}
	return n;
}

static struct listener *old_of(const struct pair *pairs, uint32_t n, const struct listener *l)
{
	for (uint32_t i = 0; i < n; i++)
		if (pairs[i].copy == l->fd)
			return pairs[i].old;
	return NULL;
}

static struct listener *channel_of(struct list *old)
{
	for (struct list *node = old->next; node != old; node = node->next)
		if (LIST_OF(node, struct listener, node)->channel)
			return LIST_OF(node, struct listener, node);
	return NULL;
}

/* Connections of the old one go on counting. */
static void counters_succeed(struct listener *l, struct listener *old)
{
	if (!l->counters || !old->counters || !str_eq(l->proxy->conf->name, old->proxy->conf->name))
		return;
	socket_counters_drop(l->counters);
	l->counters = socket_counters_share(old->counters);
}

/* The descriptor changes hands; what an operator has paused stays so. */
static void succeed(struct listener *l, struct listener *old)
{
	int paused = atomic_load(&old->state) == LI_PAUSED;

	if (l->fd != old->fd)
		close(l->fd);
	l->fd = old->fd;
	l->inherited = old->inherited;
	old->fd = -1;
	old->newer = l;
	counters_succeed(l, old);
	if (paused && l->proxy && old->proxy && atomic_load(&old->proxy->paused)) {
		atomic_store(&l->proxy->paused, true);
		atomic_store(&l->state, LI_PAUSED);
	}
}

static void retire(struct process *p, struct listener *l)
{
	for (uint32_t i = 0; i < p->nworkers; i++)
		ev_io_stop(p->workers[i]->loop, &l->watches[i].io);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	if (atomic_exchange(&l->state, LI_CLOSED) == LI_FULL)
		atomic_fetch_sub(&p->full_listeners, 1);
	l->generation = p->generation;
	l->pins = true;
	generation_pin(l->generation);
}

/* Who was closed earlier still finds the one of today. */
static void chains_shorten(struct process *p)
{
	for (struct list *node = p->old_listeners.next; node != &p->old_listeners; node = node->next) {
		struct listener *l = LIST_OF(node, struct listener, node);

		if (l->newer)
			l->newer = l->newer->newer;
	}
}

static void hand_over(struct process *p, struct list *old, const struct pair *pairs, uint32_t n)
{
	for (struct list *node = p->listeners.next; node != &p->listeners; node = node->next) {
		struct listener *l = LIST_OF(node, struct listener, node);
		struct listener *before = l->channel ? channel_of(old) : old_of(pairs, n, l);

		if (before)
			succeed(l, before);
	}
	chains_shorten(p);
	for (struct list *node = old->next; node != old; node = node->next)
		retire(p, LIST_OF(node, struct listener, node));
	list_move(old, &p->old_listeners);
}

bool renew_listeners(struct process *p, struct generation *g, struct out *errors)
{
	struct list old;
	uint32_t count = list_length(&p->listeners), n = 0;
	struct pair *pairs = calloc(count + 1, sizeof(*pairs));
	struct fd_set_kept *k = kept_new();
	bool ok = pairs && k;

	list_init(&old);
	if (ok) {
		n = copies_make(&p->listeners, pairs, k);
		list_move(&p->listeners, &old);
		p->nlisteners = 0;
		ok = listeners_open(p, g, k, errors);
	}
	if (ok) {
		hand_over(p, &old, pairs, n);
	} else {
		list_move(&old, &p->listeners);
		p->nlisteners = count;
	}
	kept_free(&k);
	free(pairs);
	return ok;
}

void renew_listeners_release(struct process *p)
{
	for (struct list *node = p->old_listeners.next; node != &p->old_listeners; node = node->next) {
		struct listener *l = LIST_OF(node, struct listener, node);

		if (!l->pins || atomic_load(&l->conns))
			continue;
		l->pins = false;
		generation_unpin(l->generation);
	}
}

void renew_listeners_forget(struct process *p, const struct generation *g)
{
	struct list *node, *next;

	for (node = p->old_listeners.next; node != &p->old_listeners; node = next) {
		struct listener *l = LIST_OF(node, struct listener, node);

		next = node->next;
		if (l->generation != g)
			continue;
		list_remove(&l->node);
		listener_free(l);
	}
}
