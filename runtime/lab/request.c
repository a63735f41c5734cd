/* The way of a request, as connect.c goes it: a place, or the queue; a connection, or another try; the answer.
 * Places and queues are lbd's own; connections are what the machines say. One thread. */
#include <stdlib.h>

#include "runtime/backend/balance_response.h"
#include "runtime/lab/world.h"

static const uint64_t MS = 1000000, REST = 1000 * 1000000ULL;

static void place_ask(struct world *w, struct lab_request *q);
static void request_send(struct world *w, struct lab_request *q);

static struct lab_request *request_new(struct world *w)
{
	struct lab_request *q;

	if (!list_empty(&w->spare)) {
		q = LIST_OF(w->spare.next, struct lab_request, all);
		list_remove(&q->all);
		q->r = (struct srv_request){0};
		return q;
	}
	q = calloc(1, sizeof(*q));
	if (q)
		list_init(&q->all);
	return q;
}

static struct machine *machine_of(const struct world *w, const struct lab_request *q)
{
	return &w->machines[q->r.server->index];
}

static void load_note(struct world *w, const struct server *s)
{
	uint32_t n = atomic_load_explicit(&s->conns, memory_order_relaxed);
	struct lab_server_result *of = &w->result->servers[s->index];

	of->peak = n > of->peak ? n : of->peak;
	series_set(&w->result->load, s->index, n, w->now);
}

static void place_give_back(struct world *w, struct lab_request *q)
{
	struct server *s = q->r.server;

	if (!q->r.counted)
		return;
	place_leave(&q->r);
	load_note(w, s);
}

/* --- the end */

static bool counts(const struct world *w, const struct lab_request *q)
{
	return (double)q->arrived >= w->s->warmup * 1e9;
}

void request_over(struct world *w, struct lab_request *q, enum lab_end end)
{
	struct lab_result *r = w->result;

	list_remove(&q->due);
	list_remove(&q->all);
	list_append(&w->spare, &q->all);
	q->serial++;
	q->where = AT_NOTHING;
	w->live--;
	place_give_back(w, q);
	if (counts(w, q)) {
		r->ends[end]++;
		r->retries += q->r.retries;
		r->redispatches += q->r.redispatched;
	}
	if (counts(w, q) && end == END_DONE) {
		histogram_add(r->times, w->now - q->arrived);
		histogram_add(r->queued, q->queued);
		histogram_add(r->classes[q->class].times, w->now - q->arrived);
	}
	arrivals_answered(w);
}

/* --- connecting */

static void rest(struct world *w, struct lab_request *q)
{
	uint64_t connect = w->proxy_conf.timeout[TMO_CONNECT] * MS;

	q->where = AT_REST;
	agenda_put(&w->agenda, w->now + (connect && connect < REST ? connect : REST), WHAT_REST, q,
		   ++q->serial);
}

/* Another server, where there is one. */
static void redispatch(struct world *w, struct lab_request *q)
{
	place_give_back(w, q);
	q->r.avoid = q->r.server;
	q->r.preferred = false;
	q->r.redispatched = true;
	if (atomic_load(&w->proxy.usable) > 1)
		place_ask(w, q);
	else
		rest(w, q);
}

/* It has failed, and is over unless it may be tried again (manual, "retries", "retry-on", "option redispatch").
 * Only who was refused rests before. */
static void failed(struct world *w, struct lab_request *q, enum retry_on cause, enum lab_end end)
{
	w->result->servers[q->r.server->index].failed++;
	if (!q->r.tries_left || !(w->proxy_conf.retry_on & cause)) {
		request_over(w, q, end);
		return;
	}
	q->serial++; /* nothing comes any more */
	q->r.tries_left--;
	q->r.retries++;
	if (request_redispatch_is_due(&q->r)) {
		redispatch(w, q);
	} else if (cause == RETRY_ON_CONN_FAILURE) {
		rest(w, q);
	} else {
		q->asked = w->now;
		request_send(w, q);
	}
}

void request_broken(struct world *w, struct lab_request *q)
{
	list_remove(&q->due);
	failed(w, q, RETRY_ON_EMPTY_RESPONSE, END_RESET);
}

static void affinity_note(struct world *w, const struct lab_request *q)
{
	uint16_t *last = &w->last_server[q->key], now = (uint16_t)(q->r.server->index + 1);

	w->result->repeats += *last != 0;
	w->result->moved += *last && *last != now;
	*last = now;
}

/* It has a place: to the machine. */
static void request_send(struct world *w, struct lab_request *q)
{
	struct machine *m = machine_of(w, q);
	uint32_t limit = w->proxy_conf.timeout[TMO_SERVER];

	list_remove(&q->due);
	load_note(w, m->server);
	q->queued += w->now - q->asked;
	q->sent = w->now;
	if (m->state == MACHINE_REFUSES) {
		failed(w, q, RETRY_ON_CONN_FAILURE, END_REFUSED);
		return;
	}
	affinity_note(w, q);
	w->result->servers[m->server->index].requests++;
	if (limit) {
		q->due_at = w->now + limit * MS;
		list_append(&w->server_due, &q->due);
	}
	machine_take(w, m, q);
}

/* --- a place at a server */

static void wait_for_place(struct world *w, struct lab_request *q)
{
	uint32_t limit = w->proxy_conf.timeout[TMO_QUEUE] ? w->proxy_conf.timeout[TMO_QUEUE]
							  : w->proxy_conf.timeout[TMO_CONNECT];

	q->where = AT_QUEUE;
	if (!limit)
		return;
	q->due_at = w->now + limit * MS;
	list_append(&w->queue_due, &q->due);
}

static void place_ask(struct world *w, struct lab_request *q)
{
	q->asked = w->now;
	switch (place_take(&q->r)) {
	case PLACE_TAKEN:
		request_send(w, q);
		break;
	case PLACE_QUEUED:
		wait_for_place(w, q);
		break;
	case PLACE_NONE:
		request_over(w, q, END_NO_SERVER);
		break;
	default:
		request_over(w, q, END_QUEUE_FULL);
	}
}

void requests_go_on(struct world *w)
{
	struct srv_request *r;

	while ((r = place_granted(w->worker->servers)) != NULL) {
		struct lab_request *q = (struct lab_request *)r;

		r->granted = false;
		list_remove(&q->due);
		if (r->counted) {
			request_send(w, q);
			continue;
		}
		r->preferred = false; /* its server went away */
		q->queued += w->now - q->asked;
		place_ask(w, q);
	}
}

/* --- what happens */

void request_arrive(struct world *w)
{
	struct lab_request *q = request_new(w);

	if (!q) {
		w->failed = true;
		return;
	}
	list_append(&w->all, &q->all);
	list_init(&q->node);
	list_init(&q->due);
	q->r.worker = w->worker;
	q->r.backend = &w->proxy;
	q->r.tries_left = (uint16_t)w->proxy_conf.retries;
	list_init(&q->r.queue_node);
	q->arrived = w->now;
	q->queued = 0;
	w->live++;
	w->result->arrived += counts(w, q);
	arrival_draw(w, q);
	place_ask(w, q);
}

void request_served(struct world *w, struct lab_request *q)
{
	struct machine *m = machine_of(w, q);
	struct lab_random luck = {q->luck + 1};
	double latency = dist_draw(&m->conf.latency, &luck);

	machine_leave(w, m, q);
	if (latency <= 0) {
		request_delivered(w, q);
		return;
	}
	q->where = AT_WIRE;
	agenda_put(&w->agenda, w->now + (uint64_t)(latency * 1e9), WHAT_DELIVERED, q, ++q->serial);
}

void request_delivered(struct world *w, struct lab_request *q)
{
	struct lab_server_result *of = &w->result->servers[q->r.server->index];

	of->time += (double)(w->now - q->sent) * 1e-9;
	response_note(q->r.server, (w->now - q->sent) / 1000, w->worker->now);
	request_over(w, q, END_DONE);
}

void request_rested(struct world *w, struct lab_request *q)
{
	if (!q->r.counted) {
		place_ask(w, q);
		return;
	}
	q->asked = w->now;
	request_send(w, q);
}

void request_due(struct world *w, struct lab_request *q)
{
	list_remove(&q->due);
	if (q->where != AT_QUEUE) {
		if (q->where != AT_WIRE)
			machine_leave(w, machine_of(w, q), q);
		failed(w, q, RETRY_ON_RESPONSE_TIMEOUT, END_SERVER_TIMEOUT);
		return;
	}
	if (place_give_up(&q->r))
		request_over(w, q, END_QUEUE_TIMEOUT);
}
