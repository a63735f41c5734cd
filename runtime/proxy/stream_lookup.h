/* What rules that look up names have in common in both modes. Worker thread only. */
#ifndef LB_PROXY_STREAM_LOOKUP_H
#define LB_PROXY_STREAM_LOOKUP_H

#include "runtime/proxy/stream.h"

/* For eval_live.resolve. V_WAIT with EW_NAME: s->lookup is set, and done(s) will be called by the loop unless the stream ends before. */
int stream_lookup_begin(struct stream *s, struct eval *e, const struct rule *rule, void (*done)(void *ctx));
/* Is there no answer yet? s->lookup must be set. */
bool stream_lookup_waits(const struct stream *s);
/* The answer, if there is one, becomes the variable's value; the list goes on behind the rule. */
void stream_lookup_end(struct stream *s, struct eval *e);

#endif
