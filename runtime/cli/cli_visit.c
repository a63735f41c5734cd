/* Visits: a command that needs what only other workers may touch (their sessions, their counters) travels by
 * mailbox from worker to worker and home again. The visit owns its text; the session that began it may end
 * meanwhile, which only the home worker notes and sees. */
#include <stdlib.h>
#include <unistd.h>

#include "runtime/cli/cli_call.h"
#include "runtime/core/mailbox.h"

static void visit_home(struct worker *w, void *arg);

/* Runs on each worker in turn. A mailbox that cannot take the visit ends the round: what was collected goes
 * home. */
static void visit_arrive(struct worker *w, void *arg)
{
	struct cli_visit *v = arg;
	struct process *p = w->process;

	if (v->waits) {
		v->fn(w, v);
		return;
	}
	v->fn(w, v);
	v->next++;
	if (v->next < p->nworkers && mailbox_post(p->workers[v->next], visit_arrive, v))
		return;
	if (w == v->home)
		visit_home(w, v);
	else
		cli_visit_return(v);
}

void cli_visit_return(struct cli_visit *v)
{
	while (!mailbox_post(v->home, visit_home, v))
		usleep(1000); /* memory comes back: other threads run on */
}

static void visit_home(struct worker *w, void *arg)
{
	struct cli_visit *v = arg;
	struct cli_session *s = v->session;

	(void)w;
	if (v->home_fn)
		v->home_fn(v);
	if (v->server)
		atomic_fetch_sub(&v->server->visits, 1);
	generation_unpin(v->generation);
	if (s)
		out_str(&s->out, out_get(&v->text));
	out_free(&v->text);
	free(v);
	if (s)
		cli_resume(s);
}

bool cli_visit(struct cli_call *c, const struct cli_visit *init)
{
	struct cli_visit *v = malloc(sizeof(*v));

	if (v) {
		*v = *init;
		v->session = c->session;
		v->anon_key = c->session->anon_key;
		v->home = c->worker;
		v->text = out_growing(CLI_ANSWER_MAX);
		v->generation = c->generation;
		generation_pin(v->generation); /* a reload may come */
		if (v->server)
			atomic_fetch_add(&v->server->visits,
					 1); /* it may be removed meanwhile, but not freed */
		if (mailbox_post(c->process->workers[0], visit_arrive, v)) {
			c->session->visit = v;
			return true;
		}
		if (v->server)
			atomic_fetch_sub(&v->server->visits, 1);
		generation_unpin(v->generation);
		free(v);
	}
	cli_say(c, CLI_ERR, "Out of memory.");
	return false;
}
