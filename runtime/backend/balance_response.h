/* Response times of servers, for `balance response-time`. */
#ifndef LB_BACKEND_BALANCE_RESPONSE_H
#define LB_BACKEND_BALANCE_RESPONSE_H

#include "runtime/backend/server.h"

/* An answer of the server took so many microseconds. Any worker. */
void response_measured(struct server *s, uint64_t us, uint64_t now_ms);
/* The same for servers whose backend asks for it; costs one look at a constant elsewhere. Any worker. */
static inline void response_note(struct server *s, uint64_t us, uint64_t now_ms)
{
	if (s->proxy->conf->balance.kind == BAL_RESPONSE_TIME)
		response_measured(s, us, now_ms);
}
/* What is believed of it now, microseconds; 0: never measured. Any worker. */
uint32_t response_time(const struct server *s);
/* The figure behind it after another answer. Pure. */
uint64_t response_figure_next(uint64_t figure, uint64_t us, uint64_t now_ms);

#endif
