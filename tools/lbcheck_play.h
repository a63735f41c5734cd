/* A request as people describe it, for `lbcheck trace` and `lbcheck test`: words in, a visit to a stage
 * (runtime/stage/stage.h) out. Each function that takes words says false and leaves a sentence in p->error when
 * they make no sense. Everything lives in p->arena, words are borrowed. One thread. */
#ifndef LB_TOOLS_LBCHECK_PLAY_H
#define LB_TOOLS_LBCHECK_PLAY_H

#include "grammar/base/vec.h"
#include "runtime/stage/witness.h"

struct play_state {
	struct str server; /* "backend/server", or "backend/" and a star */
	struct str words;  /* "DOWN", "weight=10" ... */
};

struct play {
	struct arena *arena;
	const struct model *model;
	struct str error; /* why the last function said false */
	/* the request */
	struct str method, target, host, port, version; /* version: "1.1" */
	bool tls;
	VEC(struct str) headers; /* "Name: value" */
	struct str body;
	struct str raw; /* instead of all that; ptr NULL: none */
	bool same_connection;
	/* where it comes from and goes to */
	union addr src, dst; /* AF_UNSPEC: not said */
	struct str bind;     /* as said, or empty */
	/* what the servers answer */
	struct str reply_status; /* "404", "404 Gone away"; or a whole response */
	VEC(struct str) reply_headers;
	struct str reply_body;
	VEC(struct str) assumed; /* by play_build(): sentences */
};

/* Nothing said yet. */
void play_init(struct play *p, struct arena *arena, const struct model *m);
/* "GET", "https://www.example.com:8443/api?x=1" or "/path" or "*". */
bool play_url(struct play *p, struct str method, struct str url);
/* "GET /path", or a URL alone for GET. */
bool play_request_line(struct play *p, struct str line);
/* A line of a log in a format like HAProxy's `option httplog`: client, frontend and request line are taken from
 * it. */
bool play_log_line(struct play *p, struct str line);
bool play_header(struct play *p, struct str field);
/* "203.0.113.9", "203.0.113.9:4000", "[2001:db8::1]:4000". */
bool play_address(struct play *p, struct str text, union addr *a);
/* Text, or @FILE. */
bool play_body(struct play *p, struct str text, struct str *body);
/* Chooses the bind, and makes bytes and the answer of the servers. *reply belongs to p->arena. */
bool play_build(struct play *p, struct stage_visit *v, struct str *reply);
/* "b/s1=DOWN": one of UP DOWN MAINT DRAIN REFUSED SILENT CLOSED, or weight=N. Splits at the last `=` sign of
 * the name. */
bool play_state_parse(struct play *p, struct str text, struct play_state *s);
bool play_state_apply(struct play *p, struct stage *st, const struct play_state *s);
/* "2026-11-27T12:00:00Z", "2026-11-27 12:00", or seconds since 1970. ms. */
bool play_time(struct play *p, struct str text, uint64_t *ms);
/* False, with the sentence. */
bool play_fail(struct play *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
