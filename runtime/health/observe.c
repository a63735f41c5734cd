/* Traffic as a check: errors in a row are counted by all workers together; when there are too many, the check's
 * worker is told, and does what `on-error` says, in HAProxy's words. A message to it cannot outlive the check:
 * workers end before generations do. */
#include "runtime/health/observe.h"

#include <stdio.h>

#include "runtime/health/check_run.h"
#include "runtime/stats/counters.h"

enum { ON_ERROR_DEFAULT, ON_ERROR_FASTINTER, ON_ERROR_FAIL_CHECK, ON_ERROR_SUDDEN_DEATH, ON_ERROR_MARK_DOWN };
enum { LIMIT_DEFAULT = 10 };

static const char *const texts[] = {[OBSERVED_CONNECTED] = "L4 successful connection",
				    [OBSERVED_NOT_CONNECTED] = "L4 unsuccessful connection",
				    [OBSERVED_ANSWER] = "Correct http response",
				    [OBSERVED_WRONG_STATUS] = "Wrong http response",
				    [OBSERVED_JUNK] = "Invalid http response (headers)",
				    [OBSERVED_SILENCE] = "Read timeout (http)",
				    [OBSERVED_CLOSE] = "Close from server (http)"};

static bool is_error(enum observed what)
{
	return what != OBSERVED_CONNECTED && what != OBSERVED_ANSWER;
}

/* layer4 looks at connections only; layer7 at answers, and at connections that fail. */
static bool is_looked_at(const struct server *s, enum observed what)
{
	if (s->conf->observe == OBSERVE_LAYER4)
		return what <= OBSERVED_NOT_CONNECTED;
	return what != OBSERVED_CONNECTED;
}

/* How many points of health are left before the failure that is about to count. */
static void health_prepare(struct check *k)
{
	struct check_report *r = &k->report;

	pthread_mutex_lock(&k->lock);
	if (r->health > r->rise && k->server->conf->on_error == ON_ERROR_SUDDEN_DEATH)
		r->health = r->rise + 1;
	else if (r->health > r->rise && k->server->conf->on_error == ON_ERROR_MARK_DOWN)
		r->health = r->rise;
	pthread_mutex_unlock(&k->lock);
}

static void limit_here(struct worker *w, void *arg)
{
	struct check *k = arg;

	(void)w;
	counters_srv(k->worker, k->server->index)->failed_hana++;
	if (k->server->conf->on_error != ON_ERROR_FASTINTER) {
		health_prepare(k);
		check_conclude_observed(k, texts[atomic_load(&k->last_error)], atomic_load(&k->errors_seen));
	}
	check_hurry(k);
}

void observe_event(struct worker *w, struct server *s, enum observed what)
{
	struct check *k = s->check;
	uint32_t limit = s->conf->error_limit ? s->conf->error_limit : LIMIT_DEFAULT;

	(void)w;
	if (!k || !k->worker || !is_looked_at(s, what))
		return;
	if (!is_error(what)) {
		if (atomic_load_explicit(&k->errors, memory_order_relaxed))
			atomic_store(&k->errors, 0);
		return;
	}
	atomic_store(&k->last_error, what);
	if (atomic_fetch_add(&k->errors, 1) + 1 != limit)
		return;
	atomic_store(&k->errors_seen, limit);
	atomic_store(&k->errors, 0);
	mailbox_post(k->worker, limit_here, k);
}
