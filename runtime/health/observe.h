/* Health as traffic shows it (manual, section 5.2, "observe", "error-limit", "on-error"). Costs one look at a
 * constant where a server is not observed. Any worker. */
#ifndef LB_HEALTH_OBSERVE_H
#define LB_HEALTH_OBSERVE_H

#include "runtime/backend/server.h"

enum observed {
	OBSERVED_CONNECTED,
	OBSERVED_NOT_CONNECTED,
	OBSERVED_ANSWER, /* a status below 500, or 501 or 505 */
	OBSERVED_WRONG_STATUS,
	OBSERVED_JUNK,
	OBSERVED_SILENCE, /* no answer in time */
	OBSERVED_CLOSE
};

enum { OBSERVE_NONE, OBSERVE_LAYER4, OBSERVE_LAYER7 };

/* For a server that is observed; observe() is what to call. */
void observe_event(struct worker *w, struct server *s, enum observed what);

static inline void observe(struct worker *w, struct server *s, enum observed what)
{
	if (s->conf->observe != OBSERVE_NONE)
		observe_event(w, s, what);
}

/* What a status of a response means. */
static inline enum observed observed_status(unsigned status)
{
	return status < 500 || status == 501 || status == 505 ? OBSERVED_ANSWER : OBSERVED_WRONG_STATUS;
}

#endif
