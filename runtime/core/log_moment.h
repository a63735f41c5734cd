/* When the line about a stream goes out. Any thread. */
#ifndef LB_CORE_LOG_MOMENT_H
#define LB_CORE_LOG_MOMENT_H

#include "grammar/model_proxy.h"

/* Each later than the one before. In mode tcp the connection to the server stands for the request and the
 * response. */
enum log_moment { LOG_AT_REQUEST, LOG_AT_RESPONSE, LOG_AT_END };

/* Of a frontend's log format. LOG_AT_END where something else decides: no format, several ones, steps. */
enum log_moment log_moment(const struct proxy_conf *conf);

#endif
