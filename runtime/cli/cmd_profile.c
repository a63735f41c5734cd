/* What the process is busy with (management manual, section 9.3): `show activity`, `show tasks`, `show
 * profiling`, `set profiling`. Texts are HAProxy 2.6's; rows are those that a worker has. Figures of other
 * workers are read while they run. Worker of the session. */
#include <stdio.h>

#include "runtime/cli/cli_call.h"
#include "runtime/core/profile.h"

/* What other workers count while we look: single aligned words, on purpose. */
#define READS_RUNNING __attribute__((no_sanitize("thread")))

/* --- show activity */

/* What HAProxy counts and lbd has no counterpart of: nothing. */
#define NO_FIGURE SIZE_MAX

static READS_RUNNING uint64_t running_value(const struct worker *w, size_t offset, size_t size)
{
	const char *at = (const char *)w + offset;

	if (offset == NO_FIGURE)
		return 0;
	return size == 4 ? *(const volatile uint32_t *)at : *(const volatile uint64_t *)at;
}

/* "accepted: 5 [ 2 3 ]"; an average instead of a sum where that says more. only: one column without brackets: 0
 * the first one, N that of a thread; -1: all. */
static void put_activity(struct cli_call *c, const char *name, size_t offset, size_t size, bool average,
			 int64_t only)
{
	uint64_t sum = 0;
	uint32_t n = c->process->nworkers;

	for (uint32_t i = 0; i < n; i++)
		if (only <= 0 || i + 1 == only)
			sum += running_value(c->process->workers[i], offset, size);
	if (average && only <= 0)
		sum = (sum + n - 1) / n;
	out_printf(c->out, "%s: %llu", name, (unsigned long long)sum);
	if (only < 0) {
		out_puts(c->out, " [");
		for (uint32_t i = 0; i < n; i++)
			out_printf(c->out, " %llu",
				   (unsigned long long)running_value(c->process->workers[i], offset, size));
		out_puts(c->out, " ]");
	}
	out_char(c->out, '\n');
}

/* In HAProxy's order; its turns of the loop are ours, and every one polls. */
static const struct figure {
	const char *name;
	size_t offset;
	uint8_t size;
	bool average;
} figures[] = {
#define NONE(name)                                                                                             \
	{                                                                                                      \
		name, NO_FIGURE, 8, false                                                                      \
	}
#define HAS(name, member, average)                                                                             \
	{                                                                                                      \
		name, offsetof(struct worker, member), sizeof(((struct worker *)0)->member), average           \
	}
	NONE("ctxsw"),
	NONE("tasksw"),
	NONE("empty_rq"),
	NONE("long_rq"),
	HAS("loops", loops, false),
	NONE("wake_tasks"),
	NONE("wake_signal"),
	HAS("poll_io", loops, false),
	NONE("poll_exp"),
	NONE("poll_drop_fd"),
	NONE("poll_skip_fd"),
	NONE("conn_dead"),
	NONE("stream_calls"),
	HAS("pool_fail", buffers.failed, false),
	NONE("buf_wait"),
	NONE("cpust_ms_tot"),
	NONE("cpust_ms_1s"),
	NONE("cpust_ms_15s"),
	HAS("avg_loop_us", loop_us, true),
	HAS("accepted", accepted, false),
	HAS("accq_pushed", accepted, false),
	NONE("accq_full"),
	NONE("accq_ring"),
	NONE("fd_takeover"),
	HAS("jobs", jobs, false),
#undef NONE
#undef HAS
};

void cmd_show_activity(struct cli_call *c)
{
	int64_t only = -1;

	if (c->process->compat > 206 && c->words[2].len &&
	    (!str_to_i64(c->words[2], &only) || only < -1 || only > c->process->nworkers)) {
		cli_say(c, CLI_ERR, "Invalid thread number.");
		return;
	}
	out_printf(c->out, "thread_id: %u (1..%u)\ndate_now: %lld.%06ld\n", c->worker->id + 1,
		   c->process->nworkers, (long long)c->worker->wall.tv_sec, (long)c->worker->wall.tv_usec);
	for (size_t i = 0; i < sizeof(figures) / sizeof(*figures); i++)
		put_activity(c, figures[i].name, figures[i].offset, figures[i].size, figures[i].average, only);
}

/* --- show tasks: what events wait to be handled at the moment */

static void count_tasks(struct worker *w, struct cli_visit *v)
{
	v->found += ev_pending_count(w->loop);
}

static void report_tasks(struct cli_visit *v)
{
	unsigned long long n = v->found;

	out_printf(&v->text, "Running tasks: %llu (%u threads)\n", n, v->home->process->nworkers);
	out_puts(&v->text, "  function                     places     %    lat_tot   lat_avg\n");
	if (n)
		out_printf(&v->text, "  %-29s%6llu 100.0          -         -\n", profile_name(PROFILE_EVENTS),
			   n);
}

void cmd_show_tasks(struct cli_call *c)
{
	cli_visit(c, &(struct cli_visit){.fn = count_tasks, .home_fn = report_tasks});
}

/* --- show profiling */

enum { SHOW_STATUS = 1, SHOW_TASKS = 2, SHOW_MEMORY = 4, SHOW_ALL = 7 };

static const char *task_state(const struct cli_call *c)
{
	switch (atomic_load(&c->process->profiling)) {
	case PROFILE_ON:
		return "on      ";
	case PROFILE_OFF:
		return "off     ";
	default:
		return c->worker->profiling ? "auto-on " : "auto-off";
	}
}

/* "12.34us": four digits, as HAProxy writes times. */
static void put_time(struct out *out, uint64_t ns)
{
	static const char *const units[] = {"ns", "us", "ms", "s", "m", "h"};
	double v = (double)ns;
	int unit = 0;

	while (unit < 3 && v >= 1000) {
		v /= 1000;
		unit++;
	}
	while (unit >= 3 && unit < 5 && v >= 60) {
		v /= 60;
		unit++;
	}
	char text[32];
	int n = ns ? snprintf(text, sizeof(text), "%.*f%s",
			      v < 10    ? 3
			      : v < 100 ? 2
					: 1,
			      v, units[unit])
		   : snprintf(text, sizeof(text), "-");

	out_printf(out, "%*s%s", n < 10 ? 10 - n : 0, "", text);
}

static READS_RUNNING void profile_add(struct profile *sum, const struct worker *w)
{
	const struct profile *p = w->profile;

	for (int row = 0; p && row < PROFILE_ROWS; row++) {
		sum->calls[row] += p->calls[row];
		sum->cpu_ns[row] += p->cpu_ns[row];
		sum->latency_ns[row] += p->latency_ns[row];
	}
}

static void put_row(struct out *out, const struct profile *sum, int row)
{
	uint64_t n = sum->calls[row];

	out_printf(out, "  %-25s%10llu", profile_name((enum profile_row)row), (unsigned long long)n);
	put_time(out, sum->cpu_ns[row]);
	put_time(out, sum->cpu_ns[row] / n);
	put_time(out, sum->latency_ns[row]);
	put_time(out, sum->latency_ns[row] / n);
	out_char(out, '\n');
}

static void put_tasks(struct cli_call *c, uint64_t limit, bool by_time)
{
	struct profile sum = {0};
	bool shown[PROFILE_ROWS] = {false};

	for (uint32_t i = 0; i < c->process->nworkers; i++)
		profile_add(&sum, c->process->workers[i]);
	out_puts(c->out, "Tasks activity:\n"
			 "  function                      calls   cpu_tot   cpu_avg   lat_tot   lat_avg\n");
	for (int n = 0; n < PROFILE_ROWS && (uint64_t)n < limit; n++) {
		int row = -1;

		for (int i = 0; i < PROFILE_ROWS; i++)
			if (!shown[i] && sum.calls[i] &&
			    (row < 0 || (by_time && sum.cpu_ns[i] > sum.cpu_ns[row])))
				row = i;
		if (row < 0)
			break;
		shown[row] = true;
		put_row(c->out, &sum, row);
	}
}

/* Of newer versions. Rows are by function already, and there is no other context. */
static bool is_order(struct str word)
{
	return str_is(word, "bytime") || str_is(word, "byctx") || str_is(word, "aggr");
}

void cmd_show_profiling(struct cli_call *c)
{
	static const char *const words[] = {"status", "tasks", "memory", "all", "byaddr"};
	static const unsigned shows[] = {SHOW_STATUS, SHOW_TASKS, SHOW_MEMORY, SHOW_ALL, 0};
	unsigned what = 0;
	uint64_t limit = UINT64_MAX;
	bool by_time = false;

	for (uint32_t i = 2; i < c->n; i++) {
		size_t k = 0;

		while (k < sizeof(words) / sizeof(*words) && !str_is(c->words[i], words[k]))
			k++;
		if (k < sizeof(words) / sizeof(*words))
			what |= shows[k];
		else if (c->process->compat > 206 && is_order(c->words[i]))
			by_time |= str_is(c->words[i], "bytime");
		else if (!str_to_u64(c->words[i], &limit)) {
			cli_say(c, CLI_ERR,
				"Expects either 'all', 'status', 'tasks', 'memory', 'byaddr' or a max number "
				"of output lines.");
			return;
		}
	}
	what = what ? what : SHOW_ALL;
	if (what & SHOW_STATUS)
		out_printf(
			c->out,
			"Per-task CPU profiling              : %s      # set profiling tasks {on|auto|off}\n"
			"Memory usage profiling              : off           # set profiling memory {on|off}\n",
			task_state(c));
	if (what & SHOW_TASKS)
		put_tasks(c, limit, by_time);
}

/* --- set profiling */

static void apply(struct worker *w, struct cli_visit *v)
{
	(void)v;
	profile_apply(w);
}

void cmd_set_profiling(struct cli_call *c)
{
	static const char *const modes[] = {"auto", "on", "off"};
	static const char *const more[] = {"lock", "no-lock", "memory", "no-memory"};

	if (str_is(c->words[2], "memory")) {
		cli_say(c, CLI_ERR, "Memory profiling not compiled in.");
		return;
	}
	if (!str_is(c->words[2], "tasks")) {
		cli_say(c, CLI_ERR, "Expects either 'tasks' or 'memory'.");
		return;
	}
	for (int i = 0; i < 3; i++)
		if (str_is(c->words[3], modes[i])) {
			atomic_store(&c->process->profiling, i);
			cli_visit(c, &(struct cli_visit){.fn = apply});
			return;
		}
	/* Newer versions can also measure locks and memory, task by task: there is nothing to switch here. */
	for (int i = 0; c->process->compat > 206 && i < 4; i++)
		if (str_is(c->words[3], more[i]))
			return;
	cli_say(c, CLI_ERR, "Expects 'on', 'auto', or 'off'.");
}
