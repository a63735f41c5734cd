/* Changes of a server's state: what they mean for balancing, queues, idle connections and running streams, when
 * they happened, and HAProxy's log lines for those that checks cause (texts and levels compared with 2.6.12).
 * State is changed by any worker under proxy->lb_lock; log lines are written outside of it. */
#include <stdio.h>

#include "runtime/backend/request.h"
#include "runtime/backend/server_warm.h"
#include "runtime/core/log.h"
#include "runtime/stats/counters.h"

static enum server_shown shown_of(struct server *s)
{
	unsigned admin = atomic_load(&s->admin);
	int oper = atomic_load(&s->oper);

	if (admin & SRV_ADM_ANY_MAINT)
		return SHOWN_MAINT;
	if (oper == SRV_STOPPED)
		return SHOWN_DOWN;
	if (admin & SRV_ADM_ANY_DRAIN)
		return SHOWN_DRAIN;
	return oper == SRV_STOPPING ? SHOWN_STOPPING : SHOWN_UP;
}

struct transition {
	enum server_shown before, after;
};

static bool shows_down(enum server_shown shown)
{
	return shown == SHOWN_DOWN || shown == SHOWN_MAINT;
}

static bool went_down(struct transition t)
{
	return !shows_down(t.before) && shows_down(t.after);
}

static bool came_up(struct transition t)
{
	return shows_down(t.before) && t.after == SHOWN_UP;
}

/* Notes when the state changed. */
static struct transition server_note(struct worker *w, struct server *s)
{
	struct transition t = {.before = s->shown, .after = shown_of(s)};

	if (t.before == t.after)
		return t;
	if (t.before == SHOWN_DOWN)
		atomic_fetch_add(&s->down_time, w->now - atomic_load(&s->last_change));
	s->shown = t.after;
	atomic_store(&s->last_change, w->now);
	if (went_down(t))
		counters_srv(w, s->index)->down_trans++;
	return t;
}

static void proxy_note(struct worker *w, struct proxy *px)
{
	bool down = !atomic_load(&px->usable) && !atomic_load(&px->usable_backup);

	if (down == px->down)
		return;
	if (down)
		counters_be(w, px->index)->down_trans++;
	else
		atomic_fetch_add(&px->down_time, w->now - atomic_load(&px->last_change));
	px->down = down;
	atomic_store(&px->last_change, w->now);
}

/* Who waits may now go somewhere. */
static void proxy_hand_out(struct worker *w, struct proxy *px)
{
	for (uint32_t i = 0; i < px->nservers && atomic_load(&px->queued); i++)
		places_hand_out(w, px->servers[i]);
}

static bool may_redistribute(const struct proxy *px)
{
	return px->conf->redispatch_interval && !proxy_option_is_set(px->conf, PO_PERSIST);
}

/* Manual, "on-marked-down", "on-marked-up". */
static char streams_to_shut(struct server *s, struct transition t)
{
	if (went_down(t) && s->conf->on_marked_down)
		return 'D';
	if (came_up(t) && s->conf->on_marked_up && !s->conf->backup && server_is_usable(s))
		return 'U';
	return 0;
}

void server_adopted(struct server *s)
{
	pthread_mutex_lock(&s->proxy->lb_lock);
	balance_update(s);
	pthread_mutex_unlock(&s->proxy->lb_lock);
}

void server_shut_streams(struct worker *w, struct server *s)
{
	struct proxy *px = s->proxy;
	char cause;

	pthread_mutex_lock(&px->lb_lock);
	cause = s->shut;
	s->shut = 0;
	pthread_mutex_unlock(&px->lb_lock);
	if (cause == 'D')
		requests_kill(w, s, cause);
	for (uint32_t i = 0; cause == 'U' && i < px->nservers; i++)
		if (px->servers[i]->conf->backup)
			requests_kill(w, px->servers[i], cause);
}

/* Another share of the load frees no place. Where `minconn` leaves places that nobody has been given yet,
 * HAProxy gives them away with the next request that ends, and so do we. */
static bool only_reweighed(const struct server *s, uint32_t before)
{
	return before && s->lb_weight && before != s->lb_weight;
}

uint32_t server_changed(struct worker *w, struct server *s)
{
	struct proxy *px = s->proxy;
	struct transition t;
	uint32_t requeued = 0, before;

	pthread_mutex_lock(&px->lb_lock);
	before = s->lb_weight;
	t = server_note(w, s);
	if (came_up(t))
		server_warm_begin(w, s);
	balance_update(s);
	proxy_note(w, px);
	if (went_down(t) && may_redistribute(px))
		requeued = queue_redistribute(w, s);
	if (!only_reweighed(s, before))
		proxy_hand_out(w, px);
	s->shut = streams_to_shut(s, t);
	pthread_mutex_unlock(&px->lb_lock);
	if (went_down(t))
		idle_close_everywhere(w, s);
	return requeued;
}
