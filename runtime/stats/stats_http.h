/* The statistics page and its CSV and JSON forms over HTTP (manual, section 9 of management; keywords "stats
 * ..."). */
#ifndef LB_STATS_STATS_HTTP_H
#define LB_STATS_STATS_HTTP_H

#include "grammar/base/out.h"
#include "runtime/eval/eval.h"

struct worker;
struct proxy;

/* Does the request ask for this proxy's statistics (`stats uri`)? */
bool stats_wanted(const struct proxy *px, const struct http_msg *req);
/* A complete HTTP/1.1 response (head and body) for it: 200, 303 after an admin action, 401 without credentials,
 * 403. form: the body of a POST, NULL: it is not complete, or too long. Appends to out; the head ends with an
 * empty line and carries no Connection field: the caller inserts its own. *head_len is where the body begins;
 * *status is the status. */
void stats_reply(struct worker *w, struct proxy *px, struct eval *e, const struct str *form, struct out *out,
		 size_t *head_len, unsigned *status);

#endif
