/* Servers that operators add and remove while traffic runs (management manual, `add server`, `del server`). */
#ifndef LB_BACKEND_SERVER_DYNAMIC_H
#define LB_BACKEND_SERVER_DYNAMIC_H

#include "grammar/base/out.h"
#include "runtime/backend/server.h"

struct model;
struct tls_back;

/* What a server has of its own that the configuration gives the others. */
struct dynamic_server {
	struct server server; /* server.dynamic points here */
	struct model *model;  /* a configuration of this one line: owns server.conf */
	struct tls_back *tls;
	bool enabled; /* by its line: not in maintenance from the beginning */
};

/* Compiles the words of a line, from the address on, into a server that nobody knows yet; it belongs to the
 * caller. NULL: `error` says why, in HAProxy's words. Any worker, may read files. server_dynamic_conf.c */
struct dynamic_server *server_dynamic_new(struct proxy *px, struct str name, const struct str *words,
					  uint32_t n, struct out *error);
/* Of one that was not added. */
void server_dynamic_free(struct dynamic_server **d);

/* Puts it into its proxy's list, its balancing and everything else that counts servers; it is the generation's
 * from then on. False: as above, it is still the caller's. Isolated (core/isolation.h). */
bool server_dynamic_add(struct worker *w, struct dynamic_server *d, struct out *error);
/* Takes a server out, of the configuration or not. False: it may not go, `error` says why. Isolated. */
bool server_dynamic_remove(struct worker *w, struct proxy *px, struct str name, struct out *error);
/* Why a server may not be removed, in HAProxy's words; NULL: it may. *passing: only because it has connections still. Any worker. */
const char *server_dynamic_why_not(struct generation *g, const struct server *s, bool *passing);
/* Has every engine know the expressions of its line (sni, usesrc). False: as above. Isolated.
 * server_dynamic_expr.c */
bool server_dynamic_exprs(struct process *p, struct dynamic_server *d, struct out *error);
void server_dynamic_exprs_free(struct generation *g);

#endif
