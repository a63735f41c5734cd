/* Commands that change limits, and `clear counters`. Limits are atomic; who waits for room is woken. */
#include "runtime/backend/server_change.h"
#include "runtime/cli/cli_call.h"
#include "runtime/dns/dns.h"
#include "runtime/stats/counters.h"

/* A number as strtol(3) reads it, as HAProxy does: what does not begin with digits is 0. */
static int64_t leading_number(struct str text)
{
	int64_t n = 0;

	for (size_t i = 0; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9' && n < INT32_MAX; i++)
		n = n * 10 + (text.ptr[i] - '0');
	return n;
}

static void listeners_look(struct cli_call *c)
{
	for (uint32_t i = 0; i < c->process->nworkers; i++)
		worker_changed(c->process->workers[i]);
}

void cmd_set_maxconn_frontend(struct cli_call *c)
{
	struct proxy *px = cli_frontend(c, 3);

	if (!px)
		return;
	if (!c->words[4].len) {
		cli_say(c, CLI_ERR, "Integer value expected.");
		return;
	}
	if (c->words[4].ptr[0] == '-') {
		cli_say(c, CLI_ERR, "Value out of range.");
		return;
	}
	atomic_store(&px->maxconn, (unsigned)leading_number(c->words[4]));
	listeners_look(c);
}

void cmd_set_maxconn_global(struct cli_call *c)
{
	struct process *p = c->process;
	int64_t n = leading_number(c->words[3]);

	if (!c->words[3].len) {
		cli_say(c, CLI_ERR, "Expects an integer value.");
		return;
	}
	if (n > p->hard_maxconn) {
		cli_say(c, CLI_ERR, "Value out of range.");
		return;
	}
	p->maxconn = n ? (unsigned)n : p->hard_maxconn;
	listeners_look(c);
}

void cmd_set_maxconn_server(struct cli_call *c)
{
	struct server *s = cli_server(c, 3);
	const char *wrong;
	uint32_t n;

	if (!s)
		return;
	wrong = server_read_maxconn(c->words[4], &n);
	if (!wrong)
		server_set_maxconn(c->worker, s, n);
	else if (c->words[4].len)
		cli_say_open(c, CLI_ERR, wrong);
	else
		cli_say(c, CLI_ERR, "%s", wrong);
}

static void clear_here(struct worker *w, struct cli_visit *v)
{
	counters_clear(w, v->all);
	listeners_clear_counters(w, v->all);
}

void cmd_clear_counters(struct cli_call *c)
{
	struct cli_visit v = {.fn = clear_here};

	v.all = str_is(c->words[2], "all");
	if (v.all && !cli_level_is(c, CLI_ADMIN))
		return;
	if (v.all)
		dns_clear(c->worker->process);
	cli_visit(c, &v);
}
