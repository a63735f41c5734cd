/* Health checks: layer 4 and `option httpchk`, one state machine per checked server, all checks of a server on one worker. */
#ifndef LB_HEALTH_CHECK_H
#define LB_HEALTH_CHECK_H

#include "runtime/backend/server.h"

/* Starts checks of every server whose check runs on this worker (spread over the interval as HAProxy does). On that worker. */
bool checks_start(struct worker *w, struct generation *g);
void checks_stop(struct worker *w, struct generation *g);

/* For statistics and the CLI: last result. */
struct check_report {
	uint8_t status; /* enum check_status: rows of check_status.def with HAProxy's short and long texts (L4OK, L7STS ...) */
	uint16_t code;
	uint32_t duration; /* ms */
	int health, rise, fall; /* health: 0 to rise + fall - 1 */
	char info[128];
	uint64_t last; /* worker->now of the end of the last check */
};
bool check_report(struct server *s, struct check_report *report);

#endif
