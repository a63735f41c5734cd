/* Fetches and converters as functions, one per effective row of keywords/fetches.def and converters.def: a row
 * without its function does not link. */
#ifndef LB_EVAL_FETCH_H
#define LB_EVAL_FETCH_H

#include "grammar/rows.h"
#include "runtime/eval/sample.h"

/* A fetch with its arguments (as many as the row has; absent ones are ARG_NONE), as the engine prepared it. */
struct fetch_call {
	const struct arg *args;
	uint16_t fetch; /* enum fetch_id */
	uint8_t hdr;    /* enum http_name of a field name in args[0] */
};

/* False when there is no value. iter: NULL asks for the one value; else for the next of several. */
typedef bool fetch_fn(struct eval *e, const struct fetch_call *call, struct sample *out,
		      struct sample_iter *iter);
/* Changes the sample, which was cast to the row's input type; false when no value comes out. */
typedef bool conv_fn(struct eval *e, const struct arg *args, struct sample *s);

#define FETCH(id, name, args, type, places, since, fn) fetch_fn fetch_##fn;
#include "grammar/keywords/fetches.def"
#undef FETCH
#define CONV(id, name, args, in, out, since, fn) conv_fn conv_##fn;
#include "grammar/keywords/converters.def"
#undef CONV

/* The request; in content rules of mode tcp the one that the bytes at hand are, if they are one (manual, section
 * 7.3.6). NULL: there is none, or not yet, and then the fetch waits for it where it may; or it is over: as in HAProxy rules about
 * the response see nothing of it. */
static inline struct http_msg *fetch_request(struct eval *e)
{
	if (e->place & PLACES_RESPONSE)
		return NULL;
	if (e->req)
		return e->req;
	e->want_more = e->may_wait;
	if (e->live && e->live->read_request)
		e->live->read_request(e->live_ctx, e);
	return e->req;
}

/* The response; NULL: not yet, and then the fetch waits for it where it may. */
static inline struct http_msg *fetch_response(struct eval *e)
{
	e->want_more = !e->res && e->may_wait;
	e->res_asked = true;
	return e->res;
}

/* Before m->body_seen is read: it is all that is there, unless somebody has waited for more. */
static inline void fetch_see_body(struct eval *e, const struct http_msg *m)
{
	if (!m->body_seen.ptr && e->live && e->live->see_body)
		e->live->see_body(e->live_ctx, e, m->is_response);
}

static inline bool arg_is_set(const struct arg *arg)
{
	return arg->type != ARG_NONE;
}

#endif
