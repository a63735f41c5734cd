/* Traces: what sources tell of traffic while somebody watches, line by line into a sink (management manual, section 9.3, `trace`; manual,
 * section `traces`). Each source has events that start, pause and stop it, a level, and may keep to the connection or the like that
 * started it. While nothing is traced, an event costs one look at process->tracing. */
#ifndef LB_LOG_TRACE_H
#define LB_LOG_TRACE_H

#include <stdatomic.h>

#include "grammar/base/out.h"
#include "grammar/base/str.h"
#include "runtime/core/process.h"
#include "runtime/core/worker.h"

/* In the order of `show trace`. TRACE_SESSION: of newer versions only. */
enum trace_source { TRACE_H2, TRACE_H1, TRACE_STREAM, TRACE_PEERS, TRACE_CHECK, TRACE_PT, TRACE_SESSION, TRACE_SOURCES };

/* TRACE_H1_RX_HEADERS ...: one after the other through all sources; the bit of an event counts from its source's first. */
enum trace_event {
#define TRACE_EVENT(source, event, name, text) TRACE_##source##_##event,
#include "runtime/log/trace_events.def"
#undef TRACE_EVENT
	TRACE_EVENTS
};

enum {
	TRACE_FIRST_H2 = TRACE_H2_H2C_NEW, TRACE_FIRST_H1 = TRACE_H1_H1C_NEW, TRACE_FIRST_STREAM = TRACE_STREAM_STRM_NEW,
	TRACE_FIRST_PEERS = TRACE_PEERS_UPDTMSG, TRACE_FIRST_CHECK = TRACE_CHECK_TASK_WAKE, TRACE_FIRST_PT = TRACE_PT_PT_CONN_NEW,
	TRACE_FIRST_SESSION = TRACE_SESSION_SESS_NEW
};

enum trace_level { TRACE_ERROR, TRACE_USER, TRACE_PROTO, TRACE_STATE, TRACE_DATA, TRACE_DEVELOPER, TRACE_LEVELS };
enum trace_state { TRACE_STOPPED, TRACE_WAITING, TRACE_RUNNING };
/* What events do. */
enum trace_action { TRACE_REPORT, TRACE_START, TRACE_STOP, TRACE_PAUSE, TRACE_ACTIONS };
/* What a source may keep to, in the order of its help; OWN: a stream of HTTP/2 and the like. */
enum trace_lock {
	LOCK_BACKEND, LOCK_CHECK, LOCK_CONNECTION, LOCK_FRONTEND, LOCK_LISTENER, LOCK_NOTHING, LOCK_SERVER, LOCK_SESSION, LOCK_STREAM,
	LOCK_THREAD, LOCK_OWN, TRACE_LOCKS
};
enum { SINK_NONE, SINK_STDOUT, SINK_STDERR, SINK_BUF0, SINK_RINGS /* and behind it: process->rings */ };

/* Any thread reads and writes. */
struct trace_status {
	atomic_uint_fast64_t events[TRACE_ACTIONS]; /* bits */
	_Atomic int state, level, verbosity, lock, follow; /* follow: a source, or -1 */
	atomic_uint sink;
	_Atomic(const void *) locked; /* what it keeps to at the moment; NULL: nothing yet */
};

struct traces {
	struct trace_status v[TRACE_SOURCES];
	atomic_uint dropped[3]; /* by SINK_ of descriptors */
	uint32_t followed; /* bits of sources: never cleared */
};

/* Who or what an event is about, by lock; NULL: not known. */
struct trace_about {
	const void *by[TRACE_LOCKS];
	bool back;	   /* the server's side */
	struct str detail; /* of verbosity `simple` and above */
};

/* A connection of no session: its own, the client's side unless `back`. */
static inline struct trace_about trace_conn(const void *conn, bool back)
{
	return (struct trace_about){.by[LOCK_CONNECTION] = conn, .back = back};
}

/* Everything stands still, but for what the generation's section `traces` says; messages ("ALERT text") go to `errors`. False: no memory,
 * or one of its lines cannot be. Main thread, after rings_init(), before workers run. */
bool traces_init(struct process *p, struct out *errors);
void traces_free(struct process *p);
/* After a state or a source that is followed has changed. Any thread. */
void traces_changed(struct process *p);

struct trace_source_info {
	const char *name, *text;
	enum trace_event first, end;
	uint32_t locks; /* bits of enum trace_lock */
	const char *own, *own_text, *verbosities[6]; /* texts; NULL: there is none */
};
const struct trace_source_info *trace_source_info(enum trace_source source);
struct trace_name {
	const char *name, *text;
};
const struct trace_name *trace_event_name(uint32_t event);
const struct trace_name *trace_level_name(uint32_t level);
const char *trace_verbosity_name(uint32_t verbosity);
/* As commands spell it: "event", "start", "stop", "pause". */
const char *trace_action_name(enum trace_action action);
/* What sources may lock on; not of LOCK_OWN, whose name is the source's. */
const char *trace_lock_name(enum trace_lock lock);
/* Below SINK_RINGS. */
const struct trace_name *trace_sink_name(unsigned sink);
/* The ring that a sink writes to; NULL: none (descriptors, or a ring that is not there). */
struct ring *trace_ring(const struct process *p, unsigned sink);
/* The words of one `trace` command behind `trace`, for tables that list, and for lines of the configuration. NULL: done; else
 * HAProxy's message. */
const char *trace_do(struct process *p, const struct str *words, uint32_t n);
/* By its name; TRACE_SOURCES: there is none that this process knows. */
enum trace_source trace_source_find(const struct process *p, struct str name);

__attribute__((format(printf, 8, 9))) void trace_emit(struct worker *w, enum trace_source source, uint64_t events, enum trace_level level,
						       const struct trace_about *about, const char *where, const char *function,
						       const char *format, ...);

static inline bool trace_is_on(const struct worker *w, enum trace_source source)
{
	return atomic_load_explicit(&w->process->tracing, memory_order_relaxed) >> source & 1;
}

/* The bit of an event that belongs to `source`: TRACE_BIT(H1, RX_HEADERS). */
#define TRACE_BIT(source, event) ((uint64_t)1 << (TRACE_##source##_##event - TRACE_FIRST_##source))
#define TRACE_TEXT(x) #x
#define TRACE_LINE(x) TRACE_TEXT(x)
#define TRACE_WHERE (__FILE__ ":" TRACE_LINE(__LINE__))
/* An event that happens. `about`, a struct trace_about, is only evaluated while the source is traced. */
#define TRACE(w, source, events, level, about, ...)                                                               \
	do {                                                                                                      \
		if (__builtin_expect(trace_is_on(w, TRACE_##source), 0)) {                                        \
			const struct trace_about about_ = about;                                                  \
                                                                                                                  \
			trace_emit(w, TRACE_##source, events, level, &about_, TRACE_WHERE, __func__, __VA_ARGS__); \
		}                                                                                                 \
	} while (0)

#endif
