/* Counting for the statistics what concerns a session's frontend, and its listening socket where `option socket-stats` wants that
 * apart. On the session's worker. */
#ifndef LB_PROXY_SESSION_COUNT_H
#define LB_PROXY_SESSION_COUNT_H

#include "runtime/backend/server.h"
#include "runtime/proxy/session.h"
#include "runtime/stats/counters.h"

/* field: of struct fe_counters. */
#define SESSION_COUNT_N(who, field, n)                                                                     \
	do {                                                                                                   \
		struct session *s_ = (who);                                                                \
		counters_fe(s_->conn.worker, s_->frontend->index)->field += (n);                               \
		if (s_->socket_counters)                                                                       \
			s_->socket_counters->field += (n);                                                     \
	} while (0)
#define SESSION_COUNT(who, field) SESSION_COUNT_N(who, field, 1)

#endif
