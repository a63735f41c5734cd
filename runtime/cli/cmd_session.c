/* Commands about the CLI session itself: prompt, quit, levels, timeout, severities, and the hand-over of
 * sockets. */
#include <fcntl.h>
#include <sys/un.h>

#include "runtime/cli/cli_call.h"
#include "runtime/reload/handover.h"

static void mode_set(struct cli_session *s, bool interactive, bool prompt)
{
	s->interactive = interactive;
	s->prompt = prompt;
}

bool cli_prompt_set(struct cli_session *s, const struct str *words, uint32_t n, int compat)
{
	if (compat <= 206 || !n || !words[0].len) {
		mode_set(s, !s->prompt, !s->prompt);
		return true;
	}
	for (uint32_t i = 0; i < n; i++)
		if (str_is(words[i], "n")) {
			mode_set(s, false, false);
		} else if (str_is(words[i], "i")) {
			mode_set(s, true, false);
		} else if (str_is(words[i], "p")) {
			mode_set(s, true, true);
		} else if (str_is(words[i], "timed")) {
			mode_set(s, true, true);
			s->timed = !s->timed;
		} else {
			return false;
		}
	return true;
}

void cmd_prompt(struct cli_call *c)
{
	if (!cli_prompt_set(c->session, c->words + 1, c->n - 1, c->process->compat))
		out_puts(c->out, "Usage: prompt [help | n | i | p | timed]*\n"
				 "Changes the default prompt and interactive mode. Options:\n"
				 "  help    display this help\n"
				 "  n       set to non-interactive mode\n"
				 "  i       set to interactive mode without prompt\n"
				 "  p       set to interactive mode with prompt\n"
				 "  timed   set to interactive mode with prompt, toggle the time in it\n");
}

/* What stands behind the command, as it was entered. */
void cmd_echo(struct cli_call *c)
{
	for (uint32_t i = 1; i < c->n; i++)
		out_printf(c->out, i > 1 ? " %.*s" : "%.*s", STR_ARG(c->words[i]));
	out_char(c->out, '\n');
}

void cmd_quit(struct cli_call *c)
{
	c->session->quitting = true;
	c->session->silent = true;
}

static void level_lower(struct cli_call *c, enum cli_level level)
{
	if (c->session->level > level)
		c->session->level = level;
	c->session->expert = c->session->experimental = false;
}

void cmd_user(struct cli_call *c)
{
	level_lower(c, CLI_USER);
}

void cmd_operator(struct cli_call *c)
{
	level_lower(c, CLI_OPERATOR);
}

void cmd_set_severity(struct cli_call *c)
{
	static const char *const forms[] = {"none", "number", "string"};

	for (uint8_t i = 0; i < 3; i++)
		if (str_is(c->words[2], forms[i])) {
			c->session->severity_form = i;
			return;
		}
	cli_say(c, CLI_ERR, "one of 'none', 'number', 'string' is a required argument");
}

bool cli_time(struct str text, uint64_t unit_us, uint64_t *ms)
{
	const struct {
		const char *unit;
		uint64_t us;
	} units[] = {{"", unit_us},   {"us", 1},         {"ms", 1000},      {"s", 1000000},
		     {"m", 60000000}, {"h", 3600000000}, {"d", 86400000000}};
	size_t digits = 0;
	uint64_t n;

	while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
		digits++;
	if (digits > 9 || !str_to_u64(str_sub(text, 0, digits), &n))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (str_is(str_tail(text, digits), units[i].unit)) {
			*ms = n * units[i].us / 1000;
			return *ms <= INT32_MAX;
		}
	return false;
}

void cmd_set_timeout(struct cli_call *c)
{
	uint64_t ms;

	if (!str_is(c->words[2], "cli"))
		cli_say(c, CLI_ERR, "'set timeout' only supports 'cli'.");
	else if (!c->words[3].len)
		cli_say(c, CLI_ERR, "Expects an integer value.");
	else if (!cli_time(c->words[3], 1000000, &ms) || !ms)
		cli_say(c, CLI_ERR, "Invalid timeout value.");
	else
		c->session->timeout = (uint32_t)ms;
}

static bool is_unix(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return !getsockname(fd, (struct sockaddr *)&ss, &len) && ss.ss_family == AF_UNIX;
}

/* The transfer gets a descriptor of its own; the session ends without a word, also when it may not have the
 * sockets. */
void cmd_getsocks(struct cli_call *c)
{
	int fd = c->session->conn.io.fd;

	c->session->quitting = true;
	c->session->silent = true;
	if (c->session->level < CLI_ADMIN || !c->session->listener->conf->expose_fd || !is_unix(fd))
		return;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd >= 0)
		handover_serve(c->worker, fd);
}
