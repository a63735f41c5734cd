/* Machines: a number of workers that take requests in turn, each of which needs its time; failures; and what
 * health checks and agents would say about them. Checks are reckoned with the rise, fall and inter of the
 * server line; their sockets and words are lbd's business and not simulated. One thread. */
#include "runtime/backend/server_warm.h"
#include "runtime/lab/world.h"

static const uint64_t MS = 1000000;
enum { AGENT_INTER = 2000 };

/* --- work */

static void busy_note(struct world *w, struct machine *m)
{
	w->result->servers[m->server->index].busy += m->busy * (double)(w->now - m->busy_since) * 1e-9;
	m->busy_since = w->now;
}

static void work_begin(struct world *w, struct machine *m, struct lab_request *q)
{
	struct lab_random luck = {q->luck};
	double seconds;

	busy_note(w, m);
	m->busy++;
	q->where = AT_MACHINE_RUNNING;
	q->started = w->now;
	list_append(&m->running, &q->node);
	q->serial++;
	if (m->state == MACHINE_HANGS)
		return;
	seconds = dist_draw(&m->conf.service, &luck) * dist_draw(&w->s->classes.v[q->class].cost, &luck);
	seconds *= m->slow / m->conf.speed;
	seconds = seconds < 1e8 ? seconds : 1e8;
	agenda_put(&w->agenda, w->now + (uint64_t)(seconds * 1e9), WHAT_SERVED, q, q->serial);
}

static bool has_worker(const struct machine *m)
{
	return !m->conf.workers || m->busy < m->conf.workers;
}

void machine_take(struct world *w, struct machine *m, struct lab_request *q)
{
	if (has_worker(m)) {
		work_begin(w, m, q);
		return;
	}
	q->where = AT_MACHINE_WAITING;
	list_append(&m->waiting, &q->node);
}

void machine_leave(struct world *w, struct machine *m, struct lab_request *q)
{
	list_remove(&q->node);
	if (q->where != AT_MACHINE_RUNNING)
		return;
	busy_note(w, m);
	m->busy--;
	if (list_empty(&m->waiting) || !has_worker(m))
		return;
	q = LIST_OF(m->waiting.next, struct lab_request, node);
	list_remove(&q->node);
	work_begin(w, m, q);
}

/* --- failures */

static void list_break(struct world *w, struct list *list)
{
	while (!list_empty(list)) {
		struct lab_request *q = LIST_OF(list->next, struct lab_request, node);

		list_remove(&q->node);
		request_broken(w, q);
	}
}

static void machine_fail(struct world *w, struct machine *m)
{
	m->state = MACHINE_REFUSES;
	busy_note(w, m);
	m->busy = 0;
	list_break(w, &m->waiting);
	list_break(w, &m->running);
}

/* What is at work there goes on for ever: nobody hears of it. */
static void machine_hang(struct machine *m)
{
	m->state = MACHINE_HANGS;
	for (struct list *node = m->running.next; node != &m->running; node = node->next)
		LIST_OF(node, struct lab_request, node)->serial++;
}

/* What it hung at begins anew. */
static void machine_recover(struct world *w, struct machine *m)
{
	struct list again;

	m->state = MACHINE_OK;
	list_init(&again);
	busy_note(w, m);
	while (!list_empty(&m->running)) {
		struct list *node = m->running.next;

		list_remove(node);
		list_append(&again, node);
		m->busy--;
	}
	while (!list_empty(&again)) {
		struct list *node = again.next;

		list_remove(node);
		work_begin(w, m, LIST_OF(node, struct lab_request, node));
	}
}

static struct machine *machine_named(struct world *w, struct str name)
{
	for (uint32_t i = 0; i < w->proxy.nservers; i++)
		if (str_eq(w->machines[i].conf.name, name))
			return &w->machines[i];
	return &w->machines[0]; /* the scenario was checked: there is one */
}

/* server_changed(), and the clock that follows if it is cold now. */
static void changed(struct world *w, struct machine *m)
{
	server_changed(w->worker, m->server);
	if (atomic_load(&m->server->warmth) != SERVER_WARM)
		machine_warm(w, m);
}

void machine_warm(struct world *w, struct machine *m)
{
	uint64_t step = m->server->conf->slowstart / SERVER_WARM + 1;

	if (server_warm_step(w->worker, m->server))
		agenda_put(&w->agenda, w->now + step * MS, WHAT_WARM, m, 0);
}

static void server_admin(struct world *w, struct machine *m, bool maintenance)
{
	struct server *s = m->server;

	atomic_store(&s->admin, maintenance ? SRV_ADM_MAINT : 0);
	if (!maintenance)
		atomic_store(&s->oper, SRV_RUNNING);
	changed(w, m);
}

void machine_event(struct world *w, const struct lab_event *e)
{
	struct machine *m;

	if (e->act == ACT_RATE) {
		w->rate = e->value;
		return;
	}
	m = machine_named(w, e->server);
	switch (e->act) {
	case ACT_FAIL:
		machine_fail(w, m);
		break;
	case ACT_HANG:
		machine_hang(m);
		break;
	case ACT_SLOW:
		m->slow = e->value;
		break;
	case ACT_RECOVER:
		m->slow = 1;
		if (m->state != MACHINE_OK)
			machine_recover(w, m);
		break;
	case ACT_WEIGHT:
		atomic_store(&m->server->weight, (unsigned)e->value);
		changed(w, m);
		break;
	default:
		server_admin(w, m, e->act == ACT_DISABLE);
	}
}

/* --- checks and agents */

static uint64_t check_inter(const struct machine *m)
{
	const struct server_conf *conf = m->server->conf;
	uint32_t inter = conf->inter ? conf->inter : AGENT_INTER;

	if (m->good && m->bad == 0 && atomic_load(&m->server->oper) == SRV_STOPPED && conf->fastinter)
		inter = conf->fastinter;
	else if (m->bad && atomic_load(&m->server->oper) != SRV_STOPPED && conf->fastinter)
		inter = conf->fastinter;
	else if (atomic_load(&m->server->oper) == SRV_STOPPED && conf->downinter)
		inter = conf->downinter;
	return inter * MS;
}

void machine_check(struct world *w, struct machine *m)
{
	struct server *s = m->server;
	bool ok = m->state == MACHINE_OK, up = atomic_load(&s->oper) != SRV_STOPPED;

	m->good = ok ? m->good + 1 : 0;
	m->bad = ok ? 0 : m->bad + 1;
	if (up == ok)
		m->good = m->bad = 0;
	if (up && m->bad && m->bad >= s->conf->fall)
		atomic_store(&s->oper, SRV_STOPPED);
	else if (!up && m->good && m->good >= s->conf->rise)
		atomic_store(&s->oper, SRV_RUNNING);
	if (up != (atomic_load(&s->oper) != SRV_STOPPED)) {
		m->good = m->bad = 0;
		changed(w, m);
	}
	agenda_put(&w->agenda, w->now + check_inter(m), WHAT_CHECK, m, 0);
}

static uint64_t agent_inter(const struct machine *m)
{
	const struct server_conf *conf = m->server->conf;
	uint32_t inter = conf->agent_inter ? conf->agent_inter : conf->inter ? conf->inter : AGENT_INTER;

	return inter * MS;
}

/* "37%": the part of its time that its workers had nothing to do, and at least 1. */
void machine_agent(struct world *w, struct machine *m)
{
	const struct lab_server_result *of = &w->result->servers[m->server->index];
	double room = (m->conf.workers ? m->conf.workers : 1) * (double)agent_inter(m) * 1e-9, idle;
	unsigned percent, weight;

	busy_note(w, m);
	idle = 1 - (of->busy - m->told_busy) / room;
	m->told_busy = of->busy;
	percent = idle < 0.01 ? 1 : (unsigned)(idle * 100);
	weight = percent * m->server->conf->weight / 100;
	if (atomic_exchange(&m->server->weight, weight) != weight)
		changed(w, m);
	agenda_put(&w->agenda, w->now + agent_inter(m), WHAT_AGENT, m, 0);
}

static bool can_fail(const struct world *w)
{
	vec_each (e, &w->s->events)
		if (e->act == ACT_FAIL || e->act == ACT_HANG)
			return true;
	return false;
}

/* The first ones are spread over their intervals, as lbd does it. */
void machines_begin(struct world *w)
{
	bool checks = can_fail(w);

	for (uint32_t i = 0; i < w->proxy.nservers; i++) {
		struct machine *m = &w->machines[i];
		double part = (double)(i + 1) / w->proxy.nservers;

		if (checks && m->server->conf->check)
			agenda_put(&w->agenda, (uint64_t)((double)check_inter(m) * part), WHAT_CHECK, m, 0);
		if (w->algorithm->agents || m->server->conf->agent_check)
			agenda_put(&w->agenda, (uint64_t)((double)agent_inter(m) * part), WHAT_AGENT, m, 0);
	}
}
