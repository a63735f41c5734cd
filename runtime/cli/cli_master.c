/* Sessions of a master process: which process a command is for, modes that go with it, the prompt (management
 * manual, section 9.4.1). Main thread of the master. */
#include "runtime/cli/cli_master.h"

#include <fcntl.h>

#include "runtime/cli/cli_call.h"

enum { COMPAT_REPORTS = 207 }; /* from here on `reload` waits and tells what came of it */

static struct cli_master *master_of(const struct cli_session *s)
{
	return s->conn.worker->process->cli_master;
}

/* --- prompt */

/* "[23:03:34:39]": days, hours, minutes, seconds since the start of this process. */
static void put_uptime(struct cli_session *s)
{
	struct worker *w = s->conn.worker;
	unsigned long up = (unsigned long)(w->wall.tv_sec - w->process->started.tv_sec);

	out_printf(&s->out, "[%lu:%02lu:%02lu:%02lu]", up / 86400, up / 3600 % 24, up / 60 % 60, up % 60);
}

void cli_prompt(struct cli_session *s)
{
	struct cli_master *m = master_of(s);

	if (s->timed)
		put_uptime(s);
	if (!m) {
		out_puts(&s->out, "> ");
		return;
	}
	if (s->timed)
		out_char(&s->out, ' ');
	if (s->target)
		out_printf(&s->out, "%d", (int)s->target);
	else
		out_puts(&s->out, m->reload_failed ? "master[ReloadFailed]" : "master");
	if (s->experimental || s->expert || s->master_debug)
		out_printf(&s->out, "(%s%s%s)", s->experimental ? "x" : "", s->expert ? "e" : "",
			   s->master_debug ? "d" : "");
	out_puts(&s->out, "> ");
}

/* --- where a command goes */

static struct str word_cut(struct str *text)
{
	size_t n = 0;
	struct str word;

	while (n < text->len && text->ptr[n] != ' ' && text->ptr[n] != '\t')
		n++;
	word = str_sub(*text, 0, n);
	*text = str_trim(str_tail(*text, n));
	return word;
}

/* False: no such process, said. */
static bool target_find(struct cli_session *s, struct str word, pid_t *target)
{
	struct str name = str_tail(word, 1);

	*target = 0;
	if (!name.len || str_is(name, "master") || str_is(name, "0"))
		return true;
	*target = master_of(s)->find(master_of(s)->owner, name);
	if (*target)
		return true;
	out_printf(&s->out, "Can't find the target PID matching the prefix '%.*s'\n", STR_ARG(word));
	s->quitting = s->silent = true;
	return false;
}

/* The mode's own name alone tells nothing: `on` is meant when nothing else is said. */
static bool mode_set(bool *mode, struct str rest)
{
	*mode = !str_is(rest, "off") && !str_is(rest, "0");
	return true;
}

static void prompt_set(struct cli_session *s, struct str rest)
{
	struct str words[4];
	uint32_t n = 0;

	while (rest.len && n < 4)
		words[n++] = word_cut(&rest);
	if (!cli_prompt_set(s, words, n, s->conn.worker->process->compat))
		out_puts(&s->out, "Usage: prompt [help | i | p | timed]*\n");
}

/* Words about the session itself, which give no answer. True: it was one. */
static bool session_word(struct cli_session *s, struct str word, struct str rest)
{
	if (str_is(word, "prompt"))
		prompt_set(s, rest);
	else if (str_is(word, "quit"))
		s->quitting = s->silent = true;
	else if (str_is(word, "user"))
		s->level = CLI_USER;
	else if (str_is(word, "operator"))
		s->level = s->level > CLI_OPERATOR ? CLI_OPERATOR : s->level;
	else if (str_is(word, "expert-mode"))
		mode_set(&s->expert, rest);
	else if (str_is(word, "experimental-mode"))
		mode_set(&s->experimental, rest);
	else if (str_is(word, "mcli-debug-mode"))
		mode_set(&s->master_debug, rest);
	else
		return false;
	return true;
}

/* What the worker's session is to be like, then the command. */
static void relay(struct cli_session *s, pid_t target, struct str command)
{
	static const char *const levels[] = {"user", "operator", "admin"};
	struct out text = out_growing(CLI_ANSWER_MAX);
	int fd = master_of(s)->connect(master_of(s)->owner, target);

	out_printf(&text, "_as %s%s%s;%.*s", levels[s->level], s->expert ? " expert" : "",
		   s->experimental ? " experimental" : "", STR_ARG(command));
	if (s->in_payload)
		out_printf(&text, " <<\n%.*s\n", STR_ARG(out_get(&s->payload)));
	out_char(&text, '\n');
	if (fd < 0 || text.truncated || !cli_relay_start(s, fd, out_get(&text))) {
		out_printf(&s->out, "Can't connect to the target process %d\n", (int)target);
		s->quitting = s->silent = true;
	}
	out_free(&text);
}

bool cli_master_takes(struct cli_session *s, struct str *command)
{
	struct str rest = str_trim(*command), word;
	pid_t target = s->target;

	if (rest.len && rest.ptr[0] == '@') {
		word = word_cut(&rest);
		if (!target_find(s, word, &target))
			return false;
		if (!rest.len) {
			s->target = target;
			s->unanswered = true;
			return false;
		}
	}
	*command = rest;
	word = word_cut(&rest);
	if (target == s->target && session_word(s, word, rest)) {
		s->unanswered = true;
		return false;
	}
	if (!target)
		return true;
	relay(s, target, *command);
	return false;
}

/* --- the master's own commands */

void cmd_master_prefix(struct cli_call *c)
{
	cli_unknown(c);
}

void cmd_master_sockets(struct cli_call *c)
{
	(void)c; /* the only one is the socket of this session, which HAProxy does not list */
}

void cmd_master_proc(struct cli_call *c)
{
	struct cli_master *m = c->process->cli_master;

	m->show_proc(m->owner, c->out);
}

/* The connection ends with the answer. Newer versions answer when the reload is over, on the same connection.
 */
static void master_reload(struct cli_call *c, bool hard)
{
	struct cli_master *m = c->process->cli_master;
	int reply = -1;

	if (c->process->compat >= COMPAT_REPORTS)
		reply = fcntl(c->session->conn.io.fd, F_DUPFD_CLOEXEC, 3);
	c->session->quitting = c->session->silent = true;
	m->reload(m->owner, reply, hard);
}

void cmd_master_reload(struct cli_call *c)
{
	master_reload(c, false);
}

/* Management manual of 3.4, section 9.4.1. */
void cmd_master_hard_reload(struct cli_call *c)
{
	master_reload(c, true);
}

/* --- what a master asks of a worker's session, ahead of a command */

/* _as user|operator|admin [expert] [experimental]: no answer. Levels only ever go down. */
void cmd_as(struct cli_call *c)
{
	struct cli_session *s = c->session;

	if (str_is(c->words[1], "user"))
		s->level = CLI_USER;
	else if (str_is(c->words[1], "operator") && s->level > CLI_OPERATOR)
		s->level = CLI_OPERATOR;
	for (uint32_t i = 2; i < c->n; i++) {
		s->expert |= str_is(c->words[i], "expert");
		s->experimental |= str_is(c->words[i], "experimental");
	}
	s->unanswered = true;
}

void cmd_startup_logs(struct cli_call *c)
{
	if (c->process->cli_master && c->process->compat < COMPAT_REPORTS) {
		cli_unknown(c);
		return;
	}
	out_str(c->out, c->process->startup_logs && *c->process->startup_logs
				? str_from(c->process->startup_logs)
				: STR("\n"));
}
