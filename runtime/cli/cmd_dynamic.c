/* `add server`, `del server` (management manual, section 9.3), with HAProxy 2.6's words. The line is compiled
 * on the session's own worker; worker 0 makes the change while everything stands still, and the answer comes
 * home. */
#include <stdlib.h>

#include "runtime/backend/connect.h"
#include "runtime/backend/server_dynamic.h"
#include "runtime/cli/cli_call.h"
#include "runtime/core/isolation.h"

/* What travels to worker 0. */
struct errand {
	struct proxy *px;
	struct dynamic_server *add; /* NULL: removes */
	char *name;
	struct out error;
	bool ok, done;
};

static void errand_do(struct worker *w, void *arg)
{
	struct errand *e = arg;

	e->done = true;
	if (e->add)
		e->ok = server_dynamic_add(w, e->add, &e->error);
	else
		e->ok = server_dynamic_remove(w, e->px, str_from(e->name), &e->error);
}

static void errand_visit(struct worker *w, struct cli_visit *v)
{
	struct errand *e = (struct errand *)(uintptr_t)v->pointer;

	if (w->id == 0)
		isolation_run(w, errand_do, e);
}

static void errand_free(struct errand *e)
{
	server_dynamic_free(&e->add);
	out_free(&e->error);
	free(e->name);
	free(e);
}

static void error_put(struct cli_visit *v, const struct errand *e, bool adds)
{
	struct cli_call c = {.session = v->session, .out = &v->text};

	if (v->session)
		cli_severity_put(&c, CLI_ERR);
	out_printf(&v->text, adds ? "%.*s\n" : "%.*s", STR_ARG(out_get(&e->error)));
}

static void errand_home(struct cli_visit *v)
{
	struct errand *e = (struct errand *)(uintptr_t)v->pointer;
	bool adds = e->add != NULL;

	if (!e->done)
		out_puts(&v->text, "The process is stopping.");
	else if (e->ok)
		out_puts(&v->text, adds ? "New server registered.\n" : "Server deleted.");
	else
		error_put(v, e, adds);
	if (e->ok)
		e->add = NULL;
	errand_free(e);
}

static void errand_send(struct cli_call *c, struct errand init)
{
	struct errand *e = malloc(sizeof(*e));

	if (!e) {
		server_dynamic_free(&init.add);
		free(init.name);
		cli_say_open(c, CLI_ERR, "Out of memory.");
		return;
	}
	*e = init;
	e->error = out_growing(8192);
	if (!cli_visit(c, &(struct cli_visit){.fn = errand_visit, .home_fn = errand_home, .pointer = e}))
		errand_free(e);
}

/* "backend/server" at word i. False: a message was given. */
static bool names_read(struct cli_call *c, uint32_t i, struct proxy **px, struct str *name)
{
	struct str word = c->words[i];
	size_t slash = str_chr(word, '/');

	if (slash >= word.len || slash + 1 == word.len) {
		cli_say_open(c, CLI_ERR, "Require 'backend/server'.");
		return false;
	}
	*name = str_tail(word, slash + 1);
	c->words[i] = str_sub(word, 0, slash);
	*px = cli_backend(c, i);
	if (!*px) {
		cli_say_open(c, CLI_ERR, "No such backend.");
		return false;
	}
	/* runtime/log/log_backend.c keeps those that it began with. */
	if ((*px)->conf->mode == MODE_SYSLOG) {
		cli_say_open(c, CLI_ERR, "Backend of mode log does not support dynamic servers.");
		return false;
	}
	return true;
}

/* Manual: "the backend must use a dynamic load balancing". */
static bool px_may_grow(struct cli_call *c, struct proxy *px)
{
	if (!balance_is_static(px))
		return true;
	cli_say_open(c, CLI_ERR, "Backend must use a dynamic load balancing to support dynamic servers.");
	return false;
}

void cmd_add_server(struct cli_call *c)
{
	struct errand e = {.px = NULL};
	struct out error;
	struct str name;

	if (!names_read(c, 2, &e.px, &name) || !px_may_grow(c, e.px))
		return;
	error = out_growing(8192);
	if (c->n < 4)
		out_puts(&error, "'server' expects <name> and <addr>[:<port>] as arguments.");
	else
		e.add = server_dynamic_new(e.px, name, &c->words[3], c->n - 3, &error);
	if (e.add && proxy_server(e.px, name)) {
		out_puts(&error, "Already exists a server with the same name in backend.");
		server_dynamic_free(&e.add);
	}
	if (error.len)
		cli_say(c, CLI_ERR, "%.*s", STR_ARG(out_get(&error)));
	out_free(&error);
	if (e.add)
		errand_send(c, e);
}

void cmd_del_server(struct cli_call *c)
{
	struct errand e = {.px = NULL};
	struct str name;

	if (!names_read(c, 2, &e.px, &name))
		return;
	e.name = malloc(name.len + 1);
	if (!e.name) {
		cli_say_open(c, CLI_ERR, "Out of memory.");
		return;
	}
	memcpy(e.name, name.ptr, name.len);
	e.name[name.len] = 0;
	errand_send(c, e);
}
