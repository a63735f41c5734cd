/* Another configuration in the same process. The new generation is built aside; then everything stands still
 * for a moment (core/isolation.h), and afterwards new connections and requests meet the new one, while streams
 * that are under way finish on the old one, which is freed when nobody uses it any more. Kept: listening
 * sockets, what is known of servers, idle connections to them, counters, and stick tables, as far as their
 * definitions are the same. Worker 0, unless said otherwise. */
#ifndef LB_RELOAD_RENEW_H
#define LB_RELOAD_RENEW_H

#include "grammar/base/out.h"
#include "runtime/core/process.h"

struct session;
struct cli_visit;

/* process->renewal: where a new configuration comes from. The program's. */
struct renewal {
	/* Loads it, takes it over and calls cli_visit_return(v) with the report in v->text. On worker 0. */
	void (*begin)(struct renewal *r, struct worker *w, struct cli_visit *v);
	uint32_t renewals; /* how many there have been */
};

/* First lines of the answer of the command `renew`: it is done; it has errors, or cannot be loaded; a new
 * process has to do it. */
#define RENEW_DONE "renewed"
#define RENEW_FAILED "failed"
#define RENEW_PROCESS "process"

/* Whether a running process can go from one model to the other; if not, one line for each reason goes to
 * `reasons`
 * ("`nbthread` differs"). Pure, any thread. */
bool renew_possible(const struct model *old, const struct model *new_, struct out *reasons);

/* Takes over g, which generation_new() has made, and owns it then. False: addresses cannot be bound (lines as
 * from listeners_open()), memory is out or the process ends: nothing has changed. */
bool renew(struct worker *w, struct generation *g, struct out *errors);
/* How many generations there are besides the current one. */
uint32_t renew_older(const struct process *p);

/* renew_session.c. Before a request of a connection that lives on: it meets the current generation, if nothing
 * of the connection depends on the older one. On the session's worker; the session has no stream. */
void session_renew(struct session *s);
/* It cannot leave the older generation that it belongs to: it is to end after its next response. */
bool session_is_stale(const struct session *s);
/* Everything of this worker that rests: sessions go on to the current generation, or are told to end. On that
 * worker. */
void sessions_renew(struct worker *w);
/* Ends all sessions of a generation. On that worker, from its loop. */
void sessions_end(struct worker *w, const struct generation *g);

#endif
