/* Places at servers, and who waits for them. Each server has a queue of requests that must go to it, each proxy
 * one of requests that any server may take; both are first in, first out unless rules give priorities, and a
 * free place goes to whoever came first in either (seen with HAProxy 2.6). Everything here happens under
 * proxy->lb_lock, so that a place is never given twice and never lost: who frees a place hands it on before
 * letting go of the lock. A request that was granted a place may live on another worker; it is put on that
 * worker's desk and its loop is woken. The queues own nothing. */
#include "runtime/backend/balance.h"
#include "runtime/backend/request.h"
#include "runtime/stats/counters.h"

/* --- places */

static void place_count(struct srv_request *r, struct server *s)
{
	r->counted = true;
	atomic_fetch_add_explicit(&s->conns, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->proxy->served, 1, memory_order_relaxed);
	if (balance_wants_load(s->proxy))
		balance_loaded(s);
}

/* --- queues */

static void queue_leave(struct srv_request *r)
{
	struct proxy *px = r->backend;

	list_remove(&r->queue_node);
	if (r->in_srv_queue) {
		r->srv_queue_pos += r->server->dequeued - r->queue_mark + 1;
		atomic_fetch_sub_explicit(&r->server->queued, 1, memory_order_relaxed);
		if (balance_wants_load(px))
			balance_loaded(r->server);
	} else {
		r->backend_queue_pos += px->dequeued - r->queue_mark + 1;
		atomic_fetch_sub_explicit(&px->queued_any, 1, memory_order_relaxed);
	}
	atomic_fetch_sub_explicit(&px->queued, 1, memory_order_relaxed);
}

/* Is a served before b (manual, "set-priority-class" and "set-priority-offset")? */
static bool queue_before(const struct srv_request *a, const struct srv_request *b)
{
	if (a->queue_class != b->queue_class)
		return a->queue_class < b->queue_class;
	if (a->queue_time != b->queue_time)
		return a->queue_time < b->queue_time;
	return a->queue_order < b->queue_order;
}

/* Into its place, looked for from the end: without priorities that is the end. */
static void queue_insert(struct list *queue, struct srv_request *r)
{
	struct list *after = queue->prev;

	r->queue_class = r->settings ? r->settings->prio_class : 0;
	r->queue_time = (int64_t)r->worker->now + (r->settings ? r->settings->prio_offset : 0);
	while (after != queue && queue_before(r, LIST_OF(after, struct srv_request, queue_node)))
		after = after->prev;
	list_prepend(after, &r->queue_node);
}

/* s: the only server that it may go to, NULL: any. */
static enum place queue_enter(struct srv_request *r, struct server *s)
{
	struct proxy *px = r->backend;
	uint32_t waiting;

	r->server = s;
	r->in_srv_queue = s != NULL;
	r->granted = false;
	r->queue_mark = s ? s->dequeued : px->dequeued;
	r->queue_order = px->arrivals++;
	queue_insert(s ? &s->queue : &px->queue, r);
	atomic_fetch_add_explicit(&px->queued, 1, memory_order_relaxed);
	if (!s) {
		waiting = atomic_fetch_add_explicit(&px->queued_any, 1, memory_order_relaxed) + 1;
		counters_peak(&counters_be(r->worker, px->index)->max_queue, waiting);
		return PLACE_QUEUED;
	}
	waiting = atomic_fetch_add_explicit(&s->queued, 1, memory_order_relaxed) + 1;
	counters_peak(&counters_srv(r->worker, s->index)->max_queue, waiting);
	if (balance_wants_load(px))
		balance_loaded(s);
	return PLACE_QUEUED;
}

/* May it serve those who wait for any server? A backup only while backups work. */
static bool server_serves_all(struct server *s)
{
	struct proxy *px = s->proxy;

	if (!server_is_usable(s))
		return false;
	if (!s->conf->backup)
		return true;
	return !atomic_load_explicit(&px->usable, memory_order_relaxed) && balance_uses_backup(s);
}

static struct srv_request *queue_head(struct list *queue)
{
	return list_empty(queue) ? NULL : LIST_OF(queue->next, struct srv_request, queue_node);
}

static struct srv_request *queue_next(struct server *s)
{
	struct srv_request *own = queue_head(&s->queue);
	struct srv_request *any = server_serves_all(s) ? queue_head(&s->proxy->queue) : NULL;

	if (!own || !any)
		return own ? own : any;
	return queue_before(own, any) ? own : any;
}

/* Onto the desk of its worker. The caller's own loop needs no system call to be woken. */
static void desk_put(struct worker *w, struct srv_request *r)
{
	struct srv_desk *desk = srv_desk_of(r->worker);

	r->granted = true;
	pthread_mutex_lock(&desk->lock);
	list_append(&desk->granted, &r->queue_node);
	pthread_mutex_unlock(&desk->lock);
	if (w == r->worker)
		ev_feed_event(w->loop, &desk->wake, EV_ASYNC);
	else
		ev_async_send(r->worker->loop, &desk->wake);
}

static void queue_grant(struct worker *w, struct srv_request *r, struct server *s)
{
	queue_leave(r);
	if (r->in_srv_queue)
		s->dequeued++;
	else
		s->proxy->dequeued++;
	place_count(r, s);
	r->granted_at = s;
	desk_put(w, r);
}

void places_hand_out(struct worker *w, struct server *s)
{
	struct srv_request *r;

	while (!server_is_full(s) && (r = queue_next(s)) != NULL)
		queue_grant(w, r, s);
}

uint32_t queue_redistribute(struct worker *w, struct server *s)
{
	struct srv_request *r;
	struct list keep;
	uint32_t n = 0;

	list_init(&keep);
	while ((r = queue_head(&s->queue)) != NULL) {
		if (r->forced) {
			list_remove(&r->queue_node);
			list_append(&keep, &r->queue_node);
			continue;
		}
		queue_leave(r);
		r->redispatched = true;
		counters_srv(w, s->index)->redispatches++;
		counters_be(w, s->proxy->index)->redispatches++;
		desk_put(w, r);
		n++;
	}
	while (!list_empty(&keep)) {
		struct list *node = keep.next;

		list_remove(node);
		list_append(&s->queue, node);
	}
	return n;
}

/* --- choosing */

/* At this server or in its queue. */
static enum place place_take_at(struct srv_request *r, struct server *s)
{
	r->server = s;
	if (server_has_room(s)) {
		place_count(r, s);
		return PLACE_TAKEN;
	}
	if (s->conf->maxqueue && atomic_load_explicit(&s->queued, memory_order_relaxed) >= s->conf->maxqueue)
		return PLACE_QUEUE_FULL;
	return queue_enter(r, s);
}

/* With `minconn` a new request may raise the limits. HAProxy lets it have the place itself with leastconn,
 * while others wait; else all servers are full as long as somebody waits. */
static bool goes_ahead(const struct proxy *px)
{
	return px->conf->balance.kind == BAL_LEASTCONN;
}

static enum place place_take_any(struct srv_request *r)
{
	struct server *before = r->server, *s;
	struct proxy *px = r->backend;
	bool full = false;

	if (!atomic_load(&px->usable) && !atomic_load(&px->usable_backup))
		return PLACE_NONE; /* r->server stays, for the log */
	if (!list_empty(&px->queue) && !goes_ahead(px))
		return queue_enter(r, NULL);
	s = balance_pick(px, r, &full);
	if (!s)
		return full ? queue_enter(r, NULL) : PLACE_NONE;
	r->balanced = s != before;
	return place_take_at(r, s);
}

enum place place_take(struct srv_request *r)
{
	struct proxy *px = r->backend;
	struct server *s = r->preferred ? r->server : NULL;
	enum place place;

	r->balanced = false;
	pthread_mutex_lock(&px->lb_lock);
	if (s && !r->forced && !server_is_reachable(s)) {
		r->preferred = false;
		r->server = s = NULL;
	}
	if (!s)
		s = px->straight;
	place = s ? place_take_at(r, s) : place_take_any(r);
	pthread_mutex_unlock(&px->lb_lock);
	return place;
}

/* Where nobody can wait for this server's places, giving one back needs no lock. */
static bool place_leaves_freely(const struct server *s)
{
	return !server_is_limited(s) && !balance_wants_load(s->proxy);
}

void place_leave(struct srv_request *r)
{
	struct server *s = r->server;
	struct proxy *px = r->backend;
	bool freely;

	if (!r->counted)
		return;
	r->counted = false;
	freely = place_leaves_freely(s);
	if (!freely)
		pthread_mutex_lock(&px->lb_lock);
	r->srvconn = atomic_fetch_sub_explicit(&s->conns, 1, memory_order_relaxed) - 1;
	atomic_fetch_sub_explicit(&px->served, 1, memory_order_relaxed);
	if (freely)
		return;
	if (balance_wants_load(px))
		balance_loaded(s);
	if (atomic_load_explicit(&px->queued, memory_order_relaxed))
		places_hand_out(r->worker, s);
	pthread_mutex_unlock(&px->lb_lock);
}

/* --- what the worker of a waiting request does */

/* Under desk->lock. */
static void desk_take(struct srv_request *r)
{
	list_remove(&r->queue_node);
	if (r->counted)
		r->server = r->granted_at;
}

static void desk_forget(struct srv_request *r)
{
	struct srv_desk *desk = srv_desk_of(r->worker);

	pthread_mutex_lock(&desk->lock);
	desk_take(r);
	pthread_mutex_unlock(&desk->lock);
}

bool place_give_up(struct srv_request *r)
{
	bool granted;

	pthread_mutex_lock(&r->backend->lb_lock);
	granted = r->granted;
	if (!granted)
		queue_leave(r);
	pthread_mutex_unlock(&r->backend->lb_lock);
	return !granted;
}

void place_forget(struct srv_request *r)
{
	if (place_give_up(r))
		return;
	desk_forget(r);
	place_leave(r);
}

struct srv_request *place_granted(struct srv_desk *desk)
{
	struct srv_request *r = NULL;

	pthread_mutex_lock(&desk->lock);
	if (!list_empty(&desk->granted)) {
		r = LIST_OF(desk->granted.next, struct srv_request, queue_node);
		desk_take(r);
	}
	pthread_mutex_unlock(&desk->lock);
	return r;
}
