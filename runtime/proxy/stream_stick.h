/* Persistence by stick tables: `stick match`, `stick on`, `stick store-request`, `stick store-response` of the
 * stream's backend (manual, section 4.2). Worker thread. */
#ifndef LB_PROXY_STREAM_STICK_H
#define LB_PROXY_STREAM_STICK_H

#include "runtime/proxy/stream.h"

enum { STICK_STORES_MAX = 8 };

/* Keys that wait for the server: in the stream's scratch memory. */
struct stream_stores {
	uint32_t n;
	struct stream_store {
		const struct table_conf *table;
		struct str key;
	} v[STICK_STORES_MAX];
};

/* With the request at hand: looks for the server (unless one was chosen already), and notes what is to be
 * stored. */
void stream_stick_request(struct stream *s, struct eval *e);
/* The server has answered (mode http) or is connected (tcp): stores it under the keys of request and response.
 */
void stream_stick_response(struct stream *s, struct eval *e);
static inline bool stream_sticks(const struct stream *s)
{
	return s->backend && s->backend->conf->nstick_rules;
}

#endif
