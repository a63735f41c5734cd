/* `debug dev` (management manual, section 9.3): for tests of what surrounds the process. Expert mode only; some
 * of these commands end the process, on purpose. Worker of the session. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/cli/cli_anon.h"
#include "runtime/cli/cli_call.h"
#include "runtime/core/log.h"

/* The number of word i, or what stands in for it. */
static uint64_t number_at(const struct cli_call *c, uint32_t i, uint64_t otherwise)
{
	uint64_t n;

	return c->words[i].len && str_to_u64(c->words[i], &n) ? n : otherwise;
}

/* `show info` counts those that were carried out. */
static void debug_note(struct cli_call *c)
{
	atomic_fetch_add(&c->process->debug_commands, 1);
}

void cmd_debug_close(struct cli_call *c)
{
	uint64_t fd;

	if (!c->words[3].len)
		cli_say(c, CLI_ERR, "Missing file descriptor number.");
	else if (!str_to_u64(c->words[3], &fd) || fd >= c->process->maxsock)
		cli_say(c, CLI_ERR, "File descriptor out of range.");
	else {
		debug_note(c);
		if (close((int)fd) < 0)
			cli_say(c, CLI_ERR, "File descriptor was already closed.");
	}
}

/* The worker sleeps: everything that it does stands still. */
void cmd_debug_delay(struct cli_call *c)
{
	debug_note(c);
	usleep((useconds_t)(number_at(c, 3, 0) % 100000 * 1000));
}

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* The same, and the processor is busy. */
void cmd_debug_loop(struct cli_call *c)
{
	uint64_t end = clock_ms() + number_at(c, 3, 0) % 100000;

	debug_note(c);
	while (clock_ms() < end)
		;
}

void cmd_debug_exit(struct cli_call *c)
{
	_exit((int)number_at(c, 3, 0));
}

void cmd_debug_panic(struct cli_call *c)
{
	(void)c;
	abort();
}

void cmd_debug_tkill(struct cli_call *c)
{
	uint64_t thread = number_at(c, 3, 0), sig = number_at(c, 4, SIGABRT);
	struct worker *w = c->worker;

	if (thread > c->process->nworkers || sig >= (uint64_t)NSIG) {
		cli_say(c, CLI_ERR, "No such thread or signal.");
		return;
	}
	if (thread)
		w = c->process->workers[thread - 1];
	if (w == c->worker)
		raise((int)sig);
	else if (w->started)
		pthread_kill(w->thread, (int)sig);
	else
		kill(getpid(), (int)sig);
}

/* What the words from `first` on say. */
static struct str words_from(struct cli_call *c, uint32_t first, char *text, size_t room)
{
	struct out o = out_fixed(text, room);

	for (uint32_t i = first; i < c->n; i++) {
		if (i > first)
			out_char(&o, ' ');
		out_str(&o, c->words[i]);
	}
	return out_get(&o);
}

void cmd_debug_log(struct cli_call *c)
{
	char text[1024];
	struct str message = words_from(c, 3, text, sizeof(text));

	debug_note(c);
	log_event(c->worker, NULL, LL_INFO | LOG_TARGETS_ONLY, "%.*s", STR_ARG(message));
}

void cmd_debug_hash(struct cli_call *c)
{
	char text[1024], hash[CLI_ANON_TEXT];

	out_printf(c->out, "%s\n", cli_anon(c->session->anon_key, words_from(c, 3, text, sizeof(text)), hash));
}

void cmd_debug_write(struct cli_call *c)
{
	uint64_t n;

	if (!c->words[3].len) {
		cli_say(c, CLI_ERR, "Missing output size.");
		return;
	}
	debug_note(c);
	n = number_at(c, 3, 0);
	for (uint64_t i = 0; i < n && i < CLI_ANSWER_MAX / 4; i++)
		out_char(c->out, i % 64 || !i ? '.' : '\n');
}
