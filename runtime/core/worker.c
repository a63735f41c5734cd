/* Workers: one thread and one libev loop each. The loop reads the clocks once per iteration, before anything
 * else runs, and drives the timing wheel with a single timer that is only touched when the next deadline has
 * moved nearer. A worker owns its loop, pools and wheel; the process owns the workers. */
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "runtime/backend/connect.h"
#include "runtime/core/process.h"
#include "runtime/core/profile.h"
#include "runtime/proxy/tcp_stream.h"

enum {
	BUFSIZE_DEFAULT = 16384,
	BUFFERS_CACHED = 128,
	CHUNKS_CACHED = 128,
	OBJECTS_CACHED = 1024,
	LOOPS_PER_LOOK = 64
};

#if defined(__SANITIZE_THREAD__)
/* libev tells the kernel that nothing of a descriptor is wanted any more only when an event arrives for it,
 * which, for a listener, may be while another worker closes it. The kernel then refuses, and libev looks at its
 * state again: nothing is lost. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "called_from_lib:libev.so\n";
}
#endif

static uint64_t clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* How much of the time since the last look its thread has worked. */
static void cpu_look(struct worker *w, uint64_t elapsed_ms)
{
	uint64_t cpu = clock_us(CLOCK_THREAD_CPUTIME_ID), worked = cpu - w->cpu_us;

	if (cpu >= w->cpu_us && elapsed_ms)
		atomic_store_explicit(&w->cpu_usage,
				      worked >= elapsed_ms * 1000 ? 100
								  : (unsigned)(worked / (elapsed_ms * 10)),
				      memory_order_relaxed);
	w->cpu_us = cpu;
}

void worker_clock(struct worker *w)
{
	uint64_t wall;

	if (w->clock_is_set)
		return;
	w->now_us = clock_us(CLOCK_MONOTONIC);
	w->now = w->now_us / 1000;
	if (!w->wall_offset_us || w->now - w->wall_checked >= WORKER_WALL_MS) {
		w->wall_offset_us = clock_us(CLOCK_REALTIME) - w->now_us;
		cpu_look(w, w->now - w->wall_checked);
		w->wall_checked = w->now;
	}
	wall = w->now_us + w->wall_offset_us;
	w->wall.tv_sec = (time_t)(wall / 1000000);
	w->wall.tv_usec = (suseconds_t)(wall % 1000000);
}

static struct worker *worker_of(struct ev_loop *loop)
{
	return ev_userdata(loop);
}

/* Whether the next turn is about to follow: there are many connections, and this one has followed closely. */
static bool is_busy(const struct worker *w)
{
	return w->now_us - w->turn_us < WORKER_NEAR_US && w->paced && w->jobs >= WORKER_PACE_JOBS;
}

/* What is due, log lines that wait, and the timer if the next deadline is nearer than it. */
static void deadlines_turn(struct worker *w)
{
	uint64_t next;

	deadlines_run(w, w->deadlines, w->now);
	if (w->log_since_us)
		w->log_turn_end(w, is_busy(w));
	next = deadlines_next(w->deadlines);
	if (next >= w->tick_at)
		return;
	w->tick_at = next;
	ev_timer_stop(w->loop, &w->tick);
	ev_timer_set(&w->tick, next * 1000 > w->now_us ? (double)(next * 1000 - w->now_us) / 1e6 : 0., 0.);
	ev_timer_start(w->loop, &w->tick);
}

/* Many connections, and turns that are short and follow each other closely: the loop would sleep and be woken
 * for each event, which costs us, and whoever wakes us, more than the event itself. So the next turn begins
 * WORKER_PACE_US after this one at the earliest, and finds several. A loop that is busy all the time has long
 * turns, one with little to do has turns far from each other: neither waits. libev calls this before it asks
 * the system, when all that the turn had to send is gone. */
static void pace(struct ev_loop *loop)
{
	struct worker *w = worker_of(loop);
	bool busy = is_busy(w);
	uint64_t took;

	w->turn_us = w->now_us;
	if (!busy)
		return;
	took = clock_us(CLOCK_MONOTONIC) - w->now_us;
	if (took < WORKER_PACE_US)
		nanosleep(&(struct timespec){.tv_nsec = (long)(WORKER_PACE_US - took) * 1000}, NULL);
}

/* One turn of the loop after the system has reported events, in place of libev's own function: the clocks
 * first, then the events, then deadlines. Two watchers (ev_check, ev_prepare) would do the same for three times
 * the instructions. */
void worker_turn(struct ev_loop *loop)
{
	struct worker *w = worker_of(loop);

	worker_turn_begin(w);
	ev_invoke_pending(loop);
	worker_turn_end(w);
}

void worker_turn_begin(struct worker *w)
{
	w->loops++;
	worker_clock(w);
}

void worker_turn_end(struct worker *w)
{
	deadlines_turn(w);
	if (w->warn_blocked_us)
		profile_turn_blocked(w);
	if (w->loops % LOOPS_PER_LOOK == 0 && !w->clock_is_set)
		profile_turn_took(w);
}

/* Only wakes the loop: worker_turn() does the work. */
static void tick_expired(struct ev_loop *loop, ev_timer *tick, int revents)
{
	(void)tick, (void)revents;
	worker_of(loop)->tick_at = UINT64_MAX;
}

static void woken(struct ev_loop *loop, ev_async *wake, int revents)
{
	struct worker *w = worker_of(loop);

	(void)wake, (void)revents;
	if (atomic_exchange(&w->stop_asked, false)) {
		ev_break(loop, EVBREAK_ALL);
		return;
	}
	if (atomic_exchange(&w->changed, false) && w->on_changed)
		w->on_changed(w);
	mailbox_run(w);
}

static void *chunk_get(void *ctx, size_t size)
{
	struct worker *w = ctx;

	return size == SCRATCH_CHUNK ? pool_get(&w->chunks) : malloc(size);
}

static void chunk_put(void *ctx, void *chunk, size_t size)
{
	struct worker *w = ctx;

	if (size == SCRATCH_CHUNK)
		pool_put(&w->chunks, chunk);
	else
		free(chunk);
}

static void pools_init(struct worker *w)
{
	pool_init(&w->buffers, BUFSIZE_DEFAULT, BUFFERS_CACHED);
	pool_init(&w->sessions, sizeof(struct session), OBJECTS_CACHED);
	pool_init(&w->streams, WORKER_STREAM_SIZE, OBJECTS_CACHED / 4);
	pool_init(&w->tcp_streams, sizeof(struct tcp_stream), OBJECTS_CACHED / 4);
	pool_init(&w->srv_conns, sizeof(struct srv_conn), OBJECTS_CACHED);
	pool_init(&w->chunks, SCRATCH_CHUNK, CHUNKS_CACHED);
	w->scratch = (struct scratch_source){.get = chunk_get, .put = chunk_put, .ctx = w};
}

void worker_set_bufsize(struct worker *w, uint32_t size)
{
	uint64_t used = w->buffers.used;

	if (w->buffers.size == size)
		return;
	pool_free(&w->buffers);
	pool_init(&w->buffers, size, BUFFERS_CACHED);
	w->buffers.used = used;
}

static void watchers_init(struct worker *w)
{
	ev_set_userdata(w->loop, w);
	ev_set_invoke_pending_cb(w->loop, worker_turn);
	ev_set_loop_release_cb(w->loop, pace, NULL);
	ev_async_init(&w->wake, woken);
	ev_async_start(w->loop, &w->wake);
	ev_init(&w->tick, tick_expired);
	w->tick_at = UINT64_MAX;
}

struct worker *worker_new(struct process *p, uint32_t id)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->id = id;
	w->process = p;
	list_init(&w->sessions_list);
	worker_clock(w);
	if (getrandom(w->random, sizeof(w->random), 0) != sizeof(w->random))
		w->random[0] = w->now_us * 0x9e3779b97f4a7c15ULL | 1;
	pools_init(w);
	w->deadlines = deadlines_new(w->now);
	if (!w->deadlines || !mailbox_init(w) || !worker_set_backend(w, EVBACKEND_EPOLL)) {
		worker_free(&w);
		return NULL;
	}
	return w;
}

bool worker_set_backend(struct worker *w, unsigned backend)
{
	struct ev_loop *loop = ev_loop_new(backend | EVFLAG_NOENV);

	if (!loop)
		return false;
	if (w->loop)
		ev_loop_destroy(w->loop);
	w->loop = loop;
	watchers_init(w);
	return true;
}

void worker_run(struct worker *w)
{
	worker_clock(w);
	if (w->on_begin)
		w->on_begin(w);
	deadlines_turn(w);
	ev_run(w->loop, 0);
	worker_clock(w);
	if (w->on_end)
		w->on_end(w);
	if (w->log_since_us)
		w->log_turn_end(w, false);
}

static void *worker_main(void *arg)
{
	worker_run(arg);
	return NULL;
}

bool worker_start(struct worker *w)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old); /* signals are the main thread's */
	w->started = !pthread_create(&w->thread, NULL, worker_main, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return w->started;
}

void worker_changed(struct worker *w)
{
	atomic_store(&w->changed, true);
	ev_async_send(w->loop, &w->wake);
}

void worker_stop(struct worker *w)
{
	atomic_store(&w->stop_asked, true);
	ev_async_send(w->loop, &w->wake);
}

void worker_join(struct worker *w)
{
	if (w->started)
		pthread_join(w->thread, NULL);
	w->started = false;
}

/* xoroshiro128+ of Blackman and Vigna. */
uint64_t worker_random(struct worker *w)
{
	uint64_t a = w->random[0], b = w->random[1], sum = a + b;

	b ^= a;
	w->random[0] = (a << 24 | a >> 40) ^ b ^ (b << 16);
	w->random[1] = b << 37 | b >> 27;
	return sum;
}

static void jobs_changed(struct worker *w)
{
	atomic_store_explicit(&w->load, w->jobs, memory_order_relaxed);
	if (w->stopping && !w->jobs && !atomic_load(&w->incoming) && w->on_drained)
		w->on_drained(w);
}

void worker_job_begin(struct worker *w)
{
	w->jobs++;
	atomic_store_explicit(&w->load, w->jobs, memory_order_relaxed);
}

void worker_job_end(struct worker *w)
{
	w->jobs--;
	jobs_changed(w);
}

/* A worker drains only after it has seen the process stop: whoever announces before that is seen by the worker.
 */
bool worker_job_announce(struct worker *w)
{
	atomic_fetch_add(&w->incoming, 1);
	if (atomic_load(&w->process->state) == PROCESS_RUNNING)
		return true;
	worker_job_recall(w);
	return false;
}

/* Whoever drains meanwhile looks again. */
void worker_job_recall(struct worker *w)
{
	atomic_fetch_sub(&w->incoming, 1);
	worker_changed(w);
}

void worker_job_arrived(struct worker *w)
{
	atomic_fetch_sub(&w->incoming, 1);
	jobs_changed(w);
}

void worker_free(struct worker **wp)
{
	struct worker *w = *wp;

	*wp = NULL;
	if (!w)
		return;
	mailbox_free(w);
	if (w->loop)
		ev_loop_destroy(w->loop);
	deadlines_free(&w->deadlines);
	pool_free(&w->buffers);
	pool_free(&w->sessions);
	pool_free(&w->streams);
	pool_free(&w->tcp_streams);
	pool_free(&w->srv_conns);
	pool_free(&w->chunks);
	free(w->profile);
	free(w);
}
