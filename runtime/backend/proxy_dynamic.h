/* Backends that operators add and remove while traffic runs (management manual 3.4, `add backend`, `del
 * backend`). */
#ifndef LB_BACKEND_PROXY_DYNAMIC_H
#define LB_BACKEND_PROXY_DYNAMIC_H

#include "grammar/base/out.h"
#include "runtime/backend/server.h"

enum { PROXY_NAME_MAX = 255, PROXY_GUID_MAX = 127 };

struct proxy_wish {
	char name[PROXY_NAME_MAX + 1], guid[PROXY_GUID_MAX + 1];
	const struct proxy_conf *template; /* of the generation's model */
};

/* A backend that is not published, without servers. False: `error` says why. Isolated (core/isolation.h). */
bool proxy_dynamic_add(struct worker *w, const struct proxy_wish *wish, struct out *error);
/* Takes a backend out, of the configuration or not. False: it may not go. Isolated. */
bool proxy_dynamic_remove(struct worker *w, struct str name, struct out *error);
/* Why a backend may not be removed; NULL: it may. *passing: only because streams are there still. Any worker.
 */
const char *proxy_dynamic_why_not(struct generation *g, struct proxy *px, bool *passing);
/* By a proxy or a server; no GUID is never taken. Isolated, or worker 0. */
bool guid_is_taken(const struct generation *g, struct str guid);
/* Of a generation that ends. */
void proxies_dynamic_free(struct generation *g);

#endif
