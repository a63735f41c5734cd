/* The world of one run: the balancer's objects as generation.c would make them, but for what needs sockets, and
 * the loop that goes from event to event. One thread. */
#include "runtime/lab/world.h"

#include <math.h>
#include <stdlib.h>

#include "runtime/stats/counters.h"

/* lbd's clocks never stand at zero; PATIENCE: how long those on the way may take once nobody comes any more. */
static const uint64_t EPOCH_MS = 1000000, PATIENCE = 300ULL * 1000000000;

void world_clock(struct world *w, uint64_t now)
{
	w->now = now;
	w->worker->now = EPOCH_MS + now / 1000000;
	w->worker->now_us = EPOCH_MS * 1000 + now / 1000;
}

/* --- making it */

static void conf_make(struct world *w)
{
	const struct proxy_conf *from = w->algorithm->conf;

	w->proxy_conf = *w->s->backend;
	if (!from)
		return;
	w->proxy_conf.balance = from->balance;
	w->proxy_conf.hash_type = from->hash_type;
	w->proxy_conf.hash_func = from->hash_func;
	w->proxy_conf.hash_avalanche = from->hash_avalanche;
	w->proxy_conf.hash_balance_factor = from->hash_balance_factor;
}

static void server_make(struct world *w, uint32_t i)
{
	const struct server_conf *conf = w->proxy_conf.servers.v[i];
	struct server *s = &w->servers[i];
	struct machine *m = &w->machines[i];

	w->order[i] = s;
	*s = (struct server){0};
	server_init(s, conf, &w->proxy, i);
	*m = (struct machine){.conf = scenario_machine(w->s, conf->name), .server = s, .slow = 1};
	list_init(&m->waiting);
	list_init(&m->running);
	w->result->servers[i] = (struct lab_server_result){.name = conf->name, .workers = m->conf.workers};
}

static bool servers_make(struct world *w)
{
	uint32_t n = w->proxy_conf.servers.n;

	w->servers = server_alloc(n, sizeof(*w->servers));
	w->order = calloc(n, sizeof(struct server *));
	w->machines = calloc(n, sizeof(*w->machines));
	w->result->servers = calloc(n, sizeof(*w->result->servers));
	w->result->nservers = n;
	if (!w->servers || !w->order || !w->machines || !w->result->servers ||
	    !series_init(&w->result->load, n))
		return false;
	w->proxy.conf = &w->proxy_conf;
	w->proxy.generation = &w->generation;
	w->proxy.servers = w->order;
	w->proxy.nservers = n;
	list_init(&w->proxy.queue);
	for (uint32_t i = 0; i < n; i++)
		server_make(w, i);
	w->generation =
		(struct generation){.proxies = &w->proxy, .nproxies = 1, .servers = w->order, .nservers = n};
	return true;
}

/* The part of all requests that goes to the first k keys. */
static bool keys_make(struct world *w)
{
	uint32_t n = w->s->keys ? w->s->keys : 10000;
	double sum = 0;

	w->last_server = calloc(n, sizeof(*w->last_server));
	if (!w->last_server)
		return false;
	if (w->s->zipf <= 0)
		return true;
	w->zipf = calloc(n, sizeof(*w->zipf));
	for (uint32_t i = 0; w->zipf && i < n; i++)
		w->zipf[i] = sum += pow(i + 1, -w->s->zipf);
	for (uint32_t i = 0; w->zipf && i < n; i++)
		w->zipf[i] /= sum;
	return w->zipf != NULL;
}

static bool tallies_make(struct world *w)
{
	struct lab_result *r = w->result;

	r->times = calloc(1, sizeof(*r->times));
	r->queued = calloc(1, sizeof(*r->queued));
	for (; r->nclasses < w->s->classes.n; r->nclasses++) {
		const struct lab_class *c = &w->s->classes.v[r->nclasses];

		w->shares += c->share;
		r->classes[r->nclasses].name = c->name;
		r->classes[r->nclasses].times = calloc(1, sizeof(struct histogram));
		if (!r->classes[r->nclasses].times)
			return false;
	}
	return r->times && r->queued;
}

static bool worker_make(struct world *w)
{
	struct lab_random seeds = lab_random_make(w->s->seed, 5);

	w->worker = worker_new(NULL, 0);
	if (!w->worker || !counters_init(w->worker, &w->generation) || !srv_conns_init(w->worker))
		return false;
	w->worker->random[0] = lab_random_next(&seeds);
	w->worker->random[1] = lab_random_next(&seeds) | 1;
	world_clock(w, 0);
	return true;
}

bool world_init(struct world *w, const struct scenario *s, const struct lab_algorithm *a,
		struct lab_result *result)
{
	*w = (struct world){.s = s, .algorithm = a, .result = result};
	result->name = a->name;
	list_init(&w->queue_due);
	list_init(&w->server_due);
	list_init(&w->all);
	list_init(&w->spare);
	pthread_mutex_init(&w->proxy.lb_lock, NULL);
	w->when = lab_random_make(s->seed, 1);
	w->which = lab_random_make(s->seed, 2);
	w->luck = lab_random_make(s->seed, 3);
	w->keys = lab_random_make(s->seed, 4);
	w->arrivals_left = s->requests ? s->requests : UINT64_MAX;
	w->rate = s->arrivals.rate;
	conf_make(w);
	return tallies_make(w) && keys_make(w) && servers_make(w) && worker_make(w) && balance_init(&w->proxy);
}

static void requests_free(struct list *head, size_t member)
{
	while (!list_empty(head)) {
		struct list *node = head->next;

		list_remove(node);
		free((char *)node - member);
	}
}

void world_free(struct world *w)
{
	requests_free(&w->all, offsetof(struct lab_request, all));
	requests_free(&w->spare, offsetof(struct lab_request, all));
	if (w->servers)
		balance_free(&w->proxy);
	if (w->worker && w->worker->servers)
		srv_conns_free(w->worker);
	if (w->worker)
		counters_free(w->worker);
	worker_free(&w->worker);
	pthread_mutex_destroy(&w->proxy.lb_lock);
	agenda_free(&w->agenda);
	free(w->servers);
	free(w->order);
	free(w->machines);
	free(w->zipf);
	free(w->last_server);
}

/* --- running it */

static struct lab_request *due_first(const struct list *due)
{
	return list_empty(due) ? NULL : LIST_OF(due->next, struct lab_request, due);
}

static struct lab_request *due_next(const struct world *w)
{
	struct lab_request *a = due_first(&w->queue_due), *b = due_first(&w->server_due);

	if (!a || !b)
		return a ? a : b;
	return a->due_at <= b->due_at ? a : b;
}

static void happen(struct world *w, const struct agenda_item *i)
{
	struct lab_request *q = i->what;

	if (i->kind == WHAT_ARRIVAL)
		arrivals_now(w);
	else if (i->kind == WHAT_EVENT)
		machine_event(w, i->what);
	else if (i->kind == WHAT_CHECK)
		machine_check(w, i->what);
	else if (i->kind == WHAT_AGENT)
		machine_agent(w, i->what);
	else if (i->kind == WHAT_WARM)
		machine_warm(w, i->what);
	else if (i->serial != q->serial)
		return; /* it has come otherwise */
	else if (i->kind == WHAT_SERVED)
		request_served(w, q);
	else if (i->kind == WHAT_DELIVERED)
		request_delivered(w, q);
	else
		request_rested(w, q);
}

static bool is_over(const struct world *w, uint64_t next)
{
	if (next == UINT64_MAX || w->failed || w->agenda.failed)
		return true;
	return !w->arrivals_left && (!w->live || next > w->last_arrival + PATIENCE);
}

static void world_run(struct world *w)
{
	for (;;) {
		struct lab_request *due = due_next(w);
		uint64_t next = agenda_next(&w->agenda), at = due && due->due_at < next ? due->due_at : next;

		if (is_over(w, at))
			return;
		world_clock(w, at);
		if (at < next) {
			request_due(w, due);
		} else {
			struct agenda_item item = agenda_take(&w->agenda);

			happen(w, &item);
		}
		requests_go_on(w);
	}
}

static void events_begin(struct world *w)
{
	vec_each (e, &w->s->events)
		agenda_put(&w->agenda, e->at, WHAT_EVENT, e, 0);
}

bool lab_simulate(const struct scenario *s, const struct lab_algorithm *a, struct lab_result *result)
{
	struct world *w = calloc(1, sizeof(*w));
	bool ok = false;

	*result = (struct lab_result){.name = a->name};
	if (!w)
		return false;
	if (world_init(w, s, a, result)) {
		events_begin(w);
		machines_begin(w);
		arrivals_begin(w);
		world_run(w);
		result->ends[END_UNFINISHED] = w->live;
		result->duration = (double)w->now * 1e-9;
		series_end(&result->load, w->now);
		ok = !w->failed && !w->agenda.failed;
	}
	world_free(w);
	free(w);
	return ok;
}

void lab_result_free(struct lab_result *r)
{
	for (uint32_t i = 0; i < r->nclasses; i++)
		free(r->classes[i].times);
	free(r->times);
	free(r->queued);
	free(r->servers);
	if (r->load.n)
		series_free(&r->load);
	*r = (struct lab_result){0};
}

const char *lab_end_text(enum lab_end end)
{
	static const char *const texts[LAB_ENDS] = {"done",    "no server", "queue full",     "queue timeout",
						    "refused", "reset",     "server timeout", "unfinished"};

	return texts[end];
}
