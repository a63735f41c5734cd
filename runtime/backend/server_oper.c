/* The operational state of a server, as checks find it, with HAProxy's log lines (texts and levels compared
 * with 2.6.12). Any worker; lines are written outside of the proxy's lock. */
#include <stdio.h>

#include "runtime/backend/server.h"
#include "runtime/core/log.h"

static void say_down(struct worker *w, struct server *s, const char *name, const char *reason,
		     uint32_t requeued)
{
	struct proxy *px = s->proxy;
	unsigned active = atomic_load(&px->usable), backup = atomic_load(&px->usable_backup);
	bool drains = atomic_load(&s->admin) & SRV_ADM_DRAIN;

	log_event(w, px->conf, (drains ? LL_NOTICE : LL_ALERT) | LOG_BY_MAIL,
		  "%s is DOWN%s. %u active and %u backup servers left.%s %u sessions active, %u requeued, %u "
		  "remaining in "
		  "queue.",
		  name, reason, active, backup, !active && backup ? " Running on backup." : "",
		  atomic_load(&s->conns), requeued, atomic_load(&s->queued));
	if (drains)
		log_event(w, px->conf, LL_NOTICE, "%s remains in forced drain mode.", name);
}

static void say_up(struct worker *w, struct server *s, const char *name, const char *reason)
{
	struct proxy *px = s->proxy;
	unsigned active = atomic_load(&px->usable), backup = atomic_load(&px->usable_backup);
	bool stopping = atomic_load(&s->oper) == SRV_STOPPING;

	log_event(
		w, px->conf, LL_NOTICE | (stopping ? 0 : LOG_BY_MAIL),
		"%s is %s%s. %u active and %u backup servers online.%s 0 sessions requeued, %u total in queue.",
		name, stopping ? "stopping" : "UP", reason, active, backup,
		!active && backup ? " Running on backup." : "", atomic_load(&s->queued));
}

void server_set_oper(struct worker *w, struct server *s, enum srv_oper oper, const char *reason)
{
	struct proxy *px = s->proxy;
	bool had_some = atomic_load(&px->usable) || atomic_load(&px->usable_backup);
	char name[256];
	uint32_t requeued;

	if (atomic_exchange(&s->oper, oper) == (int)oper)
		return;
	requeued = server_changed(w, s);
	snprintf(name, sizeof(name), "%sServer %.*s/%.*s", s->conf->backup ? "Backup " : "",
		 STR_ARG(px->conf->name), STR_ARG(s->conf->name));
	reason = reason ? reason : "";
	if (oper == SRV_STOPPED)
		say_down(w, s, name, reason, requeued);
	else
		say_up(w, s, name, reason);
	if (had_some && !atomic_load(&px->usable) && !atomic_load(&px->usable_backup))
		log_event(w, px->conf, LL_EMERG, "%s %.*s has no server available!", proxy_word(px),
			  STR_ARG(px->conf->name));
	server_shut_streams(w, s);
}
