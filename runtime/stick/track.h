/* Tracked counters: the entries of stick tables that a session (tcp-request connection and session rules) and a
 * stream (all others) count in: track-sc0, track-sc1 ... (manual, section 4.2, "http-request track-sc0"). A
 * session that tracks nothing has none. Worker thread; counting locks one shard at a time. */
#ifndef LB_STICK_TRACK_H
#define LB_STICK_TRACK_H

#include "runtime/eval/eval.h"
#include "runtime/stick/table.h"

struct stick_track {
	struct stick_track *next; /* spare ones, of the worker's engine: first */
	uint32_t n;
	struct stick_counter {
		struct stick_table *table;
		struct stick_entry *entry; /* referred to; NULL: tracks nothing */
	} v[];
};

/* What happens to a session or stream, and is counted in all that it tracks. */
enum stick_event {
	STICK_SESSION, /* accepted by the rules of the connection and the session */
	STICK_REQUEST, /* a request, whatever it is worth */
	STICK_ERROR,   /* a client's fault, as http_err_cnt has it */
	STICK_FAILURE, /* a server's fault, as http_fail_cnt has it */
	STICK_GLITCHES /* n violations that a client may be forgiven */
};
void stick_count(struct stick_track *track, enum stick_event event, uint64_t now, uint32_t n);
void stick_count_bytes(struct stick_track *track, uint64_t now, uint64_t in, uint64_t out);

/* Ends the tracking and gives the counters back to the engine that they came from; *track becomes NULL. */
void stick_track_end(struct eval_engine *en, struct stick_track **track, uint64_t now);
/* The counter of that number in sight: the stream's, else the session's; NULL: tracks nothing. */
const struct stick_counter *stick_tracked(const struct eval *e, uint64_t number);

#endif
