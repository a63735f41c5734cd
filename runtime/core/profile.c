/* Measuring turns of the loop. Each worker has a struct profile from the first time on that it measures, until
 * it is freed; libev calls profile_turn() instead of worker_turn() meanwhile. */
#include "runtime/core/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "runtime/core/process.h"
#include "runtime/eval/log_record.h"

enum { SLOW_US = 1000, FAST_US = 990, AVERAGE_OF = 16, WARN_EVERY_MS = 1000 };

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void note(struct worker *w, enum profile_row row, uint64_t calls, uint64_t cpu, uint64_t began)
{
	struct profile *p = w->profile;
	uint64_t woke = w->now_us * 1000;

	p->calls[row] += calls;
	p->cpu_ns[row] += clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
	p->latency_ns[row] += began > woke ? (began - woke) * calls : 0;
}

void profile_stream(struct worker *w, struct log_record *stream)
{
	struct profile *p = w->profile;
	uint64_t now = clock_ns(CLOCK_THREAD_CPUTIME_ID), woke = w->now_us * 1000, began;

	if (p->stream)
		p->stream->cpu_ns += now - p->since;
	p->stream = stream;
	p->since = now;
	if (!stream || stream->turn == (uint32_t)w->loops)
		return;
	began = clock_ns(CLOCK_MONOTONIC);
	stream->latency_ns += began > woke ? began - woke : 0;
}

/* As worker_turn(), with a look at the clocks around each part. */
static void profile_turn(struct ev_loop *loop)
{
	struct worker *w = ev_userdata(loop);
	uint64_t calls = ev_pending_count(loop), began, cpu;

	worker_turn_begin(w);
	began = clock_ns(CLOCK_MONOTONIC);
	cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	ev_invoke_pending(loop);
	note(w, PROFILE_EVENTS, calls, cpu, began);
	if (w->profile->stream)
		profile_stream(w, NULL);
	began = clock_ns(CLOCK_MONOTONIC);
	cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	worker_turn_end(w);
	note(w, PROFILE_DEADLINES, 1, cpu, began);
	if (w->profile->stream)
		profile_stream(w, NULL);
}

static void measure(struct worker *w, bool on)
{
	if (on && !w->profile)
		w->profile = calloc(1, sizeof(*w->profile));
	w->profiling = on && w->profile;
	if (w->profile)
		w->profile->stream = NULL;
	ev_set_invoke_pending_cb(w->loop, w->profiling ? profile_turn : worker_turn);
}

void profile_apply(struct worker *w)
{
	int mode = atomic_load(&w->process->profiling);

	if (mode == PROFILE_ON && w->profile)
		*w->profile = (struct profile){0};
	measure(w, mode == PROFILE_ON || (mode == PROFILE_AUTO && w->loop_us >= SLOW_US));
}

void profile_turn_took(struct worker *w)
{
	uint64_t us = clock_ns(CLOCK_MONOTONIC) / 1000 - w->now_us;

	w->loop_us = (uint32_t)((w->loop_us * (AVERAGE_OF - 1) + us) / AVERAGE_OF);
	if (!w->process || atomic_load_explicit(&w->process->profiling, memory_order_relaxed) != PROFILE_AUTO)
		return;
	if (!w->profiling && w->loop_us >= SLOW_US)
		measure(w, true);
	else if (w->profiling && w->loop_us < FAST_US)
		measure(w, false);
}

void profile_turn_blocked(struct worker *w)
{
	uint64_t us = clock_ns(CLOCK_MONOTONIC) / 1000 - w->now_us;

	if (us < w->warn_blocked_us || w->clock_is_set || (w->warned_ms && w->now < w->warned_ms + WARN_EVERY_MS))
		return;
	w->warned_ms = w->now;
	fprintf(stderr, "[WARNING]  (%d) : thread %u has stopped processing traffic for %llu milliseconds.\n",
		(int)getpid(), w->id + 1, (unsigned long long)us / 1000);
}

const char *profile_name(enum profile_row row)
{
	return row == PROFILE_EVENTS ? "socket_events" : "deadlines_run";
}
