/* `show events`: which sinks there are, and the lines that a ring holds; with -w also those that come
 * (management manual, section 9.3). A reader that is too slow misses lines, it never keeps them from being
 * stored. The session owns its stream; the session's worker only. */
#include <stdlib.h>

#include "runtime/cli/cli_call.h"
#include "runtime/log/rings.h"

enum { PIECE = 65536 };

struct event_stream {
	struct cli_stream stream; /* first member */
	struct cli_session *session;
	struct ring_reader reader;
	struct out line;
	bool waits;
	char end; /* of each line */
};

static bool events_fill(struct cli_stream *stream, struct out *out)
{
	struct event_stream *e = (struct event_stream *)stream;
	bool any = true;

	while (out->len < PIECE && (any = ring_next(&e->reader, &e->line))) {
		out_str(out, out_get(&e->line));
		out_char(out, e->end);
	}
	return any || e->waits;
}

static void events_free(struct cli_stream *stream)
{
	struct event_stream *e = (struct event_stream *)stream;

	ring_detach(&e->reader);
	out_free(&e->line);
	free(e);
}

static void events_woken(struct ev_loop *loop, ev_async *async, int revents)
{
	struct event_stream *e = async->data;

	(void)loop;
	(void)revents;
	cli_stream_go_on(e->session);
}

static void put_sink(struct out *out, struct str name, const char *type, unsigned dropped,
		     struct str description)
{
	out_printf(out, "    %-10.*s : type=%s, %u dropped, %.*s\n", STR_ARG(name), type, dropped,
		   STR_ARG(description));
}

static void put_ring(struct out *out, struct ring *r)
{
	put_sink(out, r->name, "buffer", atomic_load_explicit(&r->dropped, memory_order_relaxed),
		 r->description);
}

static void sinks_list(struct cli_call *c)
{
	const struct rings *all = c->process->rings;

	out_printf(c->out,
		   "Supported events sinks are listed below. Add %s-w(wait), -n(new). Any key to stop\n",
		   c->process->compat > 206 ? "-0(zero), " : "");
	put_sink(c->out, STR("stdout"), "fd", 0, STR("standard output (fd#1)"));
	put_sink(c->out, STR("stderr"), "fd", 0, STR("standard output (fd#2)"));
	if (!all)
		return;
	put_ring(c->out, &((struct rings *)all)->builtin);
	for (uint32_t i = 0; i < all->n; i++)
		put_ring(c->out, &all->v[i]);
}

/* -w, -n, and both in one word; -0 of newer versions. */
static bool option_take(const struct cli_call *c, struct str word, bool *waits, bool *fresh, char *end)
{
	if (!str_starts(word, STR("-")) || word.len < 2)
		return false;
	for (size_t i = 1; i < word.len; i++) {
		if (word.ptr[i] == 'w')
			*waits = true;
		else if (word.ptr[i] == 'n')
			*fresh = true;
		else if (word.ptr[i] == '0' && c->process->compat > 206)
			*end = 0;
		else
			return false;
	}
	return true;
}

void cmd_show_events(struct cli_call *c)
{
	bool waits = false, fresh = false;
	struct event_stream *e;
	struct ring *ring;
	char end = '\n';

	if (c->n < 3) {
		sinks_list(c);
		return;
	}
	if (!cli_level_is(c, CLI_OPERATOR))
		return;
	ring = c->process->rings ? rings_find(c->process->rings, c->words[2]) : NULL;
	if (!ring) {
		cli_say_open(c, CLI_ERR,
			     str_is(c->words[2], "stdout") || str_is(c->words[2], "stderr")
				     ? "Nothing to report for this sink"
				     : "No such event sink");
		return;
	}
	for (uint32_t i = 3; i < c->n; i++)
		if (!option_take(c, c->words[i], &waits, &fresh, &end)) {
			cli_say_open(c, CLI_ERR, "unknown option");
			return;
		}
	e = calloc(1, sizeof(*e));
	if (!e) {
		cli_say(c, CLI_ERR, "Out of memory.");
		return;
	}
	*e = (struct event_stream){.stream = {.fill = events_fill, .free = events_free},
				   .session = c->session,
				   .waits = waits,
				   .end = end};
	e->line = out_growing(ring->max_len);
	ring_attach(ring, &e->reader, c->worker->loop, fresh, false, events_woken, e);
	c->session->stream = &e->stream;
}
