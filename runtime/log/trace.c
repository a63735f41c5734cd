/* Traces: who is told what. trace.h says the rest. State is read and written by any thread without a lock: an
 * event that happens while somebody changes something may be told in the old way or the new. */
#include "runtime/log/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/core/log_sink.h"
#include "runtime/log/rings.h"

enum { LINE_MOST = 1024 };

#define STANDARD                                                                                               \
	(1u << LOCK_BACKEND | 1u << LOCK_CONNECTION | 1u << LOCK_FRONTEND | 1u << LOCK_LISTENER |              \
	 1u << LOCK_NOTHING | 1u << LOCK_SERVER | 1u << LOCK_SESSION | 1u << LOCK_THREAD)

static const char quiet[] = "only report basic information with no decoding";
static const char clean[] = "only user-friendly stuff, generally suitable for level \"user\"";

static const struct trace_source_info sources[] = {
	{"h2",
	 "HTTP/2 multiplexer",
	 TRACE_H2_H2C_NEW,
	 TRACE_H1_H1C_NEW,
	 STANDARD | 1u << LOCK_OWN,
	 "h2s",
	 "H2 stream",
	 {quiet, clean, "report only h2c/h2s state and flags, no real decoding",
	  "add request/response status line or frame info when available",
	  "add header fields or frame decoding when available", "add full data dump when available"}},
	{"h1",
	 "HTTP/1 multiplexer",
	 TRACE_H1_H1C_NEW,
	 TRACE_STREAM_STRM_NEW,
	 STANDARD | 1u << LOCK_OWN,
	 "h1s",
	 "H1 stream",
	 {quiet, clean, "report only h1c/h1s state and flags, no real decoding",
	  "add request/response status line or htx info when available",
	  "add header fields or frame decoding when available", "add full data dump when available"}},
	{"stream",
	 "Applicative stream",
	 TRACE_STREAM_STRM_NEW,
	 TRACE_PEERS_UPDTMSG,
	 (STANDARD & ~(1u << LOCK_CONNECTION)) | 1u << LOCK_STREAM,
	 NULL,
	 NULL,
	 {quiet, clean, "report info on streams and connectors", "add info on request and response channels",
	  "add info on channel's buffer for data and developer levels only", "add info on channel's buffer"}},
	{"peers",
	 "Peers protocol",
	 TRACE_PEERS_UPDTMSG,
	 TRACE_CHECK_TASK_WAKE,
	 STANDARD | 1u << LOCK_OWN,
	 "peers",
	 "Peers protocol",
	 {quiet, clean, NULL, NULL, NULL, NULL}},
	{"check",
	 "Health-check",
	 TRACE_CHECK_TASK_WAKE,
	 TRACE_PT_PT_CONN_NEW,
	 1u << LOCK_CHECK | 1u << LOCK_NOTHING | 1u << LOCK_THREAD,
	 NULL,
	 NULL,
	 {quiet, clean, "report info on streams and connectors", "add info on request and response channels",
	  "add info on channel's buffer for data and developer levels only", "add info on channel's buffer"}},
	{"pt",
	 "Passthrough multiplexer",
	 TRACE_PT_PT_CONN_NEW,
	 TRACE_SESSION_SESS_NEW,
	 STANDARD,
	 NULL,
	 NULL,
	 {quiet, clean, "report only h1c/h1s state and flags, no real decoding",
	  "add request/response status line or htx info when available",
	  "add header fields or frame decoding when available", "add full data dump when available"}},
	{"session",
	 "client session management",
	 TRACE_SESSION_SESS_NEW,
	 TRACE_EVENTS,
	 STANDARD,
	 NULL,
	 NULL,
	 {quiet, clean, NULL, NULL, NULL, NULL}},
};
_Static_assert(sizeof(sources) / sizeof(*sources) == TRACE_SOURCES, "one row each");

static const struct trace_name event_names[] = {
#define TRACE_EVENT(source, event, name, text) {name, text},
#include "runtime/log/trace_events.def"
#undef TRACE_EVENT
};

static const struct trace_name level_names[] = {
	{"error", "report errors"},
	{"user", "also information useful to the end user"},
	{"proto", "also protocol-level updates"},
	{"state", "also report internal state changes"},
	{"data", "also report data transfers"},
	{"developer", "also report information useful only to the developer"},
};

const struct trace_source_info *trace_source_info(enum trace_source source)
{
	return &sources[source];
}

const struct trace_name *trace_event_name(uint32_t event)
{
	return &event_names[event];
}

const struct trace_name *trace_level_name(uint32_t level)
{
	return &level_names[level];
}

const char *trace_verbosity_name(uint32_t verbosity)
{
	static const char *const names[] = {"quiet", "clean", "minimal", "simple", "advanced", "complete"};

	return names[verbosity];
}

const char *trace_action_name(enum trace_action action)
{
	static const char *const names[] = {"event", "start", "stop", "pause"};

	return names[action];
}

const char *trace_lock_name(enum trace_lock lock)
{
	static const char *const names[] = {"backend", "check",  "connection", "frontend", "listener",
					    "nothing", "server", "session",    "stream",   "thread"};

	return names[lock];
}

const struct trace_name *trace_sink_name(unsigned sink)
{
	static const struct trace_name names[] = {{"none", "no sink"},
						  {"stdout", "standard output (fd#1)"},
						  {"stderr", "standard output (fd#2)"},
						  {"buf0", "in-memory ring buffer"}};

	return &names[sink];
}

struct ring *trace_ring(const struct process *p, unsigned sink)
{
	if (!p->rings || sink < SINK_BUF0)
		return NULL;
	if (sink == SINK_BUF0)
		return &p->rings->builtin;
	return sink - SINK_RINGS < p->rings->n ? &p->rings->v[sink - SINK_RINGS] : NULL;
}

enum trace_source trace_source_find(const struct process *p, struct str name)
{
	int n = p->compat > 206 ? TRACE_SOURCES : TRACE_SESSION, i = 0;

	while (i < n && !str_is(name, sources[i].name))
		i++;
	return i < n ? (enum trace_source)i : TRACE_SOURCES;
}

void traces_free(struct process *p)
{
	free(p->traces);
	p->traces = NULL;
}

void traces_changed(struct process *p)
{
	unsigned on = p->shows_traffic ? TRACING_SHOWN : 0;

	for (int i = 0; i < TRACE_SOURCES; i++)
		if (atomic_load(&p->traces->v[i].state) != TRACE_STOPPED ||
		    atomic_load(&p->traces->v[i].follow) >= 0)
			on |= 1u << i;
	atomic_store(&p->tracing, on);
}

/* --- lines */

static enum log_proto ring_format(const struct worker *w, unsigned sink)
{
	const struct model *m = w->process->generation->model;

	return sink < SINK_RINGS || sink - SINK_RINGS >= m->rings.n ? LOGP_TIMED
								    : m->rings.v[sink - SINK_RINGS]->format;
}

static void ring_put(struct worker *w, unsigned sink, struct str line)
{
	struct ring *ring = trace_ring(w->process, sink);
	struct log_target target = {.proto = ring_format(w, sink)};
	struct log_origin from = {.tag = STR("haproxy"), .pid = w->process->pid};
	char text[256];
	struct out head = out_fixed(text, sizeof(text));
	struct iovec iov[2];

	if (!ring)
		return;
	gettimeofday(&from.when, NULL);
	log_header(w->log, &target, &from, 0, &head);
	iov[0] = (struct iovec){head.buf, head.len};
	iov[1] = (struct iovec){(void *)(uintptr_t)line.ptr, line.len};
	if (!ring_write(ring, iov, 2))
		ring_drop(ring);
}

static void line_send(struct worker *w, unsigned sink, struct out *line)
{
	if (sink >= SINK_BUF0) {
		ring_put(w, sink, out_get(line));
		return;
	}
	out_char(line, '\n');
	if (sink != SINK_NONE &&
	    write(sink == SINK_STDOUT ? STDOUT_FILENO : STDERR_FILENO, line->buf, line->len) < 0)
		atomic_fetch_add(&w->process->traces->dropped[sink], 1);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void about_put(const struct trace_about *about, int verbosity, struct out *line)
{
	if (!about)
		return;
	out_printf(line, " : [%c]", about->back ? 'B' : 'F');
	if (verbosity >= 2 && about->by[LOCK_SESSION])
		out_printf(line, " sess=%p", about->by[LOCK_SESSION]);
	if (verbosity >= 2 && about->by[LOCK_STREAM])
		out_printf(line, " strm=%p", about->by[LOCK_STREAM]);
	if (verbosity >= 3 && about->detail.len)
		out_printf(line, " %.*s", STR_ARG(about->detail));
}

/* --- events */

static uint64_t events_of(struct trace_status *s, enum trace_action action)
{
	return atomic_load_explicit(&s->events[action], memory_order_relaxed);
}

/* What the source would keep to, of this event. */
static const void *lock_of(const struct worker *w, int lock, const struct trace_about *about)
{
	if (lock == LOCK_THREAD)
		return w;
	return about ? about->by[lock] : NULL;
}

/* The source runs, or begins to with this event, and keeps to what this is about. */
static bool is_traced(const struct worker *w, struct trace_status *s, uint64_t events,
		      const struct trace_about *about)
{
	int state = atomic_load(&s->state), lock = atomic_load(&s->lock);
	const void *mine, *locked;

	if (state == TRACE_STOPPED || (state == TRACE_WAITING && !(events_of(s, TRACE_START) & events)))
		return false;
	if (state == TRACE_WAITING)
		atomic_compare_exchange_strong(&s->state, &state, TRACE_RUNNING);
	if (lock == LOCK_NOTHING)
		return true;
	mine = lock_of(w, lock, about);
	locked = atomic_load(&s->locked);
	if (!locked && mine && atomic_compare_exchange_strong(&s->locked, &locked, mine))
		return true;
	return mine && mine == locked;
}

/* Another source is locked on what this event is about. */
static bool follows(const struct worker *w, struct traces *t, struct trace_status *s,
		    const struct trace_about *about)
{
	int other = atomic_load(&s->follow);
	const void *locked;

	if (other < 0)
		return false;
	locked = atomic_load(&t->v[other].locked);
	return locked && locked == lock_of(w, atomic_load(&t->v[other].lock), about);
}

static void state_set(struct process *p, struct trace_status *s, enum trace_state state)
{
	atomic_store(&s->locked, NULL);
	atomic_store(&s->state, state);
	traces_changed(p);
}

void trace_emit(struct worker *w, enum trace_source source, uint64_t events, enum trace_level level,
		const struct trace_about *about, const char *where, const char *function, const char *format,
		...)
{
	struct traces *t = w->process->traces;
	struct trace_status *s = &t->v[source];
	bool traced = is_traced(w, s, events, about);
	char text[LINE_MOST];
	struct out line = out_fixed(text, sizeof(text) - 1);
	va_list ap;

	if (!traced && !follows(w, t, s, about))
		return;
	if (events_of(s, TRACE_REPORT) & events && (int)level <= atomic_load(&s->level)) {
		out_printf(&line, "[%02u|%s|%d|%s] ", w->id, sources[source].name, level, base_name(where));
		if (level == TRACE_DEVELOPER)
			out_printf(&line, "%s(): ", function);
		va_start(ap, format);
		out_vprintf(&line, format, ap);
		va_end(ap);
		if (atomic_load(&s->verbosity))
			about_put(about, atomic_load(&s->verbosity), &line);
		line_send(w, atomic_load(&s->sink), &line);
	}
	if (traced && events_of(s, TRACE_STOP) & events)
		state_set(w->process, s, TRACE_STOPPED);
	else if (traced && events_of(s, TRACE_PAUSE) & events)
		state_set(w->process, s, TRACE_WAITING);
}

/* --- commands */

static const char *set_events(struct process *p, enum trace_source source, enum trace_action action,
			      struct str word)
{
	const struct trace_source_info *info = &sources[source];
	struct trace_status *s = &p->traces->v[source];
	bool off = word.len && (word.ptr[0] == '-' || word.ptr[0] == '!');
	uint64_t bits = 0;

	if (action != TRACE_REPORT && str_is(word, "now")) {
		state_set(p, s,
			  action == TRACE_START   ? TRACE_RUNNING
			  : action == TRACE_PAUSE ? TRACE_WAITING
						  : TRACE_STOPPED);
		return NULL;
	}
	if (off || (word.len && word.ptr[0] == '+'))
		word = str_tail(word, 1);
	if (str_is(word, "none") || str_is(word, "any")) {
		atomic_store(&s->events[action], str_is(word, "any") ? UINT64_MAX : 0);
		return NULL;
	}
	for (uint32_t i = info->first; i < info->end; i++)
		if (str_is(word, event_names[i].name))
			bits = (uint64_t)1 << (i - info->first);
	if (!bits)
		return "No such trace event";
	if (off)
		atomic_fetch_and(&s->events[action], ~bits);
	else
		atomic_fetch_or(&s->events[action], bits);
	return NULL;
}

static const char *set_sink(const struct process *p, struct trace_status *s, struct str word)
{
	for (unsigned i = 0; i < SINK_RINGS; i++)
		if (str_is(word, trace_sink_name(i)->name)) {
			atomic_store(&s->sink, i);
			return NULL;
		}
	for (unsigned i = 0; p->rings && i < p->rings->n; i++)
		if (str_eq(word, p->rings->v[i].name)) {
			atomic_store(&s->sink, SINK_RINGS + i);
			return NULL;
		}
	return "No such sink";
}

static const char *set_level(struct trace_status *s, struct str word)
{
	for (int i = 0; i < TRACE_LEVELS; i++)
		if (str_is(word, level_names[i].name)) {
			atomic_store(&s->level, i);
			return NULL;
		}
	return "No such trace level";
}

static const char *set_verbosity(enum trace_source source, struct trace_status *s, struct str word)
{
	for (int i = 0; i < 6 && sources[source].verbosities[i]; i++)
		if (str_is(word, trace_verbosity_name((uint32_t)i))) {
			atomic_store(&s->verbosity, i);
			return NULL;
		}
	return "No such verbosity level";
}

static const char *set_lock(enum trace_source source, struct trace_status *s, struct str word)
{
	for (int i = 0; i < TRACE_LOCKS; i++) {
		const char *name = i == LOCK_OWN ? sources[source].own : trace_lock_name((enum trace_lock)i);

		if (!(sources[source].locks >> i & 1) || !str_is(word, name))
			continue;
		atomic_store(&s->locked, NULL);
		atomic_store(&s->lock, i);
		return NULL;
	}
	return "Unsupported lock-on criterion";
}

static const char *set_follow(struct process *p, struct trace_status *s, struct str word)
{
	enum trace_source other = trace_source_find(p, word);

	if (other == TRACE_SOURCES)
		return "No such trace source";
	atomic_store(&s->follow, (int)other);
	traces_changed(p);
	return NULL;
}

static const char *set_one(struct process *p, enum trace_source source, struct str what, struct str word)
{
	struct trace_status *s = &p->traces->v[source];

	for (int i = 0; i < TRACE_ACTIONS; i++)
		if (str_is(what, trace_action_name((enum trace_action)i)))
			return set_events(p, source, (enum trace_action)i, word);
	if (str_is(what, "sink"))
		return set_sink(p, s, word);
	if (str_is(what, "level"))
		return set_level(s, word);
	if (str_is(what, "verbosity"))
		return set_verbosity(source, s, word);
	if (str_is(what, "lock"))
		return set_lock(source, s, word);
	if (str_is(what, "follow") && p->compat > 206)
		return set_follow(p, s, word);
	return "Unknown trace keyword";
}

/* The words behind the source: one setting, in newer versions several. */
static const char *set_all(struct process *p, enum trace_source source, const struct str *words, uint32_t n)
{
	const char *error = NULL;

	for (uint32_t i = 0; i < n && !error && (!i || p->compat > 206); i += 2)
		error = set_one(p, source, words[i], i + 1 < n ? words[i + 1] : STR_NONE);
	return error;
}

const char *trace_do(struct process *p, const struct str *words, uint32_t n)
{
	bool all = p->compat > 206 && str_is(words[0], "all");
	enum trace_source source = trace_source_find(p, words[0]);
	const char *error = NULL;

	if (str_is(words[0], "0")) {
		for (int i = 0; i < TRACE_SOURCES; i++)
			state_set(p, &p->traces->v[i], TRACE_STOPPED);
		return NULL;
	}
	if (!all)
		return source == TRACE_SOURCES ? "No such trace source" : set_all(p, source, words + 1, n - 1);
	for (int i = 0; i < TRACE_SOURCES && !error; i++)
		error = set_all(p, (enum trace_source)i, words + 1, n - 1);
	return error;
}

/* --- life */

static bool traces_apply(struct process *p, const struct model *m, struct out *errors)
{
	bool ok = true;

	vec_each (t, &m->traces) {
		const char *error = trace_do(p, t->words, t->n);
		struct str file =
			t->pos.source - 1 < m->nsources ? m->source_names[t->pos.source - 1] : STR_NONE;

		if (!error)
			continue;
		out_printf(errors, "ALERT config : parsing [%.*s:%u] : 'trace' : %s\n", STR_ARG(file),
			   t->pos.line, error);
		ok = false;
	}
	return ok;
}

bool traces_init(struct process *p, struct out *errors)
{
	struct traces *t = calloc(1, sizeof(*t));

	if (!t)
		return false;
	for (int i = 0; i < TRACE_SOURCES; i++) {
		atomic_init(&t->v[i].events[TRACE_REPORT], UINT64_MAX);
		atomic_init(&t->v[i].level, TRACE_USER);
		atomic_init(&t->v[i].verbosity, 1);
		atomic_init(&t->v[i].lock, LOCK_NOTHING);
		atomic_init(&t->v[i].follow, -1);
	}
	p->traces = t;
	traces_changed(p);
	return traces_apply(p, p->generation->model, errors);
}
