/* Admin actions of the statistics page (manual, "stats admin"). */
#ifndef LB_STATS_STATS_ADMIN_H
#define LB_STATS_STATS_ADMIN_H

#include "runtime/backend/server.h"

/* Does what a form says: "s=SERVER&s=...&action=ACTION&b=BACKEND or %23ID". Returns what the page shows
 * afterwards: DONE, NONE, PART, or ERRP when a name is not known. Any worker. */
const char *stats_admin(struct worker *w, struct str form);

#endif
