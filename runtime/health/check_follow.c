/* Servers that `track` a checked one (manual, section 5.2): its changes are theirs, along the whole chain. Any
 * worker. */
#include <stdio.h>

#include "runtime/health/check_run.h"

/* Those who follow `leader`, each with those who follow it in turn, as HAProxy: who was configured last comes
 * first. */
static void follow_leader(struct check *k, struct worker *w, const struct server *leader, enum srv_oper oper)
{
	char via[256];

	snprintf(via, sizeof(via), " via %.*s/%.*s", STR_ARG(leader->proxy->conf->name),
		 STR_ARG(leader->conf->name));
	for (uint32_t i = k->nfollowers; i > 0; i--) {
		struct server *s = k->followers[i - 1];

		if (s->conf->track_server != leader->conf)
			continue;
		server_set_oper(w, s, oper, via);
		if (k->chained)
			follow_leader(k, w, s, oper);
	}
}

void check_follow(struct check *k, struct worker *w, enum srv_oper oper)
{
	if (k->nfollowers)
		follow_leader(k, w, k->server, oper);
}
