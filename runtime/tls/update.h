/* What the control socket changes in a world. All under world->cli; reports go to `report`. */
#ifndef LB_TLS_UPDATE_H
#define LB_TLS_UPDATE_H

#include "runtime/tls/tls_state.h"

/* Every user of the certificate gets a context with the new pair, which then belongs to the certificate (*p NULL): a dot for each
 * in `report`. False: nothing has changed, the report says why. */
bool tls_cert_commit(struct tls_world *w, struct tls_cert *c, struct tls_pair **p, struct out *report);
/* The same for an authority: the contents of `fresh` and its own change places. */
bool tls_authority_commit(struct tls_world *w, struct tls_authority *a, struct tls_authority *fresh, struct out *report);
bool tls_authority_is_used(struct tls_world *w, struct str name);
struct crt_list *tls_list_find(struct tls_world *w, struct str path);
/* A line at the end of a list; the line belongs to the list then. False: still the caller's. */
bool tls_line_add(struct tls_world *w, struct crt_list *l, struct tls_cert *c, struct crt_line *line, struct out *report);
/* Takes a line away and frees it. False: it is the default of the fronts in `presets`. */
bool tls_line_remove(struct tls_world *w, struct crt_line *line, struct out *presets);

#endif
