/* Mode http: a stream is one request and its response; a session has one after the other. Files, in the order
 * in which a request meets them: http_session.c (events, idle connections), http_request.c (head), http_steps.c
 * (rule phases as named steps), http_rules.c (verdicts), http_cookie.c and http_headers.c (what the proxy
 * adds), http_server.c (a server for it, retries), http_flow.c (bodies), http_response.c, http_connection.c
 * (keep-alive), http_reply.c (our own answers), http_timer.c. Worker thread only. Functions return what
 * happened; only http_session.c, called by the loop, ends anything. */
#ifndef LB_PROXY_HTTP_STREAM_H
#define LB_PROXY_HTTP_STREAM_H

#include "grammar/base/out.h"
#include "runtime/proxy/http_cookie.h"
#include "runtime/proxy/http_flow.h"
#include "runtime/proxy/stream.h"

enum http_phase {
	HTTP_HEAD,     /* the request's head is being received */
	HTTP_STEPS,    /* rules, one step after the other */
	HTTP_TARPIT,   /* the client waits for its refusal */
	HTTP_SERVER,   /* waiting for a server */
	HTTP_EXCHANGE, /* request and response are under way */
	HTTP_CACHED,   /* an answer out of a cache meets the rules of responses */
	HTTP_REPLY,    /* our own answer is being sent */
};

enum http_wait { HTTP_NO_WAIT, HTTP_WAIT_DATA, HTTP_WAIT_PAUSE, HTTP_WAIT_BODY, HTTP_WAIT_NAME }; /* what rules wait for */

/* What a step or a phase returns. */
enum http_next {
	HTTP_AGAIN, /* go on: with the next step, or with the phase that it has set */
	HTTP_WAIT,  /* nothing to do before the next event */
	HTTP_KEEP,  /* done; the client connection stays */
	HTTP_CLOSE, /* done; it ends */
};

enum { HTTP_CONTINUE_COUNTED = 20 + 8 + 3 + 8 + 1 /* what our own 100 is in the log's count of bytes */ };

struct http_stream {
	struct stream s; /* first member: stream and http_stream convert into each other */
	struct http_msg req, res;
	struct http_flow up, down;         /* client to server, server to client */
	struct buf in;                     /* bytes from the server */
	uint64_t client_seen, server_seen; /* worker->now of the last activity on that side */
	uint64_t tarpit_until;
	uint64_t wait_until, wait_bytes; /* while `wait` says what rules wait for */
	const struct rule *tarpit; /* the rule that asked for it */
	uint32_t rule;             /* at which the current list goes on */
	uint32_t head_len;         /* of the request, with empty lines before */
	uint8_t phase, step, wait; /* enum http_phase, index of a step, enum http_wait */
	uint8_t list;              /* of the response's rule lists: at which they go on */
	bool content;      /* tcp-response content has not decided yet */
	bool requested;    /* srv_request.done will be called */
	bool let_go;       /* the request's head is no longer in the buffer */
	bool client_keep;  /* as the response said */
	bool server_close; /* this connection is not to be used again */
	bool told_close;   /* the request's own Connection field says so, as rules have left it */
	bool up_broken;    /* the server takes no more of the request */
	bool responding;   /* some of a response has gone to the client */
	bool refused;      /* not even a request: nothing is known of it */
	bool silent;       /* not logged */
	bool continued;    /* 100 sent for a body that we wait for */
	bool counted, counted_server; /* the response is, in the statistics; for its server */
	bool spent;        /* the response, for nothing: its connection can be used again */
	bool no_reset;     /* the server's connection is to end in order */
	bool early_end;    /* the client had ended before there was a server */
	int8_t compress;      /* enum compression_algo that the client takes, and 1; 0: none */
	bool persist_ignored; /* ignore-persist: the cookie is read, but does not decide */
	bool persist_forced; /* force-persist: the cookie holds even for a server that is down */
	bool opened;       /* a tunnel has just been */
	struct http_cache *cache; /* http_cache.h; NULL: no rule asked for one */
	struct http_msg *hints; /* a 103 response that rules are making */
	char *body_copy;   /* of a chunked body, decoded, for rules; tune.bufsize bytes of scratch memory */
	struct cookie_dates cookie_dates;
	struct out page; /* of the statistics; its own memory */
};

static inline struct http_stream *http_stream_of(struct session *s)
{
	return (struct http_stream *)s->stream;
}
static inline struct http_stream *http_stream_of_request(struct srv_request *r)
{
	return LIST_OF(r, struct http_stream, s.server);
}
static inline struct worker *http_worker(const struct http_stream *hs)
{
	return hs->s.session->conn.worker;
}
static inline const struct proxy_conf *http_frontend(const struct http_stream *hs)
{
	return hs->s.session->frontend->conf;
}
/* The proxy whose settings apply now: the backend once it is chosen. */
static inline const struct proxy_conf *http_proxy(const struct http_stream *hs)
{
	return hs->s.backend ? hs->s.backend->conf : http_frontend(hs);
}
static inline bool http_option(const struct http_stream *hs, enum proxy_option option)
{
	return proxy_option_is_set(http_frontend(hs), option) || proxy_option_is_set(http_proxy(hs), option);
}

/* http_session.c. Runs the stream as far as it gets. */
enum http_next http_stream_run(struct http_stream *hs);
/* Reads where `f` comes from and runs the stream, several times in a row while that is bulk. */
enum http_next http_stream_read(struct http_stream *hs, struct http_flow *f);
/* Acts on what came out, and on the requests behind it; may end the session. Only from the loop's callbacks. */
void http_session_settle(struct session *s, enum http_next next);
/* Can bytes from the client be taken without moving those that are in use? */
bool http_client_has_room(const struct http_stream *hs);

/* http_request.c, http_steps.c */
/* Before a head: with the limits of the configuration (tune.bufsize, tune.maxrewrite, tune.http.maxhdr). */
void http_head_begin(const struct http_stream *hs, struct h1_parser *p);
/* Before another one with the same parser. */
void http_head_again(const struct http_stream *hs, struct h1_parser *p, struct http_msg *m);
uint16_t http_head_max_hdrs(const struct http_stream *hs);
enum http_next http_request_head(struct http_stream *hs);
enum http_next http_steps_run(struct http_stream *hs);
/* Where the first request of a connection that was mode tcp begins. */
uint8_t http_step_switched(void);
enum http_next http_tarpit_run(struct http_stream *hs);
/* The request's head leaves the buffer: what the log wants of it is copied. */
void http_request_let_go(struct http_stream *hs);

/* http_rules.c. Each runs the list from hs->rule on; HTTP_AGAIN: nothing final happened. */
enum http_next http_rules_request(struct http_stream *hs, const struct proxy_conf *px, enum ruleset set,
				  uint32_t place);
/* tcp-response content, from the moment at which there is a connection to the server; hs->s.res: whether the head is there. last: neither
 * it nor more of the response will come. HTTP_WAIT: it goes on when there is more, or the inspect delay is over. */
enum http_next http_rules_content(struct http_stream *hs, bool last);
/* The same for what a service answers instead of a server. */
enum http_next http_rules_service(struct http_stream *hs);
/* All lists of the response behind it, from where they stand. */
enum http_next http_rules_response(struct http_stream *hs);
bool http_rules_after_response(struct http_stream *hs); /* false: a rewrite failed that must not */
enum http_next http_redirects(struct http_stream *hs, const struct proxy_conf *px);

/* http_wait.c (http_wait.h has the rest). */
void http_eval(struct http_stream *hs, struct eval *e, uint32_t place); /* stream_eval(), and bodies are seen */

/* http_headers.c */
bool http_headers_request(struct http_stream *hs);
void http_capture(struct http_stream *hs, bool response);
void http_capture_prepare(struct http_stream *hs, uint32_t n /* slots of the response */);

/* http_cookie.c. The server that the request's cookie names; what the response says about it. False: no memory.
 */
void http_cookie_request(struct http_stream *hs);
bool http_cookie_response(struct http_stream *hs);

/* http_server.c */
enum http_next http_server_start(struct http_stream *hs);
enum http_next http_server_wait(struct http_stream *hs);
/* Another try for a cause of `retry-on`, where that is possible: then *next is what comes of it. */
bool http_server_retry(struct http_stream *hs, uint32_t cause, enum http_next *next);
/* The connection died before a response: another try, or an answer to the client. */
enum http_next http_server_lost(struct http_stream *hs, bool junk);
/* The stream no longer needs its connection. */
void http_server_finish(struct http_stream *hs, bool reusable);

/* http_response.c */
enum http_next http_exchange(struct http_stream *hs);

/* A client of HTTP/2 has reset the stream, or its connection broke: what is to be noted of it. */
enum http_next http_client_reset(struct http_stream *hs);

/* http_connection.c. Value of the Connection field to add, or empty. */
struct str http_connection_request(struct http_stream *hs);
struct str http_connection_response(struct http_stream *hs);
bool http_server_closes(const struct http_stream *hs);
/* Framing fields that such a response may not have (RFC 9110 section 8.6). */
void http_head_strip(struct http_msg *m);
/* The length that a CONNECT may not have towards a server (RFC 9110 section 9.3.6); rules and logs see it. */
void http_connect_strip(struct http_msg *m);
/* Of TE only `trailers` is for the next hop (RFC 9110 section 10.1.4). */
void http_te_filter(struct http_msg *m);

/* http_reply.c. Each makes hs->res and queues it; HTTP_AGAIN: the phase is HTTP_REPLY. */
enum http_next http_reply_error(struct http_stream *hs, unsigned status);
/* The same with the letters for the log, unless some were noted. */
enum http_next http_reply_failure(struct http_stream *hs, unsigned status, char cause, char state);
/* What a deciding rule asks for: deny, tarpit (after its delay), return, redirect, auth. */
enum http_next http_reply_rule(struct http_stream *hs, const struct rule *rule, enum verdict verdict);
/* To a prefix and the request's own path (a server's `redir`). */
enum http_next http_reply_moved(struct http_stream *hs, struct str prefix);
/* What answers instead of a server took no time, in the eyes of the log. */
void http_note_service(struct http_stream *hs);
enum http_next http_reply_stats(struct http_stream *hs, struct proxy *px);
/* What hs->page holds, as a document of that type. */
enum http_next http_reply_page(struct http_stream *hs, const char *type);
enum http_next http_service_run(struct http_stream *hs, const struct rule *rule);
/* For what is not a request at all: the message as it is stored, and the end. */
enum http_next http_reply_raw(struct http_stream *hs, unsigned status, char cause, char state);
enum http_next http_reply_run(struct http_stream *hs);
void http_timer_idle(struct session *s);
void http_timer_update(struct http_stream *hs);
/* What has expired; HTTP_WAIT: nothing yet, or an answer is being sent. */
enum http_next http_timer_expired(struct http_stream *hs);

#endif
