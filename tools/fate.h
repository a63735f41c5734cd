/* What becomes of a request in one configuration, in what a client, a server or an operator would notice. For
 * `lbcheck diff`. One thread. */
#ifndef LB_TOOLS_FATE_H
#define LB_TOOLS_FATE_H

#include "runtime/stage/stage.h"
#include "tools/wishes.h"

/* The end of a stream, as it was seen; names are the model's. */
struct fate_end {
	bool over;
	unsigned status;
	const struct proxy_conf *frontend, *backend;
	const struct server_conf *server;
	struct conf_pos decided;
};

/* A configuration on its stage. Its address must not change between fate_begin() and fate_leave(). */
struct fate_side {
	const struct model *model;
	struct stage *stage;
	struct eval_observer observer;
	struct fate_end end; /* of the request that plays */
	uint64_t wall_ms;    /* the same on both sides */
};

/* Texts are in the arena of fate_find(); empty: none. */
struct fate {
	bool heard; /* somebody listens there */
	bool over;  /* there was a request, and it has an end */
	unsigned status;
	struct str frontend, backend, server;
	struct str got, response; /* heads, as the server and the client received them */
	struct str body;          /* of an answer that no server gave */
	struct conf_pos decided;  /* by which line; 0: default_backend, or nobody */
};

/* False: no memory, or a file is missing. */
bool fate_begin(struct fate_side *s, const struct model *m, uint64_t wall_ms);
void fate_leave(struct fate_side *s);
/* Everything begins anew: tables, counters, whose turn it is. */
bool fate_again(struct fate_side *s);
/* False: no memory. */
bool fate_find(struct fate_side *s, struct arena *a, const struct wish *w, struct fate *f);

/* What differs between two, as words ("backend", "header x-a to the server" ...) joined by ", "; empty:
 * nothing. */
struct str fate_difference(struct arena *a, const struct fate *before, const struct fate *after);
/* "backend shop, server s1, 200": what came of it. */
void fate_put(struct out *o, const struct fate *f);

/* The lines of header fields that only one of them has: "name: value"; each is called with the sign '-' or '+'.
 */
void fate_fields_each(struct str before, struct str after, void (*each)(void *ctx, char sign, struct str line),
		      void *ctx);

#endif
