/* The cookie at the beginning of an RDP connection. */
#ifndef LB_EVAL_FETCH_RDP_H
#define LB_EVAL_FETCH_RDP_H

#include "runtime/eval/eval.h"

/* The value of the RDP cookie of this name (empty: of any) in the bytes of the request. False: there is none, or not yet. */
bool rdp_cookie_find(struct eval *e, struct str name, struct str *value);

#endif
