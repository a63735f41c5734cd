/* What mode tcp and mode http streams have in common: the server request, the log record, timers, counters and the end of it all. Each protocol
 * embeds it as first member (struct tcp_stream, struct http_stream). Worker thread only. */
#ifndef LB_PROXY_STREAM_H
#define LB_PROXY_STREAM_H

#include "grammar/model_log.h"
#include "runtime/backend/connect.h"
#include "runtime/core/profile.h"
#include "runtime/eval/settings.h"
#include "runtime/proxy/session.h"

/* Why reading from one side pauses: a bit each, so that two reasons cannot cancel each other. */
enum pause_reason { PAUSE_FULL = 1, PAUSE_RULES = 2, PAUSE_CONNECT = 4, PAUSE_RATE = 8, PAUSE_DONE = 16 };

struct dns_lookup;

struct stream {
	struct session *session;
	struct proxy *backend; /* NULL: not chosen; the frontend itself for a listen */
	struct srv_request server;
	struct scratch scratch;
	struct http_msg *req, *res;	  /* mode http: set by its stream, for stream_eval() */
	struct str *cap_req, *cap_res;	  /* capture slots */
	struct eval_vars *txn_vars, *req_vars, *res_vars;
	struct rule_settings *settings; /* what rules have changed; NULL: nothing */
	struct log_record log;
	/* Ends the stream at once, with everything it holds; session_free() calls it for the session's stream. */
	void (*abort)(struct stream *s);
	uint64_t begun; /* worker->now at its first byte (http) or at accept (tcp) */
	uint64_t counted_in, counted_out, counted_sent_in, counted_sent_out; /* bytes that the statistics have already */
	struct stream_stores *stores; /* stream_stick.h: keys to store with the server; NULL: none */
	const struct rule *last_rule; /* that decided */
	struct stick_track *track; /* what its own rules track, or NULL */
	struct server *cookie_server; /* the one that a valid cookie names */
	struct dns_lookup *lookup; /* stream_lookup.h: a name that a rule waits for; NULL: none */
	const struct rule *lookup_rule;
	bool counted_backend;
	bool counted_request; /* http_count_request() was called: those who begin to track later count it, too */
	bool logged;
	bool seen_bytes; /* something was received, though nothing that counts: not null (option dontlognull) */
	union addr server_src, server_dst; /* AF_UNSPEC: not connected, or nobody wants to know */
};

/* Something is done for it from here on, in this turn of the loop. */
static inline void stream_called(struct stream *s)
{
	struct worker *w = s->session->conn.worker;

	if (w->profiling)
		profile_stream(w, &s->log);
	s->log.calls += s->log.turn != (uint32_t)w->loops;
	s->log.turn = (uint32_t)w->loops;
}

/* Nothing will be done for it any more. */
static inline void stream_called_last(struct stream *s)
{
	struct worker *w = s->session->conn.worker;

	if (w->profiling && w->profile->stream == &s->log)
		profile_stream(w, NULL);
}

/* option independent-streams of a frontend: HAProxy 2.6 has it without effect there. */
static inline bool stream_client_is_apart(const struct session *s)
{
	return proxy_option_is_set(s->frontend->conf, PO_INDEPENDENT_STREAMS) && s->generation->model->compat > 206;
}

/* For session->stream; the embedding struct is the protocol's. backend: NULL, chosen later. */
void stream_init(struct stream *s, struct session *session, struct proxy *backend);
/* Fills `e` for evaluating at a place (AT() bit); cheap. */
void stream_eval(struct stream *s, struct eval *e, uint32_t place);
/* Takes the backend that eval_backend() has chosen, or the frontend itself where that is a `listen` and none was, and counts the stream there.
 * NULL: none (503). */
struct proxy *stream_set_backend(struct stream *s, const struct proxy_conf *conf);
/* The backend's use-server rules: s->server.server becomes the first one's that matches and is usable (or `option persist`). */
void stream_use_server(struct stream *s, struct eval *e);
/* Logs now instead of at the end: HAProxy's default format as soon as there is a session (mode tcp) or request (http), `option logasap` when
 * the server has answered. stream_finish() will not log again. */
void stream_log(struct stream *s);
/* The key for balancing by hash, before a server is asked for. */
void stream_balance(struct stream *s);
struct eval;
/* stream_rdp.c: the server, or the key, that an RDP cookie at the beginning of a TCP connection gives. e: sees it. */
void stream_rdp(struct stream *s, struct eval *e);
/* "16777343.15629.0000" as an address. False: it is none. Pure. */
bool rdp_address(struct str value, union addr *addr);
/* Closes the log record (what times, counts and names were not noted yet), counts, logs unless told not to (dontlognull, dontlog-normal), and
 * gives back what the stream holds but the session. The server connection must be gone already (srv_request_finish). */
void stream_finish(struct stream *s);
/* Another stream takes over before there is a backend: neither counted nor logged. What it tracks is the session's now. */
void stream_discard(struct stream *s);
/* The server connection stands: notes its addresses if the log wants them. */
void stream_connected(struct stream *s);
/* Cause and state letters (manual, section 8.5), only if none was noted before (the first one wins). */
void stream_end(struct stream *s, char cause, char state);
/* Counts what happens to it in everything that it and its session track. */
void stream_count(struct stream *s, int event /* enum stick_event */);
/* Adds what passed since the last call to the byte counters: at the end, and on the way with `option contstats`. */
void stream_count_bytes(struct stream *s);

/* stream_proxy.c. srv_request.proxy_fields of all streams. */
size_t stream_proxy_fields(struct srv_request *r, char *out, size_t cap);
/* The identifier of unique-id-format, made when it is first wanted; ptr NULL: none. */
enum { UNIQUE_ID_LEN = 127 };
struct str stream_unique_id(struct stream *s);

/* stream_settings.c. A timeout in ms, 0 for none, as rules or else the proxies have it. */
uint32_t stream_timeout(const struct stream *s, enum timeout_kind kind);
/* The client's addresses as rules have them, or else the connection. */
const union addr *stream_src(struct stream *s);
const union addr *stream_dst(struct stream *s);
/* What the connection to the server depends on, before one is asked for. */
void stream_server_setup(struct stream *s);
/* Writes a line now (action do-log), whatever is logged at the end. */
void stream_log_now(struct stream *s, const struct rule *rule);
/* `log-steps`: writes a line where the frontend has asked for one at this step (enum log_step). */
void stream_log_step(struct stream *s, unsigned step);
/* Puts marks that have changed on the client's socket. set: or NULL. */
void settings_apply_client(struct rule_settings *set, int fd);
/* What session rules have changed, for all streams of the session; it owns the copy. set: or NULL. */
void session_settings_keep(struct session *s, const struct rule_settings *set);
/* Addresses into e. set: or NULL. */
void session_settings_eval(const struct rule_settings *set, struct eval *e);

/* worker->host. */
void stream_host_init(struct worker *w);

#endif
