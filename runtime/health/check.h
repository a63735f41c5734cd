/* Health checks and agents (manual, section 4.2 "option httpchk", "option tcp-check" and their kin, and 5.2
 * "check", "agent-check", "rise", "fall", "inter"). One state machine per check, all checks of a server on one
 * worker; results may be read by any thread. */
#ifndef LB_HEALTH_CHECK_H
#define LB_HEALTH_CHECK_H

#include "runtime/backend/server.h"

enum check_status {
#define CHECK_STATUS(name, number, word, text) CHECK_##name = number,
#include "grammar/check_status.def"
#undef CHECK_STATUS
};
/* "L4OK" and "Layer4 check passed". Pure. */
const char *check_status_word(enum check_status status);
const char *check_status_text(enum check_status status);
/* Results that come with a code, even if it is 0. Pure. */
bool check_status_has_code(enum check_status status);

/* Makes the checks of a generation, and who follows whom by `track`. False when memory is out. Main thread,
 * before workers run. */
bool checks_init(struct generation *g);
/* Starts those that run on this worker, spread over the interval as HAProxy does. On that worker. */
void checks_start(struct worker *w, struct generation *g);
/* Ends them: nothing is under way or planned afterwards. On that worker. */
void checks_stop(struct worker *w, struct generation *g);
/* Makes the checks of a server that is added at run time: disabled until somebody enables them. Or ends and
 * frees them. Isolated (core/isolation.h). checks_add: false when memory is out, nothing has changed. */
bool checks_add(struct process *p, struct server *s);
void checks_remove(struct process *p, struct server *s);
/* Frees them. Main thread, when no worker runs. */
void checks_free(struct generation *g);

/* For statistics and the CLI: the last result. */
struct check_report {
	enum check_status status;
	int32_t code;           /* HTTP status, what a program ended with (-1: a signal ended it), 0: none */
	int32_t duration;       /* ms, -1: none yet */
	int health, rise, fall; /* health: 0 to rise + fall - 1; at least rise: up */
	bool running;           /* one is under way */
	uint8_t result;         /* 0 none yet, 2 failed, 3 passed, 4 passed conditionally */
	char info[128];
	uint64_t last; /* worker->now at the end of the last check, 0: none */
};
/* False when the server has no check. Any thread. */
bool check_report(struct server *s, struct check_report *report);
/* The same of its agent. */
bool check_agent_report(struct server *s, struct check_report *report);
/* `set server B/S agent up|down`: as if the agent had said so. False when it has none. Any worker. */
bool check_agent_force(struct worker *w, struct server *s, bool up);
/* Where a check (agent: its agent) knocks from now on; NULL and 0: as before. False when the server has no such
 * check. Any thread. */
bool check_move(struct server *s, bool agent, const union addr *addr, uint16_t port);
/* Where it knocks now, apart from the server's own address: family AF_UNSPEC and port 0 when nothing was given.
 * Any thread. */
void check_place(struct server *s, bool agent, union addr *addr, uint16_t *port);
/* What the agent is told from now on. False when it has none, or memory is out. Any thread. */
bool check_agent_send(struct server *s, struct str text);
/* `set server B/S health up|stopping|down`: as if checks had found so. False when the server has no check. Any
 * worker. */
bool check_force(struct worker *w, struct server *s, enum srv_oper oper);

/* The server comes out of maintenance: its health begins anew at `rise`, so that one failure takes it down. Any
 * thread. */
void check_restart(struct server *s);

/* Before workers run: goes on from what an old process had found, with the last result, and as healthy as the server's
 * state says; health: of one that stops. */
void check_restore(struct server *s, enum check_status status, uint8_t result, int health);

/* Goes on from what the checks of the same server of an older generation have found. Isolated (core/isolation.h), before they
 * begin. */
void check_adopt(struct server *s, const struct server *old);

/* `enable health`, `disable health`: runs are skipped while disabled. check_enable: false when the server has
 * no check. Any thread. */
bool check_enable(struct server *s, bool enabled);
bool check_is_enabled(struct server *s);
/* `enable agent`, `disable agent`. */
bool check_agent_enable(struct server *s, bool enabled);
bool check_agent_is_enabled(struct server *s);

#endif
