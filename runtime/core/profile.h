/* What a worker's time goes into (`set profiling tasks`, profiling.tasks): calls, processor time and the delay
 * between the wake-up of the loop and each kind of work. Off, it costs nothing: the loop's function is another
 * one while it is on. Figures are the worker's; others read them as they are. */
#ifndef LB_CORE_PROFILE_H
#define LB_CORE_PROFILE_H

#include <stdint.h>

struct worker;
struct process;
struct log_record;

enum profile_mode { PROFILE_AUTO, PROFILE_ON, PROFILE_OFF };
enum profile_row { PROFILE_EVENTS, PROFILE_DEADLINES, PROFILE_ROWS };

struct profile {
	struct log_record *stream; /* the one that is worked for, since then; NULL: none */
	uint64_t since;
	uint64_t calls[PROFILE_ROWS], cpu_ns[PROFILE_ROWS], latency_ns[PROFILE_ROWS];
};

/* Follows process->profiling; PROFILE_ON begins at zero. On the worker. */
void profile_apply(struct worker *w);
/* The duration of a turn of the loop, told once in a while; with PROFILE_AUTO turns that are slow on average
 * switch measuring on and fast ones off (manual, "profiling.tasks"). On the worker. */
void profile_turn_took(struct worker *w);
/* At the end of a turn: says on standard error that it took too long (manual 3.4, keyword
 * "warn-blocked-traffic-after"), once a second at most. On the worker. */
void profile_turn_blocked(struct worker *w);
/* What follows in this turn is done for that stream: cpu_ns of its record grows by the time until the next call, and latency_ns
 * with the first call of a turn, by the time since the loop woke up. NULL: for none. While w->profiling. On the worker. */
void profile_stream(struct worker *w, struct log_record *stream);
/* The name of a row as `show profiling` prints it. Pure. */
const char *profile_name(enum profile_row row);

#endif
