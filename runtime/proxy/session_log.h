/* Lines in the log that no stream writes. Nothing of them outlives the call. On the session's worker. */
#ifndef LB_PROXY_SESSION_LOG_H
#define LB_PROXY_SESSION_LOG_H

#include "runtime/proxy/session.h"

/* A connection that never became a session: error-log-format, or HAProxy's own line (manual, section 8.2.5). */
void session_log_failure(struct session *s, const char *why);
/* A request that was none, on a connection that has no stream for it: as log-format or error-log-format has it.
 */
void session_log_bad(struct session *s);
/* A line because a rule says so, before there is a stream (manual 3.4, action "do-log"). */
void session_log_now(struct session *s, const struct rule *rule);

#endif
