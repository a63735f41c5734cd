/* Administrative state of servers: maintenance and drain, forced by an operator or inherited from a tracked
 * server, with HAProxy's log lines (texts and levels compared with 2.6.12). Any worker; two operators at once
 * are serialised by the proxy's lock, and lines are written outside of it. */
#include <stdio.h>

#include "runtime/backend/connect.h"
#include "runtime/backend/server_change.h"
#include "runtime/core/log.h"
#include "runtime/health/check.h"

enum {
	ANY_MAINT = SRV_ADM_MAINT | SRV_ADM_IMAINT | SRV_ADM_RMAINT,
	ANY_DRAIN = SRV_ADM_DRAIN | SRV_ADM_IDRAIN
};

/* What one change did. */
struct change {
	struct worker *w;
	struct server *s;
	unsigned before, after; /* SRV_ADM_* */
	bool was_down;          /* its service was, before */
	bool had_some;          /* the proxy had usable servers, before */
	uint32_t requeued;
	struct str what; /* of its name: why it has no address, or which name has one again */
	char name[300];  /* "Backup Server b/s" */
	char via[200];   /* " via b/t" when it only follows */
};

static void names_fill(struct change *c)
{
	const struct server_conf *conf = c->s->conf, *tracked = conf->track_server;

	snprintf(c->name, sizeof(c->name), "%sServer %.*s/%.*s", conf->backup ? "Backup " : "",
		 STR_ARG(conf->proxy->name), STR_ARG(conf->name));
	c->via[0] = 0;
	if (tracked)
		snprintf(c->via, sizeof(c->via), " via %.*s/%.*s", STR_ARG(tracked->proxy->name),
			 STR_ARG(tracked->name));
}

static bool entered(const struct change *c, unsigned mask)
{
	return !(c->before & mask) && c->after & mask;
}

static bool left(const struct change *c, unsigned mask)
{
	return c->before & mask && !(c->after & mask);
}

/* " 2 active and 1 backup servers left. ..." */
static void say_left(const struct change *c, int level, const char *what, const char *via)
{
	struct proxy *px = c->s->proxy;
	unsigned active = atomic_load(&px->usable), backup = atomic_load(&px->usable_backup);

	log_event(c->w, px->conf, level,
		  "%s %s%s. %u active and %u backup servers left.%s %u sessions active, %u requeued, %u "
		  "remaining in queue.",
		  c->name, what, via, active, backup, !active && backup ? " Running on backup." : "",
		  atomic_load(&c->s->conns), c->requeued, atomic_load(&c->s->queued));
}

static void say_online(const struct change *c, const char *what, const char *via)
{
	struct proxy *px = c->s->proxy;

	log_event(c->w, px->conf, LL_NOTICE | LOG_BY_MAIL,
		  "%s %s%s. %u active and %u backup servers online.%s %u sessions requeued, %u total in queue.",
		  c->name, what, via, atomic_load(&px->usable), atomic_load(&px->usable_backup),
		  !atomic_load(&px->usable) && atomic_load(&px->usable_backup) ? " Running on backup." : "",
		  c->requeued, atomic_load(&c->s->queued));
}

/* Where there were some before. */
static void say_none_left(const struct change *c)
{
	struct proxy *px = c->s->proxy;

	if (c->had_some && !atomic_load(&px->usable) && !atomic_load(&px->usable_backup))
		log_event(c->w, px->conf, LL_EMERG, "%s %.*s has no server available!", proxy_word(px),
			  STR_ARG(px->conf->name));
}

static void say_enter_maint(const struct change *c)
{
	const char *via = c->after & SRV_ADM_MAINT ? "" : c->via;

	if (c->was_down) {
		log_event(c->w, c->s->proxy->conf, LL_NOTICE, "%s was DOWN and now enters maintenance%s.",
			  c->name, via);
		return;
	}
	say_left(c, c->before & ANY_DRAIN ? LL_NOTICE : LL_ALERT, "is going DOWN for maintenance", via);
	say_none_left(c);
}

static void say_leave_maint(const struct change *c)
{
	bool up = atomic_load(&c->s->oper) != SRV_STOPPED;

	log_event(c->w, c->s->proxy->conf, LL_NOTICE, "%s is %s/%s (leaving %smaintenance).", c->name,
		  up ? "UP" : "DOWN", c->after & ANY_DRAIN ? "DRAIN" : "READY",
		  c->before & SRV_ADM_MAINT ? "forced " : "");
	if (c->after & SRV_ADM_DRAIN)
		log_event(c->w, c->s->proxy->conf, LL_NOTICE, "%s remains in forced drain mode.", c->name);
	else if (c->before & SRV_ADM_DRAIN && c->after & SRV_ADM_IDRAIN)
		log_event(c->w, c->s->proxy->conf, LL_NOTICE,
			  "%s is leaving forced drain but remains in drain mode%s.", c->name, c->via);
}

static void say_drain(const struct change *c)
{
	const char *via = c->after & SRV_ADM_DRAIN ? "" : c->via;

	if (entered(c, ANY_DRAIN) && c->was_down)
		say_left(c, LL_NOTICE | LOG_BY_MAIL, "enters drain state", via);
	else if (entered(c, ANY_DRAIN)) {
		say_online(c, "enters drain state", via);
		say_none_left(c);
	} else if (left(c, ANY_DRAIN))
		log_event(c->w, c->s->proxy->conf, LL_NOTICE, "%s is %s (leaving forced drain).", c->name,
			  atomic_load(&c->s->oper) != SRV_STOPPED ? "UP" : "DOWN");
	else if (left(c, SRV_ADM_DRAIN))
		log_event(c->w, c->s->proxy->conf, LL_NOTICE,
			  "%s is leaving forced drain but remains in drain mode%s.", c->name, c->via);
}

/* The name has no address any more, or one again. */
static void say_resolved(const struct change *c)
{
	char text[160];

	if (left(c, ANY_MAINT)) {
		log_event(c->w, c->s->proxy->conf, LL_NOTICE, "%s ('%.*s') is %s/%s (resolves again).", c->name,
			  STR_ARG(c->what), atomic_load(&c->s->oper) != SRV_STOPPED ? "UP" : "DOWN",
			  c->after & ANY_DRAIN ? "DRAIN" : "READY");
	} else if (entered(c, ANY_MAINT) && c->was_down) {
		log_event(c->w, c->s->proxy->conf, LL_NOTICE, "%s was DOWN and now enters maintenance (%.*s).",
			  c->name, STR_ARG(c->what));
	} else if (entered(c, ANY_MAINT)) {
		snprintf(text, sizeof(text), "is going DOWN for maintenance (%.*s)", STR_ARG(c->what));
		say_left(c, LL_ALERT, text, "");
		say_none_left(c);
	}
	if (left(c, SRV_ADM_RMAINT))
		log_event(c->w, c->s->proxy->conf, LL_NOTICE,
			  "%s administratively READY thanks to valid DNS answer.", c->name);
}

static void change_say(struct change *c)
{
	names_fill(c);
	if (c->what.len)
		say_resolved(c);
	else if (entered(c, ANY_MAINT))
		say_enter_maint(c);
	else if (left(c, ANY_MAINT))
		say_leave_maint(c);
	else if (c->after & ANY_MAINT && left(c, SRV_ADM_MAINT))
		log_event(c->w, c->s->proxy->conf, LL_NOTICE,
			  "%s is leaving forced maintenance but remains in maintenance%s.", c->name, c->via);
	else if (left(c, SRV_ADM_IMAINT) && c->after & SRV_ADM_MAINT)
		log_event(c->w, c->s->proxy->conf, LL_NOTICE, "%s remains in forced maintenance.", c->name);
	else if (!(c->after & ANY_MAINT))
		say_drain(c);
}

/* Its checks have to bring it up first (manual 3.4, "init-state"). */
static bool begins_down(const struct server *s)
{
	return s->check && (server_conf_rare(s->conf)->init_state == INIT_DOWN ||
			    server_conf_rare(s->conf)->init_state == INIT_FULLY_DOWN);
}

/* The service of a server in maintenance is stopped; afterwards it is taken to run, as what it tracks does,
 * until checks tell. */
static int oper_after(const struct change *c)
{
	const struct server_conf *tracked = c->s->conf->track_server;
	struct server *t = tracked ? generation_server(c->s->proxy->generation, tracked) : NULL;

	if (entered(c, ANY_MAINT))
		return SRV_STOPPED;
	if (left(c, ANY_MAINT))
		return t ? atomic_load(&t->oper) : begins_down(c->s) ? SRV_STOPPED : SRV_RUNNING;
	return atomic_load(&c->s->oper);
}

/* False: nothing to change. */
static bool change_apply(struct change *c, unsigned set, unsigned clear)
{
	struct proxy *px = c->s->proxy;

	pthread_mutex_lock(&px->lb_lock);
	c->before = atomic_load(&c->s->admin);
	c->after = (c->before & ~clear) | set;
	c->was_down = atomic_load(&c->s->oper) == SRV_STOPPED;
	c->had_some = atomic_load(&px->usable) || atomic_load(&px->usable_backup);
	atomic_store(&c->s->admin, c->after);
	atomic_store(&c->s->oper, oper_after(c));
	pthread_mutex_unlock(&px->lb_lock);
	if (c->before == c->after)
		return false;
	if (left(c, ANY_MAINT))
		check_restart(c->s);
	c->requeued = server_changed(c->w, c->s);
	return true;
}

/* The bits that a follower inherits. */
static unsigned inherited(unsigned admin)
{
	return (admin & ANY_MAINT ? SRV_ADM_IMAINT : 0) | (admin & ANY_DRAIN ? SRV_ADM_IDRAIN : 0);
}

static void change_make(struct change *c, unsigned set, unsigned clear)
{
	struct worker *w = c->w;
	struct server *s = c->s;
	struct generation *g = s->proxy->generation;
	unsigned bits;

	if (!change_apply(c, set, clear))
		return;
	change_say(c);
	server_shut_streams(w, s);
	bits = inherited(c->after);
	for (uint32_t i = g->nservers; i > 0; i--) /* as HAProxy: who was configured last comes first */
		if (g->servers[i - 1] && g->servers[i - 1]->conf->track_server == s->conf)
			server_set_admin(w, g->servers[i - 1], bits, (SRV_ADM_IMAINT | SRV_ADM_IDRAIN) & ~bits);
}

void server_set_admin(struct worker *w, struct server *s, unsigned set, unsigned clear)
{
	struct change c = {.w = w, .s = s};

	change_make(&c, set, clear);
}

void server_set_resolved(struct worker *w, struct server *s, bool found, struct str what)
{
	struct change c = {.w = w, .s = s, .what = what};

	change_make(&c, found ? 0 : SRV_ADM_RMAINT, found ? SRV_ADM_RMAINT : 0);
}

const char *server_weight_refusal(const struct server *s, unsigned weight)
{
	if (!balance_is_static(s->proxy) || !weight || weight == s->conf->weight)
		return NULL;
	return "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.\n";
}

void server_set_weight(struct worker *w, struct server *s, unsigned weight)
{
	struct proxy *px = s->proxy;
	struct change c = {
		.w = w, .s = s, .had_some = atomic_load(&px->usable) || atomic_load(&px->usable_backup)};
	unsigned admin = atomic_load(&s->admin);

	if (atomic_exchange(&s->weight, weight) != weight) {
		server_changed(w, s);
		say_none_left(&c);
	}
	if (!(admin & SRV_ADM_DRAIN) || admin & ANY_MAINT)
		return;
	names_fill(&c);
	log_event(w, px->conf, LL_NOTICE, "%s remains in forced drain mode.", c.name);
}

void server_set_maxconn(struct worker *w, struct server *s, uint32_t maxconn)
{
	if (atomic_exchange(&s->maxconn, maxconn) == maxconn)
		return;
	pthread_mutex_lock(&s->proxy->lb_lock);
	balance_limited(s);
	pthread_mutex_unlock(&s->proxy->lb_lock);
	server_changed(w, s);
}
