/* The last message of each direction that a proxy has refused (management manual, `show errors`): a copy of
 * what was received, and where it is wrong. Each proxy keeps one of requests and one of responses; whoever
 * captures replaces it. */
#ifndef LB_PROXY_ERROR_CAPTURE_H
#define LB_PROXY_ERROR_CAPTURE_H

#include "grammar/base/out.h"
#include "runtime/proxy/session.h"

struct error_capture;
struct server;

/* s: the client's session; frontend and, unless there is none yet, backend and server; the bytes from the head
 * on, in a buffer of `room` bytes. Worker of the session. */
void error_capture(struct session *s, bool response, const struct proxy *backend, const struct server *server,
		   struct str bytes, uint32_t room);
/* As `show errors` prints it; nothing when there is none. Any worker. */
void error_capture_put(struct process *p, struct proxy *px, bool response, struct out *out);
#define ERROR_BY_NAME INT64_MIN
/* Is the proxy on the other side the one with this number or, where id is ERROR_BY_NAME, of this name? Any
 * worker. */
bool error_capture_concerns(struct process *p, const struct proxy *px, bool response, struct str name,
			    int64_t id);
void error_captures_free(struct proxy *px);

#endif
