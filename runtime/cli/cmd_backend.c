/* `add backend`, `del backend` (management manual of 3.4, section 9.3). The words are read on the session's own
 * worker. */
#include <string.h>

#include "grammar/name.h"
#include "runtime/backend/proxy_dynamic.h"
#include "runtime/cli/cli_errand.h"

struct errand {
	struct cli_errand errand; /* first member */
	struct proxy_wish wish;
};

static bool backend_add(struct worker *w, struct cli_errand *e)
{
	return proxy_dynamic_add(w, &((struct errand *)e)->wish, &e->error);
}

static bool backend_del(struct worker *w, struct cli_errand *e)
{
	return proxy_dynamic_remove(w, str_from(((struct errand *)e)->wish.name), &e->error);
}

static void backend_answer(struct cli_visit *v, struct cli_errand *e)
{
	struct cli_call c = {.session = v->session, .out = &v->text};

	if (v->session)
		cli_severity_put(&c, e->ok ? CLI_INFO : CLI_ERR);
	if (!e->ok)
		out_str(&v->text, out_get(&e->error));
	else
		out_puts(&v->text, e->change == backend_add ? "New backend registered." : "Backend deleted.");
	out_char(&v->text, '\n');
}

/* A name of at most `max` bytes into `to`. False: a message was given. */
static bool name_read(struct cli_call *c, const char *what, struct str word, char *to, size_t max)
{
	size_t bad = name_bad_byte(word);

	if (!word.len)
		cli_say(c, CLI_ERR, "'%s' expects an argument.", what);
	else if (bad < word.len)
		cli_say(c, CLI_ERR, "character '%c' is not permitted in %s '%.*s'.", word.ptr[bad], what,
			STR_ARG(word));
	else if (word.len > max)
		cli_say(c, CLI_ERR, "%s is too long (at most %zu characters).", what, max);
	else {
		memcpy(to, word.ptr, word.len);
		to[word.len] = 0;
		return true;
	}
	return false;
}

/* mode: -1 for the section's own. */
static bool template_find(struct cli_call *c, struct str defaults, int mode, struct proxy_wish *wish)
{
	const struct proxy_conf *known = NULL;

	vec_each (t, &c->generation->model->templates) {
		if (!str_eq((*t)->name, defaults))
			continue;
		known = *t;
		if (mode < 0 ? (*t)->mode_given && (*t)->mode == (*t)->defaults->mode : (int)(*t)->mode == mode)
			wish->template = *t;
	}
	if (wish->template)
		return true;
	if (!known)
		cli_say(c, CLI_ERR, "No usable defaults section named '%.*s'.", STR_ARG(defaults));
	else if (mode < 0)
		cli_say(c, CLI_ERR, "Mode is required: the defaults section '%.*s' does not define it.",
			STR_ARG(defaults));
	else
		cli_say(c, CLI_ERR, "The defaults section '%.*s' cannot be used in this mode.",
			STR_ARG(defaults));
	return false;
}

/* [mode M] [guid G], in any order. */
static bool options_read(struct cli_call *c, int *mode, struct proxy_wish *wish)
{
	for (uint32_t i = 5; i < c->n; i += 2) {
		struct str value = c->words[i + 1];

		if (str_is(c->words[i], "guid")) {
			if (!name_read(c, "guid", value, wish->guid, PROXY_GUID_MAX))
				return false;
		} else if (!str_is(c->words[i], "mode")) {
			cli_say(c, CLI_ERR, "Unknown argument '%.*s', expects 'mode' or 'guid'.",
				STR_ARG(c->words[i]));
			return false;
		} else if (str_is(value, "http")) {
			*mode = MODE_HTTP;
		} else if (str_is(value, "tcp")) {
			*mode = MODE_TCP;
		} else {
			cli_say(c, CLI_ERR, "Only TCP and HTTP modes are supported.");
			return false;
		}
	}
	return true;
}

void cmd_add_backend(struct cli_call *c)
{
	struct errand e = {.errand = {.change = backend_add, .answer = backend_answer}};
	int mode = -1;

	if (!name_read(c, "name", c->words[2], e.wish.name, PROXY_NAME_MAX))
		return;
	if (!str_is(c->words[3], "from") || !c->words[4].len) {
		cli_say(c, CLI_ERR, "Usage: add backend <name> from <defproxy> [mode <mode>] [guid <guid>]");
		return;
	}
	if (options_read(c, &mode, &e.wish) && template_find(c, c->words[4], mode, &e.wish))
		cli_errand_send(c, &e.errand, sizeof(e));
}

void cmd_del_backend(struct cli_call *c)
{
	struct errand e = {.errand = {.change = backend_del, .answer = backend_answer}};
	struct proxy *px = c->words[2].len ? cli_backend(c, 2) : NULL;

	if (!px || px->conf->name.len > PROXY_NAME_MAX) {
		cli_say(c, CLI_ERR, "No such backend.");
		return;
	}
	memcpy(e.wish.name, px->conf->name.ptr, px->conf->name.len);
	cli_errand_send(c, &e.errand, sizeof(e));
}
