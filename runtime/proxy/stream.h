/* What mode tcp and mode http streams have in common: the server request, the log record, timers, counters and the end of it all. Each protocol
 * embeds it as first member (struct tcp_stream, struct http_stream). Worker thread only. */
#ifndef LB_PROXY_STREAM_H
#define LB_PROXY_STREAM_H

#include "runtime/backend/connect.h"
#include "runtime/eval/eval.h"
#include "runtime/proxy/session.h"

/* Why reading from one side pauses: a bit each, so that two reasons cannot cancel each other. */
enum pause_reason { PAUSE_FULL = 1, PAUSE_RULES = 2, PAUSE_CONNECT = 4, PAUSE_RATE = 8, PAUSE_DONE = 16 };

struct stream {
	struct session *session;
	struct proxy *backend; /* NULL: not chosen; the frontend itself for a listen */
	struct srv_request server;
	struct scratch scratch;
	struct eval_vars *txn_vars, *req_vars, *res_vars;
	struct log_record log;
	/* Ends the stream at once, with everything it holds; session_free() calls it for the session's stream. */
	void (*abort)(struct stream *s);
	uint64_t begun; /* worker->now at its first byte (http) or at accept (tcp) */
	bool counted_backend;
};

void stream_init(struct stream *s, struct session *session, struct proxy *backend);
/* Fills `e` for evaluating at a place; cheap. */
void stream_eval(struct stream *s, struct eval *e, uint32_t place);
/* Chooses the backend by use_backend rules and counts it. NULL: none (503). */
struct proxy *stream_set_backend(struct stream *s, const struct proxy_conf *conf);
/* Closes the log record (times, termination), counts, logs, and gives back what the stream holds but the session and its server connection. */
void stream_finish(struct stream *s);
/* Cause and state letters, only if none was noted before (the first one wins). */
void stream_end(struct stream *s, char cause, char state);

#endif
