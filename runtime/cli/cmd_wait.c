/* `wait` (management manual of 3.x): the session stands still for a time, or until a server may be removed. The
 * session owns the wait; what else has arrived on it stays where it is. Worker of the session. */
#include <stdlib.h>
#include <string.h>

#include "runtime/backend/proxy_dynamic.h"
#include "runtime/backend/server_dynamic.h"
#include "runtime/cli/cli_call.h"

enum { LOOK_EVERY_MS = 20, NAME_MAX_BYTES = 512 };

struct cli_wait {
	struct cli_session *session;
	struct deadline deadline;
	uint64_t until; /* ms */
	struct proxy *px;
	char server[NAME_MAX_BYTES]; /* empty: for the backend to be removable, or (px NULL) for the time only
				      */
};

static const char *why_not(struct cli_wait *wait, bool *passing)
{
	struct server *s;

	*passing = false;
	if (!(wait->px->conf->role & ROLE_BACKEND))
		return "No such backend."; /* removed meanwhile */
	if (!wait->server[0])
		return proxy_dynamic_why_not(wait->px->generation, wait->px, passing);
	s = proxy_server(wait->px, str_from(wait->server));
	return s ? server_dynamic_why_not(wait->px->generation, s, passing) : "No such server.";
}

/* True: it is decided, and said. */
static bool condition_look(struct cli_wait *wait, struct out *out)
{
	bool passing;
	const char *reason = why_not(wait, &passing);

	if (reason && passing)
		return false;
	out_puts(out, reason ? reason : "Done.");
	out_char(out, '\n');
	return true;
}

static void wait_expired(struct worker *w, struct deadline *d)
{
	struct cli_wait *wait = LIST_OF(d, struct cli_wait, deadline);
	struct cli_session *s = wait->session;

	if (wait->px) {
		if (!condition_look(wait, &s->out)) {
			if (w->now < wait->until) {
				deadline_set(w, d, w->now + LOOK_EVERY_MS);
				return;
			}
			out_puts(&s->out, "Wait delay expired.\n");
		}
	}
	cli_wait_free(s);
	cli_resume(s);
}

void cli_wait_free(struct cli_session *s)
{
	if (!s->wait)
		return;
	deadline_clear(&s->wait->deadline);
	if (s->wait->px)
		generation_unpin(s->wait->px->generation);
	free(s->wait);
	s->wait = NULL;
}

static bool backend_read(struct cli_call *c, struct cli_wait *wait)
{
	wait->px = c->words[3].len ? cli_backend(c, 3) : NULL;
	if (wait->px)
		return true;
	cli_say(c, CLI_ERR, "No such backend.");
	return false;
}

/* be-removable <backend>, srv-removable <backend>/<server>. False: a message was given. */
static bool condition_read(struct cli_call *c, struct cli_wait *wait)
{
	struct str word = c->words[3], name;
	size_t slash = str_chr(word, '/');

	if (str_is(c->words[2], "be-removable"))
		return backend_read(c, wait) && !condition_look(wait, c->out);
	if (!str_is(c->words[2], "srv-removable")) {
		cli_say(c, CLI_ERR, "Unsupported condition '%.*s', expects 'be-removable' or 'srv-removable'.",
			STR_ARG(c->words[2]));
		return false;
	}
	name = str_tail(word, slash + 1);
	if (slash >= word.len || !name.len || name.len >= sizeof(wait->server)) {
		cli_say(c, CLI_ERR, "Require 'backend/server'.");
		return false;
	}
	c->words[3] = str_sub(word, 0, slash);
	if (!backend_read(c, wait))
		return false;
	memcpy(wait->server, name.ptr, name.len);
	return !condition_look(wait, c->out);
}

static void put_help(struct cli_call *c)
{
	out_puts(c->out,
		 "Usage: wait {-h|<delay>} [<condition> [<args>...]]\n"
		 "  - without a condition: waits for <delay>, in milliseconds unless it has a unit\n"
		 "  - be-removable <backend>: until the backend can be removed by 'del backend'\n"
		 "  - srv-removable <backend>/<server>: until the server can be removed by 'del server'\n");
}

void cmd_wait(struct cli_call *c)
{
	struct cli_wait wait = {.session = c->session}, *own;
	uint64_t ms;

	if (str_is(c->words[1], "-h")) {
		put_help(c);
		return;
	}
	if (!cli_time(c->words[1], 1000, &ms)) {
		cli_say(c, CLI_ERR, "Expects a duration in milliseconds.");
		return;
	}
	if (c->words[2].len && !condition_read(c, &wait))
		return;
	own = malloc(sizeof(*own));
	if (!own) {
		cli_say(c, CLI_ERR, "Out of memory.");
		return;
	}
	wait.until = c->worker->now + ms;
	*own = wait;
	if (own->px)
		generation_pin(own->px->generation); /* a reload inside the process may come meanwhile */
	deadline_init(&own->deadline, wait_expired);
	deadline_set(c->worker, &own->deadline, own->px ? c->worker->now + LOOK_EVERY_MS : own->until);
	c->session->wait = own;
}
