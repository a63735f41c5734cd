/* Checks: when they run, and what their results mean for the server. A server starts up with `rise` points of
 * health of at most rise + fall - 1; a failure takes one and a success adds one, but who goes below `rise`
 * falls to 0, and who is at it or above is lifted to the top (manual, section 5.2, "rise", "fall"). The result
 * is guarded by the check's lock, everything else belongs to the check's worker. */
#include "runtime/health/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/backend/balance_response.h"
#include "runtime/backend/connect.h"
#include "runtime/core/log.h"
#include "runtime/health/check_reuse.h"
#include "runtime/health/check_run.h"
#include "runtime/log/trace.h"
#include "runtime/net/address.h"
#include "runtime/stats/counters.h"

enum { INTER_DEFAULT = 2000, RISE_DEFAULT = 2, FALL_DEFAULT = 3, SPREAD_THRESHOLD = 1000 };
enum { RESULT_NONE = 0, RESULT_FAILED = 2, RESULT_PASSED = 3, RESULT_CONDITIONAL = 4 };

static struct trace_about about_check(const struct check *k)
{
	return (struct trace_about){.by = {[LOCK_CHECK] = k, [LOCK_SERVER] = k->server}, .back = true};
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

/* --- intervals */

uint32_t check_interval(struct check *k)
{
	const struct server_conf *conf = k->server->conf;
	uint32_t inter = or_default(conf->inter, INTER_DEFAULT), health, most;

	if (k->agent)
		return or_default(conf->agent_inter, inter);
	pthread_mutex_lock(&k->lock);
	health = k->report.health;
	most = k->report.rise + k->report.fall - 1;
	pthread_mutex_unlock(&k->lock);
	if (health == most)
		return inter;
	if (health == 0)
		return or_default(conf->downinter, inter);
	return or_default(conf->fastinter, inter);
}

/* Manual, "spread-checks": up to so many percent earlier or later. */
static uint32_t interval_spread(const struct check *k, uint32_t interval)
{
	uint32_t percent = k->server->proxy->generation->model->global.spread_checks;
	uint32_t range = (uint32_t)((uint64_t)interval * percent / 100);

	if (!range)
		return interval;
	return interval - range +
	       (uint32_t)((uint64_t)k->worker->now_us * 2654435761u % (2 * (uint64_t)range + 1));
}

static void plan_next(struct check *k)
{
	deadline_set(k->worker, &k->deadline, k->worker->now + interval_spread(k, check_interval(k)));
}

/* --- what a result does */

static bool is_up(const struct check_report *r)
{
	return r->health >= r->rise;
}

static bool status_passes(enum check_status status)
{
	return status == CHECK_L4_OK || status == CHECK_L6_OK || status == CHECK_L7_OK ||
	       status == CHECK_PROC_OK || status == CHECK_L7_CONDITIONAL;
}

/* An agent that cannot be asked changes nothing, nor does one that says nothing of health. */
static bool status_counts(const struct check *k, enum check_status status)
{
	return !k->agent || status == CHECK_L7_OK || status == CHECK_L7_STATUS;
}

/* Points of health after a result. */
static int health_after(const struct check_report *r, bool passed)
{
	if (!passed)
		return r->health > r->rise ? r->health - 1 : 0;
	return r->health + 1 >= r->rise ? r->rise + r->fall - 1 : r->health + 1;
}

/* Manual, "option log-health-checks": every change of the result or of the health. */
static void log_result(struct check *k, const struct check_report *r, const char *reason)
{
	const struct server_conf *conf = k->server->conf;
	const char *how = r->result == RESULT_FAILED        ? "failed"
			  : r->result == RESULT_CONDITIONAL ? "conditionally succeeded"
							    : "succeeded";
	int have = is_up(r) ? r->health - r->rise + 1 : r->health, of = is_up(r) ? r->fall : r->rise;

	log_event(k->worker, conf->proxy, LL_NOTICE | LOG_BY_MAIL_INFO,
		  "%s check for %sserver %.*s/%.*s %s%s, status: %d/%d %s.", k->agent ? "Agent" : "Health",
		  conf->backup ? "backup " : "", STR_ARG(conf->proxy->name), STR_ARG(conf->name), how, reason,
		  have, of, is_up(r) ? "UP" : "DOWN");
}

static void apply(struct check *k, struct worker *w, enum srv_oper oper, const char *reason)
{
	server_set_oper(w, k->server, oper, reason);
	check_follow(k, w, oper);
}

bool check_is_up(struct check *k)
{
	bool up;

	pthread_mutex_lock(&k->lock);
	up = is_up(&k->report);
	pthread_mutex_unlock(&k->lock);
	return up;
}

/* Whether a check, if there is one, lets the server be up. *conditional: but without new sessions. */
static bool lets_up(struct check *k, bool *conditional)
{
	bool up;

	if (!k)
		return true;
	pthread_mutex_lock(&k->lock);
	up = is_up(&k->report);
	*conditional |= k->conditional;
	pthread_mutex_unlock(&k->lock);
	return up;
}

/* A server is up when its check and its agent agree. */
static enum srv_oper oper_of(struct server *s)
{
	bool conditional = false;

	if (!lets_up(s->check, &conditional) || !lets_up(s->agent, &conditional))
		return SRV_STOPPED;
	return conditional ? SRV_STOPPING : SRV_RUNNING;
}

static void report_fill(struct check *k, struct check_report *r)
{
	const struct check_outcome *o = &k->outcome;
	bool passed = status_passes(o->status);

	r->status = o->status;
	r->code = check_status_has_code(o->status) ? o->code : 0;
	r->duration = (int32_t)((k->worker->now_us - k->started_us) / 1000);
	r->result = !passed                             ? RESULT_FAILED
		    : o->status == CHECK_L7_CONDITIONAL ? RESULT_CONDITIONAL
							: RESULT_PASSED;
	r->running = false;
	memcpy(r->info, o->info, sizeof(r->info));
	if (status_counts(k, o->status)) {
		r->health = health_after(r, passed);
		k->conditional = o->status == CHECK_L7_CONDITIONAL;
	}
	r->last = k->worker->now;
}

/* Logs and applies a result that the report has taken in. */
static void conclude(struct check *k, const struct check_report *before)
{
	bool logs = proxy_option_is_set(k->server->proxy->conf, PO_LOG_HEALTH_CHECKS);
	struct check_report after;
	enum srv_oper oper;
	char reason[4 * CHECK_INFO + 160];

	pthread_mutex_lock(&k->lock);
	after = k->report;
	pthread_mutex_unlock(&k->lock);
	check_describe(&after, reason, sizeof(reason));
	if (!k->agent && after.result == RESULT_FAILED && is_up(before))
		counters_srv(k->worker, k->server->index)->failed_checks++;
	if (logs && after.status != CHECK_CHECKED &&
	    (after.status != before->status || after.health != before->health))
		log_result(k, &after, reason);
	oper = oper_of(k->server);
	if (!(atomic_load(&k->server->admin) & SRV_ADM_ANY_MAINT) && atomic_load(&k->server->oper) != (int)oper)
		apply(k, k->worker, oper, logs ? "" : reason);
}

void check_conclude(struct check *k)
{
	struct check_report before;

	pthread_mutex_lock(&k->lock);
	before = k->report;
	report_fill(k, &k->report);
	pthread_mutex_unlock(&k->lock);
	if (!k->agent && status_passes(k->outcome.status))
		response_note(k->server, k->worker->now_us - k->started_us, k->worker->now);
	TRACE(k->worker, CHECK,
	      TRACE_BIT(CHECK, HCHCK_END) | (status_passes(k->outcome.status) ? TRACE_BIT(CHECK, HCHCK_SUCC)
									      : TRACE_BIT(CHECK, HCHCK_ERR)),
	      TRACE_USER, about_check(k), "%s check of server %.*s/%.*s %s", k->agent ? "agent" : "health",
	      STR_ARG(k->server->proxy->conf->name), STR_ARG(k->server->conf->name),
	      status_passes(k->outcome.status) ? "succeeded" : "failed");
	conclude(k, &before);
	plan_next(k);
}

void check_conclude_observed(struct check *k, const char *what, unsigned errors)
{
	struct check_report before, *r = &k->report;

	pthread_mutex_lock(&k->lock);
	before = *r;
	r->status = CHECK_HANALYZE;
	r->code = 0;
	r->result = RESULT_FAILED;
	r->health = health_after(r, false);
	snprintf(r->info, sizeof(r->info), "Detected %u consecutive errors, last one was: %s", errors, what);
	pthread_mutex_unlock(&k->lock);
	conclude(k, &before);
}

void check_hurry(struct check *k)
{
	uint32_t wait =
		or_default(k->server->conf->fastinter, or_default(k->server->conf->inter, INTER_DEFAULT));

	if (k->phase == PHASE_WAITING && k->deadline.at > k->worker->now + wait)
		deadline_set(k->worker, &k->deadline, k->worker->now + wait);
}

/* --- the loop's side */

static void timed_out(struct check *k)
{
	char text[CHECK_INFO];
	struct out o = out_fixed(text, sizeof(text) - 1);

	if (k->phase == PHASE_PROGRAM) {
		check_external_timeout(k);
		return;
	}
	check_steps_where(k, &o);
	if (k->agent && k->no_more && check_input(k).len && k->report.status == check_steps_timeout(k))
		out_puts(&o, "Ignoring incomplete line from agent"); /* as HAProxy: not the first time */
	text[o.len] = 0;
	k->outcome.code = 0;
	check_run_end(k, check_steps_timeout(k), text);
}

/* A server in maintenance is not checked; its agent may have something to say. */
static bool is_paused(struct check *k)
{
	unsigned admin = atomic_load(&k->server->admin);

	return atomic_load(&k->disabled) || (!k->agent && admin & SRV_ADM_ANY_MAINT);
}

/* Manual 3.4, "tune.max-checks-per-thread": those that are too many run as soon as others have ended, in the
 * order in which they were due. */
static bool turn_take(struct check *k)
{
	struct worker *w = k->worker;
	uint32_t max = k->server->proxy->generation->model->global.tune_max_checks;

	if (!w->checks.next)
		list_init(&w->checks);
	if (max && w->nchecks >= max) {
		list_append(&w->checks, &k->turn);
		return false;
	}
	w->nchecks++;
	k->has_turn = true;
	return true;
}

void check_turn_over(struct check *k)
{
	struct worker *w = k->worker;
	struct check *next;

	if (!k->has_turn)
		return;
	k->has_turn = false;
	w->nchecks--;
	if (list_empty(&w->checks))
		return;
	next = LIST_OF(w->checks.next, struct check, turn);
	list_remove(&next->turn);
	deadline_set(w, &next->deadline, w->now + 1);
}

static void check_due(struct worker *w, struct deadline *d)
{
	struct check *k = (struct check *)((char *)d - offsetof(struct check, deadline));

	if (k->phase != PHASE_WAITING) {
		timed_out(k);
		return;
	}
	if (is_paused(k)) {
		plan_next(k);
		return;
	}
	if (!turn_take(k))
		return;
	pthread_mutex_lock(&k->lock);
	k->report.running = true;
	k->report.info[0] = 0; /* of the last one, HAProxy forgets it here, too */
	pthread_mutex_unlock(&k->lock);
	TRACE(w, CHECK, TRACE_BIT(CHECK, HCHCK_START), TRACE_USER, about_check(k),
	      "%s check of server %.*s/%.*s starts", k->agent ? "agent" : "health",
	      STR_ARG(k->server->proxy->conf->name), STR_ARG(k->server->conf->name));
	check_run(k);
}

/* --- life */

static void steps_choose(struct check *k)
{
	const struct check_conf *conf = check_conf(k);

	if (k->agent) {
		k->steps = check_agent_steps;
		k->nsteps = check_agent_nsteps;
	} else if (conf->kind == CHECK_HTTP || conf->kind == CHECK_TCP) {
		k->steps = conf->steps;
		k->nsteps = conf->nsteps;
	} else {
		k->steps = check_protocol_steps(conf->kind, conf, &k->nsteps);
	}
}

/* How healthy a server is that nobody has asked yet (manual 3.4, "init-state"): on the brink, or beyond doubt.
 */
static int health_first(const struct check *k)
{
	const struct check_report *r = &k->report;

	switch (k->agent ? INIT_NONE : (enum init_state)server_conf_rare(k->server->conf)->init_state) {
	case INIT_DOWN:
		return r->rise - 1;
	case INIT_FULLY_UP:
		return r->rise + r->fall - 1;
	case INIT_FULLY_DOWN:
		return 0;
	default:
		return r->rise;
	}
}

/* An agent is believed at once: rise and fall are 1. */
static struct check *check_new(struct server *s, bool agent)
{
	struct check *k = calloc(1, sizeof(*k));
	const struct server_conf *conf = s->conf;

	if (!k)
		return NULL;
	k->server = s;
	k->conf = model_check(s->proxy->generation->model, s->conf);
	k->agent = agent;
	k->own.io.fd = -1;
	k->conn = &k->own;
	list_init(&k->turn);
	deadline_init(&k->deadline, check_due);
	pthread_mutex_init(&k->lock, NULL);
	k->report = (struct check_report){.status = CHECK_INITIAL,
					  .duration = -1,
					  .rise = agent ? 1 : (int)or_default(conf->rise, RISE_DEFAULT),
					  .fall = agent ? 1 : (int)or_default(conf->fall, FALL_DEFAULT)};
	k->report.health = health_first(k);
	steps_choose(k);
	return k;
}

static void check_free(struct check **check)
{
	struct check *k = *check;

	if (!k)
		return;
	pthread_mutex_destroy(&k->lock);
	check_reuse_free(k);
	free(k->followers);
	free(k->agent_send);
	free(k);
	*check = NULL;
}

/* The checks of one server; without a port an agent cannot be asked. */
static bool checks_new(struct server *s)
{
	const struct server_conf *conf = s->conf;
	struct str text;

	if (conf->check && !(s->check = check_new(s, false)))
		return false;
	if (!conf->agent_check || !conf->agent_port)
		return true;
	s->agent = check_new(s, true);
	text = server_conf_rare(conf)->agent_send;
	return s->agent && (!text.len || check_agent_send(s, text));
}

/* Before anything runs: a server whose check begins below `rise` is down, and so is who tracks it. */
static void start_down(struct server *s)
{
	if (atomic_load(&s->oper) == SRV_STOPPED)
		return;
	atomic_store(&s->oper, SRV_STOPPED);
	s->shown = SHOWN_DOWN;
	balance_update(s);
}

static void states_begin(struct generation *g)
{
	for (uint32_t i = 0; i < g->nservers; i++) {
		struct check *k = g->servers[i]->check;

		if (!k || is_up(&k->report))
			continue;
		start_down(g->servers[i]);
		for (uint32_t f = 0; f < k->nfollowers; f++)
			start_down(k->followers[f]);
	}
}

static bool follower_add(struct check *k, struct server *s)
{
	struct server **more = realloc(k->followers, (k->nfollowers + 1) * sizeof(struct server *));

	if (!more)
		return false;
	more[k->nfollowers++] = s;
	k->chained |= s->conf->track_server != k->server->conf;
	k->followers = more;
	return true;
}

/* The checked server at the end of a chain of `track`, or NULL. */
static struct server *followed(struct generation *g, struct server *s)
{
	for (uint32_t i = 0; i < g->nservers && s && s->conf->track_server; i++)
		s = generation_server(g, s->conf->track_server);
	return s && (s->check || s->agent) ? s : NULL;
}

/* Both its check and its agent know who follows a server. */
static bool follow_add(struct server *leader, struct server *s)
{
	if (leader->check && !follower_add(leader->check, s))
		return false;
	return !leader->agent || follower_add(leader->agent, s);
}

bool checks_init(struct generation *g)
{
	for (uint32_t i = 0; i < g->nservers; i++)
		if (!checks_new(g->servers[i]))
			return false;
	for (uint32_t i = 0; i < g->nservers; i++) {
		struct server *leader = g->servers[i]->conf->track_server ? followed(g, g->servers[i]) : NULL;

		if (leader && leader != g->servers[i] && !follow_add(leader, g->servers[i]))
			return false;
	}
	states_begin(g);
	return true;
}

struct round {
	uint32_t count, any, shortest; /* shortest: of those that are no less than a second; 0: none */
};

static void round_add(struct round *r, struct check *k)
{
	uint32_t inter;

	if (!k)
		return;
	inter = check_interval(k);
	r->count++;
	if (!r->any || inter < r->any)
		r->any = inter;
	if (inter >= SPREAD_THRESHOLD && (!r->shortest || inter < r->shortest))
		r->shortest = inter;
}

/* HAProxy begins the first round evenly over the shortest interval, intervals under a second left out if there
 * are longer ones. */
static uint32_t first_round(struct generation *g, uint32_t *count)
{
	struct round r = {0};
	uint32_t max = g->model->global.max_spread_checks;

	for (uint32_t i = 0; i < g->nservers; i++) {
		if (!g->servers[i])
			continue;
		round_add(&r, g->servers[i]->check);
		round_add(&r, g->servers[i]->agent);
	}
	*count = r.count;
	r.shortest = r.shortest ? r.shortest : r.any;
	return max && r.shortest > max ? max : r.shortest;
}

/* Which worker has the check of a server: not asked of the check, whose fields belong to that worker. */
static bool runs_here(const struct worker *w, uint32_t server_index)
{
	return server_index % w->process->nworkers == w->id;
}

/* Each has its turn in the first round. */
static void check_start(struct worker *w, struct check *k, bool here, uint32_t round, uint32_t *position,
			uint32_t count)
{
	if (!k)
		return;
	if (here) {
		k->worker = w;
		deadline_set(w, &k->deadline, w->now + 1 + (uint64_t)round * *position / count);
	}
	++*position;
}

void checks_start(struct worker *w, struct generation *g)
{
	uint32_t count, position = 0, round = first_round(g, &count);

	for (uint32_t i = 0; i < g->nservers; i++)
		if (g->servers[i])
			check_start(w, g->servers[i]->check, runs_here(w, i), round, &position, count);
	for (uint32_t i = 0; i < g->nservers; i++)
		if (g->servers[i])
			check_start(w, g->servers[i]->agent, runs_here(w, i), round, &position, count);
}

/* A check of a server that is added at run time waits for its `enable`. */
static void check_begin(struct worker *w, struct check *k)
{
	if (!k)
		return;
	k->worker = w;
	atomic_store(&k->disabled, true);
	k->report.health = 0;
	deadline_set(w, &k->deadline, w->now + 1 + check_interval(k));
}

bool checks_add(struct process *p, struct server *s)
{
	struct worker *w = p->workers[s->index % p->nworkers];
	struct server *leader = s->conf->track_server ? followed(p->generation, s) : NULL;

	if (!checks_new(s) || (leader && !follow_add(leader, s))) {
		checks_remove(p, s);
		return false;
	}
	check_begin(w, s->check);
	check_begin(w, s->agent);
	return true;
}

static void follower_remove(struct check *k, const struct server *s)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; k && i < k->nfollowers; i++)
		if (k->followers[i] != s)
			k->followers[kept++] = k->followers[i];
	if (k)
		k->nfollowers = kept;
}

static void check_stop(struct check *k)
{
	if (!k || !k->worker)
		return;
	deadline_clear(&k->deadline);
	list_remove(&k->turn);
	if (k->phase != PHASE_WAITING)
		check_run_close(k);
}

void checks_stop(struct worker *w, struct generation *g)
{
	for (uint32_t i = 0; i < g->nservers; i++) {
		if (!g->servers[i] || !runs_here(w, i))
			continue;
		check_stop(g->servers[i]->check);
		check_stop(g->servers[i]->agent);
	}
}

void checks_remove(struct process *p, struct server *s)
{
	struct server *leader = s->conf->track_server ? followed(p->generation, s) : NULL;

	if (leader) {
		follower_remove(leader->check, s);
		follower_remove(leader->agent, s);
	}
	check_stop(s->check);
	check_stop(s->agent);
	check_free(&s->check);
	check_free(&s->agent);
}

void checks_free(struct generation *g)
{
	for (uint32_t i = 0; i < g->nservers; i++) {
		if (!g->servers[i])
			continue;
		check_free(&g->servers[i]->check);
		check_free(&g->servers[i]->agent);
	}
}

/* --- for others */

static bool report_of(struct check *k, struct check_report *report)
{
	if (!k)
		return false;
	pthread_mutex_lock(&k->lock);
	*report = k->report;
	pthread_mutex_unlock(&k->lock);
	return true;
}

bool check_report(struct server *s, struct check_report *report)
{
	return report_of(s->check, report);
}

bool check_agent_report(struct server *s, struct check_report *report)
{
	return report_of(s->agent, report);
}

bool check_force(struct worker *w, struct server *s, enum srv_oper oper)
{
	struct check *k = s->check;

	if (!k)
		return false;
	pthread_mutex_lock(&k->lock);
	k->report.health = oper == SRV_STOPPED ? 0 : k->report.rise + k->report.fall - 1;
	pthread_mutex_unlock(&k->lock);
	if (atomic_load(&s->oper) != (int)oper)
		apply(k, w, oper, ", changed from CLI");
	return true;
}

bool check_agent_force(struct worker *w, struct server *s, bool up)
{
	struct check *k = s->agent;
	enum srv_oper oper;

	if (!k)
		return false;
	pthread_mutex_lock(&k->lock);
	k->report.health = up ? k->report.rise + k->report.fall - 1 : 0;
	pthread_mutex_unlock(&k->lock);
	oper = oper_of(s);
	if (atomic_load(&s->oper) != (int)oper)
		apply(k, w, oper, ", changed from CLI");
	return true;
}

/* "\n" and "\r" of the command line have been decoded by then. */
bool check_agent_send(struct server *s, struct str text)
{
	char *copy, *old;

	if (!s->agent || !(copy = malloc(text.len + 1)))
		return false;
	if (text.len)
		memcpy(copy, text.ptr, text.len);
	copy[text.len] = 0;
	pthread_mutex_lock(&s->agent->lock);
	old = s->agent->agent_send;
	s->agent->agent_send = copy;
	pthread_mutex_unlock(&s->agent->lock);
	free(old);
	return true;
}

void check_restart(struct server *s)
{
	struct check *k = s->check;

	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	k->report.health = health_first(k);
	pthread_mutex_unlock(&k->lock);
}

void check_restore(struct server *s, enum check_status status, uint8_t result, int health)
{
	struct check *k = s->check;
	int oper = atomic_load(&s->oper), most;

	if (!k)
		return;
	most = k->report.rise + k->report.fall - 1;
	if (oper == SRV_STOPPED || health < 0)
		health = 0;
	k->report.health = oper == SRV_RUNNING || oper == SRV_STARTING || health > most ? most : health;
	if (!check_status_word(status)[0])
		return;
	k->report.status = status;
	k->report.result = result;
}

static bool enable(struct check *k, bool enabled)
{
	if (k)
		atomic_store(&k->disabled, !enabled);
	return k != NULL;
}

bool check_enable(struct server *s, bool enabled)
{
	return enable(s->check, enabled);
}

bool check_is_enabled(struct server *s)
{
	return s->check && !atomic_load(&s->check->disabled);
}

bool check_agent_enable(struct server *s, bool enabled)
{
	return enable(s->agent, enabled);
}

bool check_agent_is_enabled(struct server *s)
{
	return s->agent && !atomic_load(&s->agent->disabled);
}
