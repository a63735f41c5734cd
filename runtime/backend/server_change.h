/* What operators, agents and names change of a server: its place, its administrative state, its limits. Each wakes who waits for
 * that, and logs in HAProxy's words. */
#ifndef LB_BACKEND_SERVER_CHANGE_H
#define LB_BACKEND_SERVER_CHANGE_H

#include "grammar/base/out.h"
#include "runtime/backend/server.h"

/* --- server_place.c */

/* `set server b/s addr A [port P]` in HAProxy's words: *answer says what has changed and what not. An empty
 * address or port stays as it is. by: who wants it. False: nothing has changed. Any worker. */
bool server_move(struct worker *w, struct server *s, struct str addr, const struct str *port, const char *by, struct out *answer);
/* Its name leads there now. port: 0 for the configured one. by: who says so, for the log. True when that is another place. Any worker. */
bool server_resolve(struct worker *w, struct server *s, const union addr *addr, uint16_t port, const char *by);
/* Its name leads nowhere: it has no address until the next server_resolve(). Any worker. */
void server_unresolve(struct worker *w, struct server *s);
/* Main thread, when no worker runs. */
void server_place_free(struct server *s);

/* --- server_admin.c */

/* Sets and clears SRV_ADM_* bits (of MAINT and DRAIN) as `set server b/s state` and `disable server` do, with all
 * that follows: HAProxy's log lines, and the servers that track this one. Any worker. */
void server_set_admin(struct worker *w, struct server *s, unsigned set, unsigned clear);
/* Its name has an address again (what: the name), or none (what: why), with the log lines. Any worker. */
void server_set_resolved(struct worker *w, struct server *s, bool found, struct str what);
/* How many connections it may have, 0: any number. Any worker. */
void server_set_maxconn(struct worker *w, struct server *s, uint32_t maxconn);
/* server_text.c: a limit as words have it, as HAProxy reads it: with a sign perhaps, and what is too large begins again at 0. NULL, or what is wrong. */
const char *server_read_maxconn(struct str text, uint32_t *n);
/* User weight, 0 to 256. Any worker. */
void server_set_weight(struct worker *w, struct server *s, unsigned weight);

#endif
