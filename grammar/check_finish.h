/* Parts of the end of the walk. One thread. */
#ifndef LB_GRAMMAR_CHECK_FINISH_H
#define LB_GRAMMAR_CHECK_FINISH_H

#include "grammar/check_proxy.h"

/* One proxy, before it enters the model. check_finish.c */
void check_finish_proxy(struct checker *k, struct draft *d);
/* model.templates. check_template.c */
void check_templates(struct checker *k);
/* Log formats and unique ids, once the mode is settled. check_format.c */
void check_finish_formats(struct checker *k, struct draft *d);
/* What HAProxy warns about when it has seen a whole proxy: modes, timeouts, binds. check_warn.c */
void check_finish_warnings(struct checker *k, const struct draft *d);
/* Tracked servers, ports of checks, addresses of host names. check_finish_server.c */
void check_finish_servers(struct checker *k);
/* A host name becomes its address, unless we are offline; reports at `span` when there is none, and `what` is how
 * HAProxy's message begins. check_finish_server.c */
void check_resolve(struct checker *k, struct span span, struct addr_conf *a, const char *what);
/* healthcheck sections. check_healthcheck.c */
void check_healthcheck_begin(struct checker *k, struct named_section *named);
void check_healthcheck_end(struct checker *k, struct named_section *named);
/* Where requests go without balancing. check_straight.c */
void check_finish_straight(struct checker *k, struct draft *d);
/* A section begins. check_resolvers.c */
void check_resolvers_begin(struct checker *k, struct named_section *named);
/* The section that a server names. check_resolvers.c */
void check_finish_resolvers(struct checker *k, struct server_conf *s);
/* Whether anything listens at all. check_warn.c */
void check_finish_listeners(struct checker *k);
/* A server of a proxy by name, or NULL. */
const struct server_conf *check_server_find(const struct draft *d, struct str name);

/* The steps of the check of `option httpchk` or `option tcp-check`, once all its lines are read. check_finish.c */
void check_finish_steps(struct checker *k, struct draft *d);
/* The words behind the option of a check, one of PO_HTTPCHK and its like. check_option.c */
bool check_option_kind(const struct keyword_use *use, enum proxy_option kind);

/* Servers of attach-srv. check_finish_server.c */
void check_finish_attached(struct checker *k);
/* Tables of sticking and tracking rules. check_finish_stick.c */
void check_finish_stick(struct checker *k);
/* Filters, and the rules that name one. check_filter.c */
void check_finish_filters(struct checker *k);
/* Log profiles of targets and rules. check_profile.c */
void check_finish_profiles(struct checker *k);

/* Groups that ACLs name. check_auth_group.c */
void check_auth_groups(struct checker *k);

/* Relative names in lists of certificates start where default-path says. Behind the last line; check_tls.c. */
void check_tls_bases_place(struct checker *k);

#endif
