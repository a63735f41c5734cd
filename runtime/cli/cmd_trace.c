/* `trace` and `show trace` (management manual, section 9.3): menus of what sources offer, with HAProxy's words;
 * log/trace.c does the rest. Worker of the session. */
#include <stdio.h>

#include "runtime/cli/cli_call.h"
#include "runtime/log/rings.h"
#include "runtime/log/trace.h"

static const char states_title[] = "Supported trace sources and states (.=stopped, w=waiting, R=running) :\n";

static struct trace_status *status_of(const struct cli_call *c, int source)
{
	return &c->process->traces->v[source];
}

static int sources_shown(const struct cli_call *c)
{
	return c->process->compat > 206 ? TRACE_SOURCES : TRACE_SESSION;
}

static char state_letter(const struct cli_call *c, int source)
{
	return ".wR"[atomic_load(&status_of(c, source)->state)];
}

/* The name of a sink: of rings the configuration's. */
static struct str sink_word(const struct cli_call *c, unsigned sink)
{
	const struct rings *all = c->process->rings;

	if (sink >= SINK_RINGS && all && sink - SINK_RINGS < all->n)
		return all->v[sink - SINK_RINGS].name;
	return str_from(trace_sink_name(sink < SINK_RINGS ? sink : SINK_NONE)->name);
}

static unsigned sink_dropped(const struct cli_call *c, unsigned sink)
{
	const struct ring *ring = trace_ring(c->process, sink);

	if (ring)
		return atomic_load_explicit(&ring->dropped, memory_order_relaxed);
	return sink < SINK_BUF0 ? atomic_load(&c->process->traces->dropped[sink]) : 0;
}

/* --- menus */

static void list_sources(struct cli_call *c)
{
	out_puts(c->out, states_title);
	out_puts(c->out, " [.] 0          : not a source, will immediately stop all traces\n");
	for (int i = 0; i < sources_shown(c); i++) {
		const struct trace_source_info *info = trace_source_info((enum trace_source)i);

		out_printf(c->out, " [%c] %-10s : %s\n", state_letter(c, i), info->name, info->text);
	}
}

static void list_commands(struct cli_call *c)
{
	out_puts(c->out, "Supported commands:\n"
			 "  event     : list/enable/disable source-specific event reporting\n");
	if (c->process->compat > 206)
		out_puts(c->out, "  follow    : passively follow another source's locks\n");
	out_puts(c->out, "  level     : list/set trace reporting level\n"
			 "  lock      : automatic lock on thread/connection/stream/...\n"
			 "  pause     : pause and automatically restart after a specific event\n"
			 "  sink      : list/set event sinks\n"
			 "  start     : start immediately or after a specific event\n"
			 "  stop      : stop immediately or after a specific event\n"
			 "  verbosity : list/set trace output verbosity\n");
}

static void list_events(struct cli_call *c, enum trace_source source, enum trace_action action)
{
	const struct trace_source_info *info = trace_source_info(source);
	uint64_t on = atomic_load(&status_of(c, (int)source)->events[action]);

	out_printf(c->out, "Supported events for source %s (+=enabled, -=disabled):\n", info->name);
	if (action != TRACE_REPORT)
		out_puts(c->out, "  - now          : don't wait for events, immediately change the state\n");
	out_puts(c->out, "  - none         : disable all event types\n"
			 "  - any          : enable all event types\n");
	for (uint32_t i = info->first; i < info->end; i++)
		out_printf(c->out, "  %c %-12s : %s\n", on >> (i - info->first) & 1 ? '+' : '-',
			   trace_event_name(i)->name, trace_event_name(i)->text);
}

static void put_choice(struct cli_call *c, bool current, const char *name, const char *text)
{
	out_printf(c->out, "  %c %-10s : %s\n", current ? '*' : ' ', name, text);
}

static void list_levels(struct cli_call *c, enum trace_source source)
{
	out_printf(c->out, "Supported trace levels for source %s:\n", trace_source_info(source)->name);
	for (int i = 0; i < TRACE_LEVELS; i++)
		put_choice(c, i == atomic_load(&status_of(c, (int)source)->level),
			   trace_level_name((uint32_t)i)->name, trace_level_name((uint32_t)i)->text);
}

static void list_verbosities(struct cli_call *c, enum trace_source source)
{
	const struct trace_source_info *info = trace_source_info(source);

	out_printf(c->out, "Supported trace verbosities for source %s:\n", info->name);
	for (int i = 0; i < 6 && info->verbosities[i]; i++)
		put_choice(c, i == atomic_load(&status_of(c, (int)source)->verbosity),
			   trace_verbosity_name((uint32_t)i), info->verbosities[i]);
}

static void list_locks(struct cli_call *c, enum trace_source source)
{
	const struct trace_source_info *info = trace_source_info(source);
	char text[64];

	out_printf(c->out, "Supported lock-on criteria for source %s:\n", info->name);
	for (int i = 0; i < TRACE_LOCKS; i++) {
		bool current = i == atomic_load(&status_of(c, (int)source)->lock);
		const char *name;

		if (!(info->locks >> i & 1))
			continue;
		if (i == LOCK_OWN) {
			put_choice(c, current, info->own, info->own_text);
			continue;
		}
		name = trace_lock_name((enum trace_lock)i);
		snprintf(text, sizeof(text), "lock on the %s that started the trace", name);
		put_choice(c, current, name, i == LOCK_NOTHING ? "do not lock on anything" : text);
	}
}

static void list_sinks(struct cli_call *c, enum trace_source source)
{
	const struct rings *all = c->process->rings;
	unsigned sink = atomic_load(&status_of(c, (int)source)->sink);

	out_printf(c->out, "Supported sinks for source %s (*=current):\n", trace_source_info(source)->name);
	for (unsigned i = 0; i < SINK_RINGS; i++)
		put_choice(c, i == sink, trace_sink_name(i)->name, trace_sink_name(i)->text);
	for (unsigned i = 0; all && i < all->n; i++)
		out_printf(c->out, "  %c %-10.*s : %.*s\n", i + SINK_RINGS == sink ? '*' : ' ',
			   STR_ARG(all->v[i].name), STR_ARG(all->v[i].description));
}

/* What a word without an argument lists. False: no such word. */
static bool list_of(struct cli_call *c, enum trace_source source, struct str what)
{
	for (int i = 0; i < TRACE_ACTIONS; i++)
		if (str_is(what, trace_action_name((enum trace_action)i))) {
			list_events(c, source, (enum trace_action)i);
			return true;
		}
	if (str_is(what, "level"))
		list_levels(c, source);
	else if (str_is(what, "verbosity"))
		list_verbosities(c, source);
	else if (str_is(what, "lock"))
		list_locks(c, source);
	else if (str_is(what, "sink"))
		list_sinks(c, source);
	else
		return false;
	return true;
}

/* A sign alone names no event. */
static bool names_something(struct str word)
{
	return word.len && !str_is(word, "+") && !str_is(word, "-") && !str_is(word, "!");
}

void cmd_trace(struct cli_call *c)
{
	enum trace_source source = trace_source_find(c->process, c->words[1]);
	const char *error;

	if (!cli_level_is(c, CLI_OPERATOR))
		return;
	if (!c->words[1].len) {
		list_sources(c);
	} else if (source < TRACE_SOURCES && !c->words[2].len) {
		list_commands(c);
	} else if (source == TRACE_SOURCES || names_something(c->words[3]) ||
		   !list_of(c, source, c->words[2])) {
		error = trace_do(c->process, c->words + 1, c->n - 1);
		if (error)
			cli_say_open(c, CLI_ERR, error);
		else if (str_is(c->words[1], "0"))
			cli_say_open(c, CLI_NOTICE, "All traces now stopped");
	}
}

/* --- show trace */

static void show_states(struct cli_call *c)
{
	out_puts(c->out, states_title);
	for (int i = 0; i < sources_shown(c); i++) {
		const struct trace_source_info *info = trace_source_info((enum trace_source)i);
		unsigned sink = atomic_load(&status_of(c, i)->sink);

		out_printf(c->out, " [%c] %-10s -> %.*s [drp %u]  [%s]\n", state_letter(c, i), info->name,
			   STR_ARG(sink_word(c, sink)), sink_dropped(c, sink), info->text);
	}
}

void cmd_show_trace(struct cli_call *c)
{
	enum trace_source source = trace_source_find(c->process, c->words[2]);
	const struct trace_source_info *info;
	struct trace_status *s;
	unsigned sink;

	if (!c->words[2].len) {
		show_states(c);
		return;
	}
	if (!cli_level_is(c, CLI_OPERATOR))
		return;
	if (source == TRACE_SOURCES) {
		cli_say_open(c, CLI_ERR, "No such trace source");
		return;
	}
	info = trace_source_info(source);
	s = status_of(c, (int)source);
	sink = atomic_load(&s->sink);
	out_printf(c->out,
		   "Trace status for %s:\n  - sink: %.*s [%u dropped]\n"
		   "  - event name   :     report    start    stop    pause\n",
		   info->name, STR_ARG(sink_word(c, sink)), sink_dropped(c, sink));
	for (uint32_t i = info->first; i < info->end; i++) {
		char on[TRACE_ACTIONS];

		for (int k = 0; k < TRACE_ACTIONS; k++)
			on[k] = atomic_load(&s->events[k]) >> (i - info->first) & 1 ? '+' : '-';
		out_printf(c->out, "    %-12s :        %c        %c        %c       %c\n",
			   trace_event_name(i)->name, on[TRACE_REPORT], on[TRACE_START], on[TRACE_STOP],
			   on[TRACE_PAUSE]);
	}
}
