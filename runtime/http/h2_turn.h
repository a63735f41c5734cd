/* How many frames of a connection are handled before others have their turn. Worker thread only. */
#ifndef LB_HTTP_H2_TURN_H
#define LB_HTTP_H2_TURN_H

#include "runtime/http/h2.h"

/* Nothing without limits in the settings. False: no memory. */
bool h2_turn_begin(struct h2_conn *h);
void h2_turn_free(struct h2_conn *h);
/* How many of these bytes may be handled now; the rest is kept and handled in the next turn of the loop. */
size_t h2_turn_take(struct h2_conn *h, const void *data, size_t len);
/* Something is kept: nothing more is to be read before. */
bool h2_turn_is_over(const struct h2_conn *h);

#endif
