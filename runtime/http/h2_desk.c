/* The desk of a worker: streams whose users are to be told of something and connections that have something to
 * send, worked off before the loop waits again. What users do there may make more work; after some rounds the
 * loop has its turn without waiting. The watchers run only while there is work. Worker thread only. */
#include <stdlib.h>

#include "runtime/http/h2.h"
#include "runtime/http/h2_callbacks.h"
#include "runtime/http/h2_mem.h"

enum { ROUNDS = 4, STREAMS_CACHED = 256 };

struct h2_desk {
	struct worker *worker;
	struct list ready, dirty;
	ev_prepare before;
	ev_idle more; /* keeps the loop from waiting */
	nghttp2_session_callbacks *callbacks;
	struct h2_mem *mem;
	struct pool streams;
};

static void nothing(struct ev_loop *loop, ev_idle *more, int revents)
{
	(void)loop, (void)more, (void)revents;
}

static void tell(struct list *ready)
{
	struct list round;

	list_init(&round);
	while (!list_empty(ready)) { /* those that come meanwhile wait for the next round */
		struct list *node = ready->next;

		list_remove(node);
		list_append(&round, node);
	}
	while (!list_empty(&round)) {
		struct h2_stream *st = LIST_OF(round.next, struct h2_stream, ready);

		list_remove(&st->ready);
		h2_stream_tell(st);
	}
}

static void flush(struct list *dirty)
{
	struct list round;

	list_init(&round);
	while (!list_empty(dirty)) {
		struct list *node = dirty->next;

		list_remove(node);
		list_append(&round, node);
	}
	while (!list_empty(&round)) {
		struct h2_conn *h = LIST_OF(round.next, struct h2_conn, dirty);

		list_remove(&h->dirty);
		h2_conn_flush(h);
		h->owner->changed(h);
	}
}

static void work(struct ev_loop *loop, ev_prepare *before, int revents)
{
	struct h2_desk *d = (struct h2_desk *)((char *)before - offsetof(struct h2_desk, before));

	(void)revents;
	for (int i = 0; i < ROUNDS && !(list_empty(&d->ready) && list_empty(&d->dirty)); i++) {
		tell(&d->ready);
		if (list_empty(&d->ready))
			flush(&d->dirty);
	}
	/* What was fed to the loop meanwhile (bytes that TLS holds) is handled before it waits, but behind
	 * this: it may leave work here. */
	if (list_empty(&d->ready) && list_empty(&d->dirty) && !ev_pending_count(loop)) {
		ev_prepare_stop(loop, before);
		ev_idle_stop(loop, &d->more);
	} else {
		ev_idle_start(loop, &d->more);
	}
}

struct h2_desk *h2_desk_get(struct worker *w)
{
	struct h2_desk *d = w->muxes;

	if (d)
		return d;
	d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->callbacks = h2_callbacks_new();
	d->mem = h2_mem_new();
	if (!d->callbacks || !d->mem) {
		nghttp2_session_callbacks_del(d->callbacks);
		h2_mem_free(d->mem);
		free(d);
		return NULL;
	}
	pool_init(&d->streams, sizeof(struct h2_stream), STREAMS_CACHED);
	d->worker = w;
	list_init(&d->ready);
	list_init(&d->dirty);
	ev_prepare_init(&d->before, work);
	ev_idle_init(&d->more, nothing);
	w->muxes = d;
	return d;
}

nghttp2_session_callbacks *h2_desk_callbacks(struct worker *w)
{
	struct h2_desk *d = h2_desk_get(w);

	return d ? d->callbacks : NULL;
}

nghttp2_mem *h2_desk_mem(struct worker *w)
{
	struct h2_desk *d = w->muxes;

	return h2_mem_nghttp2(d->mem);
}

struct pool *h2_desk_pool(struct worker *w)
{
	struct h2_desk *d = w->muxes;

	return &d->streams;
}

void h2_desk_free(struct worker *w)
{
	struct h2_desk *d = w->muxes;

	if (!d)
		return;
	ev_prepare_stop(w->loop, &d->before);
	ev_idle_stop(w->loop, &d->more);
	nghttp2_session_callbacks_del(d->callbacks);
	h2_mem_free(d->mem);
	pool_free(&d->streams);
	free(d);
	w->muxes = NULL;
}

void h2_desk_dirty(struct h2_conn *h)
{
	struct h2_desk *d = h->carrier->worker->muxes;

	if (!list_empty(&h->dirty))
		return;
	list_append(&d->dirty, &h->dirty);
	ev_prepare_start(d->worker->loop, &d->before);
}

void h2_desk_ready(struct h2_stream *st)
{
	struct h2_desk *d = st->h2->carrier->worker->muxes;

	if (!list_empty(&st->ready))
		return;
	list_append(&d->ready, &st->ready);
	ev_prepare_start(d->worker->loop, &d->before);
}
