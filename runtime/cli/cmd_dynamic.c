/* `add server`, `del server` (management manual, section 9.3), with HAProxy 2.6's words. The line is compiled
 * on the session's own worker. */
#include <stdlib.h>

#include "runtime/backend/connect.h"
#include "runtime/backend/server_dynamic.h"
#include "runtime/cli/cli_errand.h"

struct errand {
	struct cli_errand errand; /* first member */
	struct proxy *px;
	struct dynamic_server *add;
	char *name; /* of one that is removed */
};

static bool dynamic_add(struct worker *w, struct cli_errand *arg)
{
	struct errand *e = (struct errand *)arg;

	if (!server_dynamic_add(w, e->add, &arg->error))
		return false;
	e->add = NULL;
	return true;
}

static bool dynamic_del(struct worker *w, struct cli_errand *arg)
{
	struct errand *e = (struct errand *)arg;

	return server_dynamic_remove(w, e->px, str_from(e->name), &arg->error);
}

static void dynamic_answer(struct cli_visit *v, struct cli_errand *e)
{
	struct cli_call c = {.session = v->session, .out = &v->text};
	bool adds = e->change == dynamic_add;

	if (!e->ok && v->session)
		cli_severity_put(&c, CLI_ERR);
	if (!e->ok)
		out_str(&v->text, out_get(&e->error));
	else
		out_puts(&v->text, adds ? "New server registered." : "Server deleted.");
	if (adds)
		out_char(&v->text, '\n');
}

static void dynamic_free(struct cli_errand *arg)
{
	struct errand *e = (struct errand *)arg;

	server_dynamic_free(&e->add);
	free(e->name);
}

static struct errand errand_of(bool (*change)(struct worker *, struct cli_errand *))
{
	return (struct errand){.errand = {.change = change, .answer = dynamic_answer, .free = dynamic_free}};
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
	struct errand e = errand_of(dynamic_add);
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
		cli_errand_send(c, &e.errand, sizeof(e));
}

void cmd_del_server(struct cli_call *c)
{
	struct errand e = errand_of(dynamic_del);
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
	cli_errand_send(c, &e.errand, sizeof(e));
}
