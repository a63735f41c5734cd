/* slowstart: a server that comes back gets its load little by little (manual, section 5.2; steps and figures as
 * seen with HAProxy 2.6). Its warmth is a number of sixteenths that weights and limits are multiplied by; it
 * grows with the time since it came up. Worker 0 looks after the servers of a proxy while some of them are
 * getting warm, which begins with a message from whoever brought one up. Warmth is changed under proxy->lb_lock
 * and read by anybody. */
#include "runtime/backend/request.h"
#include "runtime/backend/server_warm.h"

enum { STEP_MIN = 10, STEP_MAX = 1000 /* ms */ };

uint32_t server_warmth_at(uint64_t ms, uint32_t slowstart)
{
	return ms >= slowstart ? SERVER_WARM : (uint32_t)(SERVER_WARM * ms / slowstart) + 1;
}

bool server_warm_step(struct worker *w, struct server *s)
{
	struct proxy *px = s->proxy;
	uint32_t before, warmth;

	pthread_mutex_lock(&px->lb_lock);
	before = atomic_load(&s->warmth);
	warmth = before == SERVER_WARM ? before : server_warmth_at(w->now - s->warm_since, s->conf->slowstart);
	if (warmth != before) {
		atomic_store(&s->warmth, warmth);
		balance_update(s);
		if (atomic_load(&px->queued))
			places_hand_out(w, s);
	}
	pthread_mutex_unlock(&px->lb_lock);
	return warmth != SERVER_WARM;
}

static uint32_t step_of(const struct server *s)
{
	uint32_t step = s->conf->slowstart / SERVER_WARM + 1;

	return step < STEP_MIN ? STEP_MIN : step > STEP_MAX ? STEP_MAX : step;
}

/* On worker 0. */
static void proxy_step(struct worker *w, struct deadline *d)
{
	struct proxy *px = (struct proxy *)((char *)d - offsetof(struct proxy, warming));
	uint32_t next = UINT32_MAX;

	for (uint32_t i = 0; i < px->nservers; i++) {
		struct server *s = px->servers[i];

		if (s->conf->slowstart && server_warm_step(w, s) && step_of(s) < next)
			next = step_of(s);
	}
	if (next != UINT32_MAX)
		deadline_set(w, d, w->now + next);
}

static void proxy_warm(struct worker *w, void *arg)
{
	struct proxy *px = arg;

	if (!deadline_is_set(&px->warming))
		deadline_set(w, &px->warming, w->now + STEP_MIN);
}

void server_warm_init(struct proxy *px)
{
	deadline_init(&px->warming, proxy_step);
}

void server_warm_begin(struct worker *w, struct server *s)
{
	if (!s->conf->slowstart)
		return;
	s->warm_since = w->now;
	atomic_store(&s->warmth, 1);
	/* Without memory for the message it is warm at once. */
	if (w->process && !mailbox_post(w->process->workers[0], proxy_warm, s->proxy))
		atomic_store(&s->warmth, SERVER_WARM);
}
